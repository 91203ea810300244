"""A disk that is full: the job says so, nothing half-written stays, and the worker is fit for the next one."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import get_args

import psutil
import pytest

from engine.client.api import EngineClient
from engine.protocol.events import Progress
from engine.protocol.job import Container, Delivery, Done, Failed, Job

LOSSLESS = Delivery(container="mkv")
STEPS = 8

pytestmark = pytest.mark.skipif(not hasattr(psutil, "RLIMIT_FSIZE"), reason="only Linux limits another process")

Limited = Callable[[int], AbstractContextManager[None]]


@pytest.fixture
def limited(shared_home: Path, worker_of: Callable[[Path], psutil.Process]) -> Limited:
    """Return a function within whose block the worker (and its ffmpeg) can write no file longer than so many bytes."""

    @contextmanager
    def limiting(size_bytes: int) -> Iterator[None]:
        worker = worker_of(shared_home)
        before = worker.rlimit(psutil.RLIMIT_FSIZE)
        worker.rlimit(psutil.RLIMIT_FSIZE, (size_bytes, before[1]))
        try:
            yield
        finally:
            worker.rlimit(psutil.RLIMIT_FSIZE, before)
        assert worker.is_running()

    return limiting


@pytest.fixture
def whole(shared_home: Path) -> Callable[[], dict[str, int]]:
    """Return a function that lists the media store, and finds nothing in it that is not whole."""

    def listing() -> dict[str, int]:
        media = shared_home / "media"
        assert list((media / "incoming").iterdir()) == []
        return {path.name: path.stat().st_mtime_ns for path in media.rglob("*") if path.is_file()}

    return listing


def test_the_take_does_not_fit(
    shared_engine: EngineClient,
    submit: Callable[..., Job],
    over: Callable[[Job], Job],
    limited: Limited,
    whole: Callable[[], dict[str, int]],
    shared_home: Path,
) -> None:
    kept = over(submit(num_inference_steps=1))
    reference = over(submit(LOSSLESS, num_inference_steps=STEPS))
    assert isinstance(reference.state, Done), reference.state
    size_bytes = reference.state.take.size_bytes
    shared_engine.delete(reference.id)
    before = whole()
    assert isinstance(kept.state, Done)
    assert f"{kept.state.take.media}.mp4" in before
    latents_bytes: int | None = None
    steps = [size_bytes - 1, size_bytes // 2, 16384, 8192, 4000, 3000, 2000, 1000, 200, 1, 0]
    for limit_bytes in sorted(steps, reverse=True):
        with limited(limit_bytes):
            job = over(submit(LOSSLESS, num_inference_steps=STEPS))
        assert isinstance(job.state, Failed), (limit_bytes, job.state)
        assert job.state.failure.kind == "disk_full", (limit_bytes, job.state)
        assert whole() == before
        kept_bytes = [path.stat().st_size for path in (shared_home / "checkpoints" / job.id).iterdir()]
        latents_bytes = latents_bytes or kept_bytes[0]
        assert kept_bytes == ([latents_bytes] if limit_bytes >= latents_bytes else []), limit_bytes
        job = over(shared_engine.resume(job.id))
        assert isinstance(job.state, Done), (limit_bytes, job.state)
        assert ("denoise" in job.state.stage_s) == (not kept_bytes), limit_bytes
        assert job.state.take == reference.state.take
        assert job.worker_deaths == 0
        shared_engine.delete(job.id)
        assert whole() == before


def test_the_take_just_fits(
    shared_engine: EngineClient, submit: Callable[..., Job], over: Callable[[Job], Job], limited: Limited
) -> None:
    reference = over(submit(LOSSLESS))
    assert isinstance(reference.state, Done), reference.state
    shared_engine.delete(reference.id)
    with limited(reference.state.take.size_bytes):
        job = over(submit(LOSSLESS))
    assert isinstance(job.state, Done), job.state
    assert job.state.take == reference.state.take


@pytest.mark.parametrize("container", get_args(Container))
def test_every_kind_of_take(
    shared_engine: EngineClient,
    submit: Callable[..., Job],
    over: Callable[[Job], Job],
    limited: Limited,
    whole: Callable[[], dict[str, int]],
    container: Container,
) -> None:
    delivery, fields = Delivery(container=container), {"num_frames": 1 if container == "png" else 9}
    reference = over(submit(delivery, **fields))
    assert isinstance(reference.state, Done), reference.state
    shared_engine.delete(reference.id)
    before = whole()
    with limited(reference.state.take.size_bytes // 2):
        job = over(submit(delivery, **fields))
    assert isinstance(job.state, Failed), job.state
    assert job.state.failure.kind == "disk_full", job.state
    assert whole() == before
    job = over(shared_engine.resume(job.id))
    assert isinstance(job.state, Done), job.state
    assert job.state.take == reference.state.take


def test_no_room_for_checkpoints_is_no_failure(
    shared_engine: EngineClient,
    submit: Callable[..., Job],
    over: Callable[[Job], Job],
    limited: Limited,
    whole: Callable[[], dict[str, int]],
    shared_home: Path,
) -> None:
    fields = {"num_inference_steps": 30, "num_frames": 17}
    reference = over(submit(LOSSLESS, **fields))
    assert isinstance(reference.state, Done), reference.state
    shared_engine.delete(reference.id)
    before = whole()
    with limited(100), shared_engine.events() as stream:
        job = submit(LOSSLESS, **fields)
        for event, _ in stream:
            if isinstance(event, Progress) and event.job_id == job.id and event.step >= 10:
                break
        assert list((shared_home / "checkpoints" / job.id).iterdir()) == []
    job = over(job)
    assert isinstance(job.state, Done), job.state
    assert job.state.take == reference.state.take
    assert job.worker_deaths == 0
    assert len(whole()) == len(before) + 1


def test_no_room_for_the_preview_cache_is_no_failure(
    shared_engine: EngineClient,
    submit: Callable[..., Job],
    over: Callable[[Job], Job],
    limited: Limited,
    worker_of: Callable[[Path], psutil.Process],
    until: Callable[..., None],
    shared_home: Path,
) -> None:
    cache = shared_home / "cache" / "preview"
    expected = over(submit())
    shutil.rmtree(cache)
    worker = worker_of(shared_home)
    worker.kill()  # the next one has nothing in memory
    until(lambda: not worker.is_running() and [w.state for w in shared_engine.workers()] == ["ready"])
    with limited(128 * 1024):
        job = over(submit())
    assert isinstance(job.state, Done), job.state
    assert isinstance(expected.state, Done)
    assert job.state.take == expected.state.take
    assert not cache.exists() or list(cache.iterdir()) == []
