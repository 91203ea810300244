"""Subjects with an engine: rocket and car."""

import math

import numpy as np

from starter.world import sprites
from starter.world.canvas import (
    CANVAS_H,
    CANVAS_W,
    LAYER_X,
    LAYER_Y,
    Canvas,
    Pose,
    blur,
    glow,
    paint_sprite,
    premultiplied,
    shadow,
    splat,
)
from starter.world.noise import sample
from starter.world.palette import rgb
from starter.world.stage import SECONDS, Stage
from starter.world.subjects import color_of, start_x

FLAMES = ((rgb((1.0, 0.45, 0.1)), 9.0), (rgb((1.0, 0.75, 0.25)), 6.0), (rgb((1.0, 0.97, 0.8)), 3.4))


class Rocket:
    """A rocket that takes off on a column of smoke, or flies through space."""

    def __init__(self, stage: Stage) -> None:
        self.stage, rng = stage, stage.rng
        self.space = stage.setting == "space"
        self.picture, self.scale = sprites.rocket(color_of(stage)), stage.uniform(1.0, 1.5)
        self.x, self.phase = stage.uniform(120, 200), stage.uniform(0, 100)
        self.y, self.speed, self.thrust = stage.uniform(115, 145), stage.uniform(2, 14), stage.uniform(18, 34)
        self.angle = stage.uniform(-0.7, 0.7) if self.space else 0.0
        puffs = 70
        self.born = rng.uniform(-1.4, SECONDS, puffs)
        self.drift, self.offset = rng.normal(0, 5, puffs), rng.normal(0, 2.0, puffs)
        self.tint = np.clip(stage.subject_tint() * 1.1, 0, 1)

    def place(self, t: float) -> tuple[float, float]:
        """Where it is."""
        if self.space:
            along = t * 28 - 28
            return self.x + math.sin(self.angle) * along, 105 - math.cos(self.angle) * along
        return self.x, self.y - self.speed * t - (0.5 * self.thrust * t * t if t > 0 else 0)

    def __call__(self, canvas: Canvas, t: float) -> None:
        """Draw smoke, flame and rocket."""
        if not self.space:
            self._smoke(canvas, t)
        x, y = self.place(t)
        x -= self.stage.pan * 0.5
        flicker = 1 + 0.25 * math.sin(t * 31 + self.phase) + 0.15 * math.sin(t * 53)
        for inner, (color, radius) in enumerate(FLAMES):
            for part in range(3):
                behind = (36 + (8 + 7 * part) * flicker * (1 - 0.22 * inner)) * self.scale
                at = x - math.sin(self.angle) * behind, y + math.cos(self.angle) * behind
                glow(canvas, at, radius * self.scale * (1 - 0.2 * part), color, 0.62)
        paint_sprite(canvas, self.picture, Pose(x, y, self.scale, self.angle), self.tint)

    def _smoke(self, canvas: Canvas, t: float) -> None:
        age = t - self.born
        alive = age > 0
        y = np.array([self.place(float(born))[1] for born in self.born]) + 34 * self.scale + age * 20
        x = self.x + self.offset + self.drift * age - self.stage.pan * 0.5
        weight = np.clip(1.6 - age * 0.5, 0.2, 2) * 10
        puffs = splat((CANVAS_H, CANVAS_W), x[alive], y[alive], weight[alive])
        alpha = np.clip(blur(puffs, 4.5) * 1.4 + blur(puffs, 2) * 0.35, 0, 0.85)[..., None]
        canvas *= 1 - alpha
        canvas += alpha * np.clip(rgb((0.92, 0.91, 0.9)) * self.stage.ambient + 0.08, 0, 1)


def rocket(stage: Stage) -> None:
    """Add a rocket."""
    stage.front.append(Rocket(stage))


def car(stage: Stage) -> None:
    """A car on a road of its own, with headlights when it is dark."""
    body, wheel, scale = sprites.car(color_of(stage)), sprites.wheel(), stage.uniform(0.95, 1.35)
    floor, speed = CANVAS_H - 22, stage.uniform(46, 88) * stage.heading
    x, tint, heading = start_x(stage, speed, 20), stage.subject_tint(), stage.heading
    _road(stage, floor)

    def draw(canvas: Canvas, t: float) -> None:
        at_x, at_y = x + speed * t - stage.pan * 0.7, floor - 12 * scale + 0.5 * math.sin(t * 13)
        shadow(canvas, (at_x, floor + 6 * scale), (42 * scale, 4), 0.45)
        paint_sprite(canvas, body, Pose(at_x, at_y, scale, 0, heading), tint)
        for axle in (-22, 22):
            turn = speed * t / (7.5 * scale)
            paint_sprite(canvas, wheel, Pose(at_x + heading * axle * scale, at_y + 11.5 * scale, scale, turn), tint)
        if stage.dark:
            glow(canvas, (at_x + heading * 44 * scale, at_y + 3 * scale), 7, rgb((1, 0.93, 0.65)), 0.9)
            for part in range(3):
                beam = at_x + heading * (58 + 16 * part) * scale, at_y + (9 + 2 * part) * scale
                glow(canvas, beam, 10 + 3 * part, rgb((1, 0.9, 0.6)), 0.17)

    stage.front.append(draw)


def _road(stage: Stage, floor: float) -> None:
    alpha = np.clip((LAYER_Y - (floor - 10)) * 0.8, 0, 1) * np.clip(CANVAS_H + 2 - LAYER_Y, 0, 1)
    grain = (0.92 + 0.2 * (sample(1.2, 0, LAYER_X * 2, LAYER_Y * 2) - 0.5))[..., None]
    color = rgb((0.30, 0.30, 0.33)) * grain
    dashes = (LAYER_X % 46 < 22) & (np.abs(LAYER_Y - (floor + 9)) < 1.3)
    color = np.where(dashes[..., None], rgb((0.92, 0.88, 0.7)), color)
    color = np.where((np.abs(LAYER_Y - (floor - 8)) < 0.8)[..., None], rgb((0.85, 0.85, 0.85)), color)
    road = premultiplied(np.clip(color * stage.ambient, 0, 1), alpha)
    stage.add_layer(blur(road, 0.5), 1.0)
