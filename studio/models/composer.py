"""Composer: what the prompt panel edits, what is wrong with it, and every way to make a take."""

import secrets
from collections.abc import Callable, Sequence
from typing import Literal

from PySide6.QtCore import QObject, Signal

from engine.protocol import verbs
from engine.protocol.job import Delivery, Device, Habits, JobRequest, usual_container
from engine.protocol.media import MediaItem
from engine.protocol.model_card import ModelCard
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.recipe import Recipe
from engine.protocol.rules import problems
from studio.link.link import Link
from studio.link.state import Failed, Lost, Starting, Stopped
from studio.link.trouble import Problems
from studio.models.batches import Batches, BatchKind
from studio.models.film import Film
from studio.models.library import STARTER, Library
from studio.project import edits
from studio.project.draft import Draft, Pin, Place, frozen
from studio.project.planned import NeedsTakeError, needs, planned
from studio.project.shot import Shot

LARGEST_SEED = 2**31
Hindrance = Literal[
    "no_shot",
    "engine_starting",
    "engine_lost",
    "engine_failed",
    "engine_stopped",
    "model_unknown",
    "model_incomplete",
    "problems",
    "needs_take",
]
"""What has to end before a take can be made; it may need the take of a shot beside it."""
_AWAY: dict[type[object], Hindrance] = {
    Starting: "engine_starting",
    Lost: "engine_lost",
    Failed: "engine_failed",
    Stopped: "engine_stopped",
}
NewRecipe = Callable[[Recipe, ModelCard], Recipe]
"""From the recipe of the draft to the one that is sent."""


class Composer(QObject):
    """Freezes the open shot's draft and sends it.

    Attributes:
        device, habits: where takes are made, and how they are watched and kept, of the user's choice.
        chosen_seconds: length of a verb's new part, of the user's choice; None means the model's usual.

    Signals:
        changed: the recipe, its problems or the hindrance are others.
        advanced_changed: `shows_advanced` is another.
        sent: a job was queued for the open shot (Job).
        refused: what kept a job from being queued (Trouble).
    """

    changed = Signal()
    advanced_changed = Signal(bool)
    sent = Signal(object)
    refused = Signal(object)

    def __init__(
        self, film: Film, library: Library, link: Link, batches: Batches, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._film = film
        self._library = library
        self._link = link
        self._batches = batches
        self._recipe: Recipe | None = None
        self._problems: list[Problem] = []
        self._hindrance: Hindrance | None = None
        self._shows_advanced = False
        self.device: Device = "auto"
        self.chosen_seconds: float | None = None
        self.habits = Habits()
        film.changed.connect(self._look)
        library.changed.connect(self._look)
        link.state_changed.connect(self._look)
        batches.sent.connect(self.sent)
        batches.refused.connect(self.refused)
        self._look()

    @property
    def draft(self) -> Draft | None:
        """Of the open shot."""
        return self._film.shot.draft if self._film.shot else None

    @property
    def card(self) -> ModelCard | None:
        """Of the draft's model; None while it is not known."""
        return self._library.card(self.draft.model) if self.draft else None

    @property
    def recipe(self) -> Recipe | None:
        """What would be sent now, problems or not; None while there is no shot or no model."""
        return self._recipe

    @property
    def problems(self) -> list[Problem]:
        """Everything that is wrong with it; nothing is sent while there is any."""
        return self._problems

    @property
    def hindrance(self) -> Hindrance | None:
        """Why nothing can be generated now; None when it can."""
        return self._hindrance

    @property
    def shows_advanced(self) -> bool:
        """Whether everything that can be chosen is to be seen, or the simple things only."""
        return self._shows_advanced

    def show_advanced(self, is_shown: bool) -> None:
        """Let everything be seen, or the simple things only."""
        if is_shown != self._shows_advanced:
            self._shows_advanced = is_shown
            self.advanced_changed.emit(is_shown)

    def change(self, merge: str | None = None, /, **fields: object) -> None:
        """Other values for fields of the draft."""
        self._film.change_draft(merge, **fields)

    def mend(self, problem: Problem) -> None:
        """Put the nearest valid value into the problem's field, or give up what cannot be; texts are never cut."""
        field = problem.field
        if field not in Draft.model_fields or problem.kind == "too_long":
            return
        if problem.nearest is not None:
            self.change(**{field: problem.nearest})
        elif field in ("style", "camera", "light"):
            self.change(**{field: None})
        elif field == "loop":
            self.change(loop=False)

    def pin(self, place: Place, media: str | None, shot_id: str | None = None) -> None:
        """Let a shot's clip start from, pass through or end on an image; None takes it away. Else the open shot's.

        A shot that is there no more is left alone: bringing a file takes its time.
        """
        film, project = self._film, self._film.project
        wanted = shot_id or (film.shot.id if film.shot else None)
        if wanted is not None and project.has_shot(wanted):
            rest = tuple(image for image in project.shot(wanted).draft.images if image.place != place)
            images = rest if media is None else (*rest, Pin(place=place, media=media))
            film.edit("change_draft", lambda project: edits.change_draft(project, wanted, images=images))

    def new_seed(self) -> None:
        """Roll the dice."""
        self.change(seed=secrets.randbelow(LARGEST_SEED))

    def generate(self, draft_steps: int | None = None) -> None:
        """Make a take of the draft."""
        self._send("generate", [self._planned], draft_steps)
        self._remember()

    def animate(self, image: str) -> None:
        """Make a take of the draft that starts from an image (sha256)."""
        self.pin("start", image)
        self._send("animate", [self._planned])
        self._remember()

    def variations(self, count: int, draft_steps: int | None = None) -> None:
        """Takes of the draft with `count` seeds in a row; with `draft_steps` a draft board."""
        seeded: list[NewRecipe] = [
            lambda recipe, card, n=number: self._planned(recipe, card).changed(seed=(recipe.seed + n) % LARGEST_SEED)
            for number in range(count)
        ]
        self._send("variations" if draft_steps is None else "draft_board", seeded, draft_steps)
        self._remember()

    def extend(self, clip: MediaItem, seconds: float, *, backward: bool = False, at: int | None = None) -> None:
        """Go on from a clip's frame `at`, or lead up to it."""
        extending = verbs.extend_backward if backward else verbs.extend
        kind: BatchKind = "extend_backward" if backward else "extend"
        self._send_verb(kind, clip, lambda recipe, card: extending(recipe, card, clip, seconds, at=at))

    def loop(self, clip: MediaItem, seconds: float) -> None:
        """Lead from a clip's end back to its beginning."""
        self._send_verb("loop", clip, lambda recipe, card: verbs.loop(recipe, card, clip, seconds))

    def bridge(self, clip: MediaItem, behind: MediaItem, seconds: float) -> None:
        """Lead from one clip to another."""
        self._send_verb("bridge", clip, lambda recipe, card: verbs.bridge(recipe, card, clip, behind, seconds))

    def remix(self, clip: MediaItem, strength: float) -> None:
        """Make every frame of a clip anew."""
        self._send_verb("remix", clip, lambda recipe, card: verbs.remix(recipe, card, clip, strength))

    def retake(self, clip: MediaItem, start_s: float, end_s: float) -> None:
        """Make a part of a clip anew."""
        self._send_verb("retake", clip, lambda recipe, card: verbs.retake(recipe, card, clip, start_s, end_s))

    @property
    def strength(self) -> float:
        """How far a remix goes from its clip: as chosen for the shot, or the model's usual."""
        if self.draft is not None and self.draft.strength is not None:
            return self.draft.strength
        return self.card.defaults.strength if self.card else 0.6

    @property
    def usual_seconds(self) -> float:
        """About what the model makes at once."""
        defaults = self.card.defaults if self.card else None
        return defaults.num_frames / defaults.fps if defaults else 2.0

    @property
    def part_seconds(self) -> float:
        """Length of a verb's new part."""
        return self.usual_seconds if self.chosen_seconds is None else self.chosen_seconds

    def _send_verb(self, kind: BatchKind, clip: MediaItem, made: NewRecipe) -> None:
        """A verb's size follows its clip; the draft's own images have no place in it."""

        def sized(recipe: Recipe, card: ModelCard) -> Recipe:
            width, height = verbs.matched_size(clip, card)
            return made(recipe.changed(width=width, height=height, conditions=(), loop=False), card)

        self._send(kind, [sized])

    def _send(self, kind: BatchKind, made: Sequence[NewRecipe], draft_steps: int | None = None) -> None:
        shot, card, recipe = self._film.shot, self.card, self._recipe
        if shot is None or card is None or recipe is None:
            self.refused.emit(Problems((Problem(field="model", kind="not_installed", value=STARTER),)))
            return
        try:
            recipes = [each(recipe, card) for each in made]
            found = problems(recipes[0], card, self._library.ready())  # the others differ in their seed
        except ProblemsError as error:
            recipes, found = [], error.problems
        except NeedsTakeError:
            recipes, found = [], [Problem(field="neighbour", kind="missing")]
        if found:
            self.refused.emit(Problems(tuple(found)))
            return
        self._batches.send(kind, [self.request(each, shot.id, draft_steps) for each in recipes])

    def _planned(self, recipe: Recipe, card: ModelCard) -> Recipe:
        """With what the shots beside the open one give to it."""
        shot = self._film.shot
        return planned(self._film.project, shot, card) if shot is not None else recipe

    def request(self, recipe: Recipe, shot_id: str, draft_steps: int | None = None) -> JobRequest:
        """A job for any shot, made and kept as the user has chosen."""
        return JobRequest(
            recipe=recipe,
            delivery=Delivery(container=usual_container(recipe)),
            device=self.device,
            habits=self.habits,
            draft_steps=draft_steps,
            project=self._film.project.id,
            shot=shot_id,
        )

    def _remember(self) -> None:
        if self._film.shot is not None and not self._problems:
            self.remember(self._film.shot)

    def remember(self, shot: Shot) -> None:
        """What was just sent: its prompt goes into the history, and a seed that is not locked rolls on."""
        self._film.note(lambda project: edits.remember_prompt(project, shot.draft.prompt))
        if not shot.draft.seed_locked:
            seed = secrets.randbelow(LARGEST_SEED)  # no step of undo: nobody asked for another seed
            self._film.amend(lambda project: edits.change_draft(project, shot.id, seed=seed))

    def _look(self) -> None:
        draft, card, project = self.draft, self.card, self._film.project
        recipe, found = None, list[Problem]()
        if draft is not None and card is not None:
            try:
                recipe = frozen(draft, project.bible, card)
                found = problems(recipe, card, self._library.ready())
            except ProblemsError as error:
                found = error.problems
        hindrance = self._hindered(bool(found))
        if (recipe, found, hindrance) != (self._recipe, self._problems, self._hindrance):
            self._recipe, self._problems, self._hindrance = recipe, found, hindrance
            self.changed.emit()

    def _hindered(self, has_problems: bool) -> Hindrance | None:
        draft, away = self.draft, _AWAY.get(type(self._link.state))
        if draft is None:
            return "no_shot"
        if away is not None:
            return away
        if self.card is None:
            return "model_unknown"
        if not self._library.is_ready(draft.model):
            return "model_incomplete"
        if has_problems:
            return "problems"
        project, shot = self._film.project, self._film.shot
        lacks = shot is not None and any(each.selected is None for each in needs(project, shot))
        return "needs_take" if lacks else None
