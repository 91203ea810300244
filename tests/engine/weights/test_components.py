"""Hostile and broken model folders: refused by name, and nothing of theirs runs."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from diffusers.models.transformers.transformer_ltx import LTXVideoTransformer3DModel
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler

from engine.families.ltx import LTX
from engine.protocol.home import RESOURCES
from engine.protocol.model_card import ModelCard
from engine.weights.components import load_diffusers, load_t5
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


def test_one_flipped_bit_is_found_and_named(starter_card: ModelCard, model: Path) -> None:
    path = model / "vae" / "diffusion_pytorch_model-00002-of-00002.safetensors"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"vae/diffusion_pytorch_model-00002-of-00002\.safetensors") as caught:
        verified(starter_card, model)
    assert caught.value.kind == "corrupt_weights"


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
