"""A worker that does not respond is told from one that died: it costs nothing but the time until it is back."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from engine.client.api import EngineClient
from engine.client.attach import attach
from engine.protocol.events import Progress, WorkerChanged
from engine.protocol.home import read_rendezvous
from engine.protocol.job import Cancelled, Done, Job

NOTICED_S = 10.0
GONE_S = 2.0
LIMIT_S = 60.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals there")


def until_worker(client: EngineClient, state: str, act: Callable[[], object]) -> float:
    """How long after `act` the worker's state is told, in seconds."""
    with client.events() as stream:
        began_s = time.monotonic()
        act()
        while time.monotonic() - began_s < LIMIT_S:
            found = stream.next(1.0)
            if found is not None and isinstance(found[0], WorkerChanged) and found[0].state == state:
                return time.monotonic() - began_s
    raise AssertionError(f"{state} was not told")


def queue_said(folder: Path, *arguments: str) -> str:
    """What `reelwright queue` says."""
    command = [sys.executable, "-P", "-m", "studio", "queue", *arguments]
    environment = os.environ | {"REELWRIGHT_HOME": str(folder)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.fixture
def busy(shared_engine: EngineClient, submit: Callable[..., Job]) -> Job:
    """A job in the middle of its steps."""
    with shared_engine.events() as stream:
        job = submit(num_inference_steps=60, num_frames=17)
        for event, _ in stream:
            if isinstance(event, Progress) and event.job_id == job.id and event.step >= 2:
                return job
    raise AssertionError


def test_one_that_is_stopped_for_a_while(
    shared_engine: EngineClient,
    busy: Job,
    over: Callable[[Job], Job],
    worker_of: Callable[[Path], psutil.Process],
    shared_home: Path,
) -> None:
    worker = worker_of(shared_home)
    try:
        assert until_worker(shared_engine, "not_responding", worker.suspend) < NOTICED_S
        (status,) = [w for w in shared_engine.workers() if w.device == "auto"]
        assert (status.state, status.job_id) == ("not_responding", busy.id)
        assert status.silent_s is not None
        assert status.silent_s >= 6
        assert shared_engine.job(busy.id).state.kind == "running"
        assert "running, not responding (since" in queue_said(shared_home)
        (row,) = [row for row in json.loads(queue_said(shared_home, "--json")) if row["id"] == busy.id]
        assert row["worker_silent_s"] >= 6
        until_worker(shared_engine, "ready", worker.resume)
    finally:
        worker.resume()
    (status,) = [w for w in shared_engine.workers() if w.device == "auto"]
    assert (status.state, status.silent_s) == ("ready", None)
    ended = over(busy)
    assert isinstance(ended.state, Done), ended.state
    assert ended.worker_deaths == 0


def test_one_that_does_not_even_cancel(
    shared_engine: EngineClient,
    busy: Job,
    submit: Callable[..., Job],
    over: Callable[[Job], Job],
    worker_of: Callable[[Path], psutil.Process],
    shared_home: Path,
) -> None:
    worker = worker_of(shared_home)
    worker.suspend()
    shared_engine.cancel(busy.id)
    ended = over(busy)
    assert isinstance(ended.state, Cancelled)
    assert ended.worker_deaths == 0
    after = over(submit(num_inference_steps=1))
    assert isinstance(after.state, Done), after.state


@pytest.mark.skipif(sys.platform != "linux", reason="only the Linux kernel ends it")
def test_one_that_is_stopped_does_not_outlive_its_engine(
    folder: Path, until: Callable[..., None], worker_of: Callable[[Path], psutil.Process]
) -> None:
    with attach(folder) as client:
        until(lambda: client.workers()[0].state == "ready")
    worker = worker_of(folder)
    worker.suspend()
    until(lambda: worker.status() == psutil.STATUS_STOPPED)
    engine = read_rendezvous(folder)
    assert engine is not None
    psutil.Process(engine.pid).kill()
    until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, GONE_S)
