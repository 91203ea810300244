"""The whole way from a recipe to a take, for real."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from engine.client.api import EngineClient
from engine.media.video_read import read_frames
from engine.protocol.events import Event, JobChanged, Preview, Progress
from engine.protocol.job import Delivery, Done, Job, Notice
from engine.protocol.problem import ProblemsError

STAGES = ["load", "encode", "denoise", "decode", "write"]


def frames_of(path: Path) -> np.ndarray:
    """All frames of a clip  # [F, H, W, 3] int16."""
    return np.stack(list(read_frames(path))).astype(np.int16)


def test_a_job_tells_all_the_way_and_ends_in_a_clip(
    shared_engine: EngineClient, submit: Callable[..., Job], take: Callable[[Job], Path]
) -> None:
    events: list[Event] = []
    pictures: list[list[bytes]] = []
    with shared_engine.events() as stream:
        submit()  # the next one has to wait
        job = submit(num_inference_steps=8, seed=3)
        for event, jpegs in stream:
            if getattr(event, "job_id", job.id) == job.id:
                events.append(event)
            if isinstance(event, Preview) and event.job_id == job.id:
                pictures.append(jpegs)
            if isinstance(event, JobChanged) and event.job.id == job.id and event.job.is_over:
                break
    jobs = [e.job for e in events if isinstance(e, JobChanged) and e.job.id == job.id]
    progress = [e for e in events if isinstance(e, Progress)]
    previews = [e for e in events if isinstance(e, Preview)]
    assert [j.state.kind for j in jobs] == ["queued", "running", "done"]
    steps = [p.step for p in progress]
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (0, 8)
    assert all(p.total_steps == 8 for p in progress)
    stages = [STAGES.index(p.stage) for p in progress]
    assert stages == sorted(stages)
    assert {"denoise", "write"} <= {p.stage for p in progress}
    assert all(p.eta_s is None or p.eta_s >= 0 for p in progress)
    assert [p.step for p in previews] == sorted({p.step for p in previews})
    assert previews
    for preview, jpegs in zip(previews, pictures, strict=True):
        assert 1 <= preview.step <= 8
        assert len(jpegs) == 9
        assert {Image.open(io.BytesIO(j)).size for j in jpegs} == {(preview.width, preview.height)}
        assert preview.width == preview.height
        assert np.asarray(Image.open(io.BytesIO(jpegs[0]))).shape[2] == 3
    state = jobs[-1].state
    assert isinstance(state, Done)
    assert list(state.stage_s) == STAGES
    path = take(jobs[-1])
    content = path.read_bytes()
    assert (state.take.media, state.take.size_bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    assert state.take.num_frames == imageio_ffmpeg.count_frames_and_secs(str(path))[0] == 9
    assert frames_of(path).shape == (9, 64, 64, 3)


def test_the_same_recipe_gives_the_same_bytes(submit: Callable[..., Job], over: Callable[[Job], Job]) -> None:
    jobs = [over(job) for job in (submit(), submit(seed=8), submit())]
    hashes = [job.state.take.media for job in jobs if isinstance(job.state, Done)]
    assert len(hashes) == 3
    assert hashes[0] == hashes[2] != hashes[1]


def test_one_frame_as_a_picture(
    submit: Callable[..., Job], over: Callable[[Job], Job], take: Callable[[Job], Path]
) -> None:
    job = over(submit(Delivery(container="png"), num_frames=1, width=96, height=64, num_inference_steps=1))
    with Image.open(take(job)) as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (96, 64))
        assert np.asarray(picture).std() > 0
    with pytest.raises(ProblemsError, match="num_frames"):
        submit(Delivery(container="png"))


@pytest.mark.parametrize("indices", [(0,), (8,), (0, 8)])
def test_pictures_that_the_clip_begins_and_ends_with(
    shared_engine: EngineClient,
    submit: Callable[..., Job],
    over: Callable[[Job], Job],
    take: Callable[[Job], Path],
    tmp_path: Path,
    indices: tuple[int, ...],
) -> None:
    colour = (200, 60, 20)  # nothing that the prompt would bring about
    Image.new("RGB", (300, 200), colour).save(tmp_path / "known.png")
    media = shared_engine.upload(tmp_path / "known.png").sha256
    conditions = [{"media": media, "frame_index": index} for index in indices]
    clip = frames_of(take(over(submit(conditions=conditions))))
    assert len(clip) == 9
    for index in indices:
        assert np.abs(clip[index].mean((0, 1)) - colour).max() < 20
        assert clip[index].std((0, 1)).max() < 15


@pytest.mark.parametrize("prompt", ["", "شاطئ 🏖️ עם שקיעה", "x\u202ey\n\t"])
def test_prompts_of_every_kind(submit: Callable[..., Job], over: Callable[[Job], Job], prompt: str) -> None:
    job = over(submit(prompt=prompt, negative_prompt=prompt, num_inference_steps=1))
    assert isinstance(job.state, Done), job.state
    assert job.state.notices == ()


def test_a_prompt_of_which_the_model_reads_only_the_beginning(
    submit: Callable[..., Job], over: Callable[[Job], Job]
) -> None:
    job = over(submit(prompt="a beach at sunset " * 200, num_inference_steps=1))
    assert isinstance(job.state, Done), job.state
    (notice,) = job.state.notices
    assert (notice.kind, notice.field, notice.kept) == ("prompt_truncated", "prompt", 64)
    assert notice.given > 600
    assert isinstance(notice, Notice)
