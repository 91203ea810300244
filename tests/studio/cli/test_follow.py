"""Following a job with an engine that says only what the test wants."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from engine.protocol.events import Event, JobChanged, Progress, Stage, WorkerChanged
from engine.protocol.job import Cancelled, Job, JobRequest, Paused, Running
from engine.protocol.recipe import Recipe
from engine.protocol.worker_status import WorkerStatus
from studio.cli.follow import Follower, display

READY = WorkerStatus(device="auto", state="ready", job_id="1")
SILENT = WorkerStatus(device="auto", state="not_responding", job_id="1", silent_s=8.0)
PROGRESS = Progress(job_id="1", stage="denoise", step=3, total_steps=20, elapsed_s=1.0)


class Engine:
    """A client and an event stream in one; `script` holds events, quiet moments (None) and errors."""

    def __init__(self, job: Job, *script: Event | BaseException | None) -> None:
        self.now = job
        self.status = READY
        self.asked: list[str] = []
        self._script: Iterator[Event | BaseException | None] = iter(script)

    @contextlib.contextmanager
    def events(self) -> Iterator["Engine"]:
        yield self

    def next(self, timeout_s: float | None = None) -> tuple[Event, list[bytes]] | None:
        event = next(self._script)
        if isinstance(event, BaseException):
            raise event
        if isinstance(event, WorkerChanged):
            self.status = SILENT if event.state == "not_responding" else READY
        return None if event is None else (event, [])

    def jobs(self, state: str) -> list[Job]:
        return []

    def workers(self) -> list[WorkerStatus]:
        return [self.status]

    def job(self, job_id: str) -> Job:
        return self.now

    def _asked(self, wish: str) -> Job:
        self.asked.append(wish)
        return self.now

    def submit(self, request: JobRequest) -> Job:
        return self._asked("submit")

    def resume(self, job_id: str) -> Job:
        self.now = self.now.changed(state=RUNNING)
        return self._asked("resume")

    def pause(self, job_id: str) -> Job:
        return self._asked("pause")

    def cancel(self, job_id: str) -> Job:
        return self._asked("cancel")


class Screen:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def show(self, text: str, done: float) -> None:
        self.lines.append(text)


RUNNING = Running(started_at=1.0, device="cpu")
PAUSED = Paused(step=3, total_steps=20)


@pytest.fixture
def job(recipe: Recipe) -> Job:
    return Job(id="1", request=JobRequest(recipe=recipe), created_at=1.0, state=RUNNING)


def over(job: Job) -> JobChanged:
    return JobChanged(job=job.changed(state=Cancelled(finished_at=2.0)))


def follow(engine: Any, job: Job, **how: Any) -> tuple[Job, list[str]]:
    screen = Screen()
    return Follower(engine, None, **how).go_on(job, screen), screen.lines


def test_a_worker_that_does_not_respond_is_said_until_it_does(job: Job) -> None:
    silence, voice = (WorkerChanged(device="auto", state=state) for state in ("not_responding", "ready"))
    _, lines = follow(Engine(job, PROGRESS, silence, None, voice, PROGRESS, over(job)), job)
    assert lines == [
        "starting",
        "denoise 3/20",
        "denoise 3/20 · not responding (since 8.0 s)",
        "denoise 3/20 · not responding (since 8.0 s)",
        "denoise 3/20",
    ]


def test_a_silence_that_began_before_is_seen(job: Job) -> None:
    engine = Engine(job, None, over(job))
    engine.status = SILENT
    assert follow(engine, job)[1][:2] == ["starting", "starting · not responding (since 8.0 s)"]


@pytest.mark.parametrize(("kind", "is_said"), [("running", False), ("queued", True)])
def test_another_jobs_silent_worker_matters_to_those_that_wait(job: Job, kind: str, is_said: bool) -> None:
    job = job if kind == "running" else job.changed(state={"kind": "queued"})
    engine = Engine(job, None, over(job))
    engine.status = SILENT.changed(job_id="2")
    assert any("not responding" in line for line in follow(engine, job)[1]) == is_said


def test_what_stopped_is_resumed_and_what_runs_is_only_followed(job: Job) -> None:
    stopped = job.changed(state=PAUSED)
    engine = Engine(stopped, over(job))
    ended, _ = follow(engine, stopped)
    assert (engine.asked, ended.state.kind) == (["resume"], "cancelled")
    engine = Engine(job, over(job))
    follow(engine, job)
    assert engine.asked == []


@pytest.mark.parametrize("wish", ["cancel", "pause"])
def test_ctrl_c_does_what_the_command_says(job: Job, wish: str) -> None:
    engine = Engine(job, KeyboardInterrupt(), JobChanged(job=job.changed(state=PAUSED)))
    ended, lines = follow(engine, job, on_interrupt=wish)
    assert engine.asked == [wish]
    assert ended.state == PAUSED
    assert lines[-1] == {"cancel": "cancelling", "pause": "pausing"}[wish]


def stages(*steps: tuple[Stage, int, int]) -> list[Progress]:
    return [
        Progress(job_id="1", stage=stage, step=step, total_steps=4, frame=frame, total_frames=20, elapsed_s=1.0)
        for stage, step, frame in steps
    ]


def test_sections_that_are_decoded_while_the_clip_is_written_do_not_turn_the_progress_back(job: Job) -> None:
    script = stages(("denoise", 4, 0), ("decode", 4, 0), ("write", 4, 0), ("write", 4, 10), ("decode", 4, 0))
    seen: list[tuple[str, float]] = []

    class Watched:
        def show(self, text: str, done: float) -> None:
            seen.append((text, done))

    engine: Any = Engine(job, *script, over(job))
    Follower(engine, None).go_on(job, Watched())
    assert seen[1:] == [("denoise 4/4", 1.0), ("decode", 1.0), ("write", 0.0), ("write", 0.5), ("write", 0.5)]


def test_a_log_has_a_line_for_each_stage_and_begins_anew_with_a_new_worker(capsys: pytest.CaptureFixture[str]) -> None:
    with display() as shown:
        for text in ("load", "denoise 1/4", "decode", "denoise 2/4", "worker died", "load", "denoise 2/4", "decode"):
            shown.show(text, 0.5)
    said = [line.rsplit(" (", 1)[0] for line in capsys.readouterr().err.splitlines()]
    assert said == ["load", "denoise 1/4", "decode", "worker died", "load", "denoise 2/4", "decode"]
