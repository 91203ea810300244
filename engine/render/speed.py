"""Step caches: what changes little from one step to the next is not computed again, as the recipe's speed says."""

import contextlib
from collections.abc import Generator, Sequence
from typing import Any

import torch
from diffusers.hooks._common import _ALL_TRANSFORMER_BLOCK_IDENTIFIERS
from diffusers.hooks._helpers import TransformerBlockRegistry
from diffusers.hooks.first_block_cache import FirstBlockCacheConfig
from diffusers.hooks.taylorseer_cache import TaylorSeerCacheConfig

from engine.protocol.recipe import Speed

THRESHOLDS: dict[Speed, float] = {"fast": 0.1, "fastest": 0.15}
"""First block cache: how much the first block's residual may move before the others are computed again."""
INTERVALS: dict[Speed, int] = {"fast": 3, "fastest": 5}
"""TaylorSeer (arXiv 2503.06923): one step in so many is computed, those between are extrapolated."""
LAYERS = r"(transformer_)?blocks\.\d+\.(attn1|attn2|ff|ffn)"
"""What TaylorSeer extrapolates; its own default fits the names of no video model, and does nothing without a word."""


def numbers(speed: Speed) -> tuple[float, ...]:
    """What a speed adds to the numeric plan: nothing when every step is computed."""
    return () if speed == "full" else (THRESHOLDS[speed], INTERVALS[speed])


@contextlib.contextmanager
def cached(denoisers: Sequence[Any], speed: Speed) -> Generator[None]:
    """While the block runs, the denoisers (diffusers models) skip what the speed lets them; afterwards nothing is left.

    Raises:
        RuntimeError: when a cache takes hold of no layer, as two of diffusers' seven do without a word.
    """
    with contextlib.ExitStack() as enabled:
        for denoiser in denoisers if speed != "full" else ():
            before = _hooks(denoiser)
            denoiser.enable_cache(_config(denoiser, speed))
            enabled.callback(denoiser.disable_cache)
            if _hooks(denoiser) == before:
                raise RuntimeError(f"no step cache takes hold of {type(denoiser).__name__}")
        yield


def _config(denoiser: Any, speed: Speed) -> FirstBlockCacheConfig | TaylorSeerCacheConfig:
    """The cache for this architecture: by its first block where diffusers knows its blocks, else by extrapolation."""
    lists = (getattr(denoiser, name, None) for name in _ALL_TRANSFORMER_BLOCK_IDENTIFIERS)
    blocks = [block for found in lists if isinstance(found, torch.nn.ModuleList) for block in found]
    if len(blocks) > 1 and all(_is_registered(block) for block in blocks):
        return FirstBlockCacheConfig(threshold=THRESHOLDS[speed])
    return TaylorSeerCacheConfig(cache_interval=INTERVALS[speed], cache_identifiers=[LAYERS])


def _is_registered(block: torch.nn.Module) -> bool:
    try:
        TransformerBlockRegistry.get(type(block))
    except ValueError:
        return False
    return True


def _hooks(denoiser: torch.nn.Module) -> int:
    registries = (getattr(module, "_diffusers_hook", None) for module in denoiser.modules())
    return sum(len(registry.hooks) for registry in registries if registry is not None)
