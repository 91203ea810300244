"""The job list and the workers: told by events, and asked for nothing that they do not need."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from engine.protocol.events import JobChanged, JobRemoved, Preview, Progress, QueueReordered, WorkerChanged
from engine.protocol.failure import Failure
from engine.protocol.job import Cancelled, Done, Drafted, Failed, Job, JobRequest, Paused, Queued, Running, TakeFile
from engine.protocol.recipe import Recipe
from engine.protocol.worker_status import WorkerStatus
from studio.link.scripted import ScriptedLink
from studio.link.state import Connected, Lost
from studio.link.trouble import Refused
from studio.models.jobs import JobList
from studio.models.workers import Workers

FILE = TakeFile(media="0" * 64, container="mp4", size_bytes=1, num_frames=9)
RUNNING = Running(started_at=1.0, device="cpu")
PAUSED = Paused(step=2, total_steps=4)
DONE = Done(finished_at=2.0, take=FILE, stage_s={}, build="1")


class Clock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def link(qapp: QApplication) -> ScriptedLink:
    return ScriptedLink()


@pytest.fixture
def jobs(link: ScriptedLink, clock: Clock) -> JobList:
    return JobList(link, clock=clock)


@pytest.fixture
def workers(link: ScriptedLink, clock: Clock) -> Workers:
    return Workers(link, clock=clock)


@pytest.fixture
def job(recipe: Recipe) -> Callable[..., Job]:
    """Return a function that makes a job of shot a: `job("1", state=...)`."""

    def making(name: str, **fields: Any) -> Job:
        request = JobRequest(recipe=recipe, project="film", shot=fields.pop("shot", "a"))
        return Job.model_validate({"id": name, "request": request, "created_at": 1.0, **fields})

    return making


def ids(found: list[Job]) -> list[str]:
    return [each.id for each in found]


def progress(job_id: str, step: int = 1, eta_s: float | None = 8.0) -> Progress:
    return Progress(job_id=job_id, stage="denoise", step=step, total_steps=4, elapsed_s=1.0, eta_s=eta_s)


def preview(job_id: str) -> Preview:
    return Preview(job_id=job_id, step=1, total_steps=4, fps=12, width=8, height=8, frame_sizes_bytes=(1,))


def asked(link: ScriptedLink, name: str) -> list[tuple[Any, ...]]:
    return [ticket.ask.arguments for ticket in link.waiting(name)]


def test_they_are_what_the_engine_says(link: ScriptedLink, jobs: JobList, job: Callable[..., Job]) -> None:
    said: list[str] = []
    jobs.changed.connect(lambda: said.append("changed"))
    jobs.job_changed.connect(lambda each: said.append(f"{each.id} {each.state.kind}"))
    jobs.loaded.connect(lambda: said.append("loaded"))
    link.connect_with([job("1"), job("2")])
    assert said == ["changed", "loaded", "1 queued", "2 queued"]
    said.clear()
    link.tell(JobChanged(job=job("1", state=RUNNING)))
    link.tell(JobChanged(job=job("3")))
    link.tell(JobRemoved(job_id="2"))
    link.tell(JobRemoved(job_id="never there"))
    assert said == ["1 running", "changed", "3 queued", "changed", "changed"]
    assert ids(jobs.all()) == ["1", "3"]
    assert jobs.get("2") is None


def test_a_connect_replaces_all_that_was_known(link: ScriptedLink, jobs: JobList, job: Callable[..., Job]) -> None:
    link.connect_with([job("1", state=RUNNING), job("2", state=RUNNING), job("3")])
    for name in ("1", "2"):
        link.tell(progress(name))
        link.tell(preview(name), [b"x"])
    link.connect_with([job("2", state=RUNNING), job("1", state=DONE)])
    assert ids(jobs.all()) == ["2", "1"]
    assert jobs.progress("2") is not None
    assert jobs.preview("2") is not None
    assert jobs.progress("1") is None
    assert jobs.preview("1") is None


def test_running_ones_come_before_waiting_ones(link: ScriptedLink, jobs: JobList, job: Callable[..., Job]) -> None:
    link.connect_with([job("1"), job("2", state=PAUSED), job("3", state=RUNNING), job("4")])
    assert ids(jobs.active) == ["3", "1", "4"]


def test_a_new_order_moves_waiting_jobs_only(link: ScriptedLink, jobs: JobList, job: Callable[..., Job]) -> None:
    link.connect_with([job("r", state=RUNNING), job("1"), job("p", state=PAUSED), job("2"), job("3")])
    link.tell(QueueReordered(job_ids=("3", "unknown", "1", "2")))
    assert ids(jobs.all()) == ["r", "3", "p", "1", "2"]


def test_jobs_of_a_shot_are_those_that_may_still_make_something(
    link: ScriptedLink, jobs: JobList, job: Callable[..., Job]
) -> None:
    failed = Failed(finished_at=1.0, failure=Failure(kind="internal"))
    drafted = Drafted(finished_at=1.0, step=1, total_steps=4, take=FILE)
    link.connect_with(
        [
            *(job("1"), job("2", state=RUNNING), job("3", state=PAUSED), job("4", state=failed)),
            *(job("5", state=DONE), job("6", state=drafted), job("7", state=Cancelled(finished_at=1.0))),
            job("8", shot="b"),
        ]
    )
    assert ids(jobs.of_shot("a")) == ["1", "2", "3", "4"]


def test_the_time_left_goes_by_between_two_words_of_the_engine(
    link: ScriptedLink, jobs: JobList, job: Callable[..., Job], clock: Clock
) -> None:
    link.connect_with([job("1", state=RUNNING)])
    assert jobs.eta_s("1") is None
    link.tell(progress("1", eta_s=None))
    assert jobs.eta_s("1") is None
    link.tell(progress("1", eta_s=8.0))
    clock.now_s += 3
    assert jobs.eta_s("1") == 5.0
    clock.now_s += 30
    assert jobs.eta_s("1") == 0.0
    link.tell(progress("1", step=2, eta_s=6.0))
    assert jobs.eta_s("1") == 6.0
    link.tell(JobChanged(job=job("1", state=DONE)))
    assert jobs.eta_s("1") is None


def test_a_preview_that_comes_too_late_is_not_shown(link: ScriptedLink, jobs: JobList, job: Callable[..., Job]) -> None:
    link.connect_with([job("1", state=RUNNING)])
    link.tell(preview("1"), [b"x"])
    assert jobs.preview("1") is not None
    link.tell(JobChanged(job=job("1", state=DONE)))
    link.tell(preview("1"), [b"late"])
    assert jobs.preview("1") is None


def test_a_preview_is_kept_of_what_has_no_take_yet(link: ScriptedLink, jobs: JobList, job: Callable[..., Job]) -> None:
    failed = Failed(finished_at=1.0, failure=Failure(kind="internal"))
    link.connect_with([job("1", state=RUNNING)])
    link.tell(preview("1"), [b"x"])
    for state in (PAUSED, Queued(), failed):
        link.tell(JobChanged(job=job("1", state=state)))
        assert jobs.preview("1") is not None
    link.connect_with([job("1", state=failed)])
    assert jobs.preview("1") is not None
    link.tell(JobChanged(job=job("1", state=Cancelled(finished_at=1.0))))
    assert jobs.preview("1") is None


def test_trying_again_goes_on_or_begins_anew(link: ScriptedLink, jobs: JobList, job: Callable[..., Job]) -> None:
    cancelled = job("2", state=Cancelled(finished_at=1.0))
    link.connect_with([job("1", state=Failed(finished_at=1.0, failure=Failure(kind="internal"))), cancelled])
    for name in ("1", "2", "not there"):
        jobs.again(name)
    assert asked(link, "resume") == [("1",)]
    assert asked(link, "submit") == [(cancelled.request,)]


def test_pausing_all_does_not_start_what_waits(link: ScriptedLink, jobs: JobList, job: Callable[..., Job]) -> None:
    link.connect_with(
        [job("1", state=RUNNING), job("2"), job("3"), job("4", state=PAUSED), job("5", state=RUNNING, wish="cancel")]
    )
    jobs.pause_all()
    assert asked(link, "pause") == [("3",), ("2",), ("1",)]
    jobs.resume_all()
    assert asked(link, "resume") == [("4",)]


def test_workers_are_asked_for_after_every_connect(link: ScriptedLink, workers: Workers) -> None:
    said: list[int] = []
    workers.changed.connect(lambda: said.append(len(workers.all())))
    link.connect_with()
    link.answer("workers", [WorkerStatus(device="auto", state="ready", found="cpu: a processor", job_id="1")])
    assert [worker.found for worker in workers.all()] == ["cpu: a processor"]
    link.become(Lost("it died", 1))
    assert workers.all() == []
    link.become(Connected())
    link.jobs_loaded.emit([])
    link.refuse("workers", Refused(500, "no"))
    assert workers.all() == []
    assert said == [1, 0]


def test_events_keep_them_and_silence_is_counted_on(link: ScriptedLink, workers: Workers, clock: Clock) -> None:
    link.connect_with()
    link.answer("workers", [])
    link.tell(WorkerChanged(device="auto", state="ready", detail="cpu: a processor"))
    (worker,) = workers.all()
    assert (worker.state, worker.found) == ("ready", "cpu: a processor")
    assert workers.silent_s(worker) is None
    link.answer("workers", [worker.changed(total_bytes=8)])  # the event does not tell how much memory there is
    link.tell(WorkerChanged(device="auto", state="ready", detail="cpu: a processor"))
    assert link.waiting("workers") == []
    link.tell(WorkerChanged(device="auto", state="not_responding"))
    (worker,) = workers.all()
    assert (workers.silent_s(worker), worker.found, worker.total_bytes) == (0.0, "cpu: a processor", 8)
    link.answer("workers", [worker.changed(silent_s=12.0, job_id="1")])
    clock.now_s += 3
    silent = workers.of_job("1")
    assert silent is not None
    assert workers.silent_s(silent) == 15.0
    link.tell(WorkerChanged(device="auto", state="died", detail="exit code -9"))
    assert [each.state for each in workers.all()] == ["starting"]
    assert workers.of_job("1") is None
