"""Kill -9 at instants all over a job's life: no job is lost or done twice, and next to nothing is made again."""

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import psutil
import pytest

from engine.client.api import EngineClient, EventStream
from engine.client.attach import attach
from engine.client.errors import EngineGoneError
from engine.protocol.events import Event, JobChanged, Progress, Stage, WorkerChanged
from engine.protocol.home import read_rendezvous
from engine.protocol.job import Delivery, Done, Job, JobRequest, Running
from engine.protocol.recipe import Recipe

LIMIT_S = 120.0
NOTICED_S = 2.0
"""Of a death on a machine that others use as well; tests/bench measures it."""
INTERVAL_STEPS = 4
"""At most so many steps are made again: what `Habits.checkpoint_steps` is by default."""
STAGES: tuple[Stage, ...] = get_args(Stage)
LOSSLESS = Delivery(container="mkv")


@dataclass(frozen=True)
class Kill:
    """In a stage (once so many steps are done), or while the worker starts again."""

    stage: Stage | None
    step: int = 0
    delay_s: float = 0.0

    def is_due(self, event: Event, job_id: str) -> bool:
        """Whether the event says that it is time; a stage that was too short to be told of counts as passed."""
        if self.stage is None:
            return isinstance(event, WorkerChanged) and event.state == "died"
        if not isinstance(event, Progress) or event.job_id != job_id:
            return False
        here, there = STAGES.index(event.stage), STAGES.index(self.stage)
        return here > there or (here == there and event.step >= self.step)


@dataclass
class Story:
    """What was heard of a job.

    Attributes:
        resumed: last step heard of before a new try, and the first one of that try.
        noticed_s: from each kill of a worker to the news of it.
    """

    job: Job
    step: int = 0
    ends: int = 0
    resumed: list[tuple[int, int]] = field(default_factory=list)
    noticed_s: list[float] = field(default_factory=list)
    _tries: set[float] = field(default_factory=set)
    _is_new: bool = False
    _is_dying: bool = False

    def stands(self, job: Job) -> None:
        self.job, state = job, job.state
        if isinstance(state, Running) and state.started_at not in self._tries:
            self._is_new, self._is_dying = bool(self._tries), False
            self._tries.add(state.started_at)

    def hear(self, event: Event) -> None:
        match event:
            case JobChanged() if event.job.id == self.job.id:
                self.ends += event.job.state.kind == "done"
                self.stands(event.job)
            case Progress() if event.job_id == self.job.id and event.stage != "load":
                if self._is_new:
                    self.resumed.append((self.step, event.step))
                    self._is_new = False
                self.step = event.step

    def follow(self, stream: EventStream, kills: list[Kill], kill: Callable[[], None]) -> Job:
        """Until the job is over; all the kills come, if need be when it is."""
        killed_s: float | None = None
        while not self.job.is_over:
            found = stream.next(LIMIT_S)
            assert found is not None, "it did not end in time"
            self.hear(found[0])
            if isinstance(found[0], WorkerChanged) and found[0].state == "died" and killed_s is not None:
                self.noticed_s.append(time.monotonic() - killed_s)
                killed_s = None
            stale = self._is_dying and isinstance(found[0], Progress)  # said by the worker that was killed last
            if kills and not stale and kills[0].is_due(found[0], self.job.id):
                self._is_dying = True
                time.sleep(kills.pop(0).delay_s)
                killed_s = time.monotonic()
                kill()
        for _ in kills:
            kill()
        return self.job


def sha256_of(job: Job) -> str:
    assert isinstance(job.state, Done), job.state
    return job.state.take.media


def check(story: Story, folder: Path, expected: str, takes_before: set[str]) -> None:
    """The job ended once, in the very bytes of an undisturbed run, and left nothing else."""
    assert story.ends == 1
    assert sha256_of(story.job) == expected
    assert takes(folder) - takes_before == {expected}
    assert [before - after for before, after in story.resumed if before - after > INTERVAL_STEPS] == []
    assert list((folder / "media" / "incoming").iterdir()) == []
    assert not (folder / "checkpoints" / story.job.id).exists()
    assert all(noticed_s < NOTICED_S for noticed_s in story.noticed_s), story.noticed_s


def takes(folder: Path) -> set[str]:
    found = [path.stem for path in (folder / "media").rglob("*") if path.is_file()]
    assert len(found) == len(set(found))
    return set(found)


def no_strays(folder: Path) -> bool:
    """No process works on the folder but the engine and its worker."""
    rendezvous = read_rendezvous(folder)
    family = {child.pid for child in psutil.Process(rendezvous.pid).children()} | {rendezvous.pid} if rendezvous else ()
    return not any(
        str(folder) in " ".join(process.info["cmdline"] or []) and process.pid not in family
        for process in psutil.process_iter(["cmdline"])
    )


ONE, TWO = {"num_inference_steps": 18}, {"num_frames": 65, "num_inference_steps": 6}
PLANS = {
    "early, and as it reads the prompt again": (ONE, ["denoise", "encode"]),
    "then while it loads": (ONE, ["encode", "load"]),
    "decoding": (ONE, ["decode", "write"]),
    "writing": (ONE, ["write", "load"]),
    "while the worker starts": (ONE, ["denoise", None, "denoise"]),
    "second section": (TWO, ["denoise", "write"]),
}


@pytest.mark.parametrize("name", PLANS)
def test_of_the_worker(
    shared_engine: EngineClient,
    submit: Callable[..., Job],
    over: Callable[[Job], Job],
    worker_of: Callable[[Path], psutil.Process],
    until: Callable[..., None],
    shared_home: Path,
    name: str,
) -> None:
    rng = random.Random(name)
    fields, stages = PLANS[name]
    first_section = TWO["num_inference_steps"] if fields is TWO else 0
    reference = over(submit(LOSSLESS, **fields))
    shared_engine.delete(reference.id)
    before = takes(shared_home)
    steps = sorted(rng.randrange(first_section + 1, first_section + fields["num_inference_steps"]) for _ in stages)
    longest_s = {None: 0.8, "load": 0.5, "denoise": 0.05}
    kills = [
        Kill(stage, step if stage == "denoise" else 0, rng.random() * longest_s.get(stage, 0.02))
        for stage, step in zip(stages, steps, strict=True)
    ]
    with shared_engine.events() as stream:
        story = Story(submit(LOSSLESS, **fields))
        story.follow(stream, kills, lambda: worker_of(shared_home).kill())
    check(story, shared_home, sha256_of(reference), before)
    assert story.job.worker_deaths <= sum(stage is not None for stage in stages)
    assert all(after >= first_section for _, after in story.resumed)
    until(lambda: no_strays(shared_home))


def test_of_the_worker_of_a_job_that_pauses_and_resumes(
    shared_engine: EngineClient,
    submit: Callable[..., Job],
    over: Callable[[Job], Job],
    worker_of: Callable[[Path], psutil.Process],
    until: Callable[..., None],
    shared_home: Path,
) -> None:
    reference = over(submit(LOSSLESS, **ONE))
    shared_engine.delete(reference.id)
    before = takes(shared_home)

    killed: list[int] = []

    def pause_and_kill() -> None:
        shared_engine.pause(story.job.id)
        worker = worker_of(shared_home)
        worker.kill()
        killed.append(worker.pid)

    with shared_engine.events() as stream:
        story = Story(submit(LOSSLESS, **ONE))
        assert story.follow(stream, [Kill("denoise", 6)], pause_and_kill).state.kind == "paused"
        assert any((shared_home / "checkpoints" / story.job.id).iterdir())
        until(lambda: worker_of(shared_home).pid not in killed)  # or it would be given to one that is as good as dead
        story.stands(shared_engine.resume(story.job.id))
        story.follow(stream, [Kill("load"), Kill("denoise", 12)], lambda: worker_of(shared_home).kill())
    check(story, shared_home, sha256_of(reference), before)


def test_of_the_worker_of_a_draft(
    shared_engine: EngineClient,
    submit: Callable[..., Job],
    over: Callable[[Job], Job],
    worker_of: Callable[[Path], psutil.Process],
    recipe: Recipe,
    shared_home: Path,
) -> None:
    reference = over(submit(LOSSLESS, **ONE))
    shared_engine.delete(reference.id)
    before = takes(shared_home)
    kill = lambda: worker_of(shared_home).kill()  # noqa: E731
    request = JobRequest(recipe=recipe.changed(**ONE), delivery=LOSSLESS, draft_steps=8)
    with shared_engine.events() as stream:
        story = Story(shared_engine.submit(request))
        assert story.follow(stream, [Kill("denoise", 5), Kill("write")], kill).state.kind == "drafted"
        assert len(takes(shared_home) - before) == 1
        story.stands(shared_engine.resume(story.job.id))
        story.follow(stream, [Kill("denoise", 12)], kill)
    check(story, shared_home, sha256_of(reference), before)
    shared_engine.delete(story.job.id)


@pytest.fixture
def engines(folder: Path) -> Iterator[Callable[[], EngineClient]]:
    """Return a function that attaches to the engine of the test's folder, anew each time."""
    clients: list[EngineClient] = []

    def attaching() -> EngineClient:
        for client in clients:
            client.close()
        clients[:] = [attach(folder, idle_exit_s=None)]
        return clients[0]

    yield attaching
    for client in clients:
        client.close()


def test_of_the_engine(
    folder: Path,
    engines: Callable[[], EngineClient],
    recipe: Recipe,
    until: Callable[..., None],
    worker_of: Callable[[Path], psutil.Process],
) -> None:
    wanted = JobRequest(recipe=recipe.changed(**TWO), delivery=LOSSLESS)
    client = engines()
    reference = Story(client.submit(wanted))
    with client.events() as stream:
        reference.stands(client.job(reference.job.id))
        reference.follow(stream, [], lambda: None)
    client.delete(reference.job.id)
    before = takes(folder)

    story = Story(client.submit(wanted))
    paused = client.pause(client.submit(wanted).id)
    kills = [Kill("denoise", 3), Kill("denoise", 9), Kill("write", delay_s=0.05)]
    while kills or not story.job.is_over:
        with client.events() as stream, contextlib.suppress(EngineGoneError):
            story.stands(client.job(story.job.id))
            worker = worker_of(folder)
            story.follow(stream, kills[:1], lambda: kill_engine(folder))
        if kills:
            until(lambda gone=worker: not gone.is_running())
            client = engines()
            assert client.job(paused.id).state.kind == "paused"
        kills = kills[1:]
    assert story.job.worker_deaths == 0
    check(story, folder, sha256_of(reference.job), before)

    client.resume(paused.id)
    kill_engine(folder)
    client = engines()
    assert client.job(paused.id).state.kind in ("queued", "running")
    last = Story(client.job(paused.id))
    with client.events() as stream:
        last.stands(client.job(paused.id))
        last.follow(stream, [], lambda: None)
    assert sha256_of(last.job) == sha256_of(reference.job)
    until(lambda: no_strays(folder))


def kill_engine(folder: Path) -> None:
    rendezvous = read_rendezvous(folder)
    assert rendezvous is not None
    psutil.Process(rendezvous.pid).kill()
