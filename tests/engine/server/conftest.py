"""Jobs on the shared engine: whatever a test leaves in its queue is cancelled and forgotten."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.client.api import EngineClient
from engine.protocol.events import JobChanged
from engine.protocol.home import Rendezvous, read_rendezvous
from engine.protocol.job import Delivery, Job, JobRequest
from engine.protocol.recipe import Recipe

LIMIT_S = 120.0


@pytest.fixture
def rendezvous(shared_engine: EngineClient, shared_home: Path) -> Rendezvous:
    found = read_rendezvous(shared_home)
    assert found is not None
    return found


@pytest.fixture
def over(shared_engine: EngineClient) -> Callable[[Job], Job]:
    """Return a function that waits for the end of a job."""

    def wait(job: Job) -> Job:
        with shared_engine.events() as stream:
            job = shared_engine.job(job.id)
            while not job.is_over:
                found = stream.next(LIMIT_S)
                assert found is not None, "it did not end in time"
                if isinstance(found[0], JobChanged) and found[0].job.id == job.id:
                    job = found[0].job
        return job

    return wait


@pytest.fixture
def submit(shared_engine: EngineClient, recipe: Recipe, over: Callable[[Job], Job]) -> Iterator[Callable[..., Job]]:
    """Return a function that queues the quick recipe with other fields; none of these jobs outlives the test."""
    made: list[Job] = []

    def submitting(delivery: Delivery | None = None, **fields: object) -> Job:
        request = JobRequest(recipe=recipe.changed(**fields), delivery=delivery or Delivery())
        made.append(shared_engine.submit(request))
        return made[-1]

    yield submitting
    left = {job.id for job in shared_engine.jobs(limit=1000)}
    for job in [job for job in reversed(made) if job.id in left]:
        shared_engine.cancel(job.id)
        over(job)
        shared_engine.delete(job.id)


@pytest.fixture
def busy(shared_engine: EngineClient, submit: Callable[..., Job], until: Callable[..., None]) -> Job:
    """A running job that keeps the worker busy for as long as the test needs others to wait."""
    job = submit(num_inference_steps=100, num_frames=49, width=192, height=192)
    until(lambda: shared_engine.job(job.id).state.kind == "running")
    return job
