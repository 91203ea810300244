"""Differences: why two takes are not the same, field by field."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, TypeAlias

from engine.protocol.condition import Condition
from engine.protocol.recipe import Recipe
from engine.protocol.splice import Splice
from studio.project.take import Take, verb_of

FieldValue: TypeAlias = str | int | float | bool | None
Change = Literal["same", "out", "in"]
_SIMPLE = (
    "model",
    "prompt",
    "negative_prompt",
    "width",
    "height",
    "num_frames",
    "fps",
    "num_inference_steps",
    "guidance_scale",
    "seed",
    "speed",
    "loop",
)


@dataclass(frozen=True)
class Difference:
    """One field that differs; None stands for what one of the two does not have.

    Attributes:
        field: the recipe's own name, with `verb`, `source` and `source.strength`, `splice`, `conditions[frame]` (an
            image or stretch on that frame, and `.strength`), and of takes `step` (of a draft) and `build`.
        first, second: the values; media as sha256.
    """

    field: str
    first: FieldValue
    second: FieldValue


@dataclass(frozen=True)
class Piece:
    """Words of two texts: in both, only in the first (`out`), or only in the second (`in`)."""

    change: Change
    text: str


def take_differences(first: Take, second: Take) -> tuple[Difference, ...]:
    """Why two takes are not the same; none when the same recipe was made by the same engine, or both are footage."""
    found = list[Difference]()
    if first.recipe and second.recipe:
        found += recipe_differences(first.recipe, second.recipe)
    elif first.verb != second.verb:
        found.append(Difference("verb", first.verb, second.verb))
    if first.step != second.step:
        found.append(Difference("step", first.step, second.step))
    if first.build and second.build and first.build != second.build:
        found.append(Difference("build", first.build, second.build))
    return tuple(found)


def recipe_differences(first: Recipe, second: Recipe) -> tuple[Difference, ...]:
    """Every field of two recipes that differs, in the order in which people think of them."""
    pairs = [*_verbs(first, second), *_simple(first, second), *_sources(first, second)]
    pairs += [*_conditions(first.conditions, second.conditions), *_splices(first.splice, second.splice)]
    pairs += _loras(first, second)
    return tuple(Difference(*pair) for pair in pairs if pair[1] != pair[2])


def word_changes(first: str, second: str) -> tuple[Piece, ...]:
    """Two texts as one: what both have, what was taken out, and what was put in, word by word."""
    ours, theirs = _words(first), _words(second)
    pieces: list[Piece] = []
    for kind, a, b, c, d in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", "".join(ours[a:b])))
            continue
        pieces += [Piece("out", "".join(ours[a:b]))] if b > a else []
        pieces += [Piece("in", "".join(theirs[c:d]))] if d > c else []
    return tuple(pieces)


_Pair: TypeAlias = tuple[str, FieldValue, FieldValue]


def _verbs(first: Recipe, second: Recipe) -> Iterator[_Pair]:
    yield "verb", verb_of(first), verb_of(second)


def _simple(first: Recipe, second: Recipe) -> Iterator[_Pair]:
    for name in _SIMPLE:
        yield name, getattr(first, name), getattr(second, name)


def _sources(first: Recipe, second: Recipe) -> Iterator[_Pair]:
    ours, theirs = first.source, second.source
    yield "source", ours.media if ours else None, theirs.media if theirs else None
    if ours and theirs:
        yield "source.strength", ours.strength, theirs.strength


def _conditions(first: tuple[Condition, ...], second: tuple[Condition, ...]) -> Iterator[_Pair]:
    ours = {condition.frame_index: condition for condition in first}
    theirs = {condition.frame_index: condition for condition in second}
    for frame in sorted(ours.keys() | theirs.keys()):
        a, b = ours.get(frame), theirs.get(frame)
        yield f"conditions[{frame}]", a.media if a else None, b.media if b else None
        if a and b:
            yield f"conditions[{frame}].strength", a.strength, b.strength
            yield f"conditions[{frame}].num_frames", a.num_frames, b.num_frames
            yield f"conditions[{frame}].start_s", a.start_s, b.start_s


def _loras(first: Recipe, second: Recipe) -> Iterator[_Pair]:
    ours, theirs = ({lora.media: lora.strength for lora in recipe.loras} for recipe in (first, second))
    for media in sorted(ours.keys() | theirs.keys()):
        yield f"loras[{media[:8]}].strength", ours.get(media), theirs.get(media)


def _splices(first: Splice | None, second: Splice | None) -> Iterator[_Pair]:
    for side in ("before", "after"):
        a, b = getattr(first, side, None), getattr(second, side, None)
        yield f"splice.{side}", a.media if a else None, b.media if b else None
        if a and b:
            yield f"splice.{side}.first_frame", a.first_frame, b.first_frame
            yield f"splice.{side}.num_frames", a.num_frames, b.num_frames
    for name in ("width", "height", "fps", "new_frames", "overlap_frames", "first_position", "frame_step"):
        if first and second:
            yield f"splice.{name}", getattr(first, name), getattr(second, name)


def _words(text: str) -> list[str]:
    return re.findall(r"\s+|\w+|[^\w\s]", text)
