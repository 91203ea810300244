"""The LTX video VAE made fast on a CPU, with the same numbers (largest difference to diffusers' own: 5e-6).

diffusers' graph flips memory layout at every norm. These forwards keep channels last throughout, and fuse norm and
activation. The patch may go when diffusers' own graph trains at the same speed on a CPU.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import diffusers.models.autoencoders.autoencoder_kl_ltx as ltx
import torch
import torch.nn.functional as F  # noqa: N812
from torch._dynamo import config as compiler

LAYOUT = torch.channels_last_3d
VERSIONS = 64
"""The compiler guards how a view's base lies in memory, and beyond 8 versions of a function it gives up."""


def _norm_silu_rows(rows: torch.Tensor) -> torch.Tensor:
    wide = rows.float()
    return F.silu(wide * torch.rsqrt((wide * wide).mean(-1, keepdim=True) + 1e-8)).to(rows.dtype)


@cache
def _compiled() -> Callable[[torch.Tensor], torch.Tensor]:
    compiler.recompile_limit = VERSIONS
    return torch.compile(_norm_silu_rows, dynamic=True)


def _norm_silu(x: torch.Tensor) -> torch.Tensor:
    rows = x.permute(0, 2, 3, 4, 1).contiguous()
    return _compiled()(rows.view(-1, rows.shape[-1])).view(rows.shape).permute(0, 4, 1, 2, 3)


def _conv(self: Any, hidden_states: torch.Tensor) -> torch.Tensor:
    size = self.kernel_size[0]
    if size > 1:
        first, last = hidden_states[:, :, :1], hidden_states[:, :, -1:]
        before, after = (size - 1, 0) if self.is_causal else ((size - 1) // 2, (size - 1) // 2)
        hidden_states = torch.cat([first] * before + [hidden_states] + [last] * after, 2)
    return self.conv(hidden_states.contiguous(memory_format=LAYOUT))


def _resnet(self: Any, inputs: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
    hidden = self.conv1(_norm_silu(inputs))
    return self.conv2(_norm_silu(hidden)) + inputs


def _encoder(self: Any, hidden_states: torch.Tensor) -> torch.Tensor:
    patch, (batch, channels, frames, height, width) = self.patch_size, hidden_states.shape
    x = hidden_states.reshape(batch, channels, frames, 1, height // patch, patch, width // patch, patch)
    x = self.conv_in(x.permute(0, 1, 3, 7, 5, 2, 4, 6).flatten(1, 4))
    for block in self.down_blocks:
        x = block(x)
    x = self.conv_out(_norm_silu(self.mid_block(x)))
    return torch.cat([x, x[:, -1:].repeat(1, x.size(1) - 2, 1, 1, 1)], 1)


def _decoder(self: Any, hidden_states: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
    x = self.mid_block(self.conv_in(hidden_states))
    for block in self.up_blocks:
        x = block(x)
    x = self.conv_out(_norm_silu(x))
    patch, (batch, _, frames, height, width) = self.patch_size, x.shape
    x = x.reshape(batch, -1, 1, patch, patch, frames, height, width)
    return x.permute(0, 1, 5, 2, 6, 4, 7, 3).flatten(6, 7).flatten(4, 5).flatten(2, 3)


FORWARDS = {
    "LTXVideoCausalConv3d": _conv,
    "LTXVideoResnetBlock3d": _resnet,
    "LTXVideoEncoder3d": _encoder,
    "LTXVideoDecoder3d": _decoder,
}


def patch() -> None:
    """Replace the forwards for this process; only for VAEs of `starter.sizes.VAE`'s make."""
    for name, forward in FORWARDS.items():
        module = getattr(ltx, name)
        assert callable(module.forward)
        module.forward = forward
