"""What every test stands on: a folder of its own, no leaked process or thread, and one engine for those who share."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from engine.client.api import EngineClient
from engine.client.attach import attach
from engine.protocol.events import JobChanged
from engine.protocol.home import RESOURCES, read_rendezvous
from engine.protocol.job import Delivery, Job, JobRequest
from engine.protocol.model_card import ModelCard, read_card
from engine.protocol.recipe import Recipe

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported; as the engine does for its workers

LEAK_GRACE_S = 5.0
LIMIT_S = 120.0


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user folder of this test's own; nothing reaches the real one."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("REELWRIGHT_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_leaks() -> Iterator[None]:
    """Fail a test that leaves a thread or a child process behind."""
    threads = set(threading.enumerate())
    children = {child.pid for child in psutil.Process().children(recursive=True)}
    yield
    deadline = time.monotonic() + LEAK_GRACE_S
    while leaked := _leaked(threads, children):
        assert time.monotonic() < deadline, f"left behind: {leaked}"
        time.sleep(0.02)


def _leaked(threads: set[threading.Thread], children: set[int]) -> list[str]:
    left = [thread.name for thread in threading.enumerate() if thread not in threads and not thread.daemon]
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess, ChildProcessError):
            if child.pid in children or child.pid in _shared or child.ppid() in _shared:
                continue
            if child.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(child.pid, os.WNOHANG)
            else:
                left.append(" ".join(child.cmdline()))
    return left


_shared: set[int] = set()


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user folder of the shared engine."""
    return tmp_path_factory.mktemp("shared-home")


@pytest.fixture(scope="session")
def shared_engine(shared_home: Path) -> Iterator[EngineClient]:
    """A real engine with its worker and the starter model, started once: a worker takes seconds to start."""
    client = attach(shared_home, idle_exit_s=None)
    rendezvous = read_rendezvous(shared_home)
    assert rendezvous is not None
    _shared.add(rendezvous.pid)
    yield client
    client.stop()
    client.close()
    wait_for(lambda: not psutil.pid_exists(rendezvous.pid) or _is_zombie(rendezvous.pid))


def _is_zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_for(condition: Callable[[], object], limit_s: float = 60.0) -> None:
    """Until the condition holds; a test never sleeps for a fixed time."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def until() -> Callable[..., None]:
    """`wait_for`, for tests in folders of their own."""
    return wait_for


@pytest.fixture(scope="session")
def starter_card() -> ModelCard:
    """The embedded model's card."""
    return read_card(RESOURCES / "models" / "starter.toml")


@pytest.fixture
def recipe() -> Recipe:
    """A small quick recipe for the starter model."""
    return Recipe(
        model="starter",
        prompt="a beach at sunset",
        width=64,
        height=64,
        num_frames=9,
        fps=12,
        num_inference_steps=3,
        guidance_scale=3.0,
        seed=7,
    )


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
