"""Previews: a linear map from latents to pixels, fitted to the VAE itself, and a thread that sends what it shows."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from engine.families.family import Compression, Family
from engine.media.frames import to_jpeg

log = logging.getLogger(__name__)

PATCH_PX = 16
SHORTEST_INTERVAL_S = 0.1
_PROBE_CLIPS = 10
_PROBE_LATENT_EDGE = 8
_PROBE_LATENT_FRAMES = 4
_RIDGE = 1e-2
_RANK = 48
_PARTS = ("first_mix", "first_pixels", "later_mix", "later_pixels")


@dataclass(frozen=True)
class Patches:
    """A linear map in two steps, for it has few degrees of freedom: a quarter of the work, a twentieth of a dB less.

    mix  # [5 C, R] from a latent and its neighbours
    pixels  # [R + 1, T, P, P, 3] from that, and a constant, to T frames of its patch; levels 0…255
    """

    mix: np.ndarray
    pixels: np.ndarray

    def pooled(self, largest: int) -> "Patches":
        """The map with patches of at most `largest` pixels an edge; means of pixels are linear too."""
        edge = self.pixels.shape[2]
        wanted = edge
        while wanted > max(1, largest):
            wanted //= 2
        k = edge // wanted
        small = self.pixels.reshape(*self.pixels.shape[:2], wanted, k, wanted, k, 3)
        return Patches(self.mix, self.pixels if k == 1 else small.mean((3, 5)))


@dataclass(frozen=True)
class PreviewMap:
    """Pixels of a latent's patch as a linear function of its channels and its four neighbours'.

    Without the neighbours patches do not meet: their edges are seen as tiles.

    Attributes:
        first: for the first latent frame, which is one pixel frame.
        later: for the others, T pixel frames each.
    """

    first: Patches
    later: Patches

    def frames(self, latents: np.ndarray, longest_px: int = 384) -> np.ndarray:
        """Latents [C, F, H, W] as a small clip  # [1 + (F - 1) * T, H * p, W * p, 3] uint8, edges at most so long."""
        largest = longest_px // max(latents.shape[2:])
        latents = _with_neighbours(latents)
        first = _apply(self.first.pooled(largest), latents[:, :1])
        return np.concatenate([first, _apply(self.later.pooled(largest), latents[:, 1:])])


def preview_map(family: Family, pipeline: Any, vae_digest: str, cache: Path) -> PreviewMap:
    """The map of this VAE, from the cache or fitted now (encodes and decodes a few synthetic clips)."""
    path = cache / f"{vae_digest}-{_RANK}.safetensors"
    try:
        stored = load_file(path)
        parts = (stored[name].numpy() for name in _PARTS)
        return PreviewMap(Patches(next(parts), next(parts)), Patches(next(parts), next(parts)))
    except (OSError, KeyError, SafetensorError):
        fitted = fit(family, pipeline)
    part = path.with_suffix(".part")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        arrays = (fitted.first.mix, fitted.first.pixels, fitted.later.mix, fitted.later.pixels)
        save_file({name: torch.from_numpy(array) for name, array in zip(_PARTS, arrays, strict=True)}, part)
        part.replace(path)
    except (OSError, SafetensorError) as error:  # a full disk: the next worker fits it again
        log.warning("the preview map could not be kept: %s", error)
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return fitted


@torch.inference_mode()
def fit(family: Family, pipeline: Any) -> PreviewMap:
    """Ridge least squares from latents of synthetic clips to the pixels that the VAE decodes them to."""
    ratio = family.compression(pipeline)
    edge = min(PATCH_PX, ratio.spatial)
    firsts: list[tuple[np.ndarray, np.ndarray]] = []
    laters: list[tuple[np.ndarray, np.ndarray]] = []
    for seed in range(_PROBE_CLIPS):
        latents = family.encode(pipeline, probe_clip(seed, ratio))
        pixels = _patches(family.decode(pipeline, latents), ratio, edge)
        seen = _with_neighbours(latents[0].float().cpu().numpy())
        columns = seen.transpose(1, 2, 3, 0).reshape(seen.shape[1], -1, seen.shape[0])
        firsts.append((columns[0], pixels[0]))
        laters.append((columns[1:].reshape(-1, columns.shape[-1]), np.concatenate(pixels[1:])))
    return PreviewMap(_solve(firsts), _solve(laters))


def probe_clip(seed: int, ratio: Compression) -> np.ndarray:
    """A moving synthetic picture with energy at every scale, as natural ones have  # [F, H, W, 3] uint8."""
    rng = np.random.default_rng(seed)
    edge = _PROBE_LATENT_EDGE * ratio.spatial
    count = 1 + (_PROBE_LATENT_FRAMES - 1) * ratio.temporal
    canvas = np.zeros((edge, edge, 3), np.float32)
    cells = 2
    while cells <= edge:
        octave = rng.normal(size=(cells, cells, 1)) + 0.5 * rng.normal(size=(cells, cells, 3))
        canvas += np.kron(octave, np.ones((edge // cells, edge // cells, 1))).astype(np.float32) / cells**0.75
        cells *= 2
    canvas = (canvas - canvas.mean()) / canvas.std() * rng.uniform(25, 60) + rng.uniform(70, 185, size=3)
    dy, dx = rng.integers(-2, 3, size=2)
    fade = np.linspace(1, rng.uniform(0.7, 1.2), count)
    frames = [np.roll(canvas, (i * dy, i * dx), (0, 1)) * fade[i] for i in range(count)]
    return np.clip(np.stack(frames), 0, 255).astype(np.uint8)


def _with_neighbours(latents: np.ndarray) -> np.ndarray:
    """[C, F, H, W] → [5 C, F, H, W]: itself, above, below, left and right; what lies outside is like the edge."""
    padded = np.pad(latents, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    rows, columns = slice(1, -1), slice(1, -1)
    places = ((rows, columns), (slice(None, -2), columns), (slice(2, None), columns), (rows, slice(None, -2)))
    return np.concatenate([padded[:, :, y, x] for y, x in (*places, (rows, slice(2, None)))])


def _patches(frames: np.ndarray, ratio: Compression, edge: int) -> list[np.ndarray]:
    """Frames cut per latent frame: [[H * W, t, edge, edge, 3], …] with t = 1 for the first, else the ratio."""
    k = ratio.spatial // edge
    count, height, width, _ = frames.shape
    small = frames.reshape(count, height // k, k, width // k, k, 3).astype(np.float32).mean((2, 4))
    rows, columns = height // ratio.spatial, width // ratio.spatial
    tiles = small.reshape(count, rows, edge, columns, edge, 3).transpose(1, 3, 0, 2, 4, 5)
    tiles = tiles.reshape(rows * columns, count, edge, edge, 3)
    return [tiles[:, :1], *(tiles[:, i : i + ratio.temporal] for i in range(1, count, ratio.temporal))]


def _solve(pairs: list[tuple[np.ndarray, np.ndarray]]) -> Patches:
    inputs = np.concatenate([latents for latents, _ in pairs]).astype(np.float64)
    targets = np.concatenate([pixels for _, pixels in pairs])
    inputs = np.concatenate([inputs, np.ones((len(inputs), 1))], 1)
    flat = targets.reshape(len(targets), -1).astype(np.float64)
    damping = _RIDGE * len(inputs) * np.eye(inputs.shape[1])
    damping[-1, -1] = 0  # the constant is not damped: a preview must not be too dark
    solution = np.linalg.solve(inputs.T @ inputs + damping, inputs.T @ flat)
    mix, sizes, pixels = np.linalg.svd(solution[:-1], full_matrices=False)
    basis = np.concatenate([pixels[:_RANK], solution[-1:]]).reshape(-1, *targets.shape[1:])
    return Patches((mix * sizes)[:, :_RANK].astype(np.float32), basis.astype(np.float32))


def _apply(patches: Patches, latents: np.ndarray) -> np.ndarray:
    """Patches on [5 C, F, H, W] → [F * T, H * P, W * P, 3] uint8."""
    channels, frames, rows, columns = latents.shape
    _, times, edge, _, _ = patches.pixels.shape
    flat = patches.pixels.reshape(len(patches.pixels), -1)
    levels = (latents.reshape(channels, -1).T @ patches.mix) @ flat[:-1]
    levels += flat[-1]
    pixels = np.clip(levels, 0, 255, out=levels).astype(np.uint8)  # before the slow transpose: a quarter of the bytes
    tiles = pixels.reshape(frames, rows, columns, times, edge, edge, 3).transpose(0, 3, 1, 4, 2, 5, 6)
    return tiles.reshape(frames * times, rows * edge, columns * edge, 3)


class PreviewSender:
    """Turns latents into JPEGs on a thread of its own, so that the render does not wait; the newest wins."""

    def __init__(self, pixels: PreviewMap, send: Callable[[int, int, int, list[bytes]], None], longest_px: int) -> None:
        self._map = pixels
        self._longest_px = longest_px
        self._send = send
        self._newest: tuple[int, np.ndarray] | None = None
        self._changed = threading.Condition()
        self._closed = False
        self._due_s = 0.0
        self._thread = threading.Thread(target=self._run, name="preview", daemon=True)
        self._thread.start()

    def is_due(self) -> bool:
        """At most ten a second: whether the next one may be offered now."""
        return time.monotonic() >= self._due_s

    def offer(self, step: int, latents: torch.Tensor) -> None:
        """Show these latents [C, F, H, W]; returns at once."""
        self._due_s = time.monotonic() + SHORTEST_INTERVAL_S
        with self._changed:
            self._newest = (step, latents.float().cpu().numpy())
            self._changed.notify()

    def close(self) -> None:
        """Send what still waits and end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                while self._newest is None and not self._closed:
                    self._changed.wait()
                if self._newest is None:
                    return
                step, latents = self._newest
                self._newest = None
            frames = self._map.frames(latents, self._longest_px)
            jpegs = [to_jpeg(frame) for frame in frames]
            self._send(step, frames.shape[2], frames.shape[1], jpegs)
