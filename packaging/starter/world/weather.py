"""What is in the air: snow, rain, leaves, fireflies, fireworks, fog."""

import math

import cv2
import numpy as np

from starter.world.canvas import (
    CANVAS_H,
    CANVAS_W,
    CANVAS_X,
    CANVAS_Y,
    Canvas,
    Pose,
    blend,
    blur,
    paint_sprite,
    splat,
)
from starter.world.noise import mix, sample
from starter.world.palette import Array, rgb
from starter.world.plants import leaf
from starter.world.stage import SECONDS, Stage

SNOWFALL = ((90, 0.75, 24, 2.6), (50, 1.25, 36, 7.5), (18, 2.1, 52, 18.0))
"""Flakes, blur in pixels, speed in pixels per second, brightness: from far to near."""
LEAVES = {
    "pink": ((0.99, 0.70, 0.82), (1.0, 0.82, 0.90)),
    "autumn": ((0.90, 0.40, 0.08), (0.95, 0.65, 0.12), (0.78, 0.20, 0.08), (0.70, 0.45, 0.15)),
}
SPARKS = (
    (1.0, 0.35, 0.25),
    (1.0, 0.8, 0.3),
    (0.4, 0.75, 1.0),
    (0.5, 1.0, 0.5),
    (1.0, 0.5, 0.9),
    (1.0, 0.95, 0.8),
)
BURST_SECONDS = 2.2


def _veil(stage: Stage, share: float, color: Array) -> None:
    """Thin air between the place and the subjects."""

    def draw(canvas: Canvas, _t: float) -> None:
        canvas *= 1 - share
        canvas += share * color

    stage.front.insert(0, draw)


def snow(stage: Stage) -> None:
    """Three depths of flakes."""
    rng, wind = stage.rng, stage.side() * stage.uniform(2, 16)
    depths = []
    for count, softness, speed, bright in SNOWFALL:
        x, y = rng.uniform(0, CANVAS_W + 40, count), rng.uniform(0, CANVAS_H, count)
        depths.append((x, y, rng.uniform(0.75, 1.25, count) * speed, rng.uniform(0, 6.28, count), softness, bright))
    color = np.clip(stage.ambient * 0.75 + 0.32, 0, 1)

    def draw(canvas: Canvas, t: float) -> None:
        for depth, (x, y, speed, phase, softness, bright) in enumerate(depths):
            drift = wind * t * (1 + depth * 0.5) + 5 * np.sin(t * 1.3 + phase) - stage.pan * (0.4 + 0.4 * depth)
            at_x, at_y = (x + drift) % (CANVAS_W + 40) - 20, (y + speed * t) % (CANVAS_H + 10) - 5
            flakes = splat((CANVAS_H, CANVAS_W), at_x, at_y, np.full(len(x), bright))
            blend(canvas, np.clip(blur(flakes, softness), 0, 0.95)[..., None], color)

    stage.front.append(draw)
    _veil(stage, stage.uniform(0.05, 0.22), np.clip(stage.ambient * 0.6 + 0.25, 0, 1) * rgb((0.9, 0.94, 1.0)))


def rain(stage: Stage) -> None:
    """Streaks of rain."""
    rng, count = stage.rng, 150
    x, y = rng.uniform(0, CANVAS_W + 60, count), rng.uniform(0, CANVAS_H, count)
    speed, length = rng.uniform(210, 290, count), rng.uniform(11, 22, count)
    slant = stage.side() * stage.uniform(0.03, 0.2)
    color = np.clip(stage.ambient * 0.7 + 0.3, 0, 1)

    def draw(canvas: Canvas, t: float) -> None:
        at_y = (y + speed * t) % (CANVAS_H + 30) - 15
        at_x = (x + slant * speed * t - stage.pan * 0.6) % (CANVAS_W + 60) - 30
        ends = np.stack([np.stack([at_x, at_y], 1), np.stack([at_x - slant * length, at_y - length], 1)], 1)
        mask = np.zeros((CANVAS_H, CANVAS_W), np.uint8)
        cv2.polylines(mask, list((ends * 16).round().astype(np.int32)), False, 170, 1, cv2.LINE_AA, 4)
        blend(canvas, (mask.astype(np.float32) * (0.7 / 255))[..., None], color)

    stage.front.append(draw)
    _veil(stage, stage.uniform(0.10, 0.26), np.clip(stage.ambient * 0.5 + 0.12, 0, 1) * rgb((0.82, 0.88, 0.96)))


def leaves(stage: Stage) -> None:
    """Leaves or petals that tumble down."""
    colors = LEAVES.get(stage.scene.get("season", "autumn"), LEAVES["autumn"])
    pictures, wind = [leaf(rgb(color)) for color in colors], stage.side() * stage.uniform(4, 22)
    falling = [
        (
            pictures[int(stage.rng.integers(len(pictures)))],
            (stage.uniform(-20, CANVAS_W + 20), stage.uniform(-20, CANVAS_H)),
            stage.uniform(20, 42),
            stage.uniform(0, 6.28),
            stage.uniform(0.9, 2.2),
            stage.uniform(0.55, 1.5),
        )
        for _ in range(int(stage.rng.integers(18, 34)))
    ]
    tint = np.clip(stage.ambient * 1.05 + 0.06, 0, 1)

    def draw(canvas: Canvas, t: float) -> None:
        for picture, (x, y), speed, phase, pace, scale in falling:
            sway = wind * t + 9 * math.sin(pace * t + phase) - stage.pan * 0.6 * scale
            at_x = (x + sway + 20) % (CANVAS_W + 40) - 20
            at_y = (y + speed * t * (0.6 + 0.4 * scale) + 20) % (CANVAS_H + 40) - 20
            flip = 0.35 + 0.65 * abs(math.cos(pace * t * 1.6 + phase))
            paint_sprite(canvas, picture, Pose(at_x, at_y, scale, phase + pace * t * 1.3, 1, flip), tint)

    stage.front.append(draw)


def fireflies(stage: Stage) -> None:
    """Lights that wander and pulse."""
    rng, count = stage.rng, int(stage.rng.integers(16, 36))
    x, y = rng.uniform(0, CANVAS_W, count), rng.uniform(stage.horizon - 10, CANVAS_H - 6, count)
    phase, pace = rng.uniform(0, 6.28, count), rng.uniform(0.5, 1.3, count)
    pulse, size = rng.uniform(1.2, 2.6, count), rng.uniform(0.8, 1.6, count)

    def draw(canvas: Canvas, t: float) -> None:
        bright = np.clip(np.sin(pulse * t + phase * 3) * 0.6 + 0.55, 0, 1) * size
        at_x = x + 12 * np.sin(pace * t + phase) - stage.pan * 0.7
        at_y = y + 7 * np.cos(pace * 0.8 * t + phase * 2)
        points = splat((CANVAS_H, CANVAS_W), at_x, at_y, bright)
        canvas += (blur(points, 1.3) * 10)[..., None] * rgb((1.0, 0.96, 0.55))
        canvas += (blur(points, 5) * 40)[..., None] * rgb((0.75, 0.85, 0.2))

    stage.front.append(draw)


def fireworks(stage: Stage) -> None:
    """Bursts of sparks, mirrored where there is water."""
    rng, bursts = stage.rng, []
    for _ in range(int(rng.integers(3, 6))):
        angle, count = rng.uniform(0, 6.28, 70), 70
        reach = rng.uniform(0.75, 1.05, count) * stage.uniform(38, 66) * np.where(rng.random(count) < 0.3, 0.5, 1)
        start, at = stage.uniform(-1.0, SECONDS * 0.8), (stage.uniform(50, 270), stage.uniform(24, 76))
        color = rgb(SPARKS[int(rng.integers(len(SPARKS)))])
        bursts.append((start, at, np.cos(angle) * reach, np.sin(angle) * reach, color))

    def draw(canvas: Canvas, t: float) -> None:
        light = np.zeros((CANVAS_H, CANVAS_W, 3), np.float32)
        for start, at, out_x, out_y, color in bursts:
            if 0 < t - start <= BURST_SECONDS:
                _burst(light, (at[0] - stage.pan * 0.2, at[1]), (out_x, out_y), t - start, color)
        canvas += light
        if stage.waterline:
            top = int(stage.waterline)
            height = min(CANVAS_H - top, top)
            mirrored = np.ascontiguousarray(light[top - height : top][::-1])
            canvas[top : top + height] += cv2.blur(mirrored, (5, 9)) * 0.55

    stage.front.append(draw)


def _burst(light: Array, at: tuple[float, float], out: tuple[Array, Array], age: float, color: Array) -> None:
    xs, ys, weights = [], [], []
    for trail in range(4):
        past = max(0.0, age - 0.05 * trail)
        travel = (1 - math.exp(-1.7 * past)) / 1.7
        xs.append(at[0] + out[0] * travel)
        ys.append(at[1] + out[1] * travel + 9 * past * past)
        weights.append(np.full(out[0].shape, 1 - 0.22 * trail))
    sparks = splat((CANVAS_H, CANVAS_W), np.concatenate(xs), np.concatenate(ys), np.concatenate(weights))
    fade = max(0.0, 1 - age / BURST_SECONDS) ** 1.3
    sharp = blur(sparks, 0.95)
    light += (sharp * 2.8 * fade)[..., None] * color + (sharp * sharp * 1.2 * fade)[..., None]
    light += (blur(sparks, 6) * 3.0 * fade)[..., None] * color
    if age < 0.25:
        flash = np.exp(-((CANVAS_X - at[0]) ** 2 + (CANVAS_Y - at[1]) ** 2) / 900)
        light += (flash * (0.25 - age) * 3)[..., None] * color


def fog(stage: Stage) -> None:
    """Drifting banks of fog around the horizon."""
    offset_x, offset_y = stage.uniform(0, 512), stage.uniform(0, 512)
    speed, dense = stage.side() * stage.uniform(6, 14), stage.uniform(0.55, 0.85)
    color = np.clip(mix(stage.haze, 0.8 * stage.ambient, 0.5), 0, 1)
    band = np.exp(-(((CANVAS_Y - min(stage.horizon + 14, CANVAS_H - 40)) / 46) ** 2))

    def draw(canvas: Canvas, t: float) -> None:
        drift = CANVAS_X * 0.9 + offset_x - speed * t + stage.pan * 0.5
        noise = sample(2.0, 0, drift, CANVAS_Y * 2.0 + offset_y)
        alpha = np.clip(np.clip(noise * 1.35 - 0.12, 0, 1) * dense * band + 0.10, 0, 0.92)
        blend(canvas, alpha[..., None], color)

    stage.front.append(draw)
