"""What a diffusers folder of each family holds: its pipelines, its components, and sizes that follow from configs."""

from collections.abc import Set
from dataclasses import dataclass, field
from typing import Any

from engine.weights.configs import CLIP_KEYS, CLIP_NOTES, T5_KEYS, T5_NOTES, UMT5_KEYS, UMT5_NOTES
from engine.weights.headers import HeaderError

Classes = tuple[str, tuple[str, ...]]
"""A library, and the classes of it that we load."""

_TOKENIZERS = ("T5Tokenizer", "T5TokenizerFast", "PreTrainedTokenizerFast", "TokenizersBackend")


@dataclass(frozen=True)
class Layout:
    """One family's folders.

    Attributes:
        components: each with its library and classes; those in `optional` may be missing.
        unread: components that are listed and that nothing is read of.
        settings: plain values that may stand in the index.
        encoders: known keys and notes of the configs of components that transformers loads.
        blocks: what the names of a transformer's blocks begin with.
        gguf: the architecture that GGUF files of it name, and their names' prefix.
    """

    family: str
    pipelines: tuple[str, ...]
    components: dict[str, Classes]
    encoders: dict[str, tuple[Set[str], Set[str]]]
    blocks: tuple[str, ...]
    gguf: str
    optional: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()
    settings: dict[str, type] = field(default_factory=dict)


LTX = Layout(
    family="ltx",
    pipelines=("LTXPipeline", "LTXImageToVideoPipeline", "LTXConditionPipeline"),
    components={
        "scheduler": ("diffusers", ("FlowMatchEulerDiscreteScheduler",)),
        "text_encoder": ("transformers", ("T5EncoderModel",)),
        "tokenizer": ("transformers", _TOKENIZERS),
        "transformer": ("diffusers", ("LTXVideoTransformer3DModel",)),
        "vae": ("diffusers", ("AutoencoderKLLTXVideo",)),
    },
    encoders={"text_encoder": (T5_KEYS, T5_NOTES)},
    blocks=("transformer_blocks",),
    gguf="ltxv",
)
WAN = Layout(
    family="wan",
    pipelines=("WanPipeline", "WanImageToVideoPipeline", "WanVACEPipeline"),
    components={
        "scheduler": ("diffusers", ("UniPCMultistepScheduler", "FlowMatchEulerDiscreteScheduler")),
        "text_encoder": ("transformers", ("UMT5EncoderModel",)),
        "tokenizer": ("transformers", _TOKENIZERS),
        "transformer": ("diffusers", ("WanTransformer3DModel", "WanVACETransformer3DModel")),
        "transformer_2": ("diffusers", ("WanTransformer3DModel", "WanVACETransformer3DModel")),
        "vae": ("diffusers", ("AutoencoderKLWan",)),
        "image_encoder": ("transformers", ("CLIPVisionModel",)),
        "image_processor": ("transformers", ("CLIPImageProcessor", "CLIPImageProcessorFast")),
    },
    encoders={"text_encoder": (UMT5_KEYS, UMT5_NOTES), "image_encoder": (CLIP_KEYS, CLIP_NOTES)},
    blocks=("blocks",),
    gguf="wan",
    optional=frozenset({"transformer_2", "image_encoder", "image_processor"}),
    unread=frozenset({"image_processor"}),
    settings={"boundary_ratio": float, "expand_timesteps": bool},
)
LAYOUTS = (LTX, WAN)


def whole(config: dict[str, Any], key: str, default: int) -> int:
    """A positive whole number of a config.

    Raises:
        HeaderError: when it is something else.
    """
    value = config.get(key)
    value = default if value is None else value
    if type(value) is not int or not 1 <= value <= 1 << 20:
        raise HeaderError("invalid", f"{key} is {str(value)[:40]}")
    return value


def ratios(vae: dict[str, Any]) -> tuple[int, int]:
    """Pixels of an edge, and frames, that share a latent; as `AutoencoderKLLTXVideo` computes them.

    Raises:
        HeaderError: when the config does not say it in numbers.
    """
    scaling = vae.get("spatio_temporal_scaling", [True, True, True, False])
    if not isinstance(scaling, list) or len(scaling) > 16:
        raise HeaderError("invalid", f"spatio_temporal_scaling is {str(scaling)[:40]}")
    halvings = sum(each is True for each in scaling)
    spatial = whole(vae, "patch_size", 4) * 2**halvings
    temporal = whole(vae, "patch_size_t", 1) * 2**halvings
    return whole(vae, "spatial_compression_ratio", spatial), whole(vae, "temporal_compression_ratio", temporal)


def wan_ratios(vae: dict[str, Any]) -> tuple[int, int]:
    """The same of `AutoencoderKLWan`."""
    return whole(vae, "scale_factor_spatial", 8), whole(vae, "scale_factor_temporal", 4)


def wan_patch(transformer: dict[str, Any]) -> int:
    """Latents of an edge that the transformer sees as one."""
    patch = transformer.get("patch_size", [1, 2, 2])
    if not isinstance(patch, list) or len(patch) != 3 or patch[1] not in (1, 2, 4):
        raise HeaderError("invalid", f"patch_size is {str(patch)[:40]}")
    return int(patch[1])
