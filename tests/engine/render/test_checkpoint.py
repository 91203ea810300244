"""A render that was interrupted goes on where it was, and ends in the very same bytes."""

import dataclasses
import time

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from engine.media.video_read import read_frames
from engine.protocol.condition import Condition
from engine.protocol.job import Delivery, Habits
from engine.render import checkpoint, take
from engine.render.checkpoint import Checkpoint, Checkpoints, Key
from engine.render.interrupt import Interrupt, InterruptedRenderError
from engine.render.preview import PreviewSender
from engine.render.render import Render

STEPS = 6
KEY = Key("recipe", "weights", "plan")


@pytest.fixture
def wide(recipe, tmp_path):
    """A recipe with guidance and a picture at both ends, for which the pipeline draws noise in every step."""
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(tmp_path / "a.png")
    pinned = [Condition(media="a", frame_index=i) for i in (0, 8)]
    return recipe.changed(num_inference_steps=STEPS, conditions=pinned), {"a": tmp_path / "a.png"}


def interrupted_at(step, render, recipe, wish="pause", **more) -> None:
    interrupt = Interrupt()
    witness = render.witness
    before = witness.on_progress

    def asking(progress) -> None:
        before(progress)
        if progress.step == step and progress.stage == "denoise":
            interrupt.request("j", wish)

    witness.on_progress = asking
    try:
        with pytest.raises(InterruptedRenderError) as caught:
            render(recipe, interrupt, **more)
        assert caught.value.wish == wish
    finally:
        witness.on_progress = before


@pytest.mark.parametrize("step", range(1, STEPS))
def test_a_pause_after_any_step_changes_no_byte(render, denoiser_calls, wide, tmp_path, step) -> None:
    recipe, files = wide
    folder = tmp_path / "job"
    folder.mkdir()
    expected = render(recipe, media_files=files)
    interrupted_at(step, render, recipe, media_files=files, checkpoints=folder)
    denoiser_calls.clear()
    again = render(recipe, media_files=files, checkpoints=folder)
    assert len(denoiser_calls) == STEPS - step
    assert torch.equal(again.latents, expected.latents)
    assert np.array_equal(again.frames, expected.frames)
    assert again.notices == ()


def test_a_cancel_leaves_what_was_due_and_no_more(render, recipe, tmp_path) -> None:
    interrupted_at(3, render, recipe.changed(num_inference_steps=STEPS), "cancel", checkpoints=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_final_latents_are_kept_so_that_only_the_decoding_is_repeated(render, denoiser_calls, recipe, tmp_path) -> None:
    first = render(recipe, checkpoints=tmp_path)
    denoiser_calls.clear()
    again = render(recipe, checkpoints=tmp_path)
    assert len(denoiser_calls) == 0
    assert np.array_equal(first.frames, again.frames)
    assert "denoise" not in again.stage_s


def test_a_draft_and_its_end(render, denoiser_calls, recipe, tmp_path) -> None:
    recipe = recipe.changed(num_inference_steps=STEPS)
    expected = render(recipe)
    draft = render(recipe, checkpoints=tmp_path, until_step=4)
    assert (draft.step, draft.frames.shape, draft.notices) == (4, expected.frames.shape, ())
    assert not np.array_equal(draft.frames, expected.frames)
    denoiser_calls.clear()
    finished = render(recipe, checkpoints=tmp_path)
    assert len(denoiser_calls) == STEPS - 4
    assert torch.equal(finished.latents, expected.latents)


def test_stopping_early_keeps_what_is_there(render, recipe) -> None:
    interrupt = Interrupt()
    interrupt.request("j", "stop_early")
    early = render(recipe.changed(num_inference_steps=STEPS), interrupt)
    (notice,) = early.notices
    assert (notice.kind, notice.kept, notice.given) == ("stopped_early", 1, STEPS)
    assert early.frames.shape == (9, 64, 64, 3)


def test_other_weights_are_said_and_start_again(render, starter, recipe, tmp_path) -> None:
    recipe = recipe.changed(num_inference_steps=STEPS)
    interrupted_at(4, render, recipe, checkpoints=tmp_path)
    first, *rest = starter.weights.card.files
    card = starter.weights.card.model_copy(update={"files": (first.changed(sha256="0" * 64), *rest)})
    other = dataclasses.replace(starter, weights=dataclasses.replace(starter.weights, card=card))
    again = render(recipe, checkpoints=tmp_path, loaded=other)
    (notice,) = again.notices
    assert (notice.kind, notice.field, notice.given) == ("restarted", "weights", 4)
    assert torch.equal(again.latents, render(recipe).latents)


def test_another_number_of_threads_is_another_numeric_plan(starter, recipe, monkeypatch) -> None:
    mine = checkpoint.key(recipe, starter.weights, starter.device)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 99)
    other = checkpoint.key(recipe, starter.weights, starter.device)
    assert (mine.recipe, mine.weights) == (other.recipe, other.weights)
    assert mine.numeric_plan != other.numeric_plan


def test_tiles_are_of_the_numeric_plan_where_sections_carry_them(starter, recipe) -> None:
    mine = checkpoint.key(recipe, starter.weights, starter.device)
    assert checkpoint.key(recipe, starter.weights, starter.device, carries_tiles=True) != mine
    assert checkpoint.key(recipe, starter.weights, starter.device, carries_tiles=False) == mine


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, b"half"])
def test_a_damaged_checkpoint_is_as_good_as_none(render, denoiser_calls, recipe, tmp_path, content) -> None:
    interrupted_at(2, render, recipe, checkpoints=tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-1] if content == b"half" else content)
    denoiser_calls.clear()
    again = render(recipe, checkpoints=tmp_path)
    assert len(denoiser_calls) == recipe.num_inference_steps
    assert torch.equal(again.latents, render(recipe).latents)


def test_one_file_a_section_and_the_newest_wins(tmp_path) -> None:
    kept = Checkpoints(tmp_path, KEY)
    for step in range(1, 23):
        kept.offer(0, Checkpoint(step, False, torch.full((1, 4), float(step))))
    kept.offer(1, Checkpoint(1, False, torch.zeros(1, 4)))
    kept.close(keep_latest=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["section-0000.safetensors", "section-0001.safetensors"]
    again = Checkpoints(tmp_path, KEY)
    found = again.read(0)
    assert found is not None
    assert found.step == 20
    assert torch.equal(found.sample, torch.full((1, 4), 20.0))
    again.close(keep_latest=True)


def test_without_room_on_the_disk_the_render_goes_on_from_memory(render, recipe, tmp_path, monkeypatch) -> None:
    expected = render(recipe)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.os, "fsync", full)
    made = render(recipe, checkpoints=tmp_path)
    assert torch.equal(made.latents, expected.latents)
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_failed_is_repeated_without_denoising(starter, task, recipe, witness, tmp_path) -> None:
    wanted = task(recipe)
    with Render(wanted, starter, witness, Interrupt()) as broken:
        broken.denoise()
        (tmp_path / "there.mp4").mkdir()
        with pytest.raises(Exception, match="not_writable"):
            take.write(broken, Delivery(), tmp_path / "there.mp4")
    with Render(wanted, starter, witness, Interrupt()) as again:
        again.denoise()
        assert take.write(again, Delivery(container="mkv"), tmp_path / "a.mkv") == 9
        assert again.stage_s.keys() == {"decode", "write"}
        decoded = again.decoded(again.made[0])
    assert np.array_equal(np.stack(list(read_frames(tmp_path / "a.mkv"))), decoded)


@pytest.mark.parametrize(("every", "expected"), [(1, 5), (2, 4), (3, 3)])
def test_how_often_is_the_users_to_say(tmp_path, every, expected) -> None:
    kept = Checkpoints(tmp_path, KEY, every)
    for step in range(1, 6):
        kept.offer(0, Checkpoint(step, False, torch.zeros(1, 4)))
    written = kept._path(0)
    deadline = time.monotonic() + 10
    while not written.exists() or _step(written) != expected:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    kept.close(keep_latest=False)
    assert _step(written) == expected


def _step(path) -> int:
    with safe_open(path, "pt") as file:
        return int(file.metadata()["step"])


def test_how_large_previews_are_is_the_users_to_say(render, recipe, witness, monkeypatch) -> None:
    monkeypatch.setattr(PreviewSender, "is_due", lambda _: True)
    for longest, expected in ((64, 64), (32, 32)):
        render(recipe, habits=Habits.model_construct(preview_px=longest, checkpoint_steps=4))
        assert witness.previews[-1][0].width == expected
