"""Progress, previews, cancel and notices of a render."""

import copy
import dataclasses
import itertools

import cv2
import numpy as np
import pytest
import torch

from engine.protocol.events import Progress
from engine.protocol.job import Delivery
from engine.render import take
from engine.render.interrupt import Interrupt, InterruptedRenderError
from engine.render.loaded import LARGEST_EMBEDDINGS, PromptCache
from engine.render.preview import PreviewSender, fit, preview_map, probe_clip
from engine.render.render import Render
from engine.render.steps import observed


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))


def test_progress_counts_every_step_through_every_stage(starter, task, recipe, witness, tmp_path) -> None:
    with Render(task(recipe), starter, witness, Interrupt()) as render:
        render.denoise()
        assert take.write(render, Delivery(), tmp_path / "a.mp4") == recipe.num_frames
    stages = [stage for stage, _ in itertools.groupby(p.stage for p in witness.progress)]
    assert stages == ["encode", "denoise", "decode", "write"]
    assert [p.step for p in witness.progress if p.stage == "denoise"] == [0, 1, 2, 3]
    assert witness.progress[-1].eta_s == 0
    assert set(render.stage_s) == {"encode", "denoise", "decode", "write"}


def test_previews_show_every_frame_and_end_near_the_result(render, starter, recipe, witness, monkeypatch) -> None:
    monkeypatch.setattr(PreviewSender, "is_due", lambda _: True)
    offered = []
    original = PreviewSender.offer
    monkeypatch.setattr(PreviewSender, "offer", lambda s, step, x: (offered.append(x.clone()), original(s, step, x)))
    rendered = render(recipe.changed(num_inference_steps=8))
    preview, jpegs = witness.previews[0]
    pictures = [cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for jpeg in jpegs]
    assert len(pictures) == recipe.num_frames
    assert {picture.shape for picture in pictures} == {(preview.height, preview.width, 3)}
    assert torch.allclose(offered[-1], rendered.latents[0], atol=1e-5)
    shown = starter.preview.frames(offered[-1].numpy())
    flat = np.broadcast_to(rendered.frames.mean((1, 2), keepdims=True), rendered.frames.shape)
    assert psnr(shown, rendered.frames) > max(20, psnr(flat, rendered.frames) + 3)


def test_the_predicted_clean_clip_comes_nearer_with_every_step(render, recipe, monkeypatch) -> None:
    offered = []
    monkeypatch.setattr(PreviewSender, "is_due", lambda _: True)
    monkeypatch.setattr(PreviewSender, "offer", lambda _, step, x: offered.append(x.clone()))
    final = render(recipe.changed(num_inference_steps=10)).latents[0]
    errors = [float((x - final).square().mean()) for x in offered]
    assert len(errors) == 10
    assert errors[-1] < 1e-8 < errors[5] < errors[0]


def test_preview_map_fits_what_it_has_not_seen_and_is_cached(starter, tmp_path) -> None:
    fitted = fit(starter.family, starter.pipeline)
    ratio = starter.family.compression(starter.pipeline)
    with torch.inference_mode():
        latents = starter.family.encode(starter.pipeline, probe_clip(1234, ratio))
        decoded = starter.family.decode(starter.pipeline, latents)
    assert psnr(fitted.frames(latents[0].numpy()), decoded) > 25
    first = preview_map(starter.family, starter.pipeline, "v", tmp_path)
    (tmp_path / "v-48.safetensors").with_suffix(".safetensors").touch()
    assert np.array_equal(first.later.pixels, preview_map(starter.family, None, "v", tmp_path).later.pixels)


def test_a_damaged_preview_cache_is_made_anew(starter, tmp_path) -> None:
    (tmp_path / "v-48.safetensors").write_bytes(b"noise")
    assert preview_map(starter.family, starter.pipeline, "v", tmp_path).first.pixels.shape[-1] == 3


@pytest.mark.parametrize("stage", ["encode", "denoise", "decode"])
def test_cancel_lands_within_one_module_in_every_stage(render, starter, recipe, witness, stage) -> None:
    recipe = recipe.changed(prompt=f"a prompt that is embedded in this test only: {stage}")
    pipeline = starter.pipeline
    module = {
        "encode": pipeline.text_encoder.encoder.block[0],
        "denoise": pipeline.transformer.transformer_blocks[0],
        "decode": pipeline.vae.decoder.conv_in,
    }[stage]
    interrupt = Interrupt()
    after_request = []

    def ask(module: object, arguments: object) -> None:
        if interrupt._is_wanted:
            after_request.append(module)
        interrupt.request("j", "cancel")

    expected = render(recipe.changed(prompt="x")).latents
    handle = module.register_forward_pre_hook(ask)
    try:
        with pytest.raises(InterruptedRenderError):
            render(recipe, interrupt)
    finally:
        handle.remove()
    assert after_request == []
    assert witness.progress[-1].stage == stage
    again = render(recipe.changed(prompt="x")).latents
    assert torch.equal(again, expected)


def test_cancel_while_writing_leaves_nothing(starter, task, recipe, witness, tmp_path) -> None:
    interrupt = Interrupt()

    def asking(progress: Progress) -> None:
        if progress.stage == "write":
            interrupt.request("j", "cancel")

    witness.on_progress = asking
    with interrupt.watching("j"), Render(task(recipe), starter, witness, interrupt) as render:
        render.denoise()
        with pytest.raises(InterruptedRenderError):
            take.write(render, Delivery(), tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_job_cancelled_before_it_starts_never_runs(starter, recipe, witness) -> None:
    interrupt = Interrupt()
    interrupt.request("j", "cancel")
    with pytest.raises(InterruptedRenderError), interrupt.watching("j"):
        pytest.fail("the block must not run")
    with interrupt.watching("j"):  # asked for once, stopped once
        interrupt.check()


def test_a_prompt_longer_than_the_text_encoder_reads_is_said(render, recipe) -> None:
    recipe = recipe.changed(prompt="a beach at sunset " * 40)
    (notice,) = render(recipe).notices
    assert (notice.kind, notice.field, notice.kept) == ("prompt_truncated", "prompt", 64)
    assert notice.given > 64


@pytest.mark.parametrize("prompt", ["", "🐳🌊 море 海 بحر", "\u202eright to left", "a" * 4000])
def test_odd_prompts_render(render, recipe, prompt) -> None:
    recipe = recipe.changed(prompt=prompt, num_inference_steps=1)
    assert render(recipe).frames.shape == (9, 64, 64, 3)


def test_prompts_are_embedded_once(render, starter, recipe, monkeypatch) -> None:
    calls = []
    original = starter.family.embed
    monkeypatch.setattr(starter.family, "embed", lambda p, w, prompt: (calls.append(prompt), original(p, w, prompt))[1])
    for _ in range(2):
        render(recipe.changed(prompt="only once"))
    assert calls.count("only once") == 1
    twin = dataclasses.replace(starter, pipeline=None)  # another model with the same text encoder
    assert twin.embed("only once") is starter.embed("only once")


def test_the_latest_prompts_are_remembered() -> None:
    cache, asked = PromptCache(), []

    def get(encoder: str, prompt: str) -> None:
        cache.get(encoder, prompt, lambda: asked.append((encoder, prompt)) or object())

    for i in range(LARGEST_EMBEDDINGS + 1):
        get("t5", str(i))
    get("t5", "0")  # pushed out
    get("t5", str(LARGEST_EMBEDDINGS))
    get("other t5", str(LARGEST_EMBEDDINGS))
    assert asked[-2:] == [("t5", "0"), ("other t5", str(LARGEST_EMBEDDINGS))]


def test_copies_of_the_scheduler_are_not_observed_and_the_class_returns(starter) -> None:
    scheduler = starter.pipeline.scheduler
    original = type(scheduler)
    seen = []

    def step_both_and_break() -> None:
        with observed(scheduler, seen.append):
            scheduler.set_timesteps(4)
            twin = copy.deepcopy(scheduler)
            sample = torch.zeros(1, 2, 3)
            twin.step(sample, twin.timesteps[0], sample)
            scheduler.step(sample, scheduler.timesteps[0], sample)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        step_both_and_break()
    assert type(scheduler) is original
    assert [step.index for step in seen] == [1]
