"""Water: a mirror of what is already painted, bent by waves; and the surf of a beach."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from starter.world.canvas import CANVAS_H, CANVAS_W, LAYER_W, MARGIN, Canvas
from starter.world.noise import ease, mix, ridge, sample
from starter.world.palette import SUNLIGHT, Array, Rgb, rgb
from starter.world.stage import Stage

BREAKERS = 3
TIDE_HZ = 0.42
FOAM = rgb((0.99, 0.99, 1.0))


@dataclass(frozen=True)
class Water:
    """A body of water: its first row, colour, roughness, how much it mirrors, how tall the mirror image is."""

    top: float
    tint: Rgb
    rough: float
    mirror: float
    stretch: float = 1.0
    speed: float = 1.0


def water(stage: Stage, spec: Water) -> None:
    """Add water down to the lower edge; subjects may stand at its line."""
    top = int(spec.top)
    height = CANVAS_H - top
    y, x = (axis.astype(np.float32) for axis in np.mgrid[0:height, 0:CANVAS_W])
    near = 46 / (y + 5)
    offset_x, offset_y = stage.uniform(0, 512), stage.uniform(0, 512)
    variant, second = stage.rng.integers(3, size=2)
    noise_x, noise_y = (x - CANVAS_W / 2) * near * 0.55 + offset_x, near * 60 + offset_y
    swell = (2.0 + y * 0.16) * spec.rough
    body = rgb(spec.tint) * stage.ambient
    mirror = np.clip(0.90 - 0.45 * y / height, 0, 1)[..., None] * spec.mirror / 0.62 * 0.8
    glitter = stage.time in ("sunset", "sunrise", "day", "night") and spec.stretch > 0.5
    stage.waterline = spec.top

    def draw(canvas: Canvas, t: float) -> None:
        pan, drift = stage.pan * 0.25, t * spec.speed
        wave = sample(2.0, variant, noise_x + pan + drift * 5, noise_y + drift * 11)
        wave = wave + 0.7 * sample(1.6, second, (noise_x + pan) * 1.7 - drift * 7, noise_y * 1.9 + drift * 9) - 0.85
        from_y = np.clip(top - 1 - y * spec.stretch + wave * swell * 5, 0, top - 1)
        from_x = np.clip(x + wave * swell * 1.6, 0, CANVAS_W - 1)
        mirrored = cv2.remap(canvas, from_x, from_y, cv2.INTER_LINEAR)
        deep = body * (1 + 0.9 * np.clip(wave, -0.4, 0.6)[..., None])
        share = np.clip(mirror + wave[..., None] * 0.25, 0.1, 0.95)
        canvas[top:] = mix(deep, mirrored * (0.93 + 0.25 * wave[..., None]), share)
        if glitter:
            _glitter(stage, canvas[top:], x, y, wave)

    stage.back.append(draw)


def _glitter(stage: Stage, region: Array, x: Array, y: Array, wave: Array) -> None:
    column = np.exp(-(((x - (stage.sun_x - stage.pan * 0.06)) / (14 + y * 0.35)) ** 2))
    strength = 0.38 if stage.time == "night" else 0.65
    region += (column * ease(0.06, 0.28, wave + 0.05) * strength)[..., None] * rgb(SUNLIGHT[stage.time])


class Surf:
    """Breakers that run up a sandy shore, over water that is already there."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.top = int(stage.horizon) + 4
        self.base = stage.uniform(146, 158)
        self.phase = stage.uniform(0, 6.28)
        self.speed = stage.uniform(0.75, 1.05) * TIDE_HZ
        self.profile = ridge(LAYER_W, 1.9, stage.rng, 1) * 16 - 8
        self.slope = stage.uniform(-0.06, 0.06)
        y, x = (axis.astype(np.float32) for axis in np.mgrid[0 : CANVAS_H - self.top, 0:CANVAS_W])
        self.x, self.y = x, y + self.top
        grain = sample(1.2, 0, self.x * 2.1 + stage.uniform(0, 512), self.y * 2.4) - 0.5
        patches = sample(2.0, 1, self.x * 0.8 + stage.uniform(0, 512), self.y * 1.6) - 0.5
        shade = (0.90 + 0.16 * grain + 0.22 * patches)[..., None]
        self.sand = rgb((0.90, 0.78, 0.56)) * shade * stage.ambient
        self.wet = self.sand * rgb((0.56, 0.53, 0.55))
        self.foam_offset = stage.uniform(0, 512), stage.uniform(0, 512)
        self.foam_color = FOAM * np.clip(stage.ambient * 1.08 + 0.04, 0, 1)

    def __call__(self, canvas: Canvas, t: float) -> None:
        """Draw breakers, sand and the edge of foam."""
        stage = self.stage
        along = np.arange(CANVAS_W) + stage.pan * 0.9 + MARGIN
        profile = np.interp(along, np.arange(LAYER_W), self.profile) + self.slope * (along - LAYER_W / 2)
        tide = math.sin(2 * math.pi * t * self.speed + self.phase)
        shore = (self.base + 9 * tide + profile * 0.8)[None].astype(np.float32)
        region, depth = canvas[self.top :], self.y - shore
        foam_x = self.x * 2.2 + stage.pan * 2 + self.foam_offset[0]
        foam = sample(1.6, 0, foam_x, self.y * 3.0 - t * 10 + self.foam_offset[1])
        for number in range(BREAKERS):
            self._breaker(region, depth, foam, (t * self.speed + self.phase / 6.283 + number / BREAKERS) % 1.0, profile)
        self._beach(region, depth, foam, tide)

    def _breaker(self, region: Array, depth: Array, foam: Array, run: float, profile: Array) -> None:
        row = mix(self.stage.horizon + 10, self.base + 6, run**1.35)
        behind = self.y - (row + profile * 0.8 * run)[None].astype(np.float32)
        width, strength = 1.0 + 4.8 * run, max(0.0, math.sin(math.pi * min(1, run * 1.02))) ** 0.8
        crest = np.exp(-((behind / width) ** 2)) * strength
        trail = np.exp(-np.clip(-behind, 0, None) / (width * 2.6)) * (behind < 0) * strength
        region *= (1 - 0.28 * np.exp(-(((behind - width * 1.5) / width) ** 2)) * strength)[..., None]
        white = np.clip(crest * (0.35 + 1.25 * foam) + trail * ease(0.48, 0.7, foam) * 0.75, 0, 1) * (depth < 3)
        region *= 1 - white[..., None]
        region += white[..., None] * self.foam_color

    def _beach(self, region: Array, depth: Array, foam: Array, tide: float) -> None:
        dry = np.clip((depth - (10 - 8 * tide)) / 7, 0, 1)[..., None]
        sand = mix(self.wet + 0.12 * self.stage.haze * (1 - dry), self.sand, dry)
        region[:] = mix(region, sand, np.clip(depth + 0.5, 0, 1)[..., None])
        edge = np.exp(-((depth / 2.6) ** 2)) * (0.55 + 0.8 * foam)
        wash = np.exp(-np.clip(-depth, 0, None) / 9) * (depth < 0) * ease(0.46, 0.66, foam) * 0.9
        white = np.clip(edge + wash, 0, 1)[..., None]
        region[:] = mix(region, np.broadcast_to(self.foam_color, region.shape), white)
