"""Loading models of the user's own: shards, GGUF, offload and tokenizers, on a tiny model with random weights."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import sentencepiece
import torch
from diffusers.quantizers.gguf.utils import GGUFLinear

import engine.families.family as family_module
from engine.families.family import Inputs
from engine.families.ltx import LTX
from engine.memory.offload import place
from engine.protocol.model_card import ModelToAdd
from engine.protocol.recipe import Recipe
from engine.server.library import Library
from engine.weights.components import load_t5, load_tokenizer
from engine.weights.store import Weights, WeightsError, verified


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def add(home: Path) -> Callable[..., Weights]:
    """Return a function that adds a folder and checks its files."""

    def adding(folder: Path, **fields: object) -> Weights:
        card = Library(home).add(ModelToAdd.model_validate({"path": str(folder), **fields}), lambda *_: None)
        return verified(card, Path(card.location or ""))

    return adding


def latents(pipeline: Any, weights: Weights) -> torch.Tensor:
    """Two guided steps."""
    family = LTX()
    recipe = Recipe(
        model=weights.card.id,
        prompt="a beach",
        width=64,
        height=64,
        num_frames=9,
        fps=12,
        num_inference_steps=2,
        guidance_scale=3,
        seed=7,
    )
    with torch.inference_mode():
        positive, negative = (family.embed(pipeline, weights, text) for text in ("a beach", ""))
        inputs = Inputs(
            recipe=recipe,
            known=[],
            source=None,
            positive=positive,
            negative=negative,
            generator=torch.Generator("cpu").manual_seed(7),
        )
        found = family.denoise(pipeline, weights, inputs)
        frames = family.decode(pipeline, found)
        pipeline.maybe_free_model_hooks()
        family.encode(pipeline, frames[:1])
    assert frames.shape == (9, 64, 64, 3)
    assert bool(found.isfinite().all())
    return found


def load(weights: Weights, dtype: torch.dtype = torch.float32, **changes: object) -> Any:
    with torch.inference_mode():
        return LTX().load(Weights(weights.card.changed(**changes), weights.folder), "cpu", dtype)


def test_a_folder_with_shards_renders(add: Callable[..., Weights], tiny_ltx: Path) -> None:
    weights = add(tiny_ltx)
    found = latents(load(weights), weights)
    assert not torch.equal(found, latents(load(weights, torch.bfloat16), weights))
    assert torch.equal(found, latents(load(weights), weights))


def test_layers_that_wait_elsewhere_make_the_same_latents(add: Callable[..., Weights], tiny_ltx: Path) -> None:
    weights = add(tiny_ltx)
    grouped = load(weights, offload="group")
    assert getattr(grouped.transformer.proj_in, "_diffusers_hook", None)
    assert torch.equal(latents(load(weights), weights), latents(grouped, weights))
    assert torch.equal(latents(load(weights, offload="model"), weights), latents(grouped, weights))


def test_parts_that_come_one_at_a_time_make_the_same_latents(add: Callable[..., Weights], tiny_ltx: Path) -> None:
    """The hooks alone, on one device: moving needs a GPU."""
    weights = add(tiny_ltx)
    hooked = place(load(weights), "model", "cpu")
    assert len(hooked._all_hooks) == 3
    assert torch.equal(latents(load(weights), weights), latents(hooked, weights))


def test_a_gguf_renders_packed_and_unpacked_alike(
    add: Callable[..., Weights], tiny_ltx: Path, tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, plain = add(tiny_ltx, gguf=str(tiny_gguf)), add(tiny_ltx)
    unpacked = load(weights)
    monkeypatch.setattr(family_module, "unpacks", lambda *_: False)
    packed = load(weights)
    kinds = [sum(isinstance(m, GGUFLinear) for m in p.transformer.modules()) for p in (unpacked, packed)]
    assert kinds == [0, 2 * (8 + 2)]
    assert {p.dtype for p in unpacked.transformer.parameters()} == {torch.float32}
    assert torch.equal(latents(unpacked, weights), latents(packed, weights))
    reference = latents(load(plain), plain)
    error = (latents(packed, weights) - reference).norm() / reference.norm()
    assert 0 < error < 0.05
    assert torch.equal(latents(load(weights, offload="group"), weights), latents(packed, weights))


def test_a_gguf_that_lacks_a_tensor_is_refused(add: Callable[..., Weights], tiny_ltx: Path, tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "bad.gguf", "ltxv")
    for i in range(2):
        writer.add_tensor(f"transformer_blocks.{i}.attn1.to_q.weight", np.zeros((64, 64), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(WeightsError, match=r"bad\.gguf") as caught:
        load(add(tiny_ltx, gguf=str(tmp_path / "bad.gguf")))
    assert caught.value.kind == "corrupt_weights"


def test_tensors_that_are_missing_are_not_made_up(tiny_copy: Path) -> None:
    index = tiny_copy / "text_encoder" / "model.safetensors.index.json"
    table = json.loads(index.read_text())
    lost = next(name for name in table["weight_map"] if name.endswith("wi_0.weight"))
    shard = tiny_copy / "text_encoder" / table["weight_map"].pop(lost)
    from safetensors.torch import load_file, save_file

    held = load_file(shard)
    del held[lost]
    save_file(held, shard, metadata={"format": "pt"})
    index.write_text(json.dumps(table))
    with pytest.raises(WeightsError, match=r"text_encoder has no tensor .*wi_0"):
        load_t5(tiny_copy / "text_encoder", torch.float32)


@pytest.mark.parametrize("text", ["a beach at sunset", "  The  quick\tbrown fox ", "é", "wave 🌊 x<pad>", ""])
def test_a_sentencepiece_model_reads_as_sentencepiece_does(tiny_ltx: Path, text: str) -> None:
    folder = tiny_ltx / "tokenizer"
    own = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spiece.model"))
    plain = text.replace("<pad>", "")
    assert load_tokenizer(folder)(plain).input_ids == [*own.encode(plain), own.eos_id()]


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, b"not a model"])
def test_what_is_no_sentencepiece_model_is_named(tiny_copy: Path, content: bytes) -> None:
    (tiny_copy / "tokenizer" / "spiece.model").write_bytes(content)
    with pytest.raises(WeightsError, match=r"tokenizer/spiece\.model"):
        load_tokenizer(tiny_copy / "tokenizer")
    (tiny_copy / "tokenizer" / "spiece.model").unlink()
    with pytest.raises(WeightsError, match=r"spiece\.model is missing"):
        load_tokenizer(tiny_copy / "tokenizer")
