"""Pins: known frames as latents that are put back after every step, which any flow model can be given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from engine.families.family import Known


@dataclass(frozen=True)
class Pins:
    """The latent frames that are known.

    latents  # [1, C, F, H, W] float32, model scale; zeros where nothing is known
    strengths  # [1, 1, F, 1, 1]; 0 where nothing is known
    """

    latents: torch.Tensor
    strengths: torch.Tensor

    def into(self, latents: torch.Tensor, noise: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        """`latents` of the noise level `sigma`, with what is known put in, noised as much.

        A pin of strength s holds while 1 - sigma is at most s, and is let go then: with 1 it is exact at the end.
        """
        held = (self.strengths > 0) & (self.strengths >= 1 - sigma)
        return torch.where(held, (1 - sigma) * self.latents + sigma * noise, latents)

    def over(self, clean: torch.Tensor) -> torch.Tensor:
        """A predicted clean clip [1, C, F, H, W] with what is certain of it in its place."""
        return torch.where(self.strengths >= 1, self.latents.to(clean), clean)


def pinned(
    known: Sequence[Known], like: torch.Tensor, temporal: int, encode: Callable[[np.ndarray], torch.Tensor]
) -> Pins | None:
    """The pins of `known` in latents of the shape of `like`; None where nothing is.

    The first latent is one frame, every other `temporal` of them. A stretch of a clip pins those that it covers whole:
    half-known ones would make what is before it stand still. An image alone stands still for all frames of its latent.
    """
    if not known:
        return None
    latents, strengths = torch.zeros_like(like), like.new_zeros(1, 1, like.shape[2], 1, 1)
    for part in known:
        first, frames = (part.frame_index + temporal - 1) // temporal, part.frames
        if part.frame_index == 0:
            made = encode(frames)
        elif len(frames) == 1:
            made = encode(np.repeat(frames, 1 + temporal, axis=0))[:, :, 1:]
        else:
            first, made = part.frame_index // temporal + 1, encode(frames)[:, :, 1:]
        latents[:, :, first : first + made.shape[2]] = made.to(like)
        strengths[:, :, first : first + made.shape[2]] = part.strength
    return Pins(latents, strengths)
