"""Render clips and keep their pixels, for the stages that need them: VAE training and the probe."""

import argparse
import json
import multiprocessing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from starter.captions import Scene
from starter.produce import HELD_OUT_SEED, TRAINING_SEED, rendered
from starter.sizes import CLIP
from starter.world.render import Frames

PIXEL_SEED_OFFSET = 50_000_000
"""Pixels come from other clips than the pool's."""


@dataclass(frozen=True)
class Work:
    """What one process renders."""

    out: Path
    first_seed: int
    chunks: int
    clips: int


def render_chunk(work: Work, number: int) -> None:
    """Write clips  # [clips, RENDER_FRAMES, H, W, 3] uint8 and their scenes, unless they are there."""
    path = work.out / f"{work.first_seed}-{number:05d}.npy"
    if path.exists():
        return
    clips, scenes = zip(
        *(rendered(work.first_seed + number * work.clips + i, CLIP) for i in range(work.clips)), strict=True
    )
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.save(file, np.stack(clips))
    path.with_suffix(".json").write_text(json.dumps(scenes), encoding="utf-8")
    partial.replace(path)


def _worker(work: Work, first: int, step: int) -> None:
    for number in range(first, work.chunks, step):
        render_chunk(work, number)


class Pixels:
    """All rendered clips of a folder, mapped from disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.chunks: dict[str, Frames] = {}
        self.scenes: list[Scene] = []
        self.places: list[tuple[str, int]] = []

    def refresh(self) -> int:
        """Map chunks that were added since; return how many clips there are."""
        for path in sorted(self.folder.glob("*.npy")):
            if path.name not in self.chunks:
                self.chunks[path.name] = open_memmap(path, mode="r")
                scenes = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
                self.scenes += scenes
                self.places += [(path.name, row) for row in range(len(scenes))]
        return len(self.scenes)

    def clip(self, index: int) -> Frames:
        """One clip  # [RENDER_FRAMES, H, W, 3]."""
        name, row = self.places[index]
        return self.chunks[name][row]


def main(arguments: list[str]) -> None:
    """Command line of this stage."""
    parser = argparse.ArgumentParser(prog="render", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--chunks", type=int, default=20)
    parser.add_argument("--clips", type=int, default=50, help="clips per chunk")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--held-out", action="store_true", help="other seeds")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    seed = (HELD_OUT_SEED if options.held_out else TRAINING_SEED) + PIXEL_SEED_OFFSET // (10 if options.held_out else 1)
    work = Work(options.out, seed, options.chunks, options.clips)
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_worker, args=(work, i, options.workers)) for i in range(options.workers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
