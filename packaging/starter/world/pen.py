"""Draws sprites several times too large and shrinks them, which makes clean edges."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from starter.world.canvas import premultiplied
from starter.world.palette import Array

Point = tuple[float, float]
Shade = Callable[[Array, Array], Array]
"""Brightness at x and y, both in 0..1 of the sprite."""


class Pen:
    """A sprite in the making, in sprite pixels."""

    def __init__(self, width: int, height: int, oversample: int = 3) -> None:
        self.size = (width, height)
        self.scale = oversample
        self.color = np.zeros((height * oversample, width * oversample, 3), np.uint8)
        self.alpha = np.zeros((height * oversample, width * oversample), np.uint8)

    def polygon(self, points: Sequence[Point], color: Array | Sequence[float]) -> None:
        """A filled polygon."""
        corners = (np.array(points, np.float64) * self.scale).round().astype(np.int32)
        cv2.fillPoly(self.color, [corners], _bytes(color))
        cv2.fillPoly(self.alpha, [corners], 255)

    def ellipse(
        self,
        center: Point,
        radii: Point,
        color: Array | Sequence[float],
        sector: tuple[float, float] = (0, 360),
    ) -> None:
        """A filled ellipse, or the sector between two angles in degrees."""
        middle = (int(center[0] * self.scale), int(center[1] * self.scale))
        axes = (int(radii[0] * self.scale), int(radii[1] * self.scale))
        cv2.ellipse(self.color, middle, axes, 0, sector[0], sector[1], _bytes(color), -1)
        cv2.ellipse(self.alpha, middle, axes, 0, sector[0], sector[1], 255, -1)

    def line(self, start: Point, end: Point, color: Array | Sequence[float], thickness: float) -> None:
        """A straight line."""
        first = (int(start[0] * self.scale), int(start[1] * self.scale))
        second = (int(end[0] * self.scale), int(end[1] * self.scale))
        width = max(1, int(thickness * self.scale))
        cv2.line(self.color, first, second, _bytes(color), width)
        cv2.line(self.alpha, first, second, 255, width)

    def done(self, shade: Shade | None = None) -> Array:
        """The sprite  # [H, W, 4] premultiplied float32."""
        color = self.color.astype(np.float32) / 255
        if shade is not None:
            rows, columns = color.shape[:2]
            y, x = (axis.astype(np.float32) for axis in np.mgrid[0:rows, 0:columns])
            color = np.clip(color * shade(x / columns, y / rows)[..., None], 0, 1)
        sprite = premultiplied(color, self.alpha.astype(np.float32) / 255)
        return np.asarray(cv2.resize(sprite, self.size, interpolation=cv2.INTER_AREA), np.float32)


def _bytes(color: Array | Sequence[float]) -> tuple[int, ...]:
    return tuple(int(255 * min(1.0, max(0.0, float(value)))) for value in color)
