"""Pausing, drafting, stopping early on a real engine: what goes on later ends as what never stopped."""

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from engine.client.api import EngineClient
from engine.client.attach import attach
from engine.client.errors import RefusedError
from engine.protocol.events import JobChanged, Progress
from engine.protocol.home import read_rendezvous
from engine.protocol.job import Done, Drafted, Job, JobRequest, Paused
from engine.protocol.recipe import Recipe

STEPS = 16
Over = Callable[[Job], Job]
Submit = Callable[..., Job]


def until_step(client: EngineClient, begin: Callable[[], Job], step: int) -> Job:
    """Begin a job and wait until it has made this many steps."""
    with client.events() as stream:
        job = begin()
        for event, _ in stream:
            if isinstance(event, Progress) and event.job_id == job.id and event.step >= step:
                return job
            if isinstance(event, JobChanged) and event.job.id == job.id:
                assert not event.job.is_over, event.job.state
    raise AssertionError


def first_step(client: EngineClient, begin: Callable[[], Job]) -> int:
    """The first step that is reported of the denoising of a job."""
    with client.events() as stream:
        job = begin()
        for event, _ in stream:
            if isinstance(event, Progress) and event.job_id == job.id and event.stage == "denoise" and event.step:
                return event.step
    raise AssertionError


def take_of(job: Job) -> str:
    assert isinstance(job.state, Done), job.state
    return job.state.take.media


@pytest.fixture(scope="session")
def checkpoints(shared_home: Path) -> Path:
    return shared_home / "checkpoints"


@pytest.fixture
def whole(submit: Submit, over: Over) -> str:
    """The take of a job that nobody stops."""
    return take_of(over(submit(num_inference_steps=STEPS)))


def test_a_paused_job_lets_others_go_first_and_ends_as_if_it_had_not_been(
    shared_engine: EngineClient, submit: Submit, over: Over, whole: str, checkpoints: Path
) -> None:
    job = until_step(shared_engine, lambda: submit(num_inference_steps=STEPS), 3)
    assert shared_engine.pause(job.id).wish == "pause"
    state = over(job).state
    assert isinstance(state, Paused)
    assert 3 <= state.step < state.total_steps
    assert (checkpoints / job.id).is_dir()
    assert take_of(over(submit(num_inference_steps=1)))
    assert first_step(shared_engine, lambda: shared_engine.resume(job.id)) >= state.step
    assert take_of(over(job)) == whole
    assert shared_engine.job(job.id).worker_deaths == 0
    assert not (checkpoints / job.id).exists()


def test_a_draft_is_finished_from_where_it_stands(
    shared_engine: EngineClient, recipe: Recipe, over: Over, whole: str, checkpoints: Path
) -> None:
    request = JobRequest(recipe=recipe.changed(num_inference_steps=STEPS), draft_steps=6)
    job = over(shared_engine.submit(request))
    assert isinstance(job.state, Drafted), job.state
    assert (job.state.step, job.state.total_steps, job.state.take.num_frames) == (6, STEPS, 9)
    draft = job.state.take.media
    assert draft != whole
    with Path(checkpoints.parent / "draft.mp4").open("wb") as file:
        shared_engine.fetch(draft, file)
    assert first_step(shared_engine, lambda: shared_engine.resume(job.id)) >= 6
    done = over(job)
    assert take_of(done) == whole
    with pytest.raises(RefusedError), Path(checkpoints.parent / "gone.mp4").open("wb") as file:
        shared_engine.fetch(draft, file)
    shared_engine.delete(job.id)


def test_what_is_there_is_kept_when_it_is_stopped_early(
    shared_engine: EngineClient, submit: Submit, over: Over, whole: str
) -> None:
    job = until_step(shared_engine, lambda: submit(num_inference_steps=STEPS), 2)
    shared_engine.stop_early(job.id)
    state = over(job).state
    assert isinstance(state, Done), state
    (notice,) = [notice for notice in state.notices if notice.kind == "stopped_early"]
    assert 2 <= notice.kept < notice.given == STEPS
    assert state.take.media != whole
    assert state.take.num_frames == 9


def test_a_dead_worker_s_job_goes_on_from_its_checkpoint(
    shared_engine: EngineClient,
    submit: Submit,
    over: Over,
    whole: str,
    worker_of: Callable[[Path], psutil.Process],
    shared_home: Path,
) -> None:
    job = until_step(shared_engine, lambda: submit(num_inference_steps=STEPS), 5)

    def kill() -> Job:
        worker_of(shared_home).kill()
        return job

    assert first_step(shared_engine, kill) > 1
    assert take_of(over(job)) == whole
    assert shared_engine.job(job.id).worker_deaths == 1


def test_a_killed_engine_forgets_no_wish(folder: Path, recipe: Recipe, until: Callable[..., None]) -> None:
    with attach(folder) as client:
        request = JobRequest(recipe=recipe.changed(num_inference_steps=100, num_frames=17))
        job = until_step(client, lambda: client.submit(request), 2)
        engine = read_rendezvous(folder)
        assert engine is not None
        client.pause(job.id)
        psutil.Process(engine.pid).kill()
    until(lambda: not psutil.pid_exists(engine.pid))
    with attach(folder) as client:
        assert client.job(job.id).state.kind == "paused"
        assert (folder / "checkpoints" / job.id).is_dir()
        assert client.resume(job.id).state.kind == "queued"
        until(lambda: client.job(job.id).state.kind == "running")
        client.cancel(job.id)
        until(lambda: client.job(job.id).state.kind == "cancelled")
        assert not (folder / "checkpoints" / job.id).exists()
