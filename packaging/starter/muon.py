"""Muon for convolution kernels (https://kellerjordan.github.io/posts/muon/): momentum made orthogonal."""

from collections.abc import Iterable
from typing import Any

import torch

COEFFICIENTS = 3.4445, -4.7750, 2.0315


def orthogonalized(matrix: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """The nearest matrix with singular values near 1, by Newton-Schulz steps in bfloat16."""
    a, b, c = COEFFICIENTS
    x = matrix.bfloat16()
    tall = x.size(0) > x.size(1)
    x = x.T if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        square = x @ x.T
        x = torch.addmm(x, torch.addmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x


class ConvMuon(torch.optim.Optimizer):
    """Muon over kernels flattened to [out, in * taps].

    A parameter group's `parts` splits the output channels of a pixel-shuffle convolution into its sub-positions:
    they are separate maps, and one 1024 x 6912 matrix would cost more than the whole backward pass.
    """

    def __init__(self, groups: Iterable[dict[str, Any]], lr: float, momentum: float = 0.95) -> None:
        super().__init__(groups, {"lr": lr, "momentum": momentum, "weight_decay": 0.01, "parts": 1})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """One update."""
        del closure
        for group in self.param_groups:
            for kernel in group["params"]:
                state = self.state[kernel]
                buffer = state.setdefault("momentum_buffer", torch.zeros_like(kernel))
                buffer.lerp_(kernel.grad, 1 - group["momentum"])
                update, longest = self._direction(kernel.grad.lerp(buffer, group["momentum"]), group["parts"])
                kernel.mul_(1 - group["lr"] * group["weight_decay"])
                kernel.add_(update, alpha=-group["lr"] * 0.2 * longest**0.5)

    @staticmethod
    def _direction(gradient: torch.Tensor, parts: int) -> tuple[torch.Tensor, int]:
        rows = gradient.shape[0] // parts
        split = gradient.reshape(rows, parts, -1)
        each = torch.stack([orthogonalized(split[:, part]) for part in range(parts)], 1)
        return each.reshape(gradient.shape).float(), max(rows, split.shape[2])
