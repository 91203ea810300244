"""Colours and choices of the world. Colours are RGB in 0..1."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
"""Pictures and coordinates; float32 where it matters for speed."""
Rgb = tuple[float, float, float]

TIMES = ("day", "sunset", "sunrise", "night", "overcast", "dusk")
SETTINGS = (
    "beach",
    "sea",
    "mountains",
    "lake",
    "snow",
    "desert",
    "park",
    "city",
    "meadow",
    "underwater",
    "space",
)
SUBJECTS = ("none", "birds", "balloon", "boat", "ball", "fish", "rocket", "car")
CAMERAS = ("static", "pan_left", "pan_right", "zoom_in", "zoom_out", "tilt_up", "tilt_down")
STYLES = ("real", "noir", "cartoon", "vintage", "watercolor")

COLORS: dict[str, Rgb] = {
    "red": (0.86, 0.12, 0.10),
    "orange": (0.97, 0.50, 0.08),
    "yellow": (0.98, 0.83, 0.15),
    "green": (0.16, 0.62, 0.24),
    "blue": (0.13, 0.35, 0.86),
    "purple": (0.52, 0.20, 0.70),
    "pink": (0.97, 0.48, 0.66),
    "white": (0.95, 0.95, 0.95),
}

SKY: dict[str, tuple[Rgb, Rgb, Rgb, Rgb]] = {
    "sunset": ((0.17, 0.14, 0.36), (0.52, 0.24, 0.44), (0.95, 0.46, 0.28), (1.0, 0.78, 0.42)),
    "sunrise": ((0.36, 0.50, 0.80), (0.66, 0.64, 0.85), (1.0, 0.74, 0.68), (1.0, 0.90, 0.70)),
    "day": ((0.10, 0.38, 0.84), (0.28, 0.58, 0.95), (0.60, 0.82, 0.99), (0.86, 0.94, 1.0)),
    "overcast": ((0.44, 0.48, 0.54), (0.56, 0.60, 0.65), (0.68, 0.71, 0.75), (0.79, 0.81, 0.83)),
    "night": ((0.015, 0.025, 0.10), (0.035, 0.07, 0.21), (0.075, 0.135, 0.33), (0.15, 0.23, 0.44)),
    "dusk": ((0.06, 0.07, 0.24), (0.22, 0.16, 0.42), (0.56, 0.30, 0.50), (0.96, 0.58, 0.46)),
}
"""From the zenith to the horizon."""

AMBIENT: dict[str, Rgb] = {
    "sunset": (0.92, 0.62, 0.50),
    "sunrise": (1.0, 0.85, 0.78),
    "day": (1.0, 1.0, 1.0),
    "overcast": (0.74, 0.76, 0.79),
    "night": (0.29, 0.37, 0.58),
    "dusk": (0.60, 0.50, 0.62),
}

SUNLIGHT: dict[str, Rgb] = {
    "sunset": (1.0, 0.80, 0.45),
    "sunrise": (1.0, 0.90, 0.68),
    "day": (1.0, 0.98, 0.88),
    "overcast": (0.95, 0.95, 0.95),
    "night": (0.92, 0.95, 1.0),
    "dusk": (1.0, 0.6, 0.45),
}

CLOUD_LIT: dict[str, Rgb] = {
    "sunset": (1.0, 0.66, 0.46),
    "sunrise": (1.0, 0.88, 0.82),
    "day": (1.0, 1.0, 1.0),
    "overcast": (0.80, 0.82, 0.85),
    "night": (0.20, 0.25, 0.40),
    "dusk": (0.85, 0.48, 0.52),
}
CLOUD_SHADE: dict[str, Rgb] = {
    "sunset": (0.50, 0.28, 0.42),
    "sunrise": (0.72, 0.62, 0.74),
    "day": (0.74, 0.80, 0.90),
    "overcast": (0.50, 0.53, 0.58),
    "night": (0.06, 0.08, 0.17),
    "dusk": (0.28, 0.20, 0.38),
}

FOLIAGE: dict[str, tuple[Rgb, Rgb, Rgb]] = {
    "autumn": ((0.88, 0.42, 0.10), (0.93, 0.62, 0.14), (0.78, 0.22, 0.10)),
    "green": ((0.25, 0.52, 0.18), (0.35, 0.60, 0.22), (0.18, 0.44, 0.18)),
    "pink": ((0.97, 0.66, 0.78), (0.99, 0.76, 0.85), (0.93, 0.58, 0.72)),
}
GRASS: dict[str, tuple[Rgb, Rgb]] = {
    "autumn": ((0.66, 0.55, 0.24), (0.50, 0.36, 0.15)),
    "green": ((0.36, 0.60, 0.24), (0.22, 0.42, 0.16)),
    "pink": ((0.45, 0.68, 0.34), (0.30, 0.50, 0.24)),
}


def rgb(color: Rgb) -> Array:
    """A colour as an array  # [3] float32."""
    return np.array(color, np.float32)


WHITE = rgb((1.0, 1.0, 1.0))
