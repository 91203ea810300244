"""The pool of encoded clips: chunk files a renderer adds to while a trainer reads them."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from starter.captions import Scene
from starter.sizes import TEMPORAL_STRIDE, ClipSize


def single_frames(size: ClipSize) -> list[int]:
    """Frames of a clip that are also encoded alone, to serve as conditions and as images."""
    return list(range(TEMPORAL_STRIDE, size.num_frames, TEMPORAL_STRIDE))


def write_chunk(path: Path, tensors: dict[str, torch.Tensor], scenes: list[dict[str, str]]) -> None:
    """Write normalised latents  # each [clips, tokens, channels] float16, and what is in the clips."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file(tensors, partial, metadata={"params": json.dumps(scenes)})
    partial.replace(path)


def read_chunk(path: Path) -> tuple[dict[str, torch.Tensor], list[Scene]]:
    """Tensors and scenes of a chunk."""
    with safe_open(path, framework="pt") as chunk:
        tensors = {name: chunk.get_tensor(name).to(torch.bfloat16) for name in chunk.keys()}  # noqa: SIM118
        return tensors, json.loads(chunk.metadata()["params"])


@dataclass
class Pool:
    """All clips encoded so far, in memory."""

    folder: Path
    chunks: list[dict[str, torch.Tensor]] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)
    looped: list[int] = field(default_factory=list)
    _known: set[str] = field(default_factory=set)

    def refresh(self) -> int:
        """Read chunks that were added since; return how many clips there are."""
        for path in sorted(self.folder.glob("*.safetensors")):
            if path.name in self._known:
                continue
            self._known.add(path.name)
            tensors, scenes = read_chunk(path)
            self.chunks.append(tensors)
            for row, scene in enumerate(scenes):  # in this order, for a thread that draws meanwhile
                self.places.append((len(self.chunks) - 1, row))
                self.scenes.append(scene)
                if scene.get("variant") == "loop":
                    self.looped.append(len(self.scenes) - 1)
        return len(self.scenes)

    def clip(self, index: int) -> dict[str, torch.Tensor]:
        """The tensors of one clip  # each [tokens, channels] bfloat16."""
        chunk, row = self.places[index]
        return {name: tensor[row] for name, tensor in self.chunks[chunk].items()}

    def draw(self, rng: np.random.Generator, looped: list[bool]) -> list[int]:
        """Indices of one clip each; where `looped`, of a clip that ends as it begins."""
        anywhere = rng.integers(len(self.scenes), size=len(looped))
        loops = rng.integers(max(1, len(self.looped)), size=len(looped))
        return [
            self.looped[int(loop)] if wanted and self.looped else int(any_)
            for wanted, any_, loop in zip(looped, anywhere, loops, strict=True)
        ]

    def images(self, rng: np.random.Generator, size: ClipSize, count: int) -> tuple[torch.Tensor, list[Scene]]:
        """Single frames  # [count, frame tokens, channels] float32, and their scenes."""
        names = ["clip", *(f"frame_{index}" for index in single_frames(size))]
        indices = rng.integers(len(self.scenes), size=count)
        sources = rng.integers(len(names), size=count)
        frames = []
        for index, source in zip(indices, sources, strict=True):
            chunk, row = self.places[int(index)]
            frames.append(self.chunks[chunk][names[int(source)]][row, : size.frame_tokens])
        return torch.stack(frames).float(), [self.scenes[int(index)] for index in indices]
