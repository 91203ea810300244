"""A LoRA from a file to a take, through the real engine; one for another model is refused before a job is queued."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from engine.protocol.job import Done
from engine.protocol.problem import ProblemsError
from engine.protocol.recipe import LoraUse

WIDTH = 256
"""Of the starter model."""


def written(path: Path, layer: str, width: int = WIDTH) -> Path:
    rng = np.random.default_rng(0)
    down, up = rng.normal(size=(4, width)), rng.normal(size=(width, 4))
    save_file({f"{layer}.lora_A.weight": down.astype("f4"), f"{layer}.lora_B.weight": up.astype("f4")}, path)
    return path


def test_it_changes_the_take(shared_engine, submit, over, tmp_path) -> None:
    sha256 = shared_engine.upload_lora(
        written(tmp_path / "x.safetensors", "transformer.transformer_blocks.0.attn1.to_q"), "starter"
    )
    plain = submit(num_inference_steps=2)
    changed, off = (submit(num_inference_steps=2, loras=[LoraUse(media=sha256, strength=s)]) for s in (1.0, 0.0))
    states = [over(job).state for job in (plain, changed, off)]
    assert all(isinstance(state, Done) for state in states)
    assert states[0].take.media != states[1].take.media


def test_one_for_another_model_is_not_kept(shared_engine, submit, tmp_path) -> None:
    path = written(tmp_path / "wan.safetensors", "diffusion_model.blocks.0.self_attn.q")
    with pytest.raises(ProblemsError, match="another architecture than Starter") as refused:
        shared_engine.upload_lora(path, "starter")
    assert [problem.kind for problem in refused.value.problems] == ["unsupported"]
    with pytest.raises(ProblemsError) as refused:
        submit(loras=[LoraUse(media="0" * 64, strength=9.0)])
    assert {(p.field, p.kind) for p in refused.value.problems} == {
        ("loras[0].media", "missing"),
        ("loras[0].strength", "too_large"),
    }


def test_a_lora_is_no_image(shared_engine, submit, tmp_path) -> None:
    sha256 = shared_engine.upload_lora(
        written(tmp_path / "x.safetensors", "transformer.transformer_blocks.7.attn1.to_q"), "starter"
    )
    with pytest.raises(ProblemsError) as refused:
        submit(conditions=[{"media": sha256}])
    assert [(p.field, p.kind) for p in refused.value.problems] == [("conditions[0].media", "unsupported")]
