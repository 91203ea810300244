"""A worker that dies costs its job another try, and the others nothing."""

from collections.abc import Callable
from pathlib import Path

import psutil

from engine.client.api import EngineClient
from engine.protocol.events import JobChanged, Progress
from engine.protocol.job import Done, Job, SetAside


def test_the_job_runs_again(
    shared_engine: EngineClient,
    submit: Callable[..., Job],
    over: Callable[[Job], Job],
    worker_of: Callable[[Path], psutil.Process],
    shared_home: Path,
) -> None:
    with shared_engine.events() as stream:
        job = submit(num_inference_steps=40)
        other = submit()
        for event, _ in stream:
            if isinstance(event, Progress) and event.job_id == job.id and event.step >= 1:
                break
        worker_of(shared_home).kill()
    job, other = over(job), over(other)
    assert isinstance(job.state, Done), job.state
    assert isinstance(other.state, Done), other.state
    assert (job.worker_deaths, other.worker_deaths) == (1, 0)
    assert list((shared_home / "media" / "incoming").iterdir()) == []


def test_the_third_death_sets_it_aside_and_the_next_job_runs(
    shared_engine: EngineClient,
    submit: Callable[..., Job],
    over: Callable[[Job], Job],
    worker_of: Callable[[Path], psutil.Process],
    shared_home: Path,
) -> None:
    kills = 0
    with shared_engine.events() as stream:
        deadly = submit(num_inference_steps=100, num_frames=17)
        last = submit(num_inference_steps=1)
        for event, _ in stream:
            if not isinstance(event, JobChanged) or event.job.id != deadly.id:
                continue
            if event.job.is_over:
                break
            if event.job.state.kind == "running" and event.job.worker_deaths == kills:
                worker_of(shared_home).kill()
                kills += 1
    state = shared_engine.job(deadly.id).state
    assert isinstance(state, SetAside), state
    assert (kills, state.worker_deaths) == (3, 3)
    assert state.detail == "exit code -9; see worker-auto.log"
    last = over(last)
    assert isinstance(last.state, Done), last.state
    assert last.worker_deaths == 0
