"""Storyboard: where the shots are in the film, which of them are stale, and what is done with them there."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from PySide6.QtCore import QObject, Signal

from engine.protocol import verbs
from engine.protocol.film import Placed
from engine.protocol.job import Job
from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe
from studio.models.film import Film
from studio.models.library import Library
from studio.models.wishes import Wishes
from studio.project import edits
from studio.project.draft import frozen
from studio.project.planned import item_of
from studio.project.project import Project
from studio.project.shot import Shot
from studio.project.stale import Reason, dependents, follows, stale
from studio.project.timeline import timeline
from studio.project.value import new_id

USUAL_S = 2.0
"""Of a shot whose model is not known."""
SHORTEST_S = 0.1
_Known: TypeAlias = tuple[tuple[object, ...], tuple[Reason, ...]]
"""What reasons were worked out from, and those."""


@dataclass
class _Seen:
    """What was worked out of one value of the project."""

    project: Project
    places: list[Placed] | None = None
    reasons: dict[str, tuple[Reason, ...]] | None = None
    to_refresh: list[str] | None = None


class Storyboard(QObject):
    """Values are worked out when they are asked for, once for each value of the project.

    Signals:
        changed: places, reasons or wishes may be others.
    """

    changed = Signal()

    def __init__(self, film: Film, library: Library, wishes: Wishes) -> None:
        super().__init__(film)
        self._film = film
        self._library = library
        self._wishes = wishes
        self._seen = _Seen(film.project)
        self._known: dict[str, _Known] = {}
        film.changed.connect(self._forget)
        library.changed.connect(self._forget)
        wishes.changed.connect(self.changed)

    @property
    def places(self) -> list[Placed]:
        """Where each shot is in the film, in frames at the film's rate."""
        seen = self._now()
        if seen.places is None:
            seen.places = timeline(seen.project, self.planned_s)
        return seen.places

    @property
    def num_frames(self) -> int:
        """Of the whole film."""
        return self.places[-1].first_frame + self.places[-1].num_frames if self.places else 0

    @property
    def missing(self) -> list[str]:
        """Shots that have no take, and are not being made."""
        wished = {wish.shot for wish in self._film.project.wishes}
        bare = (shot for shot in self._film.project.shots if shot.selected is None and shot.id not in wished)
        return [shot.id for shot in bare if self.job_of(shot) is None]

    @property
    def to_refresh(self) -> list[str]:
        """Shots that are stale, and those that are made from frames of them; those that are wished for already not."""
        seen = self._now()
        if seen.to_refresh is None:
            found = [shot.id for shot in seen.project.shots if self.reasons(shot)]
            seen.to_refresh = self._with_joins(found) if found else []
        return seen.to_refresh

    def _with_joins(self, stale_shots: Iterable[str]) -> list[str]:
        project, shots = self._film.project, frozenset(stale_shots)
        among = frozenset(shot.id for shot in project.shots if follows(shot))
        wanted = shots | dependents(project, shots, among)
        wished = {wish.shot for wish in project.wishes}
        return [shot.id for shot in project.shots if shot.id in wanted and shot.id not in wished]

    def planned_s(self, shot: Shot) -> float:
        """How long the next take of a shot is going to be."""
        draft = shot.draft
        if draft.seconds is not None:
            return draft.seconds
        card = self._library.card(draft.model)
        frames = draft.num_frames or (card.defaults.num_frames if card else None)
        fps = draft.fps or (card.defaults.fps if card else None)
        return frames / fps if frames and fps else USUAL_S

    def reasons(self, shot: Shot) -> tuple[Reason, ...]:
        """Why the shot's take is not what its inputs would give now."""
        seen = self._now()
        if seen.reasons is None:
            seen.reasons = self._all_reasons()
        return seen.reasons.get(shot.id, ())

    def job_of(self, shot: Shot) -> Job | None:
        """The job that makes a new take of the shot, running before waiting."""
        return self._wishes.job_of(shot.id)

    def is_awaited(self, shot: Shot) -> bool:
        """Whether a new take is made as soon as those are there that it needs."""
        return any(wish.shot == shot.id and wish.job is None for wish in self._film.project.wishes)

    def generate(self, shots: Iterable[str]) -> None:
        """Make a take of each; those that need another's take wait for it, and are sent by themselves then."""
        self._wishes.make(shots)

    def generate_missing(self) -> None:
        """Make a take of every shot that has none."""
        self._wishes.make(self.missing)

    def refresh(self, shots: Iterable[str] | None = None) -> None:
        """Make these shots again (all that are stale by default), and the joins that depend on them."""
        self._wishes.make(self.to_refresh if shots is None else self._with_joins(shots))

    def extend(self, shot_id: str, seconds: float, *, backward: bool = False) -> None:
        """Make the shot's take longer, at its end or its beginning."""
        take = self._film.project.shot(shot_id).selected_take
        if take is None:
            return
        clip = item_of(take)
        extending = verbs.extend_backward if backward else verbs.extend

        def made(shot: Shot, card: ModelCard) -> Recipe:
            width, height = verbs.matched_size(clip, card)
            draft = frozen(shot.draft, self._film.project.bible, card)
            return extending(draft.changed(width=width, height=height, conditions=(), loop=False), card, clip, seconds)

        self._wishes.send(shot_id, "extend_backward" if backward else "extend", made)

    def insert_bridge(self, shot_id: str, name: str, seconds: float) -> None:
        """A shot of its own that leads from this one to the one behind, and a take of it as soon as that can be."""
        length = {"num_frames": None, "seconds": seconds}
        draft = self._film.project.shot(shot_id).draft.changed(images=(), loop=False, seed_locked=False, **length)
        bridge = Shot(id=new_id(), name=name, is_bridge=True, draft=draft)

        def insert(project: Project) -> Project:
            cut = edits.set_transition(project, shot_id, "cut")
            return edits.add_shot(cut, bridge, cut.place(shot_id) + 1)

        self._film.edit("insert_bridge", insert)
        self._wishes.make([bridge.id])

    def trim(self, shot_id: str, in_frame: int, out_frame: int | None) -> None:
        """Show the shot's take from `in_frame` to before `out_frame`, as far as it goes."""
        take = self._film.project.shot(shot_id).selected_take
        if take is not None:
            end = take.num_frames
            first = max(0, min(in_frame, end - 1))
            last = end if out_frame is None else max(out_frame, first + 1)
            last = None if last >= end else last
            self._edit("set_in_out", lambda project: edits.set_in_out(project, shot_id, first, last))

    def plan_length(self, shot_id: str, seconds: float) -> None:
        """How long a take is to be that is not there yet."""
        length = max(SHORTEST_S, round(seconds, 2))
        self._edit("change_draft", lambda project: edits.change_draft(project, shot_id, seconds=length))

    def split(self, shot_id: str, frame: int) -> None:
        """Two shots of one, at a frame of its take; nothing at its ends."""
        shot, made = self._film.project.shot(shot_id), new_id()
        if shot.selected is not None and shot.in_frame < frame < shot.end_frame:
            self._edit("split_shot", lambda project: edits.split_shot(project, shot_id, frame, made))
            self._film.open_shot(made)

    def move(self, shot_id: str, to: int) -> None:
        """To another place in the film, 0-based."""
        self._edit("move_shot", lambda project: edits.move_shot(project, shot_id, to))

    def set_continues(self, shot_id: str, continues: bool) -> None:
        """Whether it starts from the last frame of the shot before."""
        self._edit("set_continues", lambda project: edits.set_continues(project, shot_id, continues))

    def set_transition(self, shot_id: str, transition: str, seconds: float | None = None) -> None:
        """How it leads to the next shot: cut, crossfade or dip."""

        def lead(project: Project) -> Project:
            return edits.set_transition(project, shot_id, transition, seconds)  # pyright: ignore[reportArgumentType]

        self._edit("set_transition", lead)

    def _edit(self, label: str, edit: Callable[[Project], Project]) -> None:
        """A step of undo of its own."""
        self._film.settle()
        self._film.edit(label, edit)
        self._film.settle()

    def _all_reasons(self) -> dict[str, tuple[Reason, ...]]:
        """Anew only where something is another that they depend on: projects share what was not edited."""
        project, known = self._film.project, dict[str, _Known]()
        for place, shot in enumerate(project.shots):
            beside = project.shots if shot.is_bridge else project.shots[max(0, place - 1) : place]
            inputs = (project.bible, shot, beside, self._library.card(shot.draft.model))
            before = self._known.get(shot.id)
            is_same = before is not None and before[0] == inputs
            known[shot.id] = before if is_same and before else (inputs, stale(project, shot, inputs[3]))
        self._known = known
        return {name: reasons for name, (_, reasons) in known.items()}

    def _now(self) -> _Seen:
        """Somebody may hear of a change before this does."""
        if self._seen.project is not self._film.project:
            self._seen = _Seen(self._film.project)
        return self._seen

    def _forget(self) -> None:
        self._seen = _Seen(self._film.project)
        self.changed.emit()
