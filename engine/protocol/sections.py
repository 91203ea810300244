"""Sections: how a clip longer than its model can make is made in parts that carry each other's frames."""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.protocol.condition import Condition
from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe


@dataclass(frozen=True)
class Section:
    """One call of the model.

    Attributes:
        first_frame: of this section, on the whole clip's timeline.
        num_frames: what the model makes, known frames included.
        overlap: how many of its first frames show the same instants as the last ones of the section before.
        closes: as many of its last frames are the beginning of the whole clip.
        conditions: what it has to agree with, on its own timeline.
    """

    first_frame: int
    num_frames: int
    overlap: int = 0
    closes: bool = False
    conditions: tuple[Condition, ...] = ()


def sections(recipe: Recipe, card: ModelCard) -> tuple[Section, ...]:
    """The parts of a clip in the order of time; one where the model can make it at once.

    A looped clip has a section more, which leads from its last frames to its first. Lengths are spread evenly.
    """
    rule, overlap = card.frames, context(card)
    if recipe.loop:
        while overlap > 1 and overlap + rule.step - 1 > recipe.num_frames:
            overlap -= rule.step
        room = min(rule.largest - 2 * overlap, recipe.num_frames - overlap, max(recipe.num_frames // 2, rule.step - 1))
        closing = (room + 1) // rule.step * rule.step - 1
        opened = recipe.num_frames - closing
        parts = [*_open(opened, card, overlap), (opened - overlap, overlap + closing + overlap, overlap)]
    else:
        parts = list(_open(recipe.num_frames, card, overlap))
    backward = is_backward(recipe)
    ahead = [part[2] for part in parts[1:]] + [0]  # what each shares with the one behind it
    return tuple(
        Section(start, count, shared, recipe.loop and i == len(parts) - 1, conditions)
        for i, (start, count, shared) in enumerate(parts)
        for conditions in [_local(recipe, start, count, (0, ahead[i]) if backward else (shared, 0))]
    )


def context(card: ModelCard, available: int | None = None) -> int:
    """How many frames of a neighbouring clip the model is given, of those available: step * k + 1, at least 1.

    So few that the last section of a long clip always has room for as many beside those it goes on from.
    """
    step = card.frames.step
    most = max((card.frames.largest - 1) // step - 1, 0) // 3 * step + 1
    frames = min(card.context_frames, most, most if available is None else available)
    return max(1, (frames - 1) // step * step + 1)


def can_go_on(card: ModelCard) -> bool:
    """True when the model can go on from what it has made, so that a clip may have sections."""
    return "keyframes" in (*card.conditions, *card.injected) and card.frames.largest > card.frames.step


def is_backward(recipe: Recipe) -> bool:
    """True when what is known of the clip is its end, so that sections are made from there on backwards."""
    starts = any(condition.frame_index == 0 for condition in recipe.conditions)
    ends = any(c.frame_index + c.num_frames == recipe.num_frames for c in recipe.conditions)
    return ends and not starts and not recipe.loop


def _open(num_frames: int, card: ModelCard, overlap: int) -> Iterator[tuple[int, int, int]]:
    """First frame, length and overlap of every part."""
    step, largest = card.frames.step, card.frames.largest
    if num_frames <= largest:
        yield 0, num_frames, 0
        return
    units = -(-(num_frames - overlap) // step)
    parts = -(-units // ((largest - overlap) // step))
    start = 0
    for part in range(parts):
        new = (units * (part + 1) // parts - units * part // parts) * step
        yield start, overlap + new, overlap if part else 0
        start += new


def _local(recipe: Recipe, start: int, count: int, given: tuple[int, int]) -> tuple[Condition, ...]:
    """The conditions that lie in the section, apart from the frames it is given at its beginning and end."""
    low, high = start + given[0], start + count - given[1]
    return tuple(
        condition.changed(frame_index=condition.frame_index - start)
        for condition in recipe.conditions
        if low <= condition.frame_index and condition.frame_index + condition.num_frames <= high
    )
