"""Sprites of plants: leaf, trees, pines, palms, cactus, coral."""

import math

import numpy as np

from starter.world.noise import mix, uniform
from starter.world.palette import Array, rgb
from starter.world.pen import Pen, Point

TRUNK = rgb((0.30, 0.20, 0.13))
CORALS = ((0.95, 0.45, 0.4), (0.95, 0.6, 0.25), (0.85, 0.4, 0.7), (0.95, 0.8, 0.4))


def leaf(color: Array) -> Array:
    """A leaf."""
    pen = Pen(20, 14)
    pen.polygon([(1, 7), (6, 2.5), (12, 2), (19, 7), (12, 12), (6, 11.5)], color)
    pen.line((1, 7), (19, 7), color * 0.65, 0.8)
    return pen.done()


def tree(foliage: Array, rng: np.random.Generator) -> Array:
    """A broad tree."""
    pen = Pen(80, 110, 2)
    pen.polygon([(36, 108), (38, 66), (42, 66), (45, 108)], TRUNK)
    pen.line((40, 72), (28, 52), TRUNK, 3)
    pen.line((40, 70), (54, 50), TRUNK, 3)
    count = 70
    for number in range(count):
        front = number / count
        angle, radius = uniform(rng, 0, 2 * math.pi), math.sqrt(rng.random())
        x, y = 40 + 30 * radius * math.cos(angle), 42 + 32 * radius * math.sin(angle)
        bright = 0.55 + 0.55 * front * (0.6 + 0.4 * (1 - (y - 10) / 64)) + uniform(rng, -0.06, 0.06)
        color = np.clip(foliage * bright + rng.uniform(-0.03, 0.03, 3), 0, 1)
        size = uniform(rng, 5, 10) * (1.15 - 0.4 * front)
        pen.ellipse((x - 6 * front, y - 4 * front), (size, size * 0.85), color)
    return pen.done()


def pine(snowy: bool) -> Array:
    """A pine, with snow on its branches or without."""
    pen = Pen(56, 104, 2)
    pen.polygon([(25, 102), (25, 84), (31, 84), (31, 102)], (0.26, 0.18, 0.12))
    green = rgb((0.10, 0.25, 0.19))
    for tier in range(6):
        up = tier / 5
        base, width = 90 - up * 62, 25 * (1 - up * 0.78)
        tip = base - 30 + up * 5
        pen.polygon(_tier(tip, base, width), green * (0.75 + 0.35 * up))
        if snowy:
            right: list[Point] = [(28 + width * 0.8, base - 6), (28 + width * 0.35, base - 9), (28, base - 13)]
            left: list[Point] = [(28 - width * 0.4, base - 8), (28 - width * 0.85, base - 5)]
            pen.polygon([(28, tip), *right, *left], (0.93, 0.95, 0.99))
    return pen.done()


def _tier(tip: float, base: float, width: float) -> list[Point]:
    edge = [(q, mix(tip, base, q) + (2 if int(q * 4) % 2 else -1)) for q in np.linspace(0, 1, 5)[1:]]
    right: list[Point] = [(28 + width * q, y) for q, y in edge]
    left: list[Point] = [(28 - width * q, y) for q, y in reversed(edge)]
    return [(28, tip), *right, *left]


def palm(rng: np.random.Generator) -> Array:
    """A palm that leans."""
    pen = Pen(90, 120, 2)
    trunk: list[Point] = [(38 + 10 * math.sin(s * 1.4), 118 - s * 84) for s in np.linspace(0, 1, 10)]
    for number in range(9):
        pen.line(trunk[number], trunk[number + 1], (0.30, 0.22, 0.15), 4.2 - number * 0.25)
    x, y = trunk[-1]
    for angle in np.linspace(-2.9, -0.2, 8):
        length = uniform(rng, 30, 38)
        frond: list[Point] = [
            (x + length * s * math.cos(angle), y + length * s * math.sin(angle) * 0.7 + 22 * s * s)
            for s in np.linspace(0, 1, 8)
        ]
        for number in range(7):
            color = (0.10 + 0.06 * number / 7, 0.30 + 0.1 * rng.random(), 0.12)
            pen.line(frond[number], frond[number + 1], color, 4.5 * (1 - number / 7) + 0.8)
    return pen.done()


def cactus() -> Array:
    """A cactus with two arms."""
    pen, green = Pen(40, 60, 3), (0.18, 0.40, 0.22)
    strokes: list[tuple[Point, Point, float]] = [
        ((20, 58), (20, 8), 7),
        ((20, 36), (8, 34), 5),
        ((8, 34), (8, 20), 5),
        ((20, 30), (32, 27), 5),
        ((32, 27), (32, 14), 5),
    ]
    for start, end, thickness in strokes:
        pen.line(start, end, green, thickness)
    return pen.done()


def coral(rng: np.random.Generator) -> Array:
    """A fan of coral."""
    pen = Pen(40, 32, 2)
    color = rgb(CORALS[int(rng.integers(len(CORALS)))])
    for branch in range(7):
        angle = -math.pi / 2 + (branch - 3) * 0.32
        end = (20 + 20 * math.cos(angle) * uniform(rng, 0.7, 1), 31 + 24 * math.sin(angle) * uniform(rng, 0.7, 1))
        pen.line((20, 31), end, color * uniform(rng, 0.75, 1.1), 3)
    return pen.done()
