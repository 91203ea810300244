"""Places of a kind of their own: the city and the sea floor."""

import math
from dataclasses import dataclass

import numpy as np

from starter.world.canvas import (
    CANVAS_H,
    CANVAS_W,
    CANVAS_X,
    CANVAS_Y,
    LAYER_W,
    LAYER_Y,
    MARGIN,
    Canvas,
    Pose,
    blur,
    bubble,
    paint_small,
    polygon,
)
from starter.world.noise import ease, mix, sample
from starter.world.palette import Array, rgb
from starter.world.plants import coral
from starter.world.stage import Stage
from starter.world.terrain import Hills, hills
from starter.world.water import Water, water

LIT_WINDOWS = {"night": 0.55, "dusk": 0.45, "sunset": 0.25, "sunrise": 0.15, "overcast": 0.15, "day": 0.04}
LAMPS = np.array([(1.0, 0.84, 0.48), (1.0, 0.92, 0.68), (0.72, 0.86, 1.0)], np.float32)
SEAS = (
    ((0.25, 0.72, 0.85), (0.01, 0.10, 0.28)),
    ((0.30, 0.78, 0.75), (0.02, 0.16, 0.26)),
    ((0.15, 0.55, 0.85), (0.01, 0.06, 0.24)),
)


@dataclass(frozen=True)
class Block:
    """A row of buildings: haze, parallax, how tall, and whether it has antennas."""

    haze: float
    parallax: float
    lowest: float
    highest: float
    widen: float
    antennas: bool = False


BLOCKS = (
    Block(0.50, 0.12, 24, 70, 1.0),
    Block(0.26, 0.22, 34, 100, 1.2, antennas=True),
    Block(0.06, 0.34, 20, 76, 1.4),
)


def city(stage: Stage) -> None:
    """Three rows of buildings above a road or a river."""
    lit = LIT_WINDOWS[stage.time]
    for block in BLOCKS:
        layer = np.zeros((CANVAS_H, LAYER_W, 4), np.float32)
        x = -10.0
        while x < LAYER_W:
            width = stage.uniform(13, 30) * block.widen
            _building(stage, layer, block, (x, width), lit)
            x += width * stage.uniform(0.9, 1.25)
        layer = blur(layer, 0.55)
        if stage.dark:
            layer[..., :3] += blur(np.ascontiguousarray(layer[..., :3]), 4) * 0.35 * lit
        stage.add_layer(layer, block.parallax)
    if stage.scene["subject"] == "car" or stage.chance(0.35):
        road = Hills(stage.horizon + 4, 0, (0.42, 0.42, 0.45), (0.30, 0.30, 0.33), 0.0, 0.4, grain=0.03)
        hills(stage, road)
        stage.ground = CANVAS_H - 24
    else:
        water(stage, Water(stage.horizon, (0.03, 0.07, 0.12), 0.55, 0.74, 1.0, 0.7))


def _building(stage: Stage, layer: Array, block: Block, span: tuple[float, float], lit: float) -> None:
    height = stage.uniform(block.lowest, block.highest) * (1.25 if stage.chance(0.2) else 1)
    left, right = int(max(span[0], 0)), int(min(span[0] + span[1], LAYER_W))
    top, bottom = int(max(4, stage.horizon - height)), int(stage.horizon) + 1
    if right <= left or bottom <= top:
        return
    tone = np.array([1, stage.uniform(0.93, 1.03), stage.uniform(0.9, 1.1)], np.float32)
    color = rgb((0.36, 0.40, 0.47)) * stage.uniform(0.6, 1.15) * tone * stage.ambient * (0.55 if stage.dark else 1)
    down = np.linspace(1.08, 0.85, bottom - top, dtype=np.float32)[:, None, None]
    across = np.linspace(0.8, 1.12, right - left, dtype=np.float32)[None, :: stage.light, None]
    wall = np.clip(color * down * across, 0, 1)
    _windows(stage, wall, color * (0.75 if stage.dark else 0.62), lit)
    haze = stage.haze * (0.8 if stage.dark else 1)
    share = block.haze * (0.6 if stage.dark else 1)
    layer[top:bottom, left:right, :3] = mix(wall, np.broadcast_to(haze, wall.shape), share)
    layer[top:bottom, left:right, 3] = 1
    if block.antennas and stage.chance(0.25):
        middle = (left + right) // 2
        layer[max(0, top - 14) : top, middle : middle + 1] = np.append(color * 0.8, 1)


def _windows(stage: Stage, wall: Array, unlit: Array, lit: float) -> None:
    rows, columns = (wall.shape[0] - 4) // 5, (wall.shape[1] - 3) // 4
    if rows <= 0 or columns <= 0:
        return
    burning = stage.rng.random((rows, columns)) < lit
    lamps = LAMPS[stage.rng.integers(len(LAMPS), size=(rows, columns))]
    lamps = lamps * stage.rng.uniform(0.6, 1.1, (rows, columns, 1)).astype(np.float32)
    for row in range(rows):
        for column in range(columns):
            pane = wall[3 + row * 5 : 6 + row * 5, 2 + column * 4 : 4 + column * 4]
            pane[:] = lamps[row, column] if burning[row, column] else unlit


def underwater(stage: Stage) -> None:
    """Light from above, sand, coral, weeds and bubbles."""
    dim = {"night": 0.35, "dusk": 0.6}.get(stage.scene["time"], 1.0)
    top, floor = (rgb(color) * dim for color in SEAS[int(stage.rng.integers(len(SEAS)))])
    down = ((LAYER_Y[:, :1] / CANVAS_H) ** 0.8)[..., None]
    backdrop = (mix(top, floor, down) * np.ones((CANVAS_H, CANVAS_W, 1), np.float32)).astype(np.float32)
    stage.haze = floor + 0.05
    stage.ambient = np.clip(rgb((0.62, 0.85, 0.95)) * dim + 0.1, 0, 1)

    def draw_backdrop(canvas: Canvas, _t: float) -> None:
        canvas[:] = backdrop

    stage.back.append(draw_backdrop)
    _rays(stage, dim)
    hills(stage, Hills(CANVAS_H - 26, 26, (0.35, 0.42, 0.40), (0.22, 0.30, 0.32), 0.45, 0.4, 2.0, 0.1))
    line = hills(stage, Hills(CANVAS_H - 6, 24, (0.80, 0.74, 0.55), (0.62, 0.58, 0.46), 0.12, 0.9, 2.0, 0.08))
    _corals(stage, line)
    _weeds(stage, line)
    _bubbles(stage)
    stage.ground = CANVAS_H - 12


def _rays(stage: Stage, dim: float) -> None:
    source, variant, phase = stage.uniform(60, 260), int(stage.rng.integers(3)), stage.uniform(0, 512)
    angle = np.arctan2(CANVAS_X - source, CANVAS_Y + 90) * 300
    fade = np.exp(-CANVAS_Y / 110)

    def draw(canvas: Canvas, t: float) -> None:
        wide = sample(2.0, variant, angle + phase + stage.pan * 0.2, np.full_like(angle, 40 + t * 14))
        thin = sample(1.6, variant, angle * 1.4 - t * 9 + phase, np.full_like(angle, 200 + t * 8))
        light = (ease(0.42, 0.8, wide) * 0.55 + ease(0.45, 0.8, thin) * 0.35) * fade * dim
        canvas += light[..., None] * rgb((0.75, 0.95, 0.9))

    stage.back.append(draw)


def _corals(stage: Stage, line: Array) -> None:
    layer = np.zeros((CANVAS_H, LAYER_W, 4), np.float32)
    for _ in range(int(stage.rng.integers(4, 9))):
        sprite, x, scale = coral(stage.rng), stage.uniform(0, LAYER_W), stage.uniform(0.8, 1.4)
        y = stage.row_at(x, line) + 4 - 13 * scale + stage.uniform(0, 14)
        paint_small(layer, sprite, Pose(x, y, scale))
    layer[..., :3] *= stage.ambient
    stage.add_layer(layer, 0.9)


def _weeds(stage: Stage, line: Array) -> None:
    weeds = []
    for _ in range(int(stage.rng.integers(5, 11))):
        color = rgb((0.10, 0.45, 0.22)) * stage.uniform(0.7, 1.2) + rgb((stage.uniform(0, 0.25), 0, 0))
        shape = stage.uniform(26, 64), stage.uniform(0, 6.28), stage.uniform(1.2, 2.2)
        weeds.append((stage.uniform(0, LAYER_W), *shape, color * stage.ambient))
    up = np.linspace(0, 1, 9)

    def draw(canvas: Canvas, t: float) -> None:
        for foot, length, phase, width, color in weeds:
            x = foot - MARGIN - stage.pan * 0.9
            if not -20 <= x <= CANVAS_W + 20:
                continue
            stem = x + np.sin(t * 1.6 + phase + up * 2.6) * 7 * up
            y, half = stage.row_at(foot, line) + 8 - length * up, width * 2 * (1 - up * 0.8)
            outline = np.concatenate([np.stack([stem - half, y], 1), np.stack([stem + half, y], 1)[::-1]])
            polygon(canvas, outline, color)

    stage.back.append(draw)


def _bubbles(stage: Stage) -> None:
    rng, count = stage.rng, 14
    x, y = rng.uniform(0, CANVAS_W, count), rng.uniform(0, CANVAS_H, count)
    speed, phase, radius = rng.uniform(18, 34, count), rng.uniform(0, 6.28, count), rng.uniform(1.2, 3.0, count)

    def draw(canvas: Canvas, t: float) -> None:
        for i in range(count):
            center = x[i] + 3 * math.sin(t * 2 + phase[i]), (y[i] - speed[i] * t) % (CANVAS_H + 10) - 5
            bubble(canvas, center, radius[i], rgb((0.8, 0.95, 1.0)), 0.38)

    stage.front.append(draw)
