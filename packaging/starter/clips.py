"""Rendered clips by seed, drawn in several processes ahead of whoever takes them."""

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from starter.sizes import CLIP
from starter.world.render import Frames, cut, render
from starter.world.scenes import sample_scene

TRAINING_SEED, HELD_OUT_SEED = 200_000_000, 990_000_000
AHEAD = 2
"""Chunks that are drawn while one is taken, so that the processes never wait, and memory stays bounded."""

Clip = tuple[Frames, dict[str, str]]
"""Frames  # [RENDER_FRAMES, H, W, 3], and their scene."""


def rendered(seed: int) -> Clip:
    """The clip of a seed, at the model's size."""
    scene = sample_scene(np.random.default_rng(seed))
    return cut(render(scene, seed), CLIP), scene


@dataclass(frozen=True)
class Batch:
    """Clips by seed in numbered chunks: how many chunks of how many clips, from which seed on."""

    first_seed: int
    chunks: int
    clips: int

    def seeds(self, number: int) -> list[int]:
        """The seeds of a chunk's clips."""
        return [self.first_seed + number * self.clips + i for i in range(self.clips)]

    def missing(self, folder: Path, suffix: str) -> dict[int, Path]:
        """Where the chunks belong that are not there yet, by number."""
        paths = {number: folder / f"{self.first_seed}-{number:05d}{suffix}" for number in range(self.chunks)}
        return {number: path for number, path in paths.items() if not path.exists()}

    def drawn(self, numbers: Iterable[int], workers: int) -> Iterator[tuple[int, list[Clip]]]:
        """The clips of these chunks, in order; with one worker they are drawn in this process, as they are taken.

        Worker processes end with this one, however it ends: they read their work from a pipe that breaks then.
        """
        if workers == 1:
            for number in numbers:
                yield number, [rendered(seed) for seed in self.seeds(number)]
            return
        context = multiprocessing.get_context("spawn")  # a fork would copy what torch's threads hold
        with context.Pool(workers, cv2.setNumThreads, (1,)) as pool:
            waiting: deque[tuple[int, Any]] = deque()
            for number in numbers:
                waiting.append((number, pool.map_async(rendered, self.seeds(number), chunksize=1)))
                if len(waiting) > AHEAD:
                    first, clips = waiting.popleft()
                    yield first, clips.get()
            for number, clips in waiting:
                yield number, clips.get()
