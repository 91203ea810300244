"""Sprites of the subjects: balloon, boat, ball, fish, rocket, car."""

import math

import numpy as np

from starter.world.noise import mix
from starter.world.palette import WHITE, Array, rgb
from starter.world.pen import Pen, Point

GORES = 7


def balloon(color: Array, light: int, dark: bool) -> Array:
    """A hot air balloon, striped, lit from inside when it is dark."""
    pen = Pen(64, 84)
    stripe = mix(color, WHITE, 0.72) if color.min() < 0.8 else rgb((0.85, 0.25, 0.2))
    for gore in range(GORES):
        edges = -1 + 2 * gore / GORES, -1 + 2 * (gore + 1) / GORES
        down = [_on_envelope(edges[0], s) for s in np.linspace(0, 1, 14)]
        up = [_on_envelope(edges[1], s) for s in np.linspace(1, 0, 14)]
        pen.polygon(down + up, color if gore % 2 == 0 else stripe)
    pen.line((27, 61), (28, 73), (0.25, 0.18, 0.12), 0.7)
    pen.line((37, 61), (36, 73), (0.25, 0.18, 0.12), 0.7)
    pen.polygon([(27, 72), (37, 72), (36, 80), (28, 80)], (0.45, 0.28, 0.14))

    def shade(x: Array, y: Array) -> Array:
        round_ = 1.12 - 0.55 * np.clip(((x - 0.5 - 0.18 * light) ** 2 + (y - 0.28) ** 2) * 4, 0, 1)
        if dark:
            round_ = round_ * 0.55 + 0.9 * np.exp(-((x - 0.5) ** 2 / 0.03 + (y - 0.62) ** 2 / 0.05))
        return round_.astype(np.float32)

    return pen.done(shade)


def _on_envelope(turn: float, down: float) -> Point:
    half = 0.58 if down > 0.42 else 0.42
    radius = 27 * math.sqrt(max(0.0, 1 - ((down - 0.42) / half) ** 2))
    radius = max(radius, 5) if down > 0.9 else radius
    return 32 + radius * math.sin(turn * math.pi / 2), 4 + down * 56


def boat(color: Array) -> Array:
    """A sailing boat with two sails."""
    pen = Pen(64, 64)
    pen.line((31, 6), (31, 50), (0.35, 0.24, 0.15), 1.3)
    pen.polygon([(33, 8), (33, 46), (56, 46), (50, 32), (42, 18)], color)
    pen.polygon([(29, 14), (29, 45), (11, 46), (19, 31)], mix(color, WHITE, 0.5))
    pen.polygon([(8, 49), (58, 49), (50, 59), (16, 59)], (0.40, 0.22, 0.12))
    pen.polygon([(8, 49), (58, 49), (57, 51.5), (9, 51.5)], (0.93, 0.90, 0.84))
    return pen.done(lambda x, _y: 1.05 - 0.25 * x)


def ball(color: Array) -> Array:
    """A beach ball."""
    pen = Pen(40, 40)
    other = rgb((0.97, 0.97, 0.95)) if color.min() < 0.8 else rgb((0.2, 0.45, 0.9))
    for sector in range(6):
        pen.ellipse((20, 20), (18, 18), color if sector % 2 == 0 else other, (sector * 60, (sector + 1) * 60))
    pen.ellipse((20, 20), (4, 4), (0.95, 0.95, 0.95))
    return pen.done()


def ball_light() -> Array:
    """Shadow and highlight that stay in place while the ball turns."""
    y, x = (axis.astype(np.float32) for axis in np.mgrid[0:40, 0:40])
    to_light = np.hypot(x - 14, y - 12)
    radius = np.hypot(x - 19.5, y - 19.5)
    alpha = np.clip(18.5 - radius, 0, 1) * np.clip((to_light - 8) / 26, 0, 0.6)
    spot = np.exp(-((x - 13) ** 2 + (y - 11) ** 2) / 18) * 0.6 * (radius < 17)
    return np.dstack([spot, spot, spot, np.clip(alpha, 0, 1)]).astype(np.float32)


def fish(color: Array, striped: bool) -> Array:
    """A fish that looks to the right."""
    pen = Pen(56, 36)
    pale, dark = mix(color, WHITE, 0.6), color * 0.6
    pen.polygon([(14, 18), (2, 7), (5, 18), (2, 29)], dark)
    pen.polygon([(24, 10), (33, 3), (40, 10)], dark)
    pen.polygon([(26, 26), (33, 33), (38, 26)], dark)
    pen.ellipse((30, 18), (19, 10), color)
    pen.ellipse((31, 21), (16, 6), mix(color, pale, 0.5))
    for x in (22, 31) if striped else ():
        pen.polygon([(x, 9), (x + 4, 9), (x + 4, 27), (x, 27)], pale)
    pen.ellipse((43, 15), (2.6, 2.6), (1, 1, 1))
    pen.ellipse((43.6, 15), (1.4, 1.4), (0.05, 0.05, 0.08))
    return pen.done(lambda _x, y: 1.15 - 0.45 * y)


def rocket(color: Array) -> Array:
    """A rocket that points up."""
    pen = Pen(36, 76)
    pen.polygon([(11, 46), (2, 66), (11, 62)], color * 0.85)
    pen.polygon([(25, 46), (34, 66), (25, 62)], color * 0.85)
    pen.polygon([(11, 24), (25, 24), (26, 62), (10, 62)], (0.92, 0.92, 0.94))
    pen.polygon([(18, 2), (23, 12), (25, 24), (11, 24), (13, 12)], color)
    pen.ellipse((18, 34), (4.6, 4.6), (0.3, 0.32, 0.38))
    pen.ellipse((18, 34), (3.2, 3.2), (0.45, 0.75, 0.95))
    pen.polygon([(13, 62), (23, 62), (25, 67), (11, 67)], (0.3, 0.3, 0.33))
    pen.polygon([(10.3, 48), (25.8, 48), (25.9, 54), (10.2, 54)], color)
    return pen.done(lambda x, _y: 1.1 - 0.55 * np.abs(x - 0.42))


def car(color: Array) -> Array:
    """A car that drives to the right, without its turning wheels."""
    pen = Pen(84, 38)
    glass = (0.55, 0.72, 0.85)
    pen.polygon([(20, 16), (29, 4), (53, 4), (65, 16)], color * 0.92)
    pen.polygon([(24, 15), (31, 6), (41, 6), (41, 15)], glass)
    pen.polygon([(43, 15), (43, 6), (52, 6), (60, 15)], glass)
    pen.polygon([(4, 18), (8, 15), (66, 15), (78, 18), (81, 24), (81, 30), (3, 30)], color)
    pen.polygon([(3, 26), (81, 26), (81, 30), (3, 30)], color * 0.6)
    pen.polygon([(77, 19), (81, 21), (81, 24), (77, 23)], (1, 0.97, 0.75))
    pen.polygon([(3, 18.5), (6, 18.5), (6, 22.5), (3, 22.5)], (0.9, 0.15, 0.1))
    for x in (20, 64):
        pen.ellipse((x, 30), (7.5, 7.5), (0.08, 0.08, 0.09))
        pen.ellipse((x, 30), (4.2, 4.2), (0.7, 0.7, 0.73))
    return pen.done(lambda _x, y: 1.15 - 0.35 * y)


def wheel() -> Array:
    """A wheel with spokes, so that its turning shows."""
    pen = Pen(18, 18)
    pen.ellipse((9, 9), (7.5, 7.5), (0.08, 0.08, 0.09))
    pen.ellipse((9, 9), (4.4, 4.4), (0.72, 0.72, 0.75))
    for spoke in range(3):
        x, y = 4.4 * math.cos(spoke * math.pi / 3), 4.4 * math.sin(spoke * math.pi / 3)
        pen.line((9 - x, 9 - y), (9 + x, 9 + y), (0.25, 0.25, 0.27), 1.2)
    return pen.done()
