"""The stage of one clip: its light, its randomness, and the list of things that paint each frame."""

from collections.abc import Mapping

import numpy as np

from starter.sizes import FPS, RENDER_FRAMES
from starter.world.canvas import CANVAS_H, CANVAS_W, LAYER_W, Canvas, Draw, Layer
from starter.world.noise import mix, uniform
from starter.world.palette import AMBIENT, SKY, Array, rgb

SECONDS = (RENDER_FRAMES - 1) / FPS

HORIZONS = {
    "beach": (78, 92),
    "sea": (88, 112),
    "mountains": (120, 140),
    "lake": (104, 118),
    "snow": (110, 124),
    "desert": (104, 120),
    "park": (104, 118),
    "city": (124, 140),
    "meadow": (104, 120),
    "underwater": (0, 0),
    "space": (CANVAS_H, CANVAS_H),
}


class Stage:
    """What places, subjects and weather share while they set up, and what paints while frames are drawn."""

    def __init__(self, scene: Mapping[str, str], seed: int) -> None:
        self.scene = scene
        self.rng = np.random.default_rng(seed)
        self.setting = scene["setting"]
        self.time = "night" if self.setting == "space" else scene["time"]
        self.dark = scene["time"] in ("night", "dusk")
        self.ambient: Array = rgb(AMBIENT[scene["time"]]) * self.uniform(0.94, 1.05)
        if self.setting == "space":
            self.ambient = rgb((0.9, 0.92, 1.0))
        if self.setting == "snow":
            self.ambient = self.ambient**0.62
        self.horizon = self.uniform(*HORIZONS[self.setting])
        self.heading = -1 if scene.get("dir") == "left" else 1
        self.light = 1 if self.rng.random() < 0.5 else -1
        self.sun_x = CANVAS_W * (0.5 + 0.5 * self.light * self.uniform(0.1, 0.55))
        self.haze: Array = rgb(SKY[self.time][3])
        self.waterline: float | None = None
        self.ground: float = CANVAS_H - 20
        self.pan = 0.0
        self.back: list[Draw] = []
        self.front: list[Draw] = []

    def uniform(self, low: float, high: float) -> float:
        """A plain float."""
        return uniform(self.rng, low, high)

    def chance(self, probability: float) -> bool:
        """Whether it happens."""
        return bool(self.rng.random() < probability)

    def side(self) -> int:
        """-1 or 1."""
        return 1 if self.rng.random() < 0.5 else -1

    def add_layer(self, pixels: Array, parallax: float) -> None:
        """A still layer that moves with the camera by `parallax`."""
        layer = Layer.of(pixels)

        def draw(canvas: Canvas, _t: float) -> None:
            layer.paint(canvas, self.pan * parallax)

        self.back.append(draw)

    def lit(self, color: Array, haze: float | Array) -> Array:
        """A colour under this light, behind this much haze."""
        return mix(color * self.ambient, np.broadcast_to(self.haze, color.shape), haze)

    def subject_tint(self) -> Array:
        """The light on subjects, a little stronger than on the ground."""
        return np.clip(self.ambient * 1.08 + 0.04, 0, 1.05)

    def row_at(self, x: float, rows: Array) -> float:
        """Height of a line across the layer at x."""
        return float(rows[int(x) % LAYER_W])
