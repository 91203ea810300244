"""The camera that moves in the canvas, and the style of the picture."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from starter.sizes import RENDER_HEIGHT_PX, RENDER_WIDTH_PX
from starter.world.canvas import CANVAS_H, CANVAS_W, Canvas, blur
from starter.world.noise import ease, mix, sample
from starter.world.palette import Array, rgb
from starter.world.stage import Stage

WIDTH, HEIGHT = RENDER_WIDTH_PX, RENDER_HEIGHT_PX
PAPER = rgb((0.97, 0.96, 0.92))


class Camera:
    """Pans through the layers' parallax, zooms and tilts by moving its window."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.move = stage.scene["cam"]
        self.reach = stage.uniform(0.8, 1.15)

    def aim(self, progress: float) -> None:
        """Set the stage's pan for this point of the clip (0..1)."""
        side = {"pan_left": -1, "pan_right": 1}.get(self.move, 0)
        self.stage.pan = side * 44 * self.reach * (progress - 0.5)

    def shoot(self, canvas: Canvas, progress: float) -> Array:
        """The frame at this point of the clip  # [HEIGHT, WIDTH, 3]."""
        zoom, tilt = 1.125, 0.0
        if self.move in ("zoom_in", "zoom_out"):
            start, end = (1.24, 1.02) if self.move == "zoom_in" else (1.02, 1.24)
            zoom = mix(start, end, progress)
        elif self.move in ("tilt_up", "tilt_down"):
            zoom, tilt = 1.03, (15 if self.move == "tilt_up" else -15) * (1 - 2 * progress) * self.reach
        offset_x, offset_y = CANVAS_W / 2 - WIDTH * zoom / 2, CANVAS_H / 2 - HEIGHT * zoom / 2 + tilt
        matrix = np.array([[zoom, 0, offset_x], [0, zoom, offset_y]], np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        frame = cv2.warpAffine(canvas, matrix, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(frame, np.float32)


class Look:
    """One of the styles, with the texture and vignette of this clip."""

    def __init__(self, stage: Stage) -> None:
        self.style = stage.scene["style"]
        y, x = (axis.astype(np.float32) for axis in np.mgrid[0:HEIGHT, 0:WIDTH])
        corner = (x / WIDTH - 0.5) ** 2 + (y / HEIGHT - 0.5) ** 2
        full, fall = {"noir": (1.12, 1.5), "vintage": (1.08, 1.1)}.get(self.style, (1.04, 0.35))
        self.vignette = np.clip(full - fall * corner, 0, 1)[..., None].astype(np.float32)
        self.phase = stage.uniform(0, 6.28)
        if self.style == "watercolor":
            grain = sample(1.2, int(stage.rng.integers(3)), x * 2 + stage.uniform(0, 512), y * 2) - 0.5
            blots = sample(2.0, 1, x * 1.3 + stage.uniform(0, 512), y * 1.3) - 0.5
            self.paper = (0.96 + 0.10 * grain + 0.14 * blots)[..., None]
            border = np.minimum(np.minimum(x, WIDTH - 1 - x), np.minimum(y, HEIGHT - 1 - y))
            border = border + 14 * (sample(1.6, 0, x * 2.5 + 31, y * 2.5) - 0.5)
            self.inside = ease(1, 9, border)[..., None]

    def develop(self, frame: Array, t: float) -> NDArray[np.uint8]:
        """The frame in this style  # [H, W, 3] uint8."""
        frame = np.minimum(frame, 1.0)
        return (np.clip(self._styled(frame, t), 0, 1) * 255 + 0.5).astype(np.uint8)

    def _styled(self, frame: Array, t: float) -> Array:
        if self.style == "noir":
            return _noir(frame) * self.vignette
        if self.style == "vintage":
            return self._vintage(frame, t)
        if self.style == "cartoon":
            return _cartoon(frame)
        if self.style == "watercolor":
            return self._watercolor(frame)
        return frame * self.vignette

    def _vintage(self, frame: Array, t: float) -> Array:
        gray = (frame @ rgb((0.3, 0.59, 0.11)))[..., None]
        toned = mix(gray * rgb((1.08, 0.90, 0.62)), frame * rgb((1.05, 0.92, 0.70)), 0.22)
        flicker = 1 + 0.035 * math.sin(t * 17 + self.phase) + 0.02 * math.sin(t * 41)
        return (toned * 0.86 + rgb((0.10, 0.075, 0.045))) * self.vignette * flicker

    def _watercolor(self, frame: Array) -> Array:
        flat = np.asarray(cv2.medianBlur(np.asarray(cv2.medianBlur(_bytes(frame), 7)), 5))
        color = flat.astype(np.float32) / 255
        color = color ** np.float32(0.8)
        gray = np.asarray(cv2.cvtColor(flat, cv2.COLOR_RGB2GRAY)).astype(np.float32) / 255
        edges = np.abs(cv2.Sobel(gray, cv2.CV_32F, 1, 0)) + np.abs(cv2.Sobel(gray, cv2.CV_32F, 0, 1))
        dark = 0.22 * np.clip(blur(edges, 0.8) * 1.2, 0, 1)[..., None]
        painted = (1 - (1 - color) * 0.86) * (1 - dark) * self.paper
        return np.asarray(mix(np.broadcast_to(PAPER, painted.shape), painted, self.inside), np.float32)


def _bytes(frame: Array) -> NDArray[np.uint8]:
    return (np.clip(frame, 0, 1) * 255).astype(np.uint8)


def _noir(frame: Array) -> Array:
    """Black and white with deep shadows; bright skies are pulled down so that they keep their shapes."""
    gray = frame @ rgb((0.36, 0.50, 0.14))
    gray = gray - 0.42 * np.clip(gray - 0.55, 0, None)
    gray = np.clip((gray - 0.40) * 1.4 + 0.40, 0, 1)
    curved = gray * gray * (3 - 2 * gray) * 0.55 + gray * 0.45
    return np.repeat(curved[..., None], 3, 2) * rgb((0.98, 1.0, 1.02))


def _cartoon(frame: Array) -> Array:
    """Flat, bright colours with dark outlines."""
    flat = np.asarray(cv2.medianBlur(_bytes(frame), 5))
    gray = np.asarray(cv2.cvtColor(flat, cv2.COLOR_RGB2GRAY)).astype(np.float32)
    outline = np.clip((blur(gray, 2.2) - blur(gray, 0.8) - 3.2) / 5.0, 0, 1)[..., None]
    color = flat.astype(np.float32) / 255
    value = color.max(2, keepdims=True)
    steps = value * 5
    stepped = (np.floor(steps) + ease(0.35, 0.65, steps - np.floor(steps))) / 5
    color = color * (stepped / np.maximum(value, 0.02))
    mean = color.mean(2, keepdims=True)
    color = np.clip(np.clip(mean + (color - mean) * 1.38, 0, 1) * 1.06 + 0.015, 0, 1)
    return color * (1 - 0.88 * outline)
