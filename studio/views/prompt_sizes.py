"""Sizes and lengths that a model can make, to choose from."""

import math
from dataclasses import dataclass

from engine.protocol.media import MediaItem
from engine.protocol.model_card import ModelCard
from engine.protocol.rules import MOST_FRAMES
from engine.protocol.sections import can_go_on
from engine.protocol.verbs import matched_size
from studio.project.settings import Settings

SHAPES = ((16, 9), (4, 3), (1, 1), (3, 4), (9, 16), (21, 9))
SLIDER_SECTIONS = 4
"""How far the slider goes: about so many times the longest clip that the model makes at once."""


@dataclass(frozen=True)
class Size:
    """In pixels; `matches_film` where it has the shape of the film."""

    width: int
    height: int
    matches_film: bool = False


def sizes(card: ModelCard, settings: Settings) -> tuple[Size, ...]:
    """The film's own shape first, then the model's usual size and the shapes that people know, each once."""
    film = _matched(card, settings.width, settings.height)
    found = [Size(*film, True), Size(card.defaults.width, card.defaults.height)]
    for width, height in SHAPES:
        found.append(Size(*_matched(card, width * 120, height * 120)))
        found.append(_largest(card, width, height))
    once: dict[tuple[int, int], Size] = {}
    for size in found:
        once.setdefault((size.width, size.height), size)
    first, *rest = once.values()
    return first, *sorted(rest, key=lambda size: (-size.width / size.height, size.width))


@dataclass(frozen=True)
class Lengths:
    """`count` lengths in frames, from `first` in steps of `step`; those above `at_once` are made in sections."""

    first: int
    step: int
    count: int
    at_once: int

    def frames(self, place: int) -> int:
        """Length at a place, 0-based."""
        return self.first + place * self.step

    def place(self, frames: int) -> int:
        """The place nearest to a length."""
        return max(0, round((frames - self.first) / self.step))


def lengths(card: ModelCard, *, loop: bool) -> Lengths:
    """All that the model can make; a loop's last frame leads to its first and is not that again."""
    rule = card.frames
    first = -(-(rule.smallest - 1) // rule.step) * rule.step + 1
    last = MOST_FRAMES if can_go_on(card) else rule.largest
    last = first + (last - first) // rule.step * rule.step
    if loop:
        first = -(-first // rule.step) * rule.step
    return Lengths(first, rule.step, (last - first) // rule.step + 1, rule.largest)


def _matched(card: ModelCard, width: int, height: int) -> tuple[int, int]:
    shape = MediaItem(sha256="", kind="image", format="", size_bytes=0, width=width, height=height)
    return matched_size(shape, card)


def _largest(card: ModelCard, width: int, height: int) -> Size:
    """The largest size of about this shape."""
    rule = card.size
    scale = min(math.sqrt(rule.largest_pixels / (width * height)), rule.largest_edge / max(width, height))
    low = -(-rule.smallest_edge // rule.multiple) * rule.multiple

    def fit(edge: int) -> int:
        return max(low, math.floor(edge * scale / rule.multiple + 1e-9) * rule.multiple)

    return Size(fit(width), fit(height))
