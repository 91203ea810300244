"""Smooth randomness: tileable fractal noise, ridge lines and easing."""

import cv2
import numpy as np

from starter.world.palette import Array

TILE_PX = 512
ROUGHNESSES = (1.2, 1.6, 2.0, 2.6)
VARIANTS = 3


def _tile(exponent: float, rng: np.random.Generator) -> Array:
    fy, fx = np.fft.fftfreq(TILE_PX)[:, None], np.fft.rfftfreq(TILE_PX)[None]
    frequency = np.sqrt(fx * fx + fy * fy)
    frequency[0, 0] = 1
    shape = frequency.shape
    spectrum = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) * frequency**-exponent
    spectrum[0, 0] = 0
    tile = np.fft.irfft2(spectrum, s=(TILE_PX, TILE_PX))
    return np.clip(0.5 + (tile - tile.mean()) / tile.std() * 0.22, 0, 1).astype(np.float32)


def _bank() -> dict[float, list[Array]]:
    rng = np.random.default_rng(1234)
    return {exponent: [_tile(exponent, rng) for _ in range(VARIANTS)] for exponent in ROUGHNESSES}


BANK = _bank()


def sample(exponent: float, variant: int, x: Array, y: Array) -> Array:
    """Noise in 0..1 at the given coordinates in tile pixels; a larger exponent is smoother."""
    tile = BANK[exponent][int(variant) % VARIANTS]
    wrapped_x, wrapped_y = np.asarray(x, np.float32) % TILE_PX, np.asarray(y, np.float32) % TILE_PX
    sampled = cv2.remap(tile, wrapped_x, wrapped_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return np.asarray(sampled, np.float32)


def ridge(length: int, exponent: float, rng: np.random.Generator, lowest: int = 1) -> Array:
    """A fractal line in 0..1  # [length]; frequencies below `lowest` are left out."""
    frequency = np.fft.rfftfreq(2 * length)
    frequency[0] = 1
    count = frequency.size
    spectrum = (rng.standard_normal(count) + 1j * rng.standard_normal(count)) * frequency**-exponent
    spectrum[:lowest] = 0
    line = np.fft.irfft(spectrum)[:length]
    line = line - line.min()
    return (line / (line.max() + 1e-6)).astype(np.float32)


def ease(low: float, high: float, x: Array) -> Array:
    """Smoothstep from 0 at `low` to 1 at `high`."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(a, b, t):
    """Linear interpolation of numbers or arrays."""
    return a + (b - a) * t


def uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A plain float, so that it never widens a float32 picture."""
    return float(rng.uniform(low, high))
