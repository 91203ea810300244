"""Draft: what the prompt panel edits, and the recipe it becomes."""

import math
from collections.abc import Sequence
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, NonNegativeInt, model_validator

from engine.protocol.condition import Condition
from engine.protocol.model_card import ModelCard
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.recipe import Recipe, Speed
from studio.project.bible import BibleEntry, appended, folded
from studio.project.phrases import PhraseKind, phrase
from studio.project.value import Sha256, Text, Value

Place = Literal["start", "middle", "end"] | NonNegativeInt
"""Of an image in the new clip: a word that keeps its meaning when the length changes, or a 0-based frame."""
Strength = Annotated[float, Field(ge=0, le=1)]
_ORDER: tuple[PhraseKind, ...] = ("light", "camera", "style")
_T = TypeVar("_T")


class Pin(Value):
    """An image that the clip has to agree with at one frame."""

    place: Place
    media: Sha256
    strength: Strength = 1.0


class Draft(Value):
    """An unfinished recipe; None stands for the model's own default.

    Attributes:
        num_frames, seconds: the length, as one or the other; seconds become the next length that the model has.
        seed_locked: the next take uses the same seed; the caller draws a new one otherwise.
        style, camera, light: ids of phrases.
        images: what it starts from, passes through and ends on.
        strength: how far a remix goes from its clip.
        loop: the end leads back into the beginning.
        speed: how much of a step may be taken from the step before.
    """

    model: str = "starter"
    prompt: Text = ""
    negative_prompt: Text | None = None
    width: int | None = None
    height: int | None = None
    num_frames: int | None = None
    seconds: Annotated[float, Field(gt=0, le=86_400)] | None = None
    fps: float | None = None
    num_inference_steps: int | None = None
    guidance_scale: float | None = None
    seed: int = 0
    seed_locked: bool = False
    style: str | None = None
    camera: str | None = None
    light: str | None = None
    images: tuple[Pin, ...] = ()
    strength: Strength | None = None
    loop: bool = False
    speed: Speed = "full"

    @model_validator(mode="after")
    def _has_one_length(self) -> Self:
        if self.num_frames is not None and self.seconds is not None:
            raise ValueError("a length is given in frames or in seconds, not in both")
        return self


def full_prompt(draft: Draft, bible: Sequence[BibleEntry]) -> str:
    """The prompt as the model reads it: bible and looks folded in, phrases at the end.

    Raises:
        ProblemsError: "missing", for phrases that this build does not have.
    """
    # Looks are part of `folded`, so phrases go before it; their text names nobody.
    text, missing = draft.prompt, list[Problem]()
    for kind in _ORDER:
        chosen: str | None = getattr(draft, kind)
        try:
            text = appended(text, phrase(kind, chosen).text) if chosen else text
        except KeyError:
            missing.append(Problem(field=kind, kind="missing", value=chosen))
    if missing:
        raise ProblemsError(missing)
    return folded(text, bible)


def frozen(draft: Draft, bible: Sequence[BibleEntry], card: ModelCard) -> Recipe:
    """The complete recipe. Whether the model can take it is for `rules.problems` to say.

    Raises:
        ProblemsError: for phrases that this build does not have.
    """
    usual = card.defaults
    fps = _given(draft.fps, usual.fps)
    num_frames = _num_frames(draft, card, fps)
    conditions = [
        Condition(media=pin.media, frame_index=_frame(pin.place, num_frames), strength=pin.strength)
        for pin in draft.images
    ]
    return Recipe(
        model=draft.model,
        prompt=full_prompt(draft, bible),
        negative_prompt=_given(draft.negative_prompt, usual.negative_prompt),
        width=_given(draft.width, usual.width),
        height=_given(draft.height, usual.height),
        num_frames=num_frames,
        fps=fps,
        num_inference_steps=_given(draft.num_inference_steps, usual.num_inference_steps),
        guidance_scale=_given(draft.guidance_scale, usual.guidance_scale),
        seed=draft.seed,
        conditions=tuple(sorted(conditions, key=lambda condition: condition.frame_index)),
        loop=draft.loop,
        speed=draft.speed,
    )


def _given(value: _T | None, usual: _T) -> _T:
    return usual if value is None else value


def _num_frames(draft: Draft, card: ModelCard, fps: float) -> int:
    """As given, or the next length that the model has; a loop's last frame leads to its first and is not that again."""
    step, first = card.frames.step, 0 if draft.loop else 1
    if draft.num_frames is not None:
        return draft.num_frames
    if draft.seconds is not None:
        return max(1 - first, math.ceil((draft.seconds * fps - first - 1e-6) / step)) * step + first
    return card.defaults.num_frames // step * step if draft.loop else card.defaults.num_frames


def _frame(place: Place, num_frames: int) -> int:
    last = max(num_frames - 1, 0)
    match place:
        case "start":
            return 0
        case "middle":
            return last // 2
        case "end":
            return last
        case _:
            return place
