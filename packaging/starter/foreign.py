"""Pictures of other origin, so that strangers' start images survive the VAE: textures, shapes, noise, colour casts."""

import cv2
import numpy as np

from starter.world.noise import ROUGHNESSES, sample
from starter.world.palette import Array
from starter.world.render import Frames


def texture(rng: np.random.Generator, height: int, width: int) -> Array:
    """A still of fractal colour with some shapes in it  # [H, W, 3] float32 in 0..1."""
    y, x = (axis.astype(np.float32) for axis in np.mgrid[0:height, 0:width])
    zoom, offset = rng.uniform(0.5, 4.0, 2), rng.uniform(0, 512, 2)
    picture = np.zeros((height, width, 3), np.float32)
    for _ in range(2):
        exponent = float(rng.choice(ROUGHNESSES))
        noise = sample(exponent, int(rng.integers(3)), x * zoom[0] + offset[0], y * zoom[1] + offset[1])
        low, high = rng.random(3), rng.random(3)
        picture += 0.5 * (low + (high - low) * np.clip((noise[..., None] - 0.25) * 2, 0, 1)).astype(np.float32)
        offset = offset + 100
    for _ in range(int(rng.integers(0, 6))):
        center = (int(rng.integers(width)), int(rng.integers(height)))
        axes = (int(rng.integers(3, width // 3)), int(rng.integers(3, height // 3)))
        color = [float(value) for value in rng.random(3)]
        if rng.random() < 0.5:
            cv2.ellipse(picture, center, axes, float(rng.uniform(0, 180)), 0, 360, color, -1, cv2.LINE_AA)
        else:
            corner = (center[0] + axes[0], center[1] + axes[1])
            cv2.rectangle(picture, center, corner, color, -1)
    return picture


def moving_texture(rng: np.random.Generator, shape: tuple[int, int, int]) -> Frames:
    """A texture that slides  # [F, H, W, 3] uint8."""
    frames, height, width = shape
    still = texture(rng, height + 2 * frames, width + 2 * frames)
    step = rng.uniform(-1, 1, 2)
    clip = np.empty((frames, height, width, 3), np.uint8)
    for index in range(frames):
        matrix = np.array([[1, 0, -frames + step[0] * index], [0, 1, -frames + step[1] * index]], np.float32)
        moved = cv2.warpAffine(still, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
        clip[index] = (np.clip(moved, 0, 1) * 255).astype(np.uint8)
    return clip


def recolored(rng: np.random.Generator, clip: Frames) -> Frames:
    """The clip with another gamma, colour cast and some noise."""
    pixels = (clip.astype(np.float32) / 255) ** rng.uniform(0.6, 1.7)
    pixels = pixels * rng.uniform(0.6, 1.3, 3).astype(np.float32) + rng.uniform(-0.1, 0.1)
    pixels += rng.normal(0, rng.uniform(0, 0.06), clip.shape).astype(np.float32)
    return (np.clip(pixels, 0, 1) * 255).astype(np.uint8)
