"""Ground: mountain ranges, hills, and rows of plants."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from starter.world.canvas import CANVAS_H, LAYER_W, LAYER_X, LAYER_Y, Pose, blur, paint_small, premultiplied
from starter.world.noise import ease, mix, ridge, sample
from starter.world.palette import Array, Rgb, rgb
from starter.world.stage import Stage

SNOW = rgb((0.95, 0.97, 1.0))


@dataclass(frozen=True)
class Range:
    """A mountain range: its foot, height and colour, how far away it is, and how deep snow reaches down (0..1)."""

    foot: float
    height: float
    color: Rgb
    haze: float
    parallax: float
    snow: float = 0.0


def mountains(stage: Stage, spec: Range) -> None:
    """Add a mountain range."""
    rng = stage.rng
    line = ridge(LAYER_W, 1.35, rng, 2)
    line = np.abs(line - stage.uniform(0.1, 0.4))
    crest = spec.foot - spec.height * line / line.max()
    depth = LAYER_Y - crest[None]
    offset = stage.uniform(0, 512)
    texture = sample(1.6, int(rng.integers(3)), LAYER_X * 1.6 + offset, LAYER_Y * 1.1 + depth * 0.6)
    relief = np.asarray(cv2.Sobel(texture, cv2.CV_32F, 1, 0, ksize=3))
    slope = np.gradient(blur(crest[None].astype(np.float32), 3)[0])
    side = 0.35 * np.tanh(slope * 1.2)[None] * stage.light * np.exp(-np.clip(depth, 0, None) / 60)
    light = np.clip(0.78 + 1.1 * relief * stage.light + side + 0.25 * (texture - 0.5), 0.25, 1.35)
    color = rgb(spec.color) * light[..., None]
    if spec.snow > 0:
        reach = spec.snow * spec.height
        below_top = crest[None] - (spec.foot - spec.height)
        cover = ease(reach, reach * 0.45, depth + (texture - 0.5) * spec.height * 0.9 + below_top * 0.55)
        color = mix(color, SNOW * np.clip(light + 0.18, 0.5, 1.15)[..., None], cover[..., None])
    haze = np.clip(spec.haze + 0.35 * np.clip(depth / (spec.height + 30), 0, 1), 0, 0.95)[..., None]
    alpha = np.clip(depth + 0.5, 0, 1)
    stage.add_layer(premultiplied(np.clip(stage.lit(color, haze), 0, 1), alpha), spec.parallax)


@dataclass(frozen=True)
class Hills:
    """A line of hills or dunes: where it lies, its colours at the crest and below, and its surface."""

    foot: float
    height: float
    crest: Rgb | Array
    below: Rgb | Array
    haze: float
    parallax: float
    exponent: float = 2.2
    grain: float = 0.12
    light: float = 0.3


def hills(stage: Stage, spec: Hills) -> Array:
    """Add hills; returns the row of their crest  # [LAYER_W]."""
    crest = spec.foot - spec.height * ridge(LAYER_W, spec.exponent, stage.rng, 1)
    depth = np.clip(LAYER_Y - crest[None], 0, None)
    slope = np.gradient(blur(crest[None].astype(np.float32), 4)[0])
    x, y = LAYER_X * 1.3 + stage.uniform(0, 512), LAYER_Y * 3.2 + stage.uniform(0, 512)
    grain = spec.grain * (sample(1.2, int(stage.rng.integers(3)), x, y) - 0.5) * 2
    down = np.clip(depth / 70, 0, 1)[..., None]
    relief = spec.light * np.tanh(slope * 2.5)[None] * stage.light * np.exp(-depth / 45)
    color = mix(np.asarray(spec.crest, np.float32), np.asarray(spec.below, np.float32), down)
    color = color * (1 + relief + grain)[..., None]
    alpha = np.clip(LAYER_Y - crest[None] + 0.5, 0, 1)
    stage.add_layer(premultiplied(np.clip(stage.lit(color, spec.haze * (1 - down * 0.7)), 0, 1), alpha), spec.parallax)
    return crest


@dataclass(frozen=True)
class Row:
    """A row of plants: how many, how large from back to front, and where its layer stands."""

    count: int
    smallest: float
    largest: float
    parallax: float
    haze: float = 0.1


def plant(
    stage: Stage,
    sprites: Sequence[Array],
    row: Row,
    foot: Callable[[float, float], float],
    at: Sequence[float] | None = None,
) -> None:
    """Add a row of plants; `foot` gives the row of pixels they stand on at x, for 0 (back) to 1 (front)."""
    rng, layer = stage.rng, np.zeros((CANVAS_H, LAYER_W, 4), np.float32)
    xs = [stage.uniform(0, LAYER_W) for _ in range(row.count)] if at is None else at
    for front, x in sorted((stage.uniform(0, 1), x) for x in xs):
        sprite = sprites[int(rng.integers(len(sprites)))]
        scale = mix(row.smallest, row.largest, front) * stage.uniform(0.85, 1.15)
        turned = sprite[:, ::-1] if stage.chance(0.5) else sprite
        paint_small(layer, turned, Pose(x, foot(x, front) - sprite.shape[0] * scale / 2, scale))
    alpha = layer[..., 3:]
    layer[..., :3] = mix(layer[..., :3] * stage.ambient, stage.haze * alpha, row.haze)
    stage.add_layer(layer, row.parallax)
