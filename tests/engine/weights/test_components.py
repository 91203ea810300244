"""Hostile and broken model folders: refused by name, and nothing of theirs runs."""

import inspect
import json
import re
import shutil
from pathlib import Path

import diffusers
import pytest
import torch
from diffusers.models.transformers.transformer_ltx import LTXVideoTransformer3DModel
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from transformers import CLIPVisionConfig, UMT5Config

from engine.families.ltx import LTX
from engine.protocol.home import RESOURCES
from engine.protocol.model_card import ModelCard
from engine.weights.components import load_diffusers, load_t5
from engine.weights.configs import (
    CLASS_KEYS,
    CLIP_KEYS,
    CLIP_NOTES,
    UMT5_KEYS,
    UMT5_NOTES,
    read_class_config,
    read_closed,
)
from engine.weights.store import Weights, WeightsError, verified

STARTER = RESOURCES / "models" / "starter"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the starter model that a test may harm."""
    return Path(shutil.copytree(STARTER, tmp_path / "model"))


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_the_shipped_model_is_what_its_card_says(starter_card: ModelCard) -> None:
    weights = verified(starter_card, STARTER)
    assert weights.digest("vae") != weights.digest("text_encoder") != weights.digest()
    listed = {file.path for file in starter_card.files}
    assert listed == {p.relative_to(STARTER).as_posix() for p in STARTER.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    "name", ["vae/diffusion_pytorch_model-00002-of-00002.safetensors", "transformer/diffusion_pytorch_model.gguf"]
)
def test_one_flipped_bit_is_found_and_named(starter_card: ModelCard, model: Path, name: str) -> None:
    path = model / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=re.escape(name)) as caught:
        verified(starter_card, model)
    assert caught.value.kind == "corrupt_weights"


def test_the_transformer_is_read_from_the_folder_s_gguf(starter_card: ModelCard, model: Path) -> None:
    weights = verified(starter_card, model)
    assert weights.gguf == model / "transformer" / "diffusion_pytorch_model.gguf"
    assert weights.gguf.stat().st_size < 10_000_000 < sum(file.size_bytes for file in starter_card.files) < 45_000_000
    weights.gguf.unlink()
    with pytest.raises(WeightsError, match=r"transformer/diffusion_pytorch_model\.gguf is missing") as caught:
        verified(starter_card, model)
    assert caught.value.kind == "missing_weights"


def test_missing_and_truncated_files_are_named(starter_card: ModelCard, model: Path) -> None:
    (model / "transformer" / "config.json").unlink()
    with pytest.raises(WeightsError, match=r"transformer/config\.json") as caught:
        verified(starter_card, model)
    assert caught.value.kind == "missing_weights"
    shutil.copy(STARTER / "transformer" / "config.json", model / "transformer")
    with (model / "text_encoder" / "model.safetensors").open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(WeightsError, match=r"text_encoder/model\.safetensors has 1000 bytes"):
        verified(starter_card, model)


@pytest.mark.parametrize(
    "change",
    [
        {"auto_map": {"AutoModel": "evil.Model"}},
        {"_class_name": "StableDiffusionPipeline"},
        {"quantization_config": {"quant_method": "bitsandbytes"}},
        {"activation_fn": {"nested": True}},
        {"_attn_implementation_internal": "someone/kernel"},
    ],
)
def test_a_diffusers_config_may_hold_nothing_unknown(model: Path, change: dict[str, object]) -> None:
    edit(model / "transformer" / "config.json", **change)
    with pytest.raises(WeightsError, match=r"config\.json"):
        load_diffusers(LTXVideoTransformer3DModel, model / "transformer", torch.float32)


@pytest.mark.parametrize(
    "change", [{"auto_map": {"AutoModel": "evil.Model"}}, {"_attn_implementation_internal": "x/y"}, {"trust": True}]
)
def test_a_text_encoder_config_may_hold_nothing_unknown(model: Path, change: dict[str, object]) -> None:
    edit(model / "text_encoder" / "config.json", **change)
    with pytest.raises(WeightsError, match="unknown key"):
        load_t5(model / "text_encoder", torch.float32)


def test_a_pickle_is_never_read(model: Path) -> None:
    for weights in (model / "transformer").glob("*.safetensors*"):
        weights.unlink()
    (model / "transformer" / "diffusion_pytorch_model.bin").write_bytes(b"\x80\x04cos\nsystem\n(S'touch evil'\ntR.")
    with pytest.raises(OSError, match="safetensors"):
        load_diffusers(LTXVideoTransformer3DModel, model / "transformer", torch.float32)


@pytest.mark.parametrize("content", ["", "[]", "{", "\x00", '{"_class_name": 3}'])
def test_a_broken_scheduler_config_is_named(model: Path, content: str) -> None:
    (model / "scheduler" / "scheduler_config.json").write_text(content)
    with pytest.raises(WeightsError, match=r"scheduler/scheduler_config\.json"):
        load_diffusers(FlowMatchEulerDiscreteScheduler, model / "scheduler")


def test_model_index_is_not_asked(starter_card: ModelCard, model: Path) -> None:
    (model / "model_index.json").write_text('{"_class_name": ["os", "system"], "vae": ["evil", "Evil"]}')
    pipeline = LTX().load(Weights(starter_card, model), "cpu", torch.bfloat16)
    assert type(pipeline.transformer) is LTXVideoTransformer3DModel
    assert not pipeline.text_encoder.training


def test_what_we_know_of_diffusers_classes_is_what_they_take() -> None:
    for name, keys in CLASS_KEYS.items():
        assert set(inspect.signature(getattr(diffusers, name).__init__).parameters) - {"self", "kwargs"} == keys, name


@pytest.mark.parametrize("value", [10**12, -(10**12), float("inf"), float("nan"), 1e300])
def test_numbers_that_would_fill_the_memory_are_refused(model: Path, value: float) -> None:
    edit(model / "scheduler" / "scheduler_config.json", num_train_timesteps=value)
    with pytest.raises(WeightsError, match="no plain value"):
        load_diffusers(FlowMatchEulerDiscreteScheduler, model / "scheduler")


UMT5_XXL = {
    "architectures": ["UMT5EncoderModel"],
    "classifier_dropout": 0.0,
    "d_ff": 10240,
    "d_kv": 64,
    "d_model": 4096,
    "decoder_start_token_id": 0,
    "dense_act_fn": "gelu_new",
    "dropout_rate": 0.1,
    "eos_token_id": 1,
    "feed_forward_proj": "gated-gelu",
    "initializer_factor": 1.0,
    "is_encoder_decoder": True,
    "is_gated_act": True,
    "layer_norm_epsilon": 1e-06,
    "model_type": "umt5",
    "num_decoder_layers": 24,
    "num_heads": 64,
    "num_layers": 24,
    "output_past": True,
    "pad_token_id": 0,
    "relative_attention_max_distance": 128,
    "relative_attention_num_buckets": 32,
    "scalable_attention": True,
    "tie_word_embeddings": False,
    "tokenizer_class": "T5Tokenizer",
    "torch_dtype": "bfloat16",
    "transformers_version": "4.48.0.dev0",
    "use_cache": True,
    "vocab_size": 256384,
}
CLIP_HUGE = {
    "_name_or_path": "laion/CLIP-ViT-H-14-laion2B-s32B-b79K",
    "architectures": ["CLIPVisionModel"],
    "attention_dropout": 0.0,
    "dropout": 0.0,
    "hidden_act": "gelu",
    "hidden_size": 1280,
    "image_size": 224,
    "initializer_factor": 1.0,
    "initializer_range": 0.02,
    "intermediate_size": 5120,
    "layer_norm_eps": 1e-05,
    "model_type": "clip_vision_model",
    "num_attention_heads": 16,
    "num_channels": 3,
    "num_hidden_layers": 32,
    "patch_size": 14,
    "projection_dim": 1024,
    "torch_dtype": "float32",
    "transformers_version": "4.49.0.dev0",
}
VAE_22 = {
    "_class_name": "AutoencoderKLWan",
    "_diffusers_version": "0.35.0.dev0",
    "attn_scales": [],
    "base_dim": 160,
    "clip_output": False,
    "decoder_base_dim": 256,
    "dim_mult": [1, 2, 4, 4],
    "dropout": 0.0,
    "in_channels": 12,
    "is_residual": True,
    "latents_mean": [-0.2289] * 48,
    "latents_std": [0.4765] * 48,
    "num_res_blocks": 2,
    "out_channels": 12,
    "patch_size": 2,
    "scale_factor_spatial": 16,
    "scale_factor_temporal": 4,
    "temperal_downsample": [False, True, True],
    "z_dim": 48,
}


def test_the_published_configs_of_wan_are_read(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(UMT5_XXL))
    encoder = UMT5Config(**read_closed(path, UMT5_KEYS, UMT5_NOTES))
    assert (encoder.d_ff, encoder.dense_act_fn, encoder.is_gated_act) == (10240, "gelu_new", True)
    path.write_text(json.dumps(CLIP_HUGE))
    eye = CLIPVisionConfig(**read_closed(path, CLIP_KEYS, CLIP_NOTES))
    assert (eye.hidden_size, eye.hidden_act) == (1280, "gelu")
    path.write_text(json.dumps(VAE_22))
    values = read_class_config(path, "AutoencoderKLWan", CLASS_KEYS["AutoencoderKLWan"])
    assert values.keys() == VAE_22.keys() - {"_class_name", "_diffusers_version", "clip_output"}
