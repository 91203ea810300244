"""The contract of a family: what `render` needs to know of an architecture, and nothing more."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from engine.protocol.recipe import Recipe
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
    """How many pixels of a clip share one latent along time and along each edge."""

    temporal: int
    spatial: int


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
