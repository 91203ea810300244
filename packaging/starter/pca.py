"""The gate for any VAE: what principal components of the same size reach on held-out blocks, in dB."""

import argparse

import numpy as np

from starter.clips import HELD_OUT_SEED, TRAINING_SEED, rendered
from starter.sizes import LATENT_CHANNELS, SPATIAL_STRIDE, TEMPORAL_STRIDE
from starter.world.render import Frames


def blocks(clips: list[Frames], count: int, rng: np.random.Generator) -> np.ndarray:
    """Random space-time blocks of one latent's size  # [count, values] float32 in 0..1."""
    out = np.empty((count, TEMPORAL_STRIDE * SPATIAL_STRIDE**2 * 3), np.float32)
    for row in out:
        clip = clips[int(rng.integers(len(clips)))]
        frames, height, width = clip.shape[:3]
        t = int(rng.integers(frames - TEMPORAL_STRIDE + 1))
        y, x = int(rng.integers(height - SPATIAL_STRIDE + 1)), int(rng.integers(width - SPATIAL_STRIDE + 1))
        block = clip[t : t + TEMPORAL_STRIDE, y : y + SPATIAL_STRIDE, x : x + SPATIAL_STRIDE]
        row[:] = block.reshape(-1) / 255
    return out


def gate(train_clips: int = 200, held_out_clips: int = 40, components: int = LATENT_CHANNELS) -> float:
    """Held-out PSNR in dB of that many components per latent."""
    rng = np.random.default_rng(0)
    train = blocks([rendered(TRAINING_SEED + i)[0] for i in range(train_clips)], 3500, rng)
    test = blocks([rendered(HELD_OUT_SEED + i)[0] for i in range(held_out_clips)], 800, rng)
    mean = train.mean(0)
    train, test = train - mean, test - mean
    values, vectors = np.linalg.eigh(train @ train.T)
    order = np.argsort(-values)[:components]
    basis = train.T @ vectors[:, order] / np.sqrt(values[order])
    error = test - (test @ basis) @ basis.T
    return float(-10 * np.log10((error**2).mean()))


def main(arguments: list[str]) -> None:
    """Command line of this stage."""
    parser = argparse.ArgumentParser(prog="pca", description=__doc__)
    parser.add_argument("--clips", type=int, default=200)
    options = parser.parse_args(arguments)
    print(f"PCA with {LATENT_CHANNELS} components, held out: {gate(options.clips):.2f} dB")
