"""Jobs on a real engine with its worker and the starter model; what a test leaves in the queue is cleared."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from engine.client.api import EngineClient
from engine.client.attach import attach_running
from engine.protocol.home import read_rendezvous
from engine.protocol.job import Done, Job

LIMIT_S = 120.0


@pytest.fixture
def take(shared_engine: EngineClient, tmp_path: Path) -> Callable[[Job], Path]:
    """Return a function that fetches the take of a job that is done."""

    def fetching(job: Job) -> Path:
        assert isinstance(job.state, Done), job.state
        file = io.BytesIO()
        shared_engine.fetch(job.state.take.media, file)
        path = tmp_path / f"{job.id}.{job.state.take.container}"
        path.write_bytes(file.getvalue())
        return path

    return fetching


@pytest.fixture
def worker_of(until: Callable[..., None]) -> Callable[[Path], psutil.Process]:
    """Return a function that finds the worker process of the engine on a folder."""

    def workers(folder: Path) -> list[psutil.Process]:
        rendezvous = read_rendezvous(folder)
        assert rendezvous is not None
        found: list[psutil.Process] = []
        for child in psutil.Process(rendezvous.pid).children():
            try:
                if "engine.worker" in child.cmdline():
                    found.append(child)
            except psutil.Error:  # it ends at this very moment
                continue
        return found

    def finding(folder: Path) -> psutil.Process:
        until(lambda: len(workers(folder)) == 1)
        return workers(folder)[0]

    return finding


@pytest.fixture
def folder(tmp_path: Path, until: Callable[..., None]) -> Iterator[Path]:
    """A folder for an engine of the test's own; the engine and all that it started are gone after the test."""
    path = tmp_path / "mes films é"
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield path
    client = attach_running(path)
    if client is not None:
        client.stop()
        client.close()
    for child in psutil.Process().children(recursive=True):
        if child.pid not in before:
            until(lambda c=child: not c.is_running())
