"""Every size the starter model is made of, in one place; `STARTER_MAKE` in the environment chooses among three."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FPS = 12.0
"""Frames per second of the rendered world and of the model's time coordinates."""

RENDER_WIDTH_PX, RENDER_HEIGHT_PX = 256, 160
"""What the renderer draws; a clip is a window cut out of it."""

RENDERED_MORE = 8
"""Frames that are rendered beyond a clip's, for a later cut and for a loop's dissolve."""

LATENT_CHANNELS = 48
SPATIAL_STRIDE, TEMPORAL_STRIDE = 16, 4

CAPTION_TOKENS = 40
"""Longest caption in training; the longest drawn from the grammar has 37 tokens."""

SHARD_BYTES = 15 * 1024 * 1024
"""Files stay below 16 MiB so that they travel and can be committed."""


@dataclass(frozen=True)
class ClipSize:
    """Size of one clip in pixels and frames, with its latent grid."""

    width_px: int = 128
    height_px: int = 96
    num_frames: int = 17

    @property
    def grid(self) -> tuple[int, int, int]:
        """Latent frames, rows and columns."""
        frames = (self.num_frames - 1) // TEMPORAL_STRIDE + 1
        return frames, self.height_px // SPATIAL_STRIDE, self.width_px // SPATIAL_STRIDE

    @property
    def frame_tokens(self) -> int:
        """Tokens of one latent frame."""
        return self.grid[1] * self.grid[2]

    @property
    def last(self) -> int:
        """Index of the last frame."""
        return self.num_frames - 1


@dataclass(frozen=True)
class Make:
    """One size of the model: its clips, the transformer, and the widths of the VAE."""

    clip: ClipSize
    width: int
    heads: int
    layers: int
    encoder: tuple[int, int, int]
    decoder: tuple[int, int]


MAKES = {
    "small": Make(ClipSize(), 256, 4, 8, (48, 96, 192), (96, 192)),
    "large": Make(ClipSize(192, 128, 25), 384, 6, 10, (48, 64, 128), (72, 144)),
    "tiny": Make(ClipSize(64, 32, 17), 64, 1, 1, (8, 16, 32), (16, 32)),
}
"""What ships (a processor can train it), what a GPU can train (25 M, in all 43 MB), and one to try every stage with."""

MAKE = MAKES[os.environ.get("STARTER_MAKE", "small")]
CLIP = MAKE.clip
RENDER_FRAMES = CLIP.num_frames + RENDERED_MORE

VAE: dict[str, Any] = {
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": LATENT_CHANNELS,
    "block_out_channels": MAKE.encoder,
    "down_block_types": ("LTXVideo095DownBlock3D",) * 2,
    "decoder_block_out_channels": MAKE.decoder,
    "layers_per_block": (1, 1, 1),
    "decoder_layers_per_block": (2, 1, 1),
    "spatio_temporal_scaling": (True, True),
    "decoder_spatio_temporal_scaling": (True, True),
    "decoder_inject_noise": (False,) * 3,
    "downsample_type": ("spatiotemporal",) * 2,
    "upsample_residual": (True,) * 2,
    "upsample_factor": (2, 2),
    "timestep_conditioning": False,
    "patch_size": 4,
    "patch_size_t": 1,
    "encoder_causal": True,
    "decoder_causal": False,
    "spatial_compression_ratio": SPATIAL_STRIDE,
    "temporal_compression_ratio": TEMPORAL_STRIDE,
}

TEXT_WIDTH = 256

TRANSFORMER: dict[str, Any] = {
    "in_channels": LATENT_CHANNELS,
    "out_channels": LATENT_CHANNELS,
    "patch_size": 1,
    "patch_size_t": 1,
    "num_attention_heads": MAKE.heads,
    "attention_head_dim": MAKE.width // MAKE.heads,
    "cross_attention_dim": MAKE.width,
    "num_layers": MAKE.layers,
    "activation_fn": "gelu-approximate",
    "qk_norm": "rms_norm_across_heads",
    "norm_elementwise_affine": False,
    "norm_eps": 1e-6,
    "caption_channels": TEXT_WIDTH,
    "attention_bias": True,
    "attention_out_bias": True,
}

TEXT_ENCODER: dict[str, Any] = {
    "vocab_size": 2048,
    "d_model": TEXT_WIDTH,
    "d_kv": 64,
    "d_ff": 768,
    "num_layers": 2,
    "num_heads": 4,
    "feed_forward_proj": "gated-gelu",
    "dropout_rate": 0.0,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "is_encoder_decoder": False,
    "use_cache": False,
    "tie_word_embeddings": True,
    "relative_attention_num_buckets": 32,
}

GGUF_NAME = "diffusion_pytorch_model.gguf"

LANGUAGES = ("en", "zh", "es", "fr", "ar")

WORDS = Path(__file__).parent / "words"
"""The caption grammar's word lists, one JSON file per language."""
