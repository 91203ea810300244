"""Render clips and keep their pixels, for the stages that need them: VAE training and the probe."""

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from starter.captions import Scene
from starter.clips import HELD_OUT_SEED, TRAINING_SEED, Batch, Clip
from starter.world.render import Frames

TRAINING_PIXELS, HELD_OUT_PIXELS = TRAINING_SEED + 50_000_000, HELD_OUT_SEED + 5_000_000
"""First seeds: pixels come from other clips than the pool's."""


def write_pixels(path: Path, clips: list[Clip]) -> None:
    """Write clips  # [clips, RENDER_FRAMES, H, W, 3] uint8 and, beside them, their scenes."""
    frames, scenes = zip(*clips, strict=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.save(file, np.stack(frames))
    path.with_suffix(".json").write_text(json.dumps(scenes), encoding="utf-8")
    partial.replace(path)


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
    first = HELD_OUT_PIXELS if options.held_out else TRAINING_PIXELS
    batch = Batch(first, options.chunks, options.clips)
    paths = batch.missing(options.out, ".npy")
    for number, clips in batch.drawn(paths, options.workers):
        write_pixels(paths[number], clips)
