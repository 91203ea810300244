"""Composer: what the prompt panel edits, what is wrong with it, and every way to make a take."""

import secrets
from collections.abc import Callable
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
from studio.link.trouble import Problems, Trouble
from studio.models.errands import Errands
from studio.models.film import Film
from studio.models.library import STARTER, Library
from studio.project import edits
from studio.project.draft import Draft, Pin, Place, frozen

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
]
"""What has to end before a take can be made."""
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
        shows_advanced: whether everything that can be chosen is to be seen, or the simple things only.
        device, habits: where takes are made, and how they are watched and kept, of the user's choice.
        chosen_seconds: length of a verb's new part, of the user's choice; None means the model's usual.

    Signals:
        changed: the recipe, its problems or the hindrance are others.
        sent: a job was queued for the open shot (Job).
        refused: what kept a job from being queued (Trouble).
    """

    changed = Signal()
    sent = Signal(object)
    refused = Signal(object)

    def __init__(
        self, film: Film, library: Library, link: Link, errands: Errands, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._film = film
        self._library = library
        self._link = link
        self._errands = errands
        self._recipe: Recipe | None = None
        self._problems: list[Problem] = []
        self._hindrance: Hindrance | None = None
        self.shows_advanced = False
        self.device: Device = "auto"
        self.chosen_seconds: float | None = None
        self.habits = Habits()
        film.changed.connect(self._look)
        library.changed.connect(self._look)
        link.state_changed.connect(self._look)
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
        self._send(lambda recipe, _: recipe, draft_steps)
        self._remember()

    def variations(self, count: int, draft_steps: int | None = None) -> None:
        """Takes of the draft with `count` seeds in a row; with `draft_steps` a draft board."""
        for number in range(count):
            self._send(lambda recipe, _, n=number: recipe.changed(seed=(recipe.seed + n) % LARGEST_SEED), draft_steps)
        self._remember()

    def extend(self, clip: MediaItem, seconds: float, *, backward: bool = False, at: int | None = None) -> None:
        """Go on from a clip's frame `at`, or lead up to it."""
        extending = verbs.extend_backward if backward else verbs.extend
        self._send_verb(clip, lambda recipe, card: extending(recipe, card, clip, seconds, at=at))

    def loop(self, clip: MediaItem, seconds: float) -> None:
        """Lead from a clip's end back to its beginning."""
        self._send_verb(clip, lambda recipe, card: verbs.loop(recipe, card, clip, seconds))

    def bridge(self, clip: MediaItem, behind: MediaItem, seconds: float) -> None:
        """Lead from one clip to another."""
        self._send_verb(clip, lambda recipe, card: verbs.bridge(recipe, card, clip, behind, seconds))

    def remix(self, clip: MediaItem, strength: float) -> None:
        """Make every frame of a clip anew."""
        self._send_verb(clip, lambda recipe, card: verbs.remix(recipe, card, clip, strength))

    def retake(self, clip: MediaItem, start_s: float, end_s: float) -> None:
        """Make a part of a clip anew."""
        self._send_verb(clip, lambda recipe, card: verbs.retake(recipe, card, clip, start_s, end_s))

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

    def _send_verb(self, clip: MediaItem, made: NewRecipe) -> None:
        """A verb's size follows its clip; the draft's own images have no place in it."""

        def sized(recipe: Recipe, card: ModelCard) -> Recipe:
            width, height = verbs.matched_size(clip, card)
            return made(recipe.changed(width=width, height=height, conditions=(), loop=False), card)

        self._send(sized)

    def _send(self, made: NewRecipe, draft_steps: int | None = None) -> None:
        film, shot, card, recipe = self._film, self._film.shot, self.card, self._recipe
        if shot is None or card is None or recipe is None:
            self.refused.emit(Problems((Problem(field="model", kind="not_installed", value=STARTER),)))
            return
        try:
            recipe = made(recipe, card)
            found = problems(recipe, card)
        except ProblemsError as error:
            found = error.problems
        if found:
            self.refused.emit(Problems(tuple(found)))
            return
        request = JobRequest(
            recipe=recipe,
            delivery=Delivery(container=usual_container(recipe)),
            device=self.device,
            habits=self.habits,
            draft_steps=draft_steps,
            project=film.project.id,
            shot=shot.id,
        )
        refused: Callable[[Trouble], None] = self.refused.emit

        def submit() -> None:
            self._link.submit(request, self.sent.emit, refused)

        self._errands.bring(recipe.media, submit, refused)

    def _remember(self) -> None:
        """The prompt goes into the history, and a seed that is not locked rolls on."""
        draft = self.draft
        if draft is not None and not self._problems:
            self._film.note(lambda project: edits.remember_prompt(project, draft.prompt))
            if not draft.seed_locked:
                shot, seed = self._film.shot, secrets.randbelow(LARGEST_SEED)
                if shot is not None:  # no step of undo: nobody asked for another seed
                    self._film.amend(lambda project: edits.change_draft(project, shot.id, seed=seed))

    def _look(self) -> None:
        draft, card, project = self.draft, self.card, self._film.project
        recipe, found = None, list[Problem]()
        if draft is not None and card is not None:
            try:
                recipe = frozen(draft, project.bible, card)
                found = problems(recipe, card)
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
        return "problems" if has_problems else None
