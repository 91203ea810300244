"""Places of the open country: sea, beach, mountains, lake, snow, desert, park, meadow, space."""

import cv2
import numpy as np

from starter.world.canvas import (
    CANVAS_H,
    LAYER_W,
    LAYER_X,
    LAYER_Y,
    MARGIN,
    Pose,
    blur,
    paint_small,
    premultiplied,
    splat,
)
from starter.world.noise import mix, sample
from starter.world.palette import FOLIAGE, GRASS, rgb
from starter.world.plants import cactus, leaf, palm, pine, tree
from starter.world.stage import Stage
from starter.world.terrain import Hills, Range, Row, hills, mountains, plant
from starter.world.water import Surf, Water, water

FLOWERS = ((0.98, 0.85, 0.2), (0.95, 0.3, 0.3), (0.97, 0.97, 0.97), (0.7, 0.4, 0.85))


def sea(stage: Stage) -> None:
    """Open water."""
    water(stage, Water(stage.horizon, (0.04, 0.24, 0.36), 1.25, 0.6))


def beach(stage: Stage) -> None:
    """Surf on sand, sometimes with a far coast or a palm."""
    if stage.chance(0.35):
        mountains(stage, Range(stage.horizon + 1, stage.uniform(10, 26), (0.25, 0.33, 0.30), 0.5, 0.12))
    water(stage, Water(stage.horizon, (0.05, 0.33, 0.40), 0.9, 0.52))
    stage.back.append(Surf(stage))
    stage.ground = 184
    if stage.chance(0.35):
        edges = (MARGIN - 10, MARGIN + 50) if stage.chance(0.5) else (LAYER_W - MARGIN - 50, LAYER_W - MARGIN + 10)
        plant(stage, [palm(stage.rng)], Row(1, 1.15, 1.35, 1.0, 0.02), lambda _x, _q: 196, [stage.uniform(*edges)])


def high_mountains(stage: Stage) -> None:
    """Three ranges, and pines in front."""
    snow, foot = (0.0, 0.55, 0.8)[int(stage.rng.choice(3, p=(0.3, 0.4, 0.3)))], stage.horizon
    mountains(stage, Range(foot - 14, stage.uniform(62, 88), (0.42, 0.44, 0.52), 0.50, 0.15, snow))
    mountains(stage, Range(foot + 8, stage.uniform(42, 60), (0.32, 0.36, 0.40), 0.28, 0.3, snow * 0.7))
    mountains(stage, Range(foot + 34, stage.uniform(26, 44), (0.20, 0.30, 0.24), 0.12, 0.55))
    line = hills(stage, Hills(CANVAS_H - 12, 24, (0.22, 0.36, 0.18), (0.12, 0.22, 0.12), 0.04, 0.9))
    row = Row(int(stage.rng.integers(6, 16)), 0.25, 0.5, 0.9, 0.06)
    plant(stage, [pine(False)], row, lambda x, q: stage.row_at(x, line) + 8 + q * 8)
    stage.ground = CANVAS_H - 10


def lake(stage: Stage) -> None:
    """Mountains and a shore of pines, mirrored."""
    snow, foot = (0.0, 0.6, 0.85)[int(stage.rng.integers(3))], stage.horizon
    mountains(stage, Range(foot - 4, stage.uniform(54, 84), (0.40, 0.42, 0.50), 0.42, 0.14, snow))
    mountains(stage, Range(foot + 2, stage.uniform(24, 44), (0.26, 0.33, 0.33), 0.22, 0.25, snow * 0.5))
    hills(stage, Hills(foot + 3, 7, (0.14, 0.28, 0.16), (0.10, 0.2, 0.12), 0.1, 0.32))
    plant(stage, [pine(False)], Row(26, 0.16, 0.28, 0.32, 0.14), lambda _x, _q: foot + 3)
    water(stage, Water(foot + 2, (0.05, 0.17, 0.22), 0.35, 0.72, 1.0, 0.6))


def snow_meadow(stage: Stage) -> None:
    """White hills, snowy pines, white mountains."""
    foot, pines, grain = stage.horizon, [pine(True)], 0.03
    mountains(stage, Range(foot - 8, stage.uniform(44, 76), (0.52, 0.56, 0.66), 0.46, 0.15, 0.95))
    mountains(stage, Range(foot + 6, stage.uniform(20, 36), (0.50, 0.55, 0.64), 0.3, 0.3, 0.9))
    far = Hills(foot + 16, 14, (0.90, 0.93, 0.99), (0.84, 0.88, 0.97), 0.16, 0.45, grain=grain, light=0.16)
    far_line = hills(stage, far)
    row = Row(int(stage.rng.integers(8, 16)), 0.22, 0.36, 0.45, 0.18)
    plant(stage, pines, row, lambda x, q: stage.row_at(x, far_line) + 4 + 4 * q)
    near = Hills(CANVAS_H - 24, 22, (0.96, 0.97, 1.0), (0.86, 0.90, 0.98), 0.02, 0.9, grain=grain, light=0.2)
    line = hills(stage, near)
    stage.ground = CANVAS_H - 20
    row = Row(int(stage.rng.integers(3, 7)), 0.5, 0.95, 0.92, 0.03)
    plant(stage, pines, row, lambda x, q: stage.row_at(x, line) + 10 + 14 * q)


def desert(stage: Stage) -> None:
    """Dunes, sometimes with rocks or a cactus."""
    foot = stage.horizon
    if stage.chance(0.5):
        mountains(stage, Range(foot + 2, stage.uniform(16, 40), (0.62, 0.36, 0.26), 0.42, 0.15))
    hills(stage, Hills(foot + 14, 20, (0.93, 0.70, 0.42), (0.86, 0.60, 0.34), 0.25, 0.3, 2.0, 0.05, 0.42))
    hills(stage, Hills(foot + 40, 28, (0.95, 0.70, 0.40), (0.84, 0.56, 0.30), 0.1, 0.55, 2.0, 0.06, 0.5))
    hills(stage, Hills(CANVAS_H - 22, 26, (0.93, 0.66, 0.36), (0.76, 0.48, 0.25), 0.0, 0.9, 2.1, 0.08, 0.5))
    stage.ground = CANVAS_H - 16
    if stage.chance(0.4):
        row = Row(int(stage.rng.integers(1, 4)), 0.55, 0.9, 0.85, 0.04)
        plant(stage, [cactus()], row, lambda _x, q: CANVAS_H - 22 + 10 * q)


def park(stage: Stage) -> None:
    """Trees of a season on grass, sometimes with a path."""
    season, foot = stage.scene.get("season", "green"), stage.horizon
    colors, (grass, grass_below) = [rgb(color) for color in FOLIAGE[season]], GRASS[season]
    hills(stage, Hills(foot + 2, 14, colors[0] * 0.7, colors[2] * 0.7, 0.38, 0.2, 1.5, 0.2))
    trees = [tree(color, stage.rng) for color in colors]
    plant(stage, trees, Row(16, 0.36, 0.52, 0.4, 0.26), lambda _x, q: foot + 8 + 5 * q)
    hills(stage, Hills(foot + 14, 7, grass, grass_below, 0.05, 0.8, 2.2, 0.14, 0.1))
    if stage.chance(0.6):
        _path(stage)
    if season != "green":
        _fallen_leaves(stage, season)
    edges = ((MARGIN - 20, MARGIN + 60), (LAYER_W - MARGIN - 60, LAYER_W - MARGIN + 20), (0, MARGIN), (400, LAYER_W))
    at = [stage.uniform(*edge) for edge in edges]
    plant(stage, trees, Row(4, 1.05, 1.35, 0.95, 0.03), lambda _x, q: foot + 44 + 16 * q, at)
    stage.ground = CANVAS_H - 22


def _path(stage: Stage) -> None:
    x, top = stage.uniform(MARGIN + 60, LAYER_W - MARGIN - 60), int(stage.horizon + 14)
    mask = np.zeros((CANVAS_H, LAYER_W), np.uint8)
    corners = [[x - 4, top], [x + 4, top], [x + 70, CANVAS_H], [x - 70, CANVAS_H]]
    cv2.fillPoly(mask, [np.array(corners, np.int32)], 255)
    alpha = blur(mask.astype(np.float32) / 255, 1.2) * (top < LAYER_Y)
    grain = (0.9 + 0.25 * (sample(1.2, 0, LAYER_X * 2, LAYER_Y * 3) - 0.5))[..., None]
    color = rgb((0.72, 0.62, 0.48)) * grain * stage.ambient
    stage.add_layer(premultiplied(np.clip(color, 0, 1), alpha * 0.9), 0.8)


def _fallen_leaves(stage: Stage, season: str) -> None:
    layer = np.zeros((CANVAS_H, LAYER_W, 4), np.float32)
    leaves = [leaf(rgb(color) * stage.uniform(0.85, 1.1)) for color in FOLIAGE[season]]
    for _ in range(110):
        y = mix(stage.horizon + 20, CANVAS_H, stage.rng.random() ** 0.7)
        front = (y - stage.horizon) / (CANVAS_H - stage.horizon)
        pose = Pose(stage.uniform(0, LAYER_W), y, 0.12 + 0.3 * front, stage.uniform(0, 6.28))
        paint_small(layer, leaves[int(stage.rng.integers(3))], pose)
    layer[..., :3] *= stage.ambient
    stage.add_layer(layer, 0.85)


def meadow(stage: Stage) -> None:
    """Green hills with trees and flowers."""
    foot = stage.horizon
    if stage.chance(0.5):
        snow = 0.6 if stage.chance(0.5) else 0.0
        mountains(stage, Range(foot - 2, stage.uniform(24, 54), (0.38, 0.46, 0.56), 0.5, 0.12, snow))
    hills(stage, Hills(foot + 8, 22, (0.40, 0.60, 0.30), (0.30, 0.52, 0.22), 0.34, 0.25))
    hills(stage, Hills(foot + 30, 26, (0.40, 0.64, 0.24), (0.28, 0.50, 0.18), 0.14, 0.5))
    line = hills(stage, Hills(CANVAS_H - 34, 24, (0.38, 0.62, 0.20), (0.20, 0.40, 0.12), 0.0, 0.9, 2.2, 0.16))
    stage.ground = CANVAS_H - 22
    if stage.chance(0.7):
        trees = [tree(rgb((0.25, 0.50, 0.17)), stage.rng) for _ in range(2)]
        row = Row(int(stage.rng.integers(2, 6)), 0.3, 0.6, 0.88, 0.06)
        plant(stage, trees, row, lambda x, _q: stage.row_at(x, line) + 5)
    _flowers(stage)


def _flowers(stage: Stage) -> None:
    rng, count = stage.rng, 220
    x, front = rng.uniform(0, LAYER_W, count), rng.random(count) ** 0.6
    y = mix(CANVAS_H - 34, CANVAS_H, front)
    for choice in rng.permutation(len(FLOWERS))[:2]:
        some = rng.random(count) < 0.5
        dots = splat((CANVAS_H, LAYER_W), x[some], y[some], (2 + 5 * front)[some])
        color = np.broadcast_to(rgb(FLOWERS[choice]) * stage.ambient, (CANVAS_H, LAYER_W, 3))
        stage.add_layer(premultiplied(color, np.clip(blur(dots, 0.9), 0, 1)), 0.9)


def space(stage: Stage) -> None:
    """Nothing but the sky."""
    stage.ground = CANVAS_H + 80
