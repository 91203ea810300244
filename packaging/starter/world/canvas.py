"""The canvas frames are painted on, and how layers, sprites and light are put onto it.

The canvas is larger than the frame, so that a camera can move in it; layers are wider still, for parallax.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from starter.world.palette import Array

cv2.setNumThreads(1)

CANVAS_W, CANVAS_H = 320, 200
MARGIN = 80
LAYER_W = CANVAS_W + 2 * MARGIN

LAYER_Y, LAYER_X = (axis.astype(np.float32) for axis in np.mgrid[0:CANVAS_H, 0:LAYER_W])
CANVAS_Y, CANVAS_X = (axis.astype(np.float32) for axis in np.mgrid[0:CANVAS_H, 0:CANVAS_W])

Canvas = Array
Draw = Callable[[Canvas, float], None]
"""Paints onto the canvas  # [CANVAS_H, CANVAS_W, 3], at a time in seconds."""


def premultiplied(color: Array, alpha: Array) -> Array:
    """RGBA with colour times alpha  # [H, W, 4]."""
    return np.dstack([color * alpha[..., None], alpha]).astype(np.float32)


@dataclass(frozen=True)
class Layer:
    """A premultiplied RGBA picture  # [CANVAS_H, LAYER_W, 4], and its first row that is not empty."""

    pixels: Array
    top: int

    @classmethod
    def of(cls, pixels: Array) -> "Layer":
        """Find the first row."""
        rows = np.flatnonzero(pixels[..., 3].max(1) > 0)
        return cls(pixels, int(rows[0]) if len(rows) else CANVAS_H)

    def paint(self, canvas: Canvas, shift: float) -> None:
        """Put the layer onto the canvas, moved to the left by `shift` pixels."""
        top = max(0, self.top - 1)
        if top >= CANVAS_H:
            return
        placed = window(self.pixels[top:], shift)
        below = canvas[top:]
        below *= 1 - placed[..., 3:]
        below += placed[..., :3]


def window(pixels: Array, shift: float) -> Array:
    """The canvas-wide window of a layer-wide picture, moved by a fraction of pixels."""
    matrix = np.array([[1, 0, -MARGIN - shift], [0, 1, 0]], np.float32)
    size = (CANVAS_W, pixels.shape[0])
    placed = cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(placed, np.float32)


@dataclass(frozen=True)
class Pose:
    """Where and how a sprite stands: centre, scale, angle in radians, and stretch along its own axes."""

    x: float
    y: float
    scale: float = 1.0
    angle: float = 0.0
    stretch_x: float = 1.0
    stretch_y: float = 1.0

    def matrix(self) -> Array:
        """Turn and scale  # [2, 2]."""
        cos, sin = math.cos(self.angle) * self.scale, math.sin(self.angle) * self.scale
        return np.array(
            [[cos * self.stretch_x, -sin * self.stretch_y], [sin * self.stretch_x, cos * self.stretch_y]], np.float32
        )


def paint_sprite(canvas: Array, sprite: Array, pose: Pose, tint: Array | None = None) -> None:
    """Blend a premultiplied RGBA sprite onto a canvas with 3 channels, or onto a layer with 4."""
    height, width = sprite.shape[:2]
    turn = pose.matrix()
    half_w = (abs(turn[0, 0]) * width + abs(turn[0, 1]) * height) / 2 + 1
    half_h = (abs(turn[1, 0]) * width + abs(turn[1, 1]) * height) / 2 + 1
    left, top = max(math.floor(pose.x - half_w), 0), max(math.floor(pose.y - half_h), 0)
    right = min(math.ceil(pose.x + half_w) + 1, canvas.shape[1])
    bottom = min(math.ceil(pose.y + half_h) + 1, canvas.shape[0])
    if right <= left or bottom <= top:
        return
    offset = np.array([pose.x - left, pose.y - top]) - turn @ np.array([(width - 1) / 2, (height - 1) / 2])
    matrix = np.column_stack([turn, offset]).astype(np.float32)
    placed = np.asarray(cv2.warpAffine(sprite, matrix, (right - left, bottom - top), flags=cv2.INTER_LINEAR))
    region = canvas[top:bottom, left:right]
    region *= 1 - placed[..., 3:]
    color = placed if canvas.shape[2] == 4 else placed[..., :3]
    region += color if tint is None else color * tint


def paint_small(layer: Array, sprite: Array, pose: Pose) -> None:
    """`paint_sprite` that first shrinks the sprite by area, so that a much smaller one does not flicker."""
    if pose.scale < 0.7:
        size = (max(2, int(sprite.shape[1] * pose.scale)), max(2, int(sprite.shape[0] * pose.scale)))
        sprite = np.asarray(cv2.resize(np.ascontiguousarray(sprite), size, interpolation=cv2.INTER_AREA), np.float32)
        pose = Pose(pose.x, pose.y, 1.0, pose.angle)
    paint_sprite(layer, np.ascontiguousarray(sprite), pose)


def _box(x: float, y: float, half_w: float, half_h: float) -> tuple[slice, slice] | None:
    left, top = max(int(x - half_w), 0), max(int(y - half_h), 0)
    right, bottom = min(int(x + half_w) + 1, CANVAS_W), min(int(y + half_h) + 1, CANVAS_H)
    return (slice(top, bottom), slice(left, right)) if right > left and bottom > top else None


def glow(canvas: Canvas, center: tuple[float, float], radius: float, color: Array, strength: float) -> None:
    """Add a soft light."""
    box = _box(*center, radius * 3, radius * 3)
    if box:
        distance = (CANVAS_X[box] - center[0]) ** 2 + (CANVAS_Y[box] - center[1]) ** 2
        canvas[box] += (np.exp(-distance / (radius * radius)) * strength)[..., None] * color


def shadow(canvas: Canvas, center: tuple[float, float], radii: tuple[float, float], strength: float) -> None:
    """Darken a soft ellipse."""
    box = _box(*center, radii[0] * 1.6, radii[1] * 1.8)
    if box and strength > 0:
        distance = ((CANVAS_X[box] - center[0]) / radii[0]) ** 2 + ((CANVAS_Y[box] - center[1]) / radii[1]) ** 2
        canvas[box] *= (1 - strength * np.exp(-distance * 1.2))[..., None]


def bubble(canvas: Canvas, center: tuple[float, float], radius: float, color: Array, opacity: float) -> None:
    """Blend a thin ring with a faint inside."""
    box = _box(*center, int(radius) + 2, int(radius) + 2)
    if box:
        distance = np.sqrt((CANVAS_X[box] - center[0]) ** 2 + (CANVAS_Y[box] - center[1]) ** 2)
        ring = np.exp(-(((distance - radius * 0.8) / 0.9) ** 2)) + 0.25 * (distance < radius * 0.7)
        blend(canvas[box], (ring * opacity)[..., None], color)


def blend(region: Array, alpha: Array, color: Array) -> None:
    """Blend a colour over a region in place."""
    region *= 1 - alpha
    region += alpha * color


def polygon(canvas: Canvas, points: Array, color: Array) -> None:
    """Fill an antialiased polygon  # points [N, 2]."""
    low, high = np.floor(points.min(0)).astype(int) - 1, np.ceil(points.max(0)).astype(int) + 2
    left, top = max(int(low[0]), 0), max(int(low[1]), 0)
    right, bottom = min(int(high[0]), CANVAS_W), min(int(high[1]), CANVAS_H)
    if right <= left or bottom <= top:
        return
    mask = np.zeros((bottom - top, right - left), np.uint8)
    fixed = ((points - [left, top]) * 16).round().astype(np.int32)
    cv2.fillPoly(mask, [fixed], 255, cv2.LINE_AA, 4)
    blend(canvas[top:bottom, left:right], mask.astype(np.float32)[..., None] / 255, color)


def splat(shape: tuple[int, int], x: Array, y: Array, weight: Array) -> Array:
    """Points put down with bilinear weights  # [shape] float32."""
    image = np.zeros(shape, np.float32)
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    part_x, part_y = x - column, y - row
    corners = (
        (0, 0, (1 - part_x) * (1 - part_y)),
        (1, 0, part_x * (1 - part_y)),
        (0, 1, (1 - part_x) * part_y),
        (1, 1, part_x * part_y),
    )
    for step_x, step_y, share in corners:
        columns, rows = column + step_x, row + step_y
        inside = (columns >= 0) & (rows >= 0) & (columns < shape[1]) & (rows < shape[0])
        np.add.at(image, (rows[inside], columns[inside]), (weight * share)[inside])
    return image


def blur(image: Array, sigma: float) -> Array:
    """Gaussian blur."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.float32)
