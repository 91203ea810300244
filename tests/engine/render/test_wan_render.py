"""Progress, previews, cancel, pause and resume of every Wan model, through the render that serves all families."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.media.video_read import read_frames
from engine.media.video_write import write_video
from engine.protocol.condition import Condition, Source
from engine.protocol.recipe import Recipe
from engine.protocol.rules import problems
from engine.protocol.sections import sections
from engine.render.interrupt import Interrupt, InterruptedRenderError
from engine.render.loaded import Loaded
from engine.render.preview import PreviewSender

STEPS = 5
KINDS = ["t2v", "t2v-a14b", "i2v", "flf", "i2v-a14b", "ti2v-5b", "vace", "vace-a14b"]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    rng = np.random.default_rng(0)
    write_video(tmp_path / "clip.mkv", rng.integers(0, 255, (13, 32, 64, 3), np.uint8), 16, container="mkv")
    Image.fromarray(rng.integers(0, 255, (32, 64, 3), np.uint8)).save(tmp_path / "a.png")
    return {"clip": tmp_path / "clip.mkv", "a": tmp_path / "a.png"}


@pytest.fixture
def bridge(recipe: Recipe) -> Recipe:
    """The hardest: known stretches at both ends, guidance."""
    ends = [Condition(media="clip", num_frames=5), Condition(media="clip", num_frames=5, frame_index=8, start_s=0.4)]
    return recipe.changed(width=64, height=32, num_frames=13, num_inference_steps=STEPS, fps=16, conditions=ends)


@pytest.fixture
def expert_calls(tiny: Callable[[str], Loaded]) -> Iterator[Callable[[str], list[str]]]:
    """Return a function that gives a list with an entry for every call of an expert that computes."""
    hooks = []

    def watching(kind: str) -> list[str]:
        calls: list[str] = []
        for name in ("transformer", "transformer_2"):
            expert = getattr(tiny(kind).pipeline, name, None)
            if expert is not None:
                hooks.append(expert.blocks[0].register_forward_pre_hook(lambda *_, name=name: calls.append(name)))
        return calls

    yield watching
    for hook in hooks:
        hook.remove()


def stopped(render, recipe: Recipe, step: int, wish="pause", **more) -> None:
    interrupt, before = Interrupt(), render.witness.on_progress

    def asking(progress) -> None:
        before(progress)
        if progress.step == step and progress.stage == "denoise":
            interrupt.request("j", wish)

    render.witness.on_progress = asking
    try:
        with pytest.raises(InterruptedRenderError):
            render(recipe, interrupt, **more)
    finally:
        render.witness.on_progress = before


@pytest.mark.parametrize("kind", KINDS)
def test_a_pause_changes_no_byte(render, tiny, bridge, files, tmp_path, expert_calls, kind: str) -> None:
    calls = expert_calls(kind)
    more = {"loaded": tiny(kind), "media_files": files}
    expected = render(bridge, **more)
    assert len(calls) == 2 * STEPS
    for step in (1, 3):  # before and behind the boundary, with one and with two predictions behind it
        folder = tmp_path / str(step)
        folder.mkdir()
        stopped(render, bridge, step, checkpoints=folder, **more)
        calls.clear()
        again = render(bridge, checkpoints=folder, **more)
        assert len(calls) == 2 * (STEPS - step)
        assert again.latents.numpy().tobytes() == expected.latents.numpy().tobytes()
        assert again.notices == ()


def test_a_remix_that_was_paused_changes_no_byte(render, tiny, bridge, files, tmp_path) -> None:
    recipe = bridge.changed(conditions=(), source=Source(media="clip", strength=0.6), num_inference_steps=8)
    more = {"loaded": tiny("t2v-a14b"), "media_files": files}
    expected = render(recipe, **more)
    assert expected.step == 4
    stopped(render, recipe, 3, checkpoints=tmp_path, **more)
    assert torch.equal(render(recipe, checkpoints=tmp_path, **more).latents, expected.latents)


def test_without_the_history_of_a_multistep_scheduler_the_bytes_would_differ(
    render, tiny, bridge, files, tmp_path, monkeypatch
) -> None:
    """That the tests above can fail."""
    more = {"loaded": tiny("t2v"), "media_files": files}
    expected = render(bridge, **more)
    stopped(render, bridge, 2, checkpoints=tmp_path, **more)
    monkeypatch.setattr("engine.render.steps._remember", lambda *_: None)
    assert not torch.equal(render(bridge, checkpoints=tmp_path, **more).latents, expected.latents)


@pytest.mark.parametrize("kind", KINDS)
def test_previews_show_the_clean_clip_and_what_is_pinned(
    render, tiny, bridge, files, witness, monkeypatch, kind: str
) -> None:
    monkeypatch.setattr(PreviewSender, "is_due", lambda _: True)
    seen: list[torch.Tensor] = []
    monkeypatch.setattr(PreviewSender, "offer", lambda _, step, latents: seen.append(latents.clone()))
    made = render(bridge, loaded=tiny(kind), media_files=files)
    assert len(seen) == STEPS
    assert [p.step for p in witness.progress if p.stage == "denoise"][-1] == STEPS
    assert torch.allclose(seen[-1], made.latents[0], atol=1e-5)
    if not kind.startswith("vace"):  # whose known frames are told to the model, and not put into its latents
        assert all(torch.equal(latents[:, :2], made.latents[0, :, :2]) for latents in seen)
    early = (seen[0] - seen[-1]).abs().mean()
    assert early < 10 * seen[-1].abs().mean()


@pytest.mark.parametrize("kind", ["t2v", "ti2v-5b"])
def test_pinned_frames_are_exact(render, tiny, bridge, files, kind: str) -> None:
    loaded = tiny(kind)
    made = render(bridge, loaded=loaded, media_files=files)
    clip = np.stack(list(read_frames(files["clip"])))
    with torch.inference_mode():
        tail = loaded.family.encode(loaded.pipeline, clip[:5])
    assert torch.equal(made.latents[:, :, :2], tail)
    assert not torch.equal(made.latents[:, :, 2:4], torch.zeros_like(tail))


@pytest.mark.parametrize("kind", ["t2v-a14b", "i2v", "ti2v-5b", "vace"])
def test_a_cancel_is_seen_within_a_step_and_leaves_the_model_fit(render, tiny, bridge, files, kind: str) -> None:
    more = {"loaded": tiny(kind), "media_files": files}
    expected = render(bridge, **more)
    interrupt, count = Interrupt(), 0

    def cancelling(*_: object) -> None:
        nonlocal count
        count += 1
        if count == 3:
            interrupt.request("j", "cancel")

    hook = tiny(kind).pipeline.transformer.condition_embedder.register_forward_pre_hook(cancelling)
    try:
        with pytest.raises(InterruptedRenderError):
            render(bridge, interrupt, **more)
    finally:
        hook.remove()
    assert torch.equal(render(bridge, **more).latents, expected.latents)


def test_a_draft_and_its_end(render, tiny, bridge, files, tmp_path) -> None:
    more = {"loaded": tiny("ti2v-5b"), "media_files": files}
    expected = render(bridge, **more)
    draft = render(bridge, checkpoints=tmp_path, until_step=3, **more)
    assert draft.step == 3
    finished = render(bridge, checkpoints=tmp_path, **more)
    assert torch.equal(finished.latents, expected.latents)


def test_two_experts_share_the_work_at_the_boundary(render, tiny, bridge, files, expert_calls) -> None:
    calls = expert_calls("t2v-a14b")
    render(bridge.changed(guidance_scale=1.0), loaded=tiny("t2v-a14b"), media_files=files)
    switch = calls.index("transformer_2")
    assert 0 < switch < STEPS
    assert calls == ["transformer"] * switch + ["transformer_2"] * (STEPS - switch)


@pytest.mark.parametrize("kind", ["t2v", "i2v", "ti2v-5b", "vace"])
def test_a_long_clip_and_a_loop_are_made_in_sections(render, tiny, recipe: Recipe, files, kind: str) -> None:
    """33 frames at a time; a model of images is given its first one, and goes on from its own last ones."""
    wanted = recipe.changed(width=64, height=32, num_inference_steps=2, fps=16, guidance_scale=1.0)
    given = [Condition(media="a")] if kind == "i2v" else []
    for changes in ({"num_frames": 61}, {"num_frames": 40, "loop": True}):
        asked = wanted.changed(conditions=given, **changes)
        card = tiny(kind).weights.card
        assert problems(asked, card) == []
        made = render(asked, loaded=tiny(kind), media_files=files)
        assert len(made.sections) == len(sections(asked, card)) > 1
        assert made.frames.shape == (asked.num_frames, 32, 64, 3)
        assert made.step == 2 * len(made.sections)


def test_a_long_remix_goes_on_from_its_own_frames(render, tiny, recipe: Recipe, tmp_path: Path) -> None:
    clip = np.random.default_rng(4).integers(0, 255, (45, 32, 64, 3), np.uint8)
    write_video(tmp_path / "long.mkv", clip, 16, container="mkv")
    source = Source(media="long", strength=0.5)
    wanted = recipe.changed(width=64, height=32, num_frames=45, num_inference_steps=4, fps=16, source=source)
    for kind in ("t2v", "i2v", "vace"):
        made = render(wanted, loaded=tiny(kind), media_files={"long": tmp_path / "long.mkv"})
        assert (made.frames.shape[0], len(made.sections), made.step) == (45, 2, 4)
