"""Quantizing: what comes out loads as the same model, nearly; what cannot be quantized is said, and leaves nothing."""

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.models.transformers.transformer_ltx import LTXVideoTransformer3DModel
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from diffusers.models.transformers.transformer_wan_vace import WanVACETransformer3DModel
from safetensors.torch import save_file

from engine.protocol.problem import ProblemsError
from engine.weights import quantize as quantizing
from engine.weights.components import load_diffusers, load_gguf, unpack_gguf
from engine.weights.quantize import quantize
from engine.weights.quantized_card import To

NARROW_WAN: dict[str, Any] = {
    "num_attention_heads": 2,
    "attention_head_dim": 32,
    "in_channels": 4,
    "out_channels": 4,
    "text_dim": 32,
    "freq_dim": 32,
    "ffn_dim": 64,
    "num_layers": 2,
}
FULL_SIZE: list[Callable[[], Any]] = [
    lambda: LTXVideoTransformer3DModel(num_layers=2),
    lambda: WanTransformer3DModel(num_layers=2, image_dim=1280, added_kv_proj_dim=5120),
    lambda: WanVACETransformer3DModel(num_layers=2, vace_layers=[0]),
]


def no_progress(_: int, __: int) -> None:
    """Nobody looks."""


@pytest.mark.parametrize("make", FULL_SIZE)
def test_matrices_called_weight_are_linear_layers_of_every_transformer(make: Callable[[], Any]) -> None:
    with torch.device("meta"):
        model = make()
    linear = {f"{name}.weight" for name, part in model.named_modules() if isinstance(part, torch.nn.Linear)}
    found = {
        name
        for name, tensor in model.state_dict().items()
        if quantizing._Tensor(name, Path(), 0, "BF16", tuple(tensor.shape)).is_packed
    }
    fits = {name for name in linear if model.state_dict()[name].shape[1] % 32 == 0}
    assert found == {name for name in fits if "time_embedder" not in name}
    assert len(found) > 20


@pytest.mark.parametrize(("to", "error"), [("q8_0", 0.01), ("q4_0", 0.12)])
@pytest.mark.parametrize(("kind", "cls"), [("ltx", LTXVideoTransformer3DModel), ("wan", WanTransformer3DModel)])
def test_a_quantized_transformer_is_nearly_the_same(
    tiny_ltx: Path, tmp_path: Path, kind: str, cls: Any, to: To, error: float
) -> None:
    folder = tiny_ltx / "transformer"
    if kind == "wan":
        folder = tmp_path / "wan"
        WanTransformer3DModel(**NARROW_WAN).save_pretrained(folder)
    heard: list[tuple[int, int]] = []
    file = tmp_path / "new folder" / "made.gguf"
    quantize(folder, kind, to, file, lambda done, total: heard.append((done, total)))
    assert heard[-1][0] == heard[-1][1] > 0
    assert [path.name for path in file.parent.iterdir()] == ["made.gguf"]
    plain = load_diffusers(cls, folder, torch.float32).state_dict()
    made = unpack_gguf(load_gguf(cls, file, folder, torch.float32), torch.float32).state_dict()
    assert made.keys() == plain.keys()
    changed = 0
    for name, tensor in plain.items():
        far = float((made[name].float() - tensor).norm() / (tensor.norm() + 1e-6))
        assert far <= error, name
        changed += far > 0
    assert changed > 10  # it was quantized
    assert file.stat().st_size < sum(tensor.numel() * 4 for tensor in plain.values())


def test_bfloat16_is_read_as_it_is(tmp_path: Path) -> None:
    weight = torch.randn(8, 64, dtype=torch.bfloat16)
    save_file({"odd": weight[:, :7].contiguous(), "blocks.0.a.weight": weight}, tmp_path / "a.safetensors")
    odd, linear = quantizing._tensors(tmp_path)[::-1]
    assert torch.equal(torch.from_numpy(np.concatenate(list(odd.slices()))), weight[:, :7].float())
    assert torch.equal(torch.from_numpy(np.concatenate(list(linear.slices()))), weight.float())


def test_memory_holds_a_few_rows_at_a_time(tmp_path: Path) -> None:
    names = [f"blocks.{number}.a.weight" for number in range(8)]
    save_file({name: torch.zeros(4096, 4096, dtype=torch.bfloat16) for name in names}, tmp_path / "a.safetensors")
    tracemalloc.start()
    try:
        quantize(tmp_path, "wan", "q8_0", tmp_path / "made.gguf", no_progress)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    one = 4096 * 4096
    assert peak < 2 * one * 34 / 32 + 24 * quantizing.SLICE_WEIGHTS < 8 * one * 2
    assert (tmp_path / "made.gguf").stat().st_size == pytest.approx(8 * one * 34 / 32, rel=0.01)


def test_one_that_is_stopped_leaves_nothing(tiny_ltx: Path, tmp_path: Path) -> None:
    def stop(done: int, _: int) -> None:
        if done > 10_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quantize(tiny_ltx / "transformer", "ltx", "q8_0", tmp_path / "made.gguf", stop)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_quantized_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError, match="missing"):
        quantize(tmp_path, "ltx", "q8_0", tmp_path / "made.gguf", no_progress)
    lied = {"a": {"dtype": "BF16", "shape": [2, 32], "data_offsets": [0, 999]}}
    head = json.dumps(lied).encode()
    (tmp_path / "a.safetensors").write_bytes(len(head).to_bytes(8, "little") + head)
    with pytest.raises(ProblemsError, match=r"a\.safetensors"):
        quantize(tmp_path, "ltx", "q8_0", tmp_path / "made.gguf", no_progress)
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


def test_a_full_disk_is_seen_beforehand(tiny_ltx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 5})
    monkeypatch.setattr(quantizing.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ProblemsError, match="5 are free"):
        quantize(tiny_ltx / "transformer", "ltx", "q8_0", tmp_path / "made.gguf", no_progress)
    assert list(tmp_path.iterdir()) == []
