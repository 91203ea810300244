"""The GPU benchmark runs from end to end: with toy sizes here, and on a card where there is one."""

from typing import Any

import pytest
import torch

from engine.render import preview
from tests.bench import gpu

on_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")


@pytest.mark.parametrize(
    ("model", "device"),
    [
        ("ltx-2b", "cpu"),
        pytest.param("ltx-2b", "cuda", marks=on_cuda),
        pytest.param("wan-5b", "cuda", marks=on_cuda),
        pytest.param("wan-14b", "cuda", marks=on_cuda),
        pytest.param("ltx-13b", "cuda", marks=on_cuda),
    ],
)
def test_every_row_is_measured(monkeypatch, model: str, device: str) -> None:
    monkeypatch.setattr(preview, "_PROBE_CLIPS", 2)
    monkeypatch.setattr(gpu, "STEPS", 3)
    monkeypatch.setattr(gpu, "CACHED_STEPS", 3)
    rows: list[dict[str, Any]] = []
    gpu.measure([model], device, tiny=True, seconds=600, write=rows.append)
    assert [row for row in rows if "error" in row] == []
    assert {"diffusers", "ours", "ours, fast", "ours, fp8 stored", "ours, Q8_0"} <= {row["way"] for row in rows}
    assert all(row["step_s"] > 0 and row["steps"] == 2 for row in rows)
    assert all(("peak_bytes" in row) == (device == "cuda") for row in rows)


def test_no_row_is_begun_when_the_time_is_over() -> None:
    rows: list[dict[str, Any]] = []
    gpu.measure(["ltx-2b"], "cpu", tiny=True, seconds=-1, write=rows.append)
    assert rows == []


def test_the_floor_is_that_of_the_published_arithmetic() -> None:
    for name, tflop in (("ltx-2b", 26), ("wan-5b", 511), ("wan-14b", 1678), ("ltx-13b", 446)):
        model = gpu.MODELS[name]
        anatomy = gpu.read_card(gpu.RESOURCES / "models" / f"{model.card}.toml").anatomy
        assert anatomy is not None
        clip = gpu.Clip(model.width, model.height, model.num_frames)
        assert gpu.forward_flops(anatomy, clip) / 1e12 == pytest.approx(tflop, rel=0.03)
