"""Project: everything a creator has made in one film."""

from typing import Self

from pydantic import model_validator

from studio.project.bible import BibleEntry, bible_key
from studio.project.footage import Footage
from studio.project.settings import Settings
from studio.project.shot import Shot
from studio.project.soundtrack import SoundTrack
from studio.project.take import Take
from studio.project.value import Name, Text, Value
from studio.project.wish import Wish

VERSION = 2
"""Of the stored form; a change that old files do not fit raises it and brings a migration."""
MOST_PROMPTS = 200


class Project(Value):
    """A film in the making; no path and nothing of this machine is in it.

    Attributes:
        created_at: Unix seconds.
        shots: in the order of the film.
        prompt_history: what was sent, newest first, each once.
        saved_prompts: those worth keeping, newest first.
        soundtrack: what is heard under the film.
        last_open_shot: id of the shot that was last looked at.
        wishes: shots that a new take is wanted of, one each.
    """

    version: int = VERSION
    id: str
    name: Name
    created_at: float
    settings: Settings = Settings()
    shots: tuple[Shot, ...] = ()
    bin: tuple[Footage, ...] = ()
    bible: tuple[BibleEntry, ...] = ()
    prompt_history: tuple[Text, ...] = ()
    saved_prompts: tuple[Text, ...] = ()
    soundtrack: tuple[SoundTrack, ...] = ()
    last_open_shot: str | None = None
    wishes: tuple[Wish, ...] = ()

    @model_validator(mode="after")
    def _names_each_thing_once(self) -> Self:
        for what, names in (
            ("shots", [shot.id for shot in self.shots]),
            ("takes", [take.id for shot in self.shots for take in shot.takes]),
            ("files in the bin", [footage.sha256 for footage in self.bin]),
            ("sound tracks", [track.id for track in self.soundtrack]),
            ("bible entries", [entry.id for entry in self.bible]),
            ("names in the bible", [bible_key(entry.name) for entry in self.bible]),
        ):
            if len(set(names)) != len(names):
                raise ValueError(f"two {what} are the same")
        return self

    def has_shot(self, shot_id: str) -> bool:
        """Whether there is a shot with this id."""
        return any(shot.id == shot_id for shot in self.shots)

    def shot(self, shot_id: str) -> Shot:
        """The shot with this id; KeyError when there is none."""
        return self.shots[self.place(shot_id)]

    def place(self, shot_id: str) -> int:
        """Where the shot stands, 0-based; KeyError when there is none."""
        for index, shot in enumerate(self.shots):
            if shot.id == shot_id:
                return index
        raise KeyError(shot_id)

    def shot_of(self, take_id: str) -> Shot:
        """The shot that has this take; KeyError when none does."""
        for shot in self.shots:
            if any(take.id == take_id for take in shot.takes):
                return shot
        raise KeyError(take_id)

    def take(self, take_id: str) -> Take:
        """The take with this id; KeyError when there is none."""
        return self.shot_of(take_id).take(take_id)

    def track(self, track_id: str) -> SoundTrack:
        """The sound track with this id; KeyError when there is none."""
        for track in self.soundtrack:
            if track.id == track_id:
                return track
        raise KeyError(track_id)

    def entry(self, entry_id: str) -> BibleEntry:
        """The bible entry with this id; KeyError when there is none."""
        for entry in self.bible:
            if entry.id == entry_id:
                return entry
        raise KeyError(entry_id)

    @property
    def shown_media(self) -> frozenset[str]:
        """Sha256 of every file that is to be seen or heard somewhere in the window."""
        takes = (take.media for shot in self.shots for take in shot.takes)
        pinned = (pin.media for shot in self.shots for pin in shot.draft.images)
        described = (image for entry in self.bible for image in entry.images)
        heard = (track.sound.media for track in self.soundtrack)
        return frozenset((*takes, *pinned, *described, *heard, *(footage.sha256 for footage in self.bin)))

    @property
    def all_media(self) -> frozenset[str]:
        """Also what takes were made from, which making them again needs."""
        used = (take.recipe.media for shot in self.shots for take in shot.takes if take.recipe)
        return self.shown_media.union(*used)
