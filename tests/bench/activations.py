"""What a forward holds in memory besides weights, per token and per pixel: the constants of engine.protocol.working.

Run: python tests/bench/activations.py [transformers] [vaes]

Models of the true width and two blocks run on PyTorch's meta device, where nothing is computed, under a mode that
counts the bytes of every storage from its making to its end. Attention is taken to keep nothing but its result, as
flash kernels do. What kernels take for themselves is not seen.
"""

import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_ltx import AutoencoderKLLTXVideo
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from diffusers.models.transformers.transformer_ltx import LTXVideoTransformer3DModel
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

WAN_2_2_VAE: dict[str, Any] = {
    "base_dim": 160,
    "decoder_base_dim": 256,
    "z_dim": 48,
    "is_residual": True,
    "in_channels": 12,
    "out_channels": 12,
    "patch_size": 2,
    "scale_factor_spatial": 16,
    "temperal_downsample": [False, True, True],
}
LTX_0_9_5_VAE: dict[str, Any] = {
    "block_out_channels": (128, 256, 512, 1024, 2048),
    "down_block_types": ("LTXVideo095DownBlock3D",) * 4,
    "decoder_block_out_channels": (256, 512, 1024),
    "layers_per_block": (4, 6, 6, 2, 2),
    "decoder_layers_per_block": (5, 5, 5, 5),
    "spatio_temporal_scaling": (True,) * 4,
    "decoder_spatio_temporal_scaling": (True,) * 3,
    "decoder_inject_noise": (False,) * 4,
    "downsample_type": ("spatial", "temporal", "spatiotemporal", "spatiotemporal"),
    "upsample_residual": (True,) * 3,
    "upsample_factor": (2, 2, 2),
    "timestep_conditioning": True,
}
"""Both as in the published configs: diffusers' conversion scripts write them."""
VAES: dict[str, tuple[Any, dict[str, Any], torch.dtype, tuple[int, int, int]]] = {
    "wan2.1": (AutoencoderKLWan, {}, torch.float32, (16, 8, 4)),
    "wan2.2": (AutoencoderKLWan, WAN_2_2_VAE, torch.float32, (48, 16, 4)),
    "ltx0.9": (AutoencoderKLLTXVideo, {}, torch.bfloat16, (128, 32, 8)),
    "ltx0.9.5": (AutoencoderKLLTXVideo, LTX_0_9_5_VAE, torch.bfloat16, (128, 32, 8)),
}


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of the storages that are made in it and still held; `peak` is the most there were."""

    def __init__(self, weights: set[int]) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._live: dict[int, int] = {}
        self._weights = weights

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in tree_iter(made):
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                key = storage._cdata
                if key not in self._live and key not in self._weights:
                    self._live[key] = storage.nbytes()
                    self.now += storage.nbytes()
                    self.peak = max(self.peak, self.now)
                    weakref.finalize(storage, self._forget, key)
        return made

    def _forget(self, key: int) -> None:
        self.now -= self._live.pop(key, 0)


@contextmanager
def flash_attention() -> Iterator[None]:
    """While the block runs, attention keeps nothing but its result."""
    original = torch.nn.functional.scaled_dot_product_attention

    def kept(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        return torch.empty_like(query)

    torch.nn.functional.scaled_dot_product_attention = kept
    try:
        yield
    finally:
        torch.nn.functional.scaled_dot_product_attention = original


@torch.inference_mode()
def peak_bytes(model: torch.nn.Module, call: Callable[[], object]) -> int:
    """The most that `call` holds besides the model's weights."""
    weights = {each.untyped_storage()._cdata for each in (*model.parameters(), *model.buffers())}
    with LiveBytes(weights) as counted, flash_attention():
        call()
    return counted.peak


def wan_token_bytes(width: int, feed_forward: int, latent: tuple[int, int, int], token_timesteps: bool) -> float:
    """Bytes per token and width of a Wan transformer's forward; linear layers in bfloat16, as its makers load it."""
    frames, rows, columns = latent
    tokens, channels = frames * rows * columns // 4, 48 if token_timesteps else 16
    with torch.device("meta"):
        model: Any = WanTransformer3DModel(
            num_attention_heads=width // 128,
            in_channels=channels,
            out_channels=channels,
            ffn_dim=feed_forward,
            num_layers=2,
        )
        model.to(torch.bfloat16)
        for name, part in model.named_modules():
            if any(kept in name.split(".") for kept in model._keep_in_fp32_modules):
                part.float()
        call = {
            "hidden_states": torch.empty(1, channels, *latent, dtype=torch.bfloat16),
            "timestep": torch.empty(1, *([tokens] if token_timesteps else []), dtype=torch.long),
            "encoder_hidden_states": torch.empty(1, 512, 4096, dtype=torch.bfloat16),
        }
        return peak_bytes(model, lambda: model(**call)) / tokens / width


def ltx_token_bytes(head: int, latent: tuple[int, int, int], batch: int) -> float:
    """Bytes per token and width of an LTX-Video transformer's forward, of all `batch` prompts."""
    tokens, width = latent[0] * latent[1] * latent[2], 32 * head
    with torch.device("meta"):
        model: Any = LTXVideoTransformer3DModel(attention_head_dim=head, cross_attention_dim=width, num_layers=2)
        model.to(torch.bfloat16)
        call = {
            "hidden_states": torch.empty(batch, tokens, 128, dtype=torch.bfloat16),
            "encoder_hidden_states": torch.empty(batch, 256, 4096, dtype=torch.bfloat16),
            "timestep": torch.empty(batch, tokens),
            "encoder_attention_mask": torch.empty(batch, 256, dtype=torch.bfloat16),
            "video_coords": torch.empty(batch, 3, tokens),
        }
        return peak_bytes(model, lambda: model(**call)) / tokens / width


def vae_bytes(kind: str, size: tuple[int, int, int], tiled: bool) -> tuple[int, int]:
    """What encoding and decoding hold of a clip of (frames, height, width)."""
    cls, config, dtype, (channels, spatial, temporal) = VAES[kind]
    frames, height, width = size
    with torch.device("meta"):
        vae = cls(**config).to(dtype)
        if tiled:
            vae.enable_tiling()
        clip = torch.empty(1, 3, *size, dtype=dtype)
        shape = (1, channels, (frames - 1) // temporal + 1, height // spatial, width // spatial)
        latents = torch.empty(*shape, dtype=dtype)
        step = [torch.empty(1, dtype=dtype)] if kind == "ltx0.9.5" else []
        decode = peak_bytes(vae, lambda: vae.decode(latents, *step))
        return peak_bytes(vae, lambda: vae.encode(clip)), decode


def show_transformers() -> None:
    """Wan's at two lengths of its feed-forward, which separates what grows with it."""
    for token_timesteps in (False, True):
        for width, feed_forward in ((5120, 13824), (5120, 4 * 13824), (3072, 14336), (1536, 8960)):
            found = wan_token_bytes(width, feed_forward, (21, 60, 104), token_timesteps)
            print(f"wan width {width} ff {feed_forward} own timesteps {token_timesteps}: {found:.2f}", flush=True)
    for head, latent in ((64, (16, 16, 22)), (128, (16, 22, 38))):
        for batch in (1, 2):
            print(f"ltx width {32 * head} batch {batch}: {ltx_token_bytes(head, latent, batch):.2f}", flush=True)


def show_vaes() -> None:
    """Per pixel of a frame; LTX-Video's VAEs take all frames at once, Wan's a few."""
    small = {"wan2.1": (256, 256), "wan2.2": (256, 256), "ltx0.9": (512, 512), "ltx0.9.5": (512, 512)}
    for kind, tile in small.items():
        for frames in (17, 33):
            for height, width in (tile, (2 * tile[0], 2 * tile[1])):
                for tiled in (False, True):
                    encode, decode = (each / height / width for each in vae_bytes(kind, (frames, height, width), tiled))
                    how = "tiled" if tiled else "whole"
                    print(
                        f"{kind} {width}x{height}x{frames} {how}: encode {encode:.0f} decode {decode:.0f} B/px",
                        flush=True,
                    )


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["transformers", "vaes"]
    if "transformers" in wanted:
        show_transformers()
    if "vaes" in wanted:
        show_vaes()
