"""Screening: the whole film as it is now, played from any shot, with its transitions; exact to the film's frames."""

import math
import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Signal

from engine.protocol.film import Placed
from studio.models.film import Film
from studio.models.playhead import Playhead
from studio.models.reel import Reel
from studio.models.storyboard import Storyboard
from studio.project.shot import Shot
from studio.project.timeline import clip_of

MOST_REELS = 4
AHEAD_S = 1.5
"""Before a shot comes into view its first frames are asked for."""


@dataclass(frozen=True)
class Layer:
    """A shot as it is seen in a frame of the film, above the layers before it.

    Attributes:
        frame: of its take; 0 without one.
        opacity: 0 to 1, over black where it is the first layer.
        picture: the frame as a JPEG; None where the shot has no take, or while it is on its way (`is_coming`).
    """

    shot: Shot
    frame: int
    opacity: float
    picture: bytes | None
    is_coming: bool


class Screening(Playhead):
    """Reels are lent for the shots around the playhead only.

    Signals:
        film_changed: it may be longer or shorter, or made of other things.
    """

    film_changed = Signal()

    def __init__(
        self,
        film: Film,
        storyboard: Storyboard,
        reel: Callable[[str], Reel],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(film, clock)
        self._film = film
        self._storyboard = storyboard
        self._lend = reel
        self._repeats = False
        self._reels: OrderedDict[str, Reel] = OrderedDict()
        self._box_px: tuple[int | None, int | None] = (None, None)
        storyboard.changed.connect(self._look)

    @property
    def num_frames(self) -> int:
        """Of the film."""
        return self._storyboard.num_frames

    @property
    def fps(self) -> float:
        """Of the film."""
        return self._film.project.settings.fps

    def fit(self, width_px: int, height_px: int) -> None:
        """How large the picture is shown, in device pixels; frames are fetched no larger."""
        self._box_px = (-(-width_px // 256) * 256, -(-height_px // 256) * 256)

    def place_of(self, shot_id: str) -> Placed:
        """Where a shot is in the film; KeyError when there is none."""
        return self._storyboard.places[self._film.project.place(shot_id)]

    def shot_at(self, index: int) -> Shot | None:
        """The shot that is seen in a frame of the film: of two, the one that is coming."""
        places = self._storyboard.places
        at = bisect_right(places, index, key=lambda place: place.first_frame) - 1
        return self._film.project.shots[at] if 0 <= at < len(places) else None

    def take_frame(self, shot: Shot, index: int) -> int:
        """The frame of the shot's take that is seen in a frame of the film."""
        if shot.selected is None:
            return 0
        clip = clip_of(self._film.project, shot)
        offset = index - self.place_of(shot.id).first_frame
        frame = math.ceil(round(offset * clip.fps / self.fps, 6) - 0.5)  # the nearest one
        return clip.first_frame + max(0, min(frame, clip.num_frames - 1))

    def go_to(self, shot_id: str) -> None:
        """To the first frame in which a shot is seen alone, or nearly so."""
        place = self._film.project.place(shot_id)
        before = self._storyboard.places[place - 1].overlap_frames if place else 0
        self.seek(self.place_of(shot_id).first_frame + before)

    def play_from(self, shot_id: str) -> None:
        """Play the film from a shot on."""
        self.pause()
        self.go_to(shot_id)
        self.play()

    def layers(self) -> list[Layer]:
        """What is seen at the playhead, from the lowest layer up; and soon to be seen frames are asked for."""
        project, places, index = self._film.project, self._storyboard.places, self.index
        shown = [
            (shot, place)
            for shot, place in zip(project.shots, places, strict=True)
            if place.first_frame <= index < place.first_frame + place.num_frames
        ]
        found = list[Layer]()
        for number, (shot, place) in enumerate(shown):
            under = shown[number - 1][1] if number else None
            found.append(self._layer(shot, opacity(place, under, index)))
        self._ask_ahead(index)
        return found

    def _layer(self, shot: Shot, opaque: float) -> Layer:
        frame = self.take_frame(shot, self.index)
        take = shot.selected_take
        picture = self._reel(shot).frame(frame) if take is not None else None
        is_coming = take is not None and picture is None and self._reel(shot).trouble is None
        return Layer(shot, frame, opaque, picture, is_coming)

    def _reel(self, shot: Shot) -> Reel:
        """The shot's own; the one that was used least lately is given to another shot."""
        take = shot.selected_take
        assert take is not None
        reel = self._reels.pop(shot.id, None)
        if reel is None:
            reel = self._reels.popitem(last=False)[1] if len(self._reels) >= MOST_REELS else self._new_reel()
        width, height = self._box_px
        fits = width is None or height is None or (take.width <= width and take.height <= height)
        reel.load(take.media, (None, None) if fits else self._box_px)
        self._reels[shot.id] = reel
        return reel

    def _new_reel(self) -> Reel:
        reel = self._lend(f"film {len(self._reels)}")
        reel.arrived.connect(self.frame_changed)
        reel.failed.connect(self._on_failed)
        return reel

    def _ask_ahead(self, index: int) -> None:
        """Of the shot that comes next its first frames, so that the cut is seen on time."""
        places = self._storyboard.places
        at = bisect_right(places, index, key=lambda place: place.first_frame)
        if at < len(places) and places[at].first_frame - index < AHEAD_S * self.fps:
            shot = self._film.project.shots[at]
            if shot.selected is not None:
                self._reel(shot).frame(self.take_frame(shot, places[at].first_frame))

    def _on_failed(self, _: object) -> None:
        self.frame_changed.emit()

    def _look(self) -> None:
        if self.index and self.index >= self.num_frames:  # nobody asks how long a film is that nobody looks at
            self._go(max(0, self.num_frames - 1))
        self.film_changed.emit()
        self.frame_changed.emit()


def opacity(place: Placed, under: Placed | None, index: int) -> float:
    """How much is seen of a clip in a frame of the film, over what is seen there of the one before (or over black).

    As the engine mixes them: in equal steps, and the last frame of a clip that goes to black is black.
    """
    offset = index - place.first_frame
    if under is not None and offset < under.overlap_frames:
        return (offset + 1) / (under.overlap_frames + 1)
    left = place.num_frames - 1 - offset
    coming = (offset + 1) / (place.fade_in_frames + 1) if offset < place.fade_in_frames else 1.0
    going = left / place.fade_out_frames if left < place.fade_out_frames else 1.0
    return coming * going
