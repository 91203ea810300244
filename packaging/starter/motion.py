"""What moves in a clip, and where to: optical flow against what the caption says."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from starter.captions import Scene
from starter.world.palette import Array
from starter.world.render import Frames

STEP = 2
"""Frames between the two that are compared."""

CAMERA_SIGNS = {
    "pan_left": ("pan", 1),
    "pan_right": ("pan", -1),
    "tilt_up": ("tilt", 1),
    "tilt_down": ("tilt", -1),
    "zoom_in": ("zoom", 1),
    "zoom_out": ("zoom", -1),
}
"""What the picture does when the camera moves: a pan to the left moves it to the right."""

SUBJECT_SIGNS = {"left": ("x", -1), "right": ("x", 1), "up": ("y", -1)}


def flow(clip: Frames) -> Array:
    """Dense flow between frames STEP apart  # [pairs, H, W, 2] pixels."""
    gray: list[NDArray[np.uint8]] = [np.asarray(cv2.cvtColor(f, cv2.COLOR_RGB2GRAY), np.uint8) for f in clip]
    pairs = []
    for first, second in zip(gray[:-STEP:STEP], gray[STEP::STEP], strict=True):
        start = np.zeros((*first.shape, 2), np.float32)
        pairs.append(cv2.calcOpticalFlowFarneback(first, second, start, 0.5, 3, 13, 3, 5, 1.1, 0))
    return np.stack(pairs)


def measures(clip: Frames) -> dict[str, float]:
    """Camera (pan, tilt, zoom), subject (x, y: what moves against the rest) and mean magnitude, in pixels per frame."""
    field = flow(clip) / STEP
    height, width = field.shape[1:3]
    y, x = np.mgrid[0:height, 0:width]
    x, y = x / width - 0.5, y / height - 0.5
    textured = np.hypot(field[..., 0], field[..., 1]) > 0.05
    radial = (field[..., 0] * x + field[..., 1] * y)[textured].sum() / max(1e-6, ((x * x + y * y) * textured).sum())
    camera = np.median(field, axis=(1, 2), keepdims=True)
    rest = field - camera
    strength = np.hypot(rest[..., 0], rest[..., 1])
    moving = strength >= np.quantile(strength, 0.97)
    return {
        "pan": float(field[..., 0].mean()),
        "tilt": float(field[..., 1].mean()),
        "zoom": float(radial / width),
        "subject_x": float(rest[..., 0][moving].mean()),
        "subject_y": float(rest[..., 1][moving].mean()),
        "magnitude": float(np.hypot(field[..., 0], field[..., 1]).mean()),
    }


def agreement(clips: Sequence[Frames], scenes: Sequence[Scene]) -> dict[str, float]:
    """Share of clips that move as the scene says: camera and subject, and the mean magnitude.

    Subjects are asked about under a still camera only.
    """
    camera: list[bool] = []
    subject: list[bool] = []
    magnitude: list[float] = []
    for clip, scene in zip(clips, scenes, strict=True):
        found = measures(clip)
        magnitude.append(found["magnitude"])
        if scene["cam"] in CAMERA_SIGNS:
            axis, sign = CAMERA_SIGNS[scene["cam"]]
            camera.append(found[axis] * sign > 0)
        if scene["cam"] == "static" and scene.get("dir") in SUBJECT_SIGNS and scene["subject"] != "ball":
            axis, sign = SUBJECT_SIGNS[scene["dir"]]
            subject.append(found[f"subject_{axis}"] * sign > 0)
    shares = {"camera": camera, "subject": subject}
    result = {name: round(float(np.mean(values)), 3) for name, values in shares.items() if values}
    return result | {"magnitude_px": round(float(np.mean(magnitude)), 3)}
