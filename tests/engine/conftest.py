"""Tiny models of every family with random weights, made from the true configs with fewer and narrower layers."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.memory.device import find
from engine.protocol.model_card import ModelCard
from engine.render import preview
from engine.render.loaded import Loaded, PromptCache, load
from engine.weights.store import verified

TRANSFORMER: dict[str, Any] = {
    "added_kv_proj_dim": None,
    "attention_head_dim": 12,
    "cross_attn_norm": True,
    "eps": 1e-06,
    "ffn_dim": 32,
    "freq_dim": 32,
    "in_channels": 16,
    "num_attention_heads": 2,
    "num_layers": 2,
    "out_channels": 16,
    "patch_size": [1, 2, 2],
    "qk_norm": "rms_norm_across_heads",
    "text_dim": 16,
}
VAE: dict[str, Any] = {"base_dim": 4, "dim_mult": [1, 1, 1, 1], "num_res_blocks": 1, "z_dim": 16}
VAE_22: dict[str, Any] = {
    "base_dim": 4,
    "decoder_base_dim": 4,
    "dim_mult": [1, 1, 1, 1],
    "num_res_blocks": 1,
    "z_dim": 48,
    "is_residual": True,
    "in_channels": 12,
    "out_channels": 12,
    "patch_size": 2,
    "scale_factor_temporal": 4,
    "scale_factor_spatial": 16,
    "latents_mean": [0.01 * i for i in range(48)],
    "latents_std": [0.5 + 0.01 * i for i in range(48)],
}
IMAGE = {"in_channels": 36}
CLIP = {**IMAGE, "image_dim": 8, "added_kv_proj_dim": 24}
VACE = {"vace_layers": [0, 1], "vace_in_channels": 96}
WAN: dict[str, dict[str, Any]] = {
    "t2v": {"conditions": ["source"], "injected": ["keyframes"]},
    "t2v-a14b": {"boundary": 0.875, "conditions": ["source"], "injected": ["keyframes"]},
    "i2v": {"transformer": CLIP, "conditions": ["first_image", "source"], "injected": ["keyframes"], "needs": True},
    "flf": {
        "transformer": {**CLIP, "rope_max_seq_len": 1024, "pos_embed_seq_len": 514},
        "flow_shift": 16.0,
        "conditions": ["first_image", "last_image", "source"],
        "injected": ["keyframes"],
        "needs": True,
    },
    "i2v-a14b": {
        "transformer": IMAGE,
        "boundary": 0.9,
        "conditions": ["first_image", "last_image", "source"],
        "injected": ["keyframes"],
        "needs": True,
    },
    "ti2v-5b": {
        "transformer": {"in_channels": 48, "out_channels": 48},
        "vae": VAE_22,
        "expand_timesteps": True,
        "flow_shift": 5.0,
        "conditions": ["first_image", "source"],
        "injected": ["keyframes"],
    },
    "vace": {"transformer": VACE, "conditions": ["first_image", "last_image", "keyframes", "source"]},
    "vace-a14b": {
        "transformer": VACE,
        "boundary": 0.875,
        "conditions": ["first_image", "last_image", "keyframes", "source"],
    },
}
"""What sets the models apart, and what their cards say."""


LTX: dict[str, dict[str, Any]] = {
    "0.9.0": {},
    "0.9.1": {
        "vae": {
            "decoder_block_out_channels": (8, 16, 32),
            "decoder_layers_per_block": (1, 1, 1, 1),
            "decoder_spatio_temporal_scaling": (True, True, True),
            "upsample_factor": (2, 2, 2),
            "decoder_inject_noise": (False, True, True, True),
            "upsample_residual": (True, True, True),
            "timestep_conditioning": True,
        },
    },
    "0.9.8": {
        "vae": {
            "block_out_channels": (8, 8, 8, 8, 8),
            "layers_per_block": (1, 1, 1, 1, 1),
            "down_block_types": ("LTXVideo095DownBlock3D",) * 4,
            "spatio_temporal_scaling": (True,) * 4,
            "downsample_type": ("spatial", "temporal", "spatiotemporal", "spatiotemporal"),
            "decoder_block_out_channels": (8, 16, 32),
            "decoder_layers_per_block": (1, 1, 1, 1),
            "decoder_spatio_temporal_scaling": (True, True, True),
            "upsample_factor": (2, 2, 2),
            "decoder_inject_noise": (False,) * 4,
            "upsample_residual": (True, True, True),
            "timestep_conditioning": True,
            "spatial_compression_ratio": 32,
            "temporal_compression_ratio": 8,
        },
        "shifts": False,
        "options": {"decode_timestep": 0.05, "decode_noise_scale": 0.025, "image_cond_noise_scale": 0.0},
        "timesteps": [1000, 993, 987, 981, 975, 909, 725, 0.03],
    },
}
"""Versions of LTX-Video: all from 0.9.5 on, of 2 and 13 billion weights, have one VAE; 0.9.8 is distilled here."""


@pytest.fixture(scope="session")
def tiny_wan(tmp_path_factory: pytest.TempPathFactory, tiny_ltx: Path) -> Callable[[str], Path]:
    """Return a function that makes the folder of a tiny model of one kind, once; not to be changed."""
    made: dict[str, Path] = {}
    root = tmp_path_factory.mktemp("wan")

    def making(kind: str) -> Path:
        if kind not in made:
            made[kind] = root / kind
            _write(made[kind], WAN[kind], tiny_ltx)
        return made[kind]

    return making


def _write(folder: Path, kind: dict[str, Any], tiny_ltx: Path) -> None:
    import torch
    from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanTransformer3DModel, WanVACETransformer3DModel
    from transformers import CLIPVisionConfig, CLIPVisionModel, UMT5Config, UMT5EncoderModel

    config = {**TRANSFORMER, **kind.get("transformer", {})}
    cls = WanVACETransformer3DModel if "vace_layers" in config else WanTransformer3DModel
    boundary = kind.get("boundary")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        # First what they share, so that it is the same for all.
        parts: dict[str, Any] = {"vae": AutoencoderKLWan(**kind.get("vae", VAE))}
        sizes = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_heads": 2, "num_layers": 2, "vocab_size": 128}
        parts["text_encoder"] = UMT5EncoderModel(UMT5Config(**sizes))
        parts["transformer"] = cls(**config)
        if boundary is not None:
            parts["transformer_2"] = cls(**config)
        if "image_dim" in config:
            eye = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
            parts["image_encoder"] = CLIPVisionModel(CLIPVisionConfig(**eye, patch_size=14, hidden_act="gelu"))
        for part in (parts[name] for name in parts if name.startswith("transformer")):
            torch.nn.init.normal_(part.proj_out.weight, std=0.3)  # else it predicts next to nothing
    for name, part in parts.items():
        part.save_pretrained(folder / name)
    shift = kind.get("flow_shift", 3.0)
    flow = {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": shift}
    UniPCMultistepScheduler(**flow).save_pretrained(folder / "scheduler")
    shutil.copytree(tiny_ltx / "tokenizer", folder / "tokenizer")
    index: dict[str, Any] = {"_class_name": "WanPipeline", "boundary_ratio": boundary, "transformer_2": [None, None]}
    if "vace_layers" in config:
        index["_class_name"] = "WanVACEPipeline"
    elif config["in_channels"] == 36:
        index |= {"_class_name": "WanImageToVideoPipeline", "image_encoder": [None, None]}
        index["image_processor"] = [None, None]
    if "expand_timesteps" in kind:
        index["expand_timesteps"] = True
    of_transformers = {"text_encoder", "image_encoder"}
    index |= {
        name: ["transformers" if name in of_transformers else "diffusers", type(part).__name__]
        for name, part in parts.items()
    }
    index |= {"scheduler": ["diffusers", "UniPCMultistepScheduler"], "tokenizer": ["transformers", "T5TokenizerFast"]}
    (folder / "model_index.json").write_text(json.dumps(index), "utf-8")


@pytest.fixture(scope="session")
def tiny_ltx_of(tmp_path_factory: pytest.TempPathFactory, tiny_ltx: Path) -> Callable[[str], Path]:
    """Return a function that makes the folder of a tiny LTX-Video of one version, once; not to be changed."""
    root = tmp_path_factory.mktemp("ltx")

    def making(version: str) -> Path:
        import torch
        from diffusers import AutoencoderKLLTXVideo, FlowMatchEulerDiscreteScheduler

        folder, said = root / version, LTX[version]
        if folder.exists():
            return folder
        shutil.copytree(tiny_ltx, folder)
        if "vae" in said:
            shutil.rmtree(folder / "vae")
            narrow = {"latent_channels": 8, "block_out_channels": (8,) * 4, "layers_per_block": (1,) * 5}
            with torch.random.fork_rng():
                torch.manual_seed(0)
                AutoencoderKLLTXVideo(**{**narrow, **said["vae"]}).save_pretrained(folder / "vae")
        if not said.get("shifts", True):
            FlowMatchEulerDiscreteScheduler().save_pretrained(folder / "scheduler")
        return folder

    return making


@pytest.fixture(scope="session")
def card_of(tiny_wan: Callable[[str], Path], tiny_ltx_of: Callable[[str], Path]) -> Callable[..., ModelCard]:
    """Return a function that writes the card of a tiny model; further arguments are fields of the card."""

    def making(kind: str, **fields: object) -> ModelCard:
        said = _wan_rules(WAN[kind]) if kind in WAN else _ltx_rules(LTX[kind])
        folder = tiny_wan(kind) if kind in WAN else tiny_ltx_of(kind)
        said |= {
            "id": kind,
            "name": f"The {kind}",
            "description": "",
            "licence": "Apache-2.0",
            "folder": kind,
            "location": str(folder),
            "files": [_file(path, folder) for path in sorted(folder.rglob("*")) if path.is_file()],
        }
        return ModelCard.model_validate({**said, **fields})

    return making


def _file(path: Path, folder: Path) -> dict[str, object]:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"path": path.relative_to(folder).as_posix(), "size_bytes": path.stat().st_size, "sha256": digest}


def _wan_rules(kind: dict[str, Any]) -> dict[str, Any]:
    edge = 32 if "expand_timesteps" in kind else 16
    return {
        "family": "wan",
        "size": {"multiple": edge, "smallest_edge": 32, "largest_edge": 256, "largest_pixels": 65536},
        "frames": {"step": 4, "smallest": 1, "largest": 33},
        "conditions": kind["conditions"],
        "injected": kind.get("injected", []),
        "needs_image": kind.get("needs", False),
        "context_frames": 5,
        "defaults": {
            "width": 64,
            "height": 32,
            "num_frames": 17,
            "fps": 16,
            "num_inference_steps": 4,
            "guidance_scale": 5.0,
        },
        "options": {"max_sequence_length": 32},
    }


def _ltx_rules(version: dict[str, Any]) -> dict[str, Any]:
    timesteps = version.get("timesteps", [])
    return {
        "family": "ltx",
        "size": {"multiple": 32, "smallest_edge": 32, "largest_edge": 256, "largest_pixels": 65536},
        "frames": {"step": 8, "smallest": 1, "largest": 41},
        "conditions": ["first_image", "last_image", "keyframes", "source"],
        "context_frames": 9,
        "defaults": {
            "width": 64,
            "height": 32,
            "num_frames": 25,
            "fps": 24,
            "num_inference_steps": len(timesteps) or 4,
            "guidance_scale": 1.0 if timesteps else 3.0,
        },
        "options": {"max_sequence_length": 32, **version.get("options", {})},
        "timesteps": timesteps,
    }


@pytest.fixture(scope="session")
def tiny(card_of: Callable[..., ModelCard], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Loaded]:
    """Return a function that gives a tiny model of one kind, loaded as a worker does it, once."""
    loaded: dict[str, Loaded] = {}
    cache = tmp_path_factory.mktemp("tiny-cache")

    def loading(kind: str) -> Loaded:
        if kind not in loaded:
            card = card_of(kind)
            weights = verified(card, Path(card.location or ""), cache=cache)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(preview, "_PROBE_CLIPS", 2)  # a rougher preview, sooner
                loaded[kind] = load(weights, find("cpu"), cache, PromptCache(), lambda: None)
        return loaded[kind]

    return loading
