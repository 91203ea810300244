"""Scale of the storyboard: from frames of the film to pixels and back, and which seconds the ruler names."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.protocol.film import Placed
from studio.style.tokens import GRID_PX

MARGIN_PX = 2 * GRID_PX
STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
NAMED_PX = 9 * GRID_PX
"""Between two seconds that the ruler names there is at least so much."""
SMALLEST, USUAL, LARGEST = 4.0, 72.0, 640.0
"""Pixels for a second."""


@dataclass(frozen=True)
class Scale:
    """Time runs from left to right in every language.

    Attributes:
        px_per_s: pixels for a second.
        fps: of the film.
        scrolled_px: how much of the film lies to the left of what is seen.
    """

    px_per_s: float
    fps: float
    scrolled_px: int = 0

    def x(self, frame: float) -> float:
        """Where a frame begins, in what is seen."""
        return MARGIN_PX + frame / self.fps * self.px_per_s - self.scrolled_px

    def frame(self, x: float) -> float:
        """The reverse."""
        return (x + self.scrolled_px - MARGIN_PX) / self.px_per_s * self.fps

    def width(self, frames: float) -> float:
        """Of so many frames."""
        return frames / self.fps * self.px_per_s

    def ticks(self, width_px: int) -> Iterator[tuple[float, float]]:
        """Seconds that the ruler names, and where they are."""
        step_s = next((step for step in STEPS_S if step * self.px_per_s >= NAMED_PX), STEPS_S[-1])
        number = max(0, int(self.frame(0) / self.fps / step_s))
        while (x := self.x(number * step_s * self.fps)) < width_px:
            yield number * step_s, x
            number += 1


def seams(places: Sequence[Placed]) -> list[float]:
    """Where cards meet, in frames: at each cut, and in the middle of each crossfade; the film's ends are among them."""
    if not places:
        return [0.0]
    inner = [place.first_frame + place.num_frames - place.overlap_frames / 2 for place in places[:-1]]
    return [0.0, *inner, float(places[-1].first_frame + places[-1].num_frames)]


def at_seam(edges: Sequence[float], frame: float) -> int:
    """The card that covers a frame, 0-based; beyond the ends the nearest one."""
    return max(0, min(bisect_right(edges, frame) - 1, len(edges) - 2))
