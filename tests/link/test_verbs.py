"""Every verb as a real job: uploaded footage, the queue, a worker, and a file that is what the recipe promised."""

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from engine.client.api import EngineClient
from engine.media import ffmpeg
from engine.media.video_probe import probe_video
from engine.media.video_read import read_frames
from engine.protocol import verbs
from engine.protocol.events import Progress
from engine.protocol.job import Container, Delivery, Done, Job, Paused
from engine.protocol.media import MediaItem
from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe
from engine.protocol.rules import problems
from engine.protocol.sections import sections

FPS, FRAMES = 24, 24
"""Of the footage; the model makes 12 a second."""
FADED = verbs.CROSSFADE_FRAMES
Submit = Callable[..., Job]
Over = Callable[[Job], Job]
Take = Callable[[Job], Path]
Make = Callable[..., Path]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two clips of different size and rate: the first lossless and with sound."""
    folder = tmp_path_factory.mktemp("footage")
    first = f"testsrc2=s=80x60:r={FPS}:d=1"
    words = {
        "a.mkv": f"-f lavfi -i {first} -f lavfi -i sine=d=1 -c:v ffv1 -pix_fmt bgr0 -c:a flac",
        "b.mp4": "-f lavfi -i mandelbrot=s=128x64:r=30 -t 1 -pix_fmt yuv420p",
    }
    for name, how in words.items():
        arguments = ["-loglevel", "error", *how.split(), str(folder / name)]
        finished, _ = ffmpeg.run(arguments, limit_s=60, max_output_bytes=1)
        assert finished.return_code == 0, finished.log
    return [folder / name for name in words]


@pytest.fixture
def make(
    shared_engine: EngineClient,
    starter_card: ModelCard,
    recipe: Recipe,
    submit: Submit,
    over: Over,
    take: Take,
) -> Make:
    """Return a function that has a verb's take made by the engine, and checks its shape."""

    def making(
        verb: Callable[..., Recipe], clips: list[Path], container: Container, *arguments: float, **fields: object
    ) -> Path:
        items: list[MediaItem] = [shared_engine.upload(path) for path in clips]
        draft = recipe.changed(num_inference_steps=2, **fields)
        made = verb(draft, starter_card, *items, *arguments)
        assert problems(made, starter_card) == []
        job = over(submit(Delivery(container=container), **dict(made)))
        path = take(job)
        assert isinstance(job.state, Done)
        found = probe_video(path)
        assert (path.suffix, job.state.take.container) == (f".{container}", container)
        assert (found.width, found.height) == (items[0].width, items[0].height)
        assert found.num_frames == job.state.take.num_frames == made.take_frames
        assert found.fps == FPS
        assert shared_engine.inspect(path).has_audio == (made.splice is not None and made.splice.sound is not None)
        return path

    return making


def frames_of(path: Path, **where: int) -> np.ndarray:
    return np.stack(list(read_frames(path, **where)))


def test_extend(make: Make, clips: list[Path]) -> None:
    path = make(verbs.extend, clips[:1], "mkv", 0.5)
    frames, source = frames_of(path), frames_of(clips[0])
    assert len(frames) == FRAMES + FPS // 2
    assert np.array_equal(frames[: FRAMES - FADED], source[:-FADED])
    assert not np.array_equal(frames[FRAMES - 1], source[-1])


def test_extend_backward(make: Make, clips: list[Path]) -> None:
    frames, source = frames_of(make(verbs.extend_backward, clips[:1], "mkv", 0.5)), frames_of(clips[0])
    assert len(frames) == FRAMES + FPS // 2
    assert np.array_equal(frames[-FRAMES + FADED :], source[FADED:])


def test_loop(make: Make, clips: list[Path]) -> None:
    frames, source = frames_of(make(verbs.loop, clips[:1], "mkv", 0.5)), frames_of(clips[0])
    assert len(frames) == FRAMES + FPS // 2
    assert np.array_equal(frames[FADED : FRAMES - FADED], source[FADED:-FADED])


def test_retake(make: Make, clips: list[Path]) -> None:
    path = make(verbs.retake, clips[:1], "mkv", 0.25, 0.75)
    frames, source = frames_of(path), frames_of(clips[0])
    first, end = FRAMES // 4, FRAMES * 3 // 4
    assert len(frames) == FRAMES
    assert np.array_equal(frames[: first - FADED], source[: first - FADED])
    assert np.array_equal(frames[end + FADED :], source[end + FADED :])
    assert not any(np.array_equal(a, b) for a, b in zip(frames[first:end], source[first:end], strict=True))


def test_remix(make: Make, clips: list[Path], shared_engine: EngineClient) -> None:
    path = make(verbs.remix, clips[:1], "mov", 0.5)
    assert len(frames_of(path)) == FRAMES
    assert shared_engine.inspect(path).has_audio


@pytest.mark.parametrize("container", [c for c in get_args(Container) if c not in ("mkv", "mov", "gif", "png", "zip")])
def test_bridge(make: Make, clips: list[Path], container: Container) -> None:
    path = make(verbs.bridge, clips, container, 0.5)
    assert len(frames_of(path)) == FPS // 2


@pytest.fixture
def stopped(shared_engine: EngineClient, submit: Submit, over: Over) -> Callable[..., Job]:
    """Return a function that begins a job, and pauses it when it has made some steps."""

    def stopping(steps: int, **fields: object) -> Job:
        with shared_engine.events() as stream:
            job = submit(**fields)
            for event, _ in stream:
                if isinstance(event, Progress) and event.job_id == job.id and event.step >= steps:
                    break
        shared_engine.pause(job.id)
        return over(job)

    return stopping


@pytest.mark.parametrize("loop", [False, True])
def test_a_long_clip_that_is_paused_in_its_second_section_ends_in_the_same_bytes(
    shared_engine: EngineClient,
    starter_card: ModelCard,
    recipe: Recipe,
    submit: Submit,
    over: Over,
    stopped: Callable[..., Job],
    loop: bool,
) -> None:
    steps = 6
    fields = {"num_frames": 88 if loop else 97, "num_inference_steps": steps, "loop": loop}
    parts = len(sections(recipe.changed(**fields), starter_card))
    assert parts >= 3
    whole = over(submit(**fields)).state
    assert isinstance(whole, Done), whole
    job = stopped(steps + 1, **fields)
    assert isinstance(job.state, Paused), job.state
    assert steps < job.state.step < job.state.total_steps == parts * steps
    shared_engine.resume(job.id)
    done = over(job).state
    assert isinstance(done, Done), done
    assert done.notices == ()
    assert done.take == whole.take
    assert done.take.num_frames == fields["num_frames"]
