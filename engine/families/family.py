"""The contract of a family: what `render` needs to know of an architecture, and the little that all of them share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from engine.memory.device import DeviceReport
from engine.memory.offload import unpacks
from engine.protocol.recipe import Recipe
from engine.weights.components import load_diffusers, load_gguf, unpack_gguf, unpacked_gguf_bytes
from engine.weights.store import Weights


@dataclass(frozen=True)
class Known:
    """Frames the clip has to agree with, already fitted to the recipe's size.

    frames  # [F, H, W, 3] uint8 sRGB
    """

    frames: np.ndarray
    frame_index: int
    strength: float


@dataclass(frozen=True)
class Embedding:
    """A prompt as the text encoder sees it, and how many tokens were kept of those given.

    embeds  # [1, L, D];  mask  # [1, L] bool
    """

    embeds: torch.Tensor
    mask: torch.Tensor
    kept_tokens: int
    given_tokens: int


@dataclass(frozen=True)
class Inputs:
    """One pipeline call: the recipe, its known frames, and the embedded prompts (negative only with guidance).

    source  # [F, H, W, 3] uint8 sRGB, what a remix starts from, noised as far as the recipe's source says
    """

    recipe: Recipe
    known: Sequence[Known]
    source: np.ndarray | None
    positive: Embedding
    negative: Embedding | None
    generator: torch.Generator


@dataclass(frozen=True)
class Compression:
    """How many pixels of a clip share one latent along time and along each edge, and how many latents a token there."""

    temporal: int
    spatial: int
    patch: int = 1

    @property
    def multiple(self) -> int:
        """Of which both edges of a clip are multiples; other sizes some pipelines round without a word."""
        return self.spatial * self.patch

    def latent_shape(self, recipe: Recipe) -> tuple[int, int, int]:
        """Frames, rows and columns of the recipe's latents."""
        frames = (recipe.num_frames - 1) // self.temporal + 1
        return frames, recipe.height // self.spatial, recipe.width // self.spatial


class Family(Protocol):
    """One architecture; stateless, every call gets the loaded pipeline (a diffusers pipeline, hence Any)."""

    def load(self, weights: Weights, device: str, dtype: torch.dtype) -> Any:
        """The pipeline on the device; raises `WeightsError` for files that cannot be used."""
        ...

    def embed(self, pipeline: Any, weights: Weights, prompt: str) -> Embedding:
        """Encode one prompt."""
        ...

    def denoise(self, pipeline: Any, weights: Weights, inputs: Inputs) -> torch.Tensor:
        """Run the pipeline to its final latents  # [1, C, F, H, W] float32, model scale."""
        ...

    def denoisers(self, pipeline: Any) -> Sequence[Any]:
        """The modules that are called once or more a step; a resumed run skips them where it has been."""
        ...

    def unpack(self, pipeline: Any, recipe: Recipe, tokens: torch.Tensor) -> torch.Tensor:
        """Latents as the scheduler sees them, as a clip  # [C, F, H, W], model scale."""
        ...

    def encode(self, pipeline: Any, frames: np.ndarray) -> torch.Tensor:
        """Frames [F, H, W, 3] uint8 as latents  # [1, C, F', H', W'] float32, model scale."""
        ...

    def decode(self, pipeline: Any, latents: torch.Tensor) -> np.ndarray:
        """Latents [1, C, F', H', W'] as frames  # [F, H, W, 3] uint8 sRGB."""
        ...

    def compression(self, pipeline: Any) -> Compression:
        """The VAE's ratios; the first frame has a latent of its own."""
        ...


def load_denoiser(
    cls: Any, weights: Weights, device: DeviceReport, dtype: torch.dtype, component: str = "transformer"
) -> Any:
    """The transformer of exactly the class `cls`, from safetensors or from the GGUF file that stands for them.

    Raises:
        WeightsError: naming a file that cannot be used.
    """
    folder, gguf = weights.folder / component, weights.gguf
    if component != "transformer":  # a card names one file at most; others lie in their component's folder
        inner = (file.path for file in weights.card.files if file.path.startswith(f"{component}/"))
        gguf = next((weights.folder / path for path in inner if path.endswith(".gguf")), None)
    if gguf is None:
        return load_diffusers(cls, folder, dtype)
    model = load_gguf(cls, gguf, folder, dtype)
    return unpack_gguf(model, dtype) if unpacks(unpacked_gguf_bytes(model, dtype), device) else model


def to_pixels(frames: np.ndarray) -> torch.Tensor:
    """[F, H, W, 3] uint8 as [1, 3, F, H, W] float32 in -1…1, to the last bit as diffusers' processors do it."""
    return 2.0 * torch.from_numpy(frames.astype(np.float32) / 255.0).permute(3, 0, 1, 2)[None] - 1.0


def to_frames(pixels: torch.Tensor) -> np.ndarray:
    """[3, F, H, W] in -1…1 as [F, H, W, 3] uint8."""
    levels = (pixels.float() * 127.5 + 127.5).round_().clamp_(0, 255).to(torch.uint8)
    return levels.permute(1, 2, 3, 0).contiguous().cpu().numpy()
