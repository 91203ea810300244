"""Sky: gradient, sun, moon, stars, clouds, nebulae and a planet."""

import numpy as np

from starter.world.canvas import (
    CANVAS_H,
    CANVAS_W,
    LAYER_W,
    LAYER_X,
    LAYER_Y,
    MARGIN,
    Canvas,
    Draw,
    Layer,
    blur,
    premultiplied,
    splat,
    window,
)
from starter.world.noise import ease, mix, sample
from starter.world.palette import CLOUD_LIT, CLOUD_SHADE, COLORS, SKY, SUNLIGHT, Array, rgb
from starter.world.stage import Stage

LOW_SUN = ("sunset", "sunrise", "dusk")
NEBULAE = ((0.35, 0.12, 0.5), (0.08, 0.28, 0.5), (0.5, 0.15, 0.25))
TWINKLING = 40
SKY_PARALLAX = 0.06


def make_sky(stage: Stage) -> Draw:
    """Paint what is behind everything; returns the first thing each frame draws."""
    height = stage.horizon if stage.horizon < CANVAS_H else CANVAS_H * 1.2
    space = stage.setting == "space"
    picture = _space(stage) if space else _gradient(stage, height)
    stars = _stars(stage, picture, height, space) if space or stage.time == "night" else None
    if not space:
        picture = _sun_or_moon(stage, picture, height)
    clouds = None if space else _clouds(stage, picture.shape)
    planet = _planet(stage) if space else None
    picture = np.clip(picture, 0, 1.3).astype(np.float32)
    wind = stage.side() * stage.uniform(3, 8)

    def draw(canvas: Canvas, t: float) -> None:
        canvas[:] = window(picture, stage.pan * SKY_PARALLAX)
        if stars is not None:
            _twinkle(canvas, stars, t, stage.pan)
        if planet is not None:
            planet.paint(canvas, stage.pan * 0.15 - t * 2)
        if clouds is not None:
            clouds.paint(canvas, stage.pan * 0.1 - wind * t)

    return draw


def _gradient(stage: Stage, height: float) -> Array:
    stops = np.clip(np.array(SKY[stage.time], np.float32) * stage.rng.uniform(0.92, 1.06, (1, 3)), 0, 1)
    down = np.clip(LAYER_Y[:, 0] / height, 0, 1)
    column = np.stack([np.interp(down, (0, 0.4, 0.78, 1.0), stops[:, k]) for k in range(3)], -1)
    return np.repeat(column[:, None].astype(np.float32), LAYER_W, 1)


def _space(stage: Stage) -> Array:
    picture = np.full((CANVAS_H, LAYER_W, 3), 1.0, np.float32) * rgb((0.008, 0.010, 0.03))
    x, y = LAYER_X + stage.uniform(0, 512), LAYER_Y + stage.uniform(0, 512)
    coarse, fine = sample(2.0, 0, x * 0.9, y * 0.9), sample(1.6, 1, x * 1.1, LAYER_Y * 1.1)
    cloud = np.clip(coarse - 0.33, 0, 1) * 2.2 * np.clip(fine - 0.2, 0, 1) * 1.8
    hue = rgb(NEBULAE[int(stage.rng.integers(len(NEBULAE)))])
    return picture + cloud[..., None] * hue * 1.9


def _stars(stage: Stage, picture: Array, height: float, space: bool) -> tuple[Array, Array, Array, Array]:
    count = int(stage.uniform(120, 260) * (2.2 if space else 1))
    rng = stage.rng
    x, y = rng.uniform(0, LAYER_W, count), rng.uniform(0, min(CANVAS_H, height * 0.92), count)
    weight, phase = rng.random(count) ** 3 * 1.5 + 0.18, rng.uniform(0, 6.28, count)
    points = splat((CANVAS_H, LAYER_W), x, y, weight)
    picture += (points + blur(points, 0.9) * 1.5)[..., None] * rgb((0.95, 0.97, 1.0))
    return x, y, weight, phase


def _twinkle(canvas: Canvas, stars: tuple[Array, Array, Array, Array], t: float, pan: float) -> None:
    x, y, weight, phase = (values[:TWINKLING] for values in stars)
    bright = np.clip(np.sin(t * 3 + phase), 0, 1) * weight * 0.9
    points = splat((CANVAS_H, CANVAS_W), x - MARGIN - pan * SKY_PARALLAX, y, bright)
    canvas += blur(points, 0.8)[..., None] * 2


def _sun_or_moon(stage: Stage, picture: Array, height: float) -> Array:
    time, low = stage.time, stage.time in LOW_SUN
    y = height * (stage.uniform(0.80, 0.93) if low else stage.uniform(0.18, 0.42))
    y = height * 1.02 if time == "dusk" else y
    distance = np.hypot(LAYER_X - stage.sun_x - MARGIN, LAYER_Y - y)
    if time == "night":
        return _moon(stage, picture, distance)
    if time == "overcast":
        return picture
    radius = stage.uniform(11, 16) if low else stage.uniform(8, 11)
    if time != "dusk":
        disk = np.clip(radius - distance + 0.5, 0, 1)[..., None]
        core = rgb((1.0, 0.95, 0.78)) if low else rgb((1, 1, 0.97))
        picture = mix(picture, np.broadcast_to(core, picture.shape), disk)
    noir = 0.4 if stage.scene["style"] == "noir" else 1.0
    strength = (0.75 if low else 0.6) * noir
    warmth = rgb((1.0, 0.75, 0.5)) if low else rgb((1, 1, 0.9))
    halo = np.exp(-distance / (60 if low else 34)) * strength
    return picture + halo[..., None] * rgb(SUNLIGHT[time]) * warmth


def _moon(stage: Stage, picture: Array, distance: Array) -> Array:
    radius = stage.uniform(9, 13)
    disk = np.clip(radius - distance + 0.5, 0, 1)
    texture = sample(1.6, 2, LAYER_X * 3, LAYER_Y * 3)
    picture = picture * (1 - disk)[..., None]
    picture += (disk * (0.75 + 0.35 * texture))[..., None] * rgb((0.96, 0.96, 0.90))
    return picture + (np.exp(-((distance / (radius * 4.5)) ** 2)) * 0.32)[..., None] * rgb((0.55, 0.65, 0.95))


def _clouds(stage: Stage, shape: tuple[int, ...]) -> Layer | None:
    amount = 1.4 if stage.time == "overcast" else (0.0, 0.5, 1.0)[int(stage.rng.integers(3))]
    if amount == 0:
        return None
    below = stage.horizon - LAYER_Y
    near = 70 / (np.maximum(stage.horizon * 1.02 - LAYER_Y, 0) + 26)
    offset_x, offset_y = stage.uniform(0, 512), stage.uniform(0, 512)
    across, variant = LAYER_X - LAYER_W / 2, int(stage.rng.integers(3))
    noise = 0.75 * sample(1.6, variant, across * near + offset_x, near * 150 + offset_y)
    noise += 0.25 * sample(1.2, 0, across * near * 1.9 + offset_y, near * 280 + offset_x)
    edge = 0.56 - 0.10 * amount
    opacity = 0.55 if stage.time == "night" else 0.92
    alpha = ease(edge, edge + 0.22, noise) * np.clip(below / 26, 0, 1) * opacity
    core = ease(edge + 0.05, edge + 0.4, noise)[..., None]
    bright, shade = (np.broadcast_to(rgb(table[stage.time]), shape) for table in (CLOUD_LIT, CLOUD_SHADE))
    return Layer.of(premultiplied(np.clip(mix(bright, shade, core), 0, 1), alpha))


def _planet(stage: Stage) -> Layer:
    radius = stage.uniform(40, 80)
    x = LAYER_X - MARGIN - stage.uniform(60, 260)
    y = LAYER_Y - stage.uniform(30, 170)
    color = rgb(COLORS[stage.scene.get("pcolor", "blue")])
    distance = np.hypot(x, y)
    toward = np.sqrt(np.clip(radius * radius - distance * distance, 0, None)) / radius
    side = 0.6 * stage.light
    lit = np.clip(x / radius * side - y / radius * 0.45 + toward * 0.65, 0, 1)
    bands = sample(1.6, 1, x * 0.6 + 200, y * 2.6 + 90)
    surface = mix(color, rgb((1, 0.97, 0.9)), np.clip((bands[..., None] - 0.42) * 2.2, 0, 0.8))
    alpha = np.clip(radius - distance + 0.5, 0, 1)
    pixels = premultiplied(np.clip(surface * (0.04 + 1.1 * lit[..., None]), 0, 1.2), alpha)
    facing = np.clip(0.4 + (x * side - y * 0.45) / np.maximum(distance, 1), 0, 1)
    rim = np.exp(-np.clip(distance - radius, 0, None) / 6) * (1 - alpha) * 0.5 * facing
    pixels[..., :3] += rim[..., None] * color
    return Layer.of(pixels)
