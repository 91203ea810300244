"""A dozen photo-like stills that nothing in training looks like, to be judged as start images.

Surfaces under light, out-of-focus lamps, print: drawn by other means than the world and the training's textures, then
finished as a cheap camera does, with a colour cast, vignetting, grain and JPEG blocks.
"""

from collections.abc import Callable

import cv2
import numpy as np

from starter.world.palette import Array
from starter.world.render import Frames

Draw = Callable[[np.random.Generator, Array, Array], Array]
"""Draws a picture  # [H, W, 3] float32 in 0..1, from x and y in 0..1 (x up to the aspect)."""

SUPERSAMPLED = 3
"""Drawn this much larger, since camera pictures have no hard edges."""


def pebbles(rng: np.random.Generator, x: Array, y: Array) -> Array:
    """Stones: the nearest of random points, lit from the upper left."""
    points, tints = rng.random((70, 2)) * (x.max(), 1), rng.uniform(0.25, 0.85, (70, 1)) * rng.uniform(0.8, 1, (70, 3))
    distance = np.stack([np.hypot(x - px, y - py) for px, py in points])
    nearest, ordered = distance.argmin(0), np.sort(distance, 0)[:2]
    height = np.clip((ordered[1] - ordered[0]) * 14, 0, 1) ** 0.5
    light = 0.55 + np.clip(np.gradient(height, axis=0) + np.gradient(height, axis=1), -0.1, 0.1) * 4
    return tints[nearest] * (light * (0.25 + 0.75 * height))[..., None]


def lamps(rng: np.random.Generator, x: Array, y: Array) -> Array:
    """A street at night, out of focus: overlapping discs of light."""
    picture = np.full((*x.shape, 3), 0.03) + np.array([0.02, 0.03, 0.06]) * y[..., None]
    for _ in range(26):
        radius, color = rng.uniform(0.03, 0.11), rng.uniform(0.2, 1, 3) ** 2
        distance = np.hypot(x - rng.uniform(0, x.max()), y - rng.normal(0.5, 0.18))
        picture += (np.clip((radius - distance) / 0.008, 0, 1) * rng.uniform(0.2, 0.7))[..., None] * color
    return picture


def bricks(rng: np.random.Generator, x: Array, y: Array) -> Array:
    """A wall seen from the side, with mortar."""
    depth = 1 + 0.8 * x / x.max()
    across, down = x * 6 * depth, (y - 0.5) * 11 * depth + 50
    row = np.floor(down)
    across = across + 0.5 * (row % 2)
    tint = rng.uniform(0.55, 1, (64, 128))[row.astype(int) % 64, np.floor(across).astype(int) % 128]
    edge = np.minimum(np.minimum(across % 1, 1 - across % 1) * 2.2, np.minimum(down % 1, 1 - down % 1))
    stone = np.clip(edge * 14 - 0.6, 0, 1)[..., None]
    rough = cv2.GaussianBlur(rng.normal(0, 0.25, x.shape), (0, 0), 1.5)[..., None]
    return stone * (tint[..., None] * np.array([0.62, 0.30, 0.22]) + rough) + (1 - stone) * 0.62


def fruit(rng: np.random.Generator, x: Array, y: Array) -> Array:
    """Balls on a table in window light, with highlights and shadows."""
    picture = np.where(y[..., None] < 0.55, rng.uniform(0.3, 0.8, 3), rng.uniform(0.3, 0.6, 3) * (0.6 + y[..., None]))
    for center in np.sort(rng.uniform(0.15, x.max() - 0.15, 3)):
        radius, color = rng.uniform(0.13, 0.22), rng.uniform(0.15, 0.95, 3)
        middle = 0.78 - radius
        shadow = np.exp(-(((x - center - 0.1) / radius) ** 2 + ((y - 0.79) / 0.05) ** 2))
        picture = picture * (1 - 0.6 * shadow[..., None])
        u, v = (x - center) / radius, (y - middle) / radius
        depth = np.sqrt(np.clip(1 - u * u - v * v, 0, 1))
        shade = np.clip(-0.5 * u - 0.6 * v + 0.6 * depth, 0.08, 1)
        lit = color * shade[..., None] + (np.clip(-0.45 * u - 0.55 * v + 0.7 * depth, 0, 1) ** 30)[..., None]
        inside = np.clip((1 - np.hypot(u, v)) * 30, 0, 1)[..., None]
        picture = picture * (1 - inside) + lit * inside
    return picture


def grass(rng: np.random.Generator, x: Array, y: Array) -> Array:
    """Blades close to the lens, sharp in front and blurred behind."""
    height, width = x.shape
    picture = (rng.uniform(0.1, 0.5, 3) * (1.2 - 0.4 * y)[..., None]).astype(np.float64)
    for blade in range(420):
        near = blade / 420
        foot = (int(rng.integers(width)), int(height * (0.7 + 0.5 * near)))
        tip = (foot[0] + int(rng.normal(0, 40)), foot[1] - int(height * rng.uniform(0.3, 0.6)))
        color = (np.array([0.35, 0.6, 0.18]) * rng.uniform(0.4, 1.3) + rng.uniform(0, 0.12, 3)).tolist()
        cv2.line(picture, foot, tip, color, 1 + int(5 * near), cv2.LINE_AA)
        if blade == 200:
            picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 5), np.float64)
    return picture


def page(rng: np.random.Generator, x: Array, y: Array) -> Array:
    """A printed page on a desk, at an angle, under uneven light."""
    height, width = x.shape
    picture = np.tile(rng.uniform(0.2, 0.5, 3), (height, width, 1))
    corners = np.array([[0.15, 0.1], [0.8, 0.2], [0.9, 1.05], [0.02, 0.95]]) + rng.uniform(-0.05, 0.05, (4, 2))
    paper = np.full((400, 300, 3), 235, np.uint8)
    for line in range(14):
        letters = "".join(chr(int(code)) for code in rng.integers(97, 123, 14))
        cv2.putText(paper, letters, (16, 40 + 25 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (26, 26, 38), 2)
    flat = np.array([[0, 0], [300, 0], [300, 400], [0, 400]], np.float32)
    bent = cv2.getPerspectiveTransform(flat, (corners * (width, height)).astype(np.float32))
    mask = cv2.warpPerspective(np.ones((400, 300)), bent, (width, height))[..., None]
    picture = picture * (1 - mask) + cv2.warpPerspective(paper / 255, bent, (width, height)) * mask
    return picture * (0.6 + 0.5 * x / x.max() * (1 - 0.4 * y))[..., None]


KINDS: tuple[Draw, ...] = (pebbles, lamps, bricks, fruit, grass, page)


def still(number: int, height_px: int, width_px: int) -> Frames:
    """The still of this number  # [height_px, width_px, 3] uint8; kinds take turns, and always look the same."""
    rng = np.random.default_rng(31_000 + number)
    rows, columns = height_px * SUPERSAMPLED, width_px * SUPERSAMPLED
    y, x = (axis / rows for axis in np.mgrid[0:rows, 0:columns])
    large = np.clip(KINDS[number % len(KINDS)](rng, x, y), 0, 1).astype(np.float32)
    picture = cv2.resize(large, (width_px, height_px), interpolation=cv2.INTER_AREA)
    y, x = np.mgrid[-1 : 1 : height_px * 1j, -1 : 1 : width_px * 1j]
    picture = picture * (1 - 0.25 * (x * x + y * y)[..., None] / 2) * rng.uniform(0.8, 1.15, 3)
    picture = picture + rng.normal(0, rng.uniform(0.005, 0.03), picture.shape)
    levels = (np.clip(picture, 0, 1) * 255).astype(np.uint8)
    coded = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 90))])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
