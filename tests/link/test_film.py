"""A film as a job on a real engine: made whole whatever is killed, cancelled or full, and exactly as it was asked."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import numpy as np
import psutil
import pytest

from engine.client.api import EngineClient
from engine.client.attach import attach, attach_running
from engine.client.errors import RefusedError
from engine.media import ffmpeg
from engine.media.video_probe import probe_video
from engine.media.video_read import read_frames
from engine.media.video_write import write_video
from engine.protocol.events import Progress
from engine.protocol.film import Film, FilmClip, FilmSound
from engine.protocol.home import read_rendezvous
from engine.protocol.job import Cancelled, Container, Delivery, Done, Failed, FilmRequest, Job, Paused

NO_RECIPE = Delivery(embed_recipe=False)
CONTAINERS = [container for container in get_args(Container) if container != "png"]
SHOWN = {"h265": "hevc", "mp4": "h264", "webm": "vp9", "mkv": "ffv1", "mov": "prores", "gif": "gif"}
LONG_S = 40.0
"""Of a film that takes a few seconds to make."""


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two clips of other sizes and rates, one of them with sound, and a piece of music."""
    folder = tmp_path_factory.mktemp("shots")
    noise = np.random.default_rng(2).integers(0, 255, (72, 128, 3), np.uint8)
    red = [np.roll(noise, 2 * n, 1) // 4 + np.array([150, 10, 10], np.uint8) for n in range(30)]
    write_video(folder / "red.mkv", red, 12, container="mkv")
    words = "-f lavfi -i testsrc2=s=160x160:r=30:d=2 -f lavfi -i sine=440:d=2 -pix_fmt yuv420p -c:a aac"
    for line, name in ((words, "test.mp4"), ("-f lavfi -i sine=880:d=3 -c:a libmp3lame", "music.mp3")):
        arguments = ["-loglevel", "error", *line.split(), str(folder / name)]
        finished, _ = ffmpeg.run(arguments, limit_s=60, max_output_bytes=1)
        assert finished.return_code == 0, finished.log
    return {path.stem: path for path in folder.iterdir()}


@pytest.fixture
def make(
    shared_engine: EngineClient, shots: dict[str, Path], over: Callable[[Job], Job]
) -> Iterator[Callable[..., Job]]:
    """Return a function that queues a film of the shots; none of these jobs outlives the test."""
    made: list[Job] = []

    def submitting(delivery: Delivery | None = None, **fields: object) -> Job:
        film = the_film(shared_engine, shots, **fields)
        made.append(shared_engine.submit(FilmRequest(film=film, delivery=delivery or Delivery(), project="p")))
        return made[-1]

    yield submitting
    left = {job.id for job in shared_engine.jobs(limit=1000)}
    for job in [job for job in reversed(made) if job.id in left]:
        shared_engine.cancel(job.id)
        over(job)
        shared_engine.delete(job.id)


def the_film(engine: EngineClient, shots: dict[str, Path], **fields: object) -> Film:
    red, test, music = (engine.upload(shots[name]).sha256 for name in ("red", "test", "music"))
    clips = (
        FilmClip(media=red, fps=12, num_frames=24, transition="crossfade", transition_s=0.5),
        FilmClip(media=test, fps=30, first_frame=6, num_frames=50, transition="dip", has_sound=True),
        FilmClip(media=red, fps=12, first_frame=4, num_frames=12),
    )
    sounds = (FilmSound(media=music, at_s=0.5, gain_db=-12, fade_out_s=0.5),)
    usual = {"width": 192, "height": 108, "fps": 24, "clips": clips, "sounds": sounds, "loudness_lufs": -14}
    return Film.model_validate({**usual, **fields})


def long_film(make: Callable[..., Job], delivery: Delivery = NO_RECIPE, **fields: object) -> Job:
    """One that is at work long enough to be met at it."""
    return make(delivery, width=640, height=360, clips=_held(make, LONG_S), **fields)


def _held(make: Callable[..., Job], seconds: float) -> tuple[FilmClip, ...]:
    job = make(NO_RECIPE)
    assert isinstance(job.request, FilmRequest)
    test = job.request.film.clips[1]
    one = test.changed(first_frame=0, num_frames=60, transition="crossfade", has_sound=False)
    return (one,) * round(seconds / 2)


def until_frame(engine: EngineClient, job: Callable[[], Job], frame: int) -> tuple[Job, Progress]:
    """Queue a job and hear of it until so many frames are written."""
    with engine.events() as stream:
        queued = job()
        for event, _ in stream:
            if isinstance(event, Progress) and event.job_id == queued.id and event.frame >= frame:
                return queued, event
    raise AssertionError


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_film_in_every_kind_of_file(
    make: Callable[..., Job],
    over: Callable[[Job], Job],
    take: Callable[[Job], Path],
    shared_home: Path,
    container: Container,
) -> None:
    job = over(make(Delivery(container=container)))
    assert isinstance(job.state, Done), job.state
    assert isinstance(job.request, FilmRequest)
    film, made = job.request.film, job.state.take
    assert film.num_frames == 24 * 2 - 12 + 40 + 24 == 100
    assert (made.container, made.num_frames) == (container, 100)
    path = take(job)
    assert path.stat().st_size == made.size_bytes
    if container == "zip":
        return
    probe = probe_video(path)
    assert (probe.width, probe.height, probe.codec, probe.grid_frames) == (192, 108, SHOWN[container], 100)
    assert float(probe.fps) == pytest.approx(24, rel=0.05 if container == "gif" else 1e-4)
    assert probe.has_audio == (container != "gif")
    if container == "gif":
        assert probe.recipe_json is None
        return
    assert Film.model_validate_json(probe.recipe_json or "") == film
    first = next(read_frames(path))
    assert first.reshape(-1, 3).mean(0) == pytest.approx([182, 42, 42], abs=6)
    if container == "h265":  # the tag without which Apple's players show nothing
        assert b"hvc1" in path.read_bytes()
        (kept,) = (shared_home / "media").rglob(f"{made.media}.*")
        assert kept.suffix == ".mp4"


def test_progress_is_in_frames_and_says_how_long(
    make: Callable[..., Job], shared_engine: EngineClient, over: Callable[[Job], Job]
) -> None:
    job, progress = until_frame(shared_engine, lambda: long_film(make), 20)
    assert (progress.stage, progress.total_steps) == ("write", 0)
    assert isinstance(job.request, FilmRequest)
    assert progress.total_frames == job.request.film.num_frames
    assert progress.eta_s is not None
    assert 0 < progress.eta_s < 600
    with pytest.raises(RefusedError) as caught:
        shared_engine.stop_early(job.id)
    assert caught.value.status == 409


def test_a_killed_worker_costs_another_try(
    make: Callable[..., Job],
    shared_engine: EngineClient,
    over: Callable[[Job], Job],
    worker_of: Callable[[Path], psutil.Process],
    shared_home: Path,
) -> None:
    expected = over(make(container_of("mp4"), **LONGER))
    job, _ = until_frame(shared_engine, lambda: make(container_of("mp4"), **LONGER), 10)
    worker_of(shared_home).kill()
    job = over(job)
    assert isinstance(job.state, Done), job.state
    assert isinstance(expected.state, Done), expected.state
    assert job.worker_deaths == 1
    assert job.state.take == expected.state.take
    assert list((shared_home / "media" / "incoming").iterdir()) == []


def test_a_killed_engine_too(shots: dict[str, Path], folder: Path, until: Callable[..., None]) -> None:
    with attach(folder, idle_exit_s=30) as engine:
        film = the_film(engine, shots, **LONGER)
        job, _ = until_frame(engine, lambda: engine.submit(FilmRequest(film=film, delivery=NO_RECIPE)), 10)
        rendezvous = read_rendezvous(folder)
        assert rendezvous is not None
        psutil.Process(rendezvous.pid).kill()
        until(lambda: attach_running(folder) is None)
    with attach(folder, idle_exit_s=30) as engine:
        until(lambda: engine.job(job.id).is_over)
        job = engine.job(job.id)
        assert isinstance(job.state, Done), job.state
        again = engine.submit(FilmRequest(film=film, delivery=NO_RECIPE))
        until(lambda: engine.job(again.id).is_over)
        state = engine.job(again.id).state
        assert isinstance(state, Done), state
        assert state.take == job.state.take


def test_cancelled_it_leaves_nothing(
    make: Callable[..., Job], shared_engine: EngineClient, over: Callable[[Job], Job], shared_home: Path
) -> None:
    job, _ = until_frame(shared_engine, lambda: long_film(make), 20)
    before = {path for path in (shared_home / "media").rglob("*.*") if "incoming" not in path.parts}
    shared_engine.cancel(job.id)
    assert isinstance(over(job).state, Cancelled)
    media = shared_home / "media"
    assert {path for path in media.rglob("*.*") if "incoming" not in path.parts} == before
    assert list((media / "incoming").iterdir()) == []


def test_paused_it_begins_again(
    make: Callable[..., Job], shared_engine: EngineClient, over: Callable[[Job], Job], shared_home: Path
) -> None:
    expected = over(make(NO_RECIPE, **LONGER))
    job, _ = until_frame(shared_engine, lambda: make(NO_RECIPE, **LONGER), 10)
    shared_engine.pause(job.id)
    paused = over(job)
    assert paused.state == Paused(step=0, total_steps=0)
    assert list((shared_home / "media" / "incoming").iterdir()) == []
    done = over(shared_engine.resume(job.id))
    assert isinstance(done.state, Done), done.state
    assert isinstance(expected.state, Done)
    assert done.state.take == expected.state.take


@pytest.mark.skipif(not hasattr(psutil, "RLIMIT_FSIZE"), reason="only Linux limits another process")
@pytest.mark.parametrize("container", ["mp4", "mkv", "zip"])
def test_a_disk_that_is_full_at_nine_tenths(
    make: Callable[..., Job],
    shared_engine: EngineClient,
    over: Callable[[Job], Job],
    worker_of: Callable[[Path], psutil.Process],
    shared_home: Path,
    container: Container,
) -> None:
    expected = over(make(container_of(container)))
    assert isinstance(expected.state, Done), expected.state
    shared_engine.delete(expected.id)
    media = shared_home / "media"
    worker = worker_of(shared_home)
    unlimited = worker.rlimit(psutil.RLIMIT_FSIZE)
    job = None
    worker.rlimit(psutil.RLIMIT_FSIZE, (int(expected.state.take.size_bytes * 0.9), unlimited[1]))
    try:
        job = over(make(container_of(container)))
    finally:
        worker.rlimit(psutil.RLIMIT_FSIZE, unlimited)
    assert isinstance(job.state, Failed), job.state
    assert job.state.failure.kind == "disk_full"
    assert list((media / "incoming").iterdir()) == []
    assert not list(media.rglob(f"{expected.state.take.media}.*"))
    job = over(shared_engine.resume(job.id))
    assert isinstance(job.state, Done), job.state
    assert job.state.take == expected.state.take


def test_a_clip_that_ends_before_its_stretch_fails_in_words(
    make: Callable[..., Job], over: Callable[[Job], Job]
) -> None:
    whole = make()
    assert isinstance(whole.request, FilmRequest)
    short = whole.request.film.clips[0].changed(num_frames=90, transition="cut")
    job = over(make(clips=(short,)))
    assert isinstance(job.state, Failed), job.state
    assert job.state.failure.kind == "bad_input"
    assert "30 of 90" in job.state.failure.detail


def test_the_list_of_a_film_can_stay_out_of_the_file(
    make: Callable[..., Job], over: Callable[[Job], Job], take: Callable[[Job], Path], shared_engine: EngineClient
) -> None:
    job = over(make(NO_RECIPE))
    path = take(job)
    assert probe_video(path).recipe_json is None
    assert isinstance(job.state, Done)
    smaller = over(make(NO_RECIPE.changed(quality="small")))
    assert isinstance(smaller.state, Done)
    assert smaller.state.take.size_bytes < 0.7 * job.state.take.size_bytes
    found = shared_engine.upload(path)
    assert (found.kind, found.recipe, found.has_audio) == ("clip", None, True)


def container_of(container: Container) -> Delivery:
    return Delivery(container=container, embed_recipe=False)


LONGER = {"width": 640, "height": 360}
"""Of the film of three shots, so that it takes a second or two."""
