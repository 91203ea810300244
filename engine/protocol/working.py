"""Working memory: what a forward holds besides weights, from a model's anatomy and a clip's size.

Measured on models of the true width by tests/bench/activations.py, which counts live storages; the numbers that a
clip's length and size are multiplied by are its results. What kernels take for themselves is not in them.
"""

from dataclasses import dataclass

from engine.protocol.anatomy import Anatomy

TOKEN_BYTES = 1_100
"""Of every token, whatever its width: positions and the like."""
WAN = (22, 8)
"""Bytes per token and width of Wan's transformers: in attention, and in the feed-forward besides 4 of its width."""
WAN_TOKEN_TIMESTEPS = (64, 46)
HINT = 2
"""Bytes per token and width of each hint of a VACE branch, and of what it begins with."""
LTX = 58
"""Bytes per token and width of LTX-Video's transformers, whose feed-forward is four times as wide as they are."""


@dataclass(frozen=True)
class VaeMemory:
    """Bytes per pixel of one frame: always, and for every frame of the clip; a tile's edge in pixels."""

    encode: float
    encode_frame: float
    decode: float
    decode_frame: float
    tile_px: int
    tiled_frame: float
    """Per pixel and frame of the whole clip that is put together from tiles."""


FAMILIES = frozenset({"wan", "ltx"})
"""Whose transformers are measured."""
VAES = {
    "wan2.1": VaeMemory(14_080, 12.5, 19_460, 12.3, 256, 12),
    "wan2.2": VaeMemory(7_170, 24.4, 21_520, 12.2, 256, 12),
    "ltx0.9": VaeMemory(0, 118, 0, 100.3, 512, 6),
    "ltx0.9.5": VaeMemory(0, 118, 0, 100.2, 512, 6),
}


@dataclass(frozen=True)
class Clip:
    """What one call of a model makes: pixels, frames, and whether it is guided (which doubles LTX-Video's tokens)."""

    width: int
    height: int
    num_frames: int
    is_guided: bool = True

    @property
    def pixels(self) -> int:
        """Of one frame."""
        return self.width * self.height


def tokens(anatomy: Anatomy, clip: Clip) -> int:
    """Tokens that the transformer sees of a clip."""
    edge = anatomy.spatial * anatomy.patch
    frames = (clip.num_frames - 1) // anatomy.temporal + 1
    return frames * (clip.width // edge) * (clip.height // edge)


def forward_bytes(family: str, anatomy: Anatomy, clip: Clip) -> int:
    """What one call of the transformer holds; Wan is called once a prompt, LTX-Video once for both.

    Raises:
        KeyError: for a family that nobody has measured.
    """
    count, width = tokens(anatomy, clip), anatomy.width
    if family == "wan":
        attention, rest = WAN_TOKEN_TIMESTEPS if anatomy.token_timesteps else WAN
        hints = HINT * (anatomy.hint_layers + 1) * width if anatomy.hint_layers else 0
        return count * (max(attention * width, rest * width + 4 * anatomy.feed_forward) + hints + TOKEN_BYTES)
    if family == "ltx":
        return count * (LTX * width + TOKEN_BYTES) * (2 if clip.is_guided else 1)
    raise KeyError(family)


def decode_bytes(anatomy: Anatomy, clip: Clip, is_tiled: bool) -> int:
    """What decoding a clip holds."""
    vae = VAES[anatomy.vae_kind]
    whole = round(clip.pixels * (vae.decode + vae.decode_frame * clip.num_frames))
    if not is_tiled:
        return whole
    tile = min(vae.tile_px, clip.width) * min(vae.tile_px, clip.height)
    tiled = tile * (vae.decode + vae.decode_frame * clip.num_frames)
    return min(whole, round(tiled + clip.pixels * clip.num_frames * vae.tiled_frame))


def encode_bytes(anatomy: Anatomy, clip: Clip) -> int:
    """What encoding a clip's known frames holds, at most: all of them."""
    vae = VAES[anatomy.vae_kind]
    return round(clip.pixels * (vae.encode + vae.encode_frame * clip.num_frames))


def forward_flops(anatomy: Anatomy, clip: Clip) -> float:
    """Floating-point operations of one call of the transformer for one prompt: linear layers and self-attention."""
    count, width, layers = tokens(anatomy, clip), anatomy.width, anatomy.layers
    linear = 2.0 * count * (6 * width**2 + 2 * width * anatomy.feed_forward) * layers
    return linear + 4.0 * count**2 * width * layers
