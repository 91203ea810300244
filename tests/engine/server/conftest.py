"""Jobs on the shared engine: whatever a test leaves in its queue is cancelled and forgotten."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.client.api import EngineClient
from engine.protocol.home import Rendezvous, read_rendezvous
from engine.protocol.job import Job

LIMIT_S = 120.0


@pytest.fixture
def rendezvous(shared_engine: EngineClient, shared_home: Path) -> Rendezvous:
    found = read_rendezvous(shared_home)
    assert found is not None
    return found


@pytest.fixture
def busy(shared_engine: EngineClient, submit: Callable[..., Job], until: Callable[..., None]) -> Job:
    """A running job that keeps the worker busy for as long as the test needs others to wait."""
    job = submit(num_inference_steps=100, num_frames=49, width=192, height=192)
    until(lambda: shared_engine.job(job.id).state.kind == "running")
    return job
