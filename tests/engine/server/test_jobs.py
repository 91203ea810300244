"""The life of a job, with workers that do only what the test says."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.pool.pool import Worker
from engine.protocol.events import Event, JobChanged, Progress, WorkerChanged
from engine.protocol.failure import Failure
from engine.protocol.home import RESOURCES
from engine.protocol.job import (
    Delivery,
    Device,
    Done,
    Drafted,
    Failed,
    Job,
    JobRequest,
    Notice,
    Paused,
    SetAside,
)
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.recipe import Recipe
from engine.protocol.work import Alive, Broke, Command, Finished, Ready, Render, Report, Stop, Stopped
from engine.queue.store import JobStore
from engine.server import jobs as jobs_module
from engine.server.checkpoints import Checkpoints
from engine.server.events import Hub
from engine.server.jobs import PAGE, Jobs
from engine.server.library import Library
from engine.server.media_store import MediaStore

TAKE = "ab" * 32
DRAFT = "de" * 32
READY = Ready(device="cpu", device_name="x", total_bytes=1, available=("cpu",))


class FakeWorker:
    """Takes commands and does nothing with them."""

    def __init__(self, device: str = "auto", ready: Ready | None = READY) -> None:
        self.device = device
        self.ready = ready
        self.early_deaths = 0
        self.silent_s: float | None = None
        self.sent: list[Command] = []
        self.kills = 0

    def send(self, command: Command) -> None:
        self.sent.append(command)

    def kill(self) -> None:
        self.kills += 1

    @property
    def renders(self) -> list[str]:
        return [c.job_id for c in self.sent if isinstance(c, Render)]

    @property
    def stops(self) -> list[str]:
        return [c.wish for c in self.sent if isinstance(c, Stop)]


class FakePool:
    """The given workers, by device."""

    def __init__(self, **workers: FakeWorker) -> None:
        self._workers = workers

    def workers(self) -> list[Worker]:
        return list(self._workers.values())

    def for_device(self, device: Device) -> Worker | None:
        auto = self._workers["auto"]
        return self._workers.get(device) or (auto if auto.ready is None or auto.ready.device == device else None)

    async def stop(self) -> None:
        return


class Desk:
    """An engine's queue with one fake worker."""

    def __init__(self, folder: Path, ready: Ready | None = READY) -> None:
        self.folder = folder
        self.worker = FakeWorker(ready=ready)
        self.store = JobStore(folder / "queue.sqlite")
        self.media = MediaStore(folder)
        self.hub = Hub()
        self.checkpoints = Checkpoints(folder)
        self.jobs = Jobs(self.store, self.media, Library(folder), self.hub, self.checkpoints)
        self.jobs.use(FakePool(auto=self.worker))

    def state(self, job: Job) -> str:
        found = self.store.get(job.id)
        assert found is not None
        return found.state.kind

    def job(self, job: Job) -> Job:
        found = self.store.get(job.id)
        assert found is not None
        return found

    def render(self, job: Job) -> Render:
        """What the worker was told the last time it was given the job."""
        return next(c for c in reversed(self.worker.sent) if isinstance(c, Render) and c.job_id == job.id)

    def finish(self, job: Job, content: bytes = b"take", digest: str = TAKE, **fields: Any) -> None:
        Path(self.render(job).output).write_bytes(content)
        report = Finished(job_id=job.id, sha256=digest, size_bytes=4, num_frames=9, stage_s={}, **fields)
        self.say(report)

    def say(self, report: Report) -> None:
        self.jobs.on_report(self.worker, report, b"")

    def checkpoint(self, job: Job) -> Path:
        """Leave a checkpoint, as the worker does; returns its folder."""
        folder = Path(self.render(job).checkpoints)
        (folder / "step-0001").write_bytes(b"x")
        return folder


@pytest.fixture
def request_(recipe: Recipe) -> JobRequest:
    return JobRequest(recipe=recipe)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Return a function that opens the desk of this test's folder."""
    desks: list[Desk] = []

    def opening(ready: Ready | None = READY) -> Desk:
        desks.append(Desk(tmp_path, ready))
        return desks[-1]

    yield opening
    for desk in desks:
        desk.store.close()


@pytest.fixture
def desk(opened: Callable[..., Desk]) -> Desk:
    return opened()


def problems_of(submitting: Callable[[], object]) -> list[Problem]:
    with pytest.raises(ProblemsError) as caught:
        submitting()
    return caught.value.problems


def test_one_at_a_time_in_order(desk: Desk, request_: JobRequest) -> None:
    a, b, c = (desk.jobs.submit(request_) for _ in range(3))
    assert [desk.state(job) for job in (a, b, c)] == ["running", "queued", "queued"]
    desk.jobs.move(desk.job(c), b.id)
    desk.finish(a)
    assert desk.worker.renders == [a.id, c.id]
    desk.jobs.on_report(desk.worker, Broke(job_id=c.id, failure=Failure(kind="internal")), b"")
    assert desk.worker.renders == [a.id, c.id, b.id]
    desk.jobs.on_report(desk.worker, Stopped(job_id=b.id, wish="cancel"), b"")
    assert [desk.state(job) for job in (a, b, c)] == ["done", "cancelled", "failed"]
    assert desk.store.is_idle()


def test_jobs_wait_until_the_worker_is_ready(opened: Callable[..., Desk], request_: JobRequest) -> None:
    desk = opened(ready=None)
    job = desk.jobs.submit(request_)
    assert desk.worker.sent == []
    desk.worker.ready = READY
    desk.jobs.on_report(desk.worker, READY, b"")
    assert desk.worker.renders == [job.id]


def test_the_take_is_kept_by_its_hash(desk: Desk, request_: JobRequest) -> None:
    job = desk.jobs.submit(request_)
    desk.finish(job)
    state = desk.job(job).state
    assert isinstance(state, Done)
    path = desk.media.path(state.take.media)
    assert path is not None
    assert path.read_bytes() == b"take"
    assert list((desk.folder / "media" / "incoming").iterdir()) == []


def test_a_take_that_is_not_there_fails_and_spares_the_rest(desk: Desk, request_: JobRequest) -> None:
    a, b = desk.jobs.submit(request_), desk.jobs.submit(request_)
    desk.jobs.on_report(
        desk.worker, Finished(job_id=a.id, sha256="ab" * 32, size_bytes=1, num_frames=9, stage_s={}), b""
    )
    assert isinstance(desk.job(a).state, Failed)
    assert desk.worker.renders == [a.id, b.id]


def test_a_take_goes_with_the_last_job_that_made_it(desk: Desk, request_: JobRequest) -> None:
    a, b = desk.jobs.submit(request_), desk.jobs.submit(request_)
    desk.finish(a)
    desk.finish(b)
    desk.jobs.remove(desk.job(a))
    assert desk.media.path("ab" * 32) is not None
    desk.jobs.remove(desk.job(b))
    assert desk.media.path("ab" * 32) is None


def test_a_take_that_another_job_starts_from_stays(desk: Desk, request_: JobRequest, recipe: Recipe) -> None:
    job = desk.jobs.submit(request_)
    desk.finish(job)
    desk.jobs.submit(JobRequest(recipe=recipe.changed(conditions=[{"media": "ab" * 32}])))
    desk.jobs.remove(desk.job(job))
    assert desk.media.path("ab" * 32) is not None


def test_a_worker_that_dies_twice_gets_the_job_again(desk: Desk, request_: JobRequest) -> None:
    a, b = desk.jobs.submit(request_), desk.jobs.submit(request_)
    for deaths in (1, 2):
        desk.jobs.on_death(desk.worker, "exit code -9")
        assert (desk.job(a).worker_deaths, desk.state(a), desk.state(b)) == (deaths, "running", "queued")
    desk.finish(a)
    assert desk.state(a) == "done"
    assert desk.worker.renders == [a.id, a.id, a.id, b.id]


def test_the_third_death_sets_the_job_aside(desk: Desk, request_: JobRequest) -> None:
    a, b = desk.jobs.submit(request_), desk.jobs.submit(request_)
    for _ in range(3):
        desk.jobs.on_death(desk.worker, "exit code -9; see x.log")
    state = desk.job(a).state
    assert isinstance(state, SetAside)
    assert (state.worker_deaths, state.detail) == (3, "exit code -9; see x.log")
    assert desk.worker.renders == [a.id, a.id, a.id, b.id]


def test_what_a_dead_worker_left_half_written_goes(desk: Desk, request_: JobRequest) -> None:
    job = desk.jobs.submit(request_)
    for _ in range(3):
        render = desk.worker.sent[-1]
        assert isinstance(render, Render)
        output = Path(render.output)  # and the hidden file beside it that a writer renames at the end
        output.write_bytes(b"part")
        output.with_name(".reelwright-0123.mp4").write_bytes(b"part")
        desk.jobs.on_death(desk.worker, "x")
    assert desk.state(job) == "set_aside"
    assert [path for path in (desk.folder / "media" / "incoming").rglob("*") if path.is_file()] == []


def test_deaths_are_counted_across_engines(opened: Callable[..., Desk], request_: JobRequest) -> None:
    desk = opened()
    a, b = desk.jobs.submit(request_), desk.jobs.submit(request_)
    desk.jobs.on_death(desk.worker, "x")
    desk.jobs.on_death(desk.worker, "x")
    desk.store.close()
    again = opened()
    assert again.worker.renders == [a.id]
    again.jobs.on_death(again.worker, "x")
    assert [again.state(a), again.state(b)] == ["set_aside", "running"]


def test_cancelling_what_waits(desk: Desk, request_: JobRequest) -> None:
    a, b = desk.jobs.submit(request_), desk.jobs.submit(request_)
    assert desk.jobs.cancel(b).state.kind == "cancelled"
    desk.finish(a)
    assert desk.worker.renders == [a.id]
    assert desk.jobs.cancel(desk.job(a)).state.kind == "done"


def test_cancelling_what_runs(desk: Desk, request_: JobRequest) -> None:
    async def cancelling() -> None:
        a, b = desk.jobs.submit(request_), desk.jobs.submit(request_)
        assert desk.jobs.cancel(desk.job(a)).state.kind == "running"
        desk.jobs.cancel(desk.job(a))
        assert desk.worker.sent[1:] == [Stop(job_id=a.id, wish="cancel")]
        desk.jobs.on_report(desk.worker, Stopped(job_id=a.id, wish="cancel"), b"")
        assert [desk.state(a), desk.state(b)] == ["cancelled", "running"]

    asyncio.run(cancelling())


def test_a_worker_that_dies_of_a_cancel_costs_nothing(desk: Desk, request_: JobRequest) -> None:
    async def cancelling() -> None:
        a, b = desk.jobs.submit(request_), desk.jobs.submit(request_)
        desk.jobs.cancel(desk.job(a))
        desk.jobs.on_death(desk.worker, "x")
        assert [desk.state(a), desk.state(b)] == ["cancelled", "running"]
        assert desk.job(a).worker_deaths == desk.job(b).worker_deaths == 0

    asyncio.run(cancelling())


def test_a_stuck_worker_is_ended(desk: Desk, request_: JobRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "STOP_GRACE_S", 0.0)

    async def cancelling() -> None:
        stuck, other = desk.jobs.submit(request_), desk.jobs.submit(request_)
        desk.jobs.cancel(desk.job(stuck))
        while desk.worker.kills == 0:
            await asyncio.sleep(0)
        desk.jobs.on_death(desk.worker, "exit code -9")
        assert [desk.state(stuck), desk.state(other)] == ["cancelled", "running"]

    asyncio.run(asyncio.wait_for(cancelling(), 10))


def test_a_job_that_cannot_start_any_more_spares_the_rest(desk: Desk, recipe: Recipe, request_: JobRequest) -> None:
    media = "cd" * 32
    kept = desk.media.room("x") / "x"
    kept.write_bytes(b"x")
    desk.media.adopt(kept, media, "png")
    a = desk.jobs.submit(request_)
    broken = [desk.jobs.submit(JobRequest(recipe=recipe.changed(conditions=[{"media": media}]))) for _ in range(2)]
    last = desk.jobs.submit(request_)
    desk.media.remove(media)
    desk.finish(a)
    assert [desk.state(job) for job in broken] == ["failed", "failed"]
    assert desk.state(last) == "running"


def test_what_a_worker_says_of_another_s_job_is_not_believed(desk: Desk, request_: JobRequest) -> None:
    job = desk.jobs.submit(request_)
    stranger = FakeWorker("cuda")
    for job_id in (job.id, "unknown"):
        desk.jobs.on_report(stranger, Stopped(job_id=job_id, wish="cancel"), b"")
        desk.jobs.on_death(stranger, "x")
    assert desk.state(job) == "running"
    assert desk.job(job).worker_deaths == 0


def test_everything_wrong_is_said_at_once(desk: Desk, recipe: Recipe) -> None:
    wrong = recipe.changed(
        width=1, seed=-1, conditions=[{"media": "cd" * 32}, {"media": "../../etc", "frame_index": 8}]
    )
    request = JobRequest(recipe=wrong, device="cuda", delivery=Delivery(container="png"))
    found = problems_of(lambda: desk.jobs.submit(request))
    assert [(p.field, p.kind) for p in found] == [
        ("width", "too_small"),
        ("seed", "too_small"),
        ("conditions[0].media", "missing"),
        ("conditions[1].media", "missing"),
        ("num_frames", "unsupported"),
        ("device", "unsupported"),
    ]
    assert desk.store.page() == []


def test_a_model_that_nobody_knows(desk: Desk, recipe: Recipe) -> None:
    (problem,) = problems_of(lambda: desk.jobs.submit(JobRequest(recipe=recipe.changed(model="../starter"))))
    assert (problem.field, problem.kind, problem.value) == ("model", "unknown_model", "../starter")


def test_a_device_that_turns_out_not_to_be_here(opened: Callable[..., Desk], recipe: Recipe) -> None:
    desk = opened(ready=None)
    job = desk.jobs.submit(JobRequest(recipe=recipe, device="cuda"))
    other = desk.jobs.submit(JobRequest(recipe=recipe, device="cpu"))
    desk.worker.ready = READY
    desk.jobs.on_report(desk.worker, READY, b"")
    state = desk.job(job).state
    assert isinstance(state, Failed)
    assert state.failure.kind == "device_lost"
    assert desk.worker.renders == [other.id]


@pytest.fixture
def incomplete(tmp_path: Path) -> str:
    """A model in the user's folder without one of its files."""
    models = tmp_path / "models"
    models.mkdir()
    card = (RESOURCES / "models" / "starter.toml").read_text("utf-8")
    card = card.replace('id = "starter"', 'id = "incomplete"').replace('folder = "starter"', 'folder = "incomplete"')
    (models / "incomplete.toml").write_text(card, "utf-8")
    (models / "broken.toml").write_text("id = ", "utf-8")
    shutil.copytree(RESOURCES / "models" / "starter", models / "incomplete")
    (models / "incomplete" / "vae" / "config.json").unlink()
    return "incomplete"


def test_a_file_that_is_missing_or_too_short(desk: Desk, recipe: Recipe, incomplete: str) -> None:
    request = JobRequest(recipe=recipe.changed(model=incomplete))
    (problem,) = problems_of(lambda: desk.jobs.submit(request))
    assert (problem.field, problem.kind, problem.detail) == ("model", "not_installed", "vae/config.json")
    weights = desk.folder / "models" / incomplete / "text_encoder" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    (problem,) = problems_of(lambda: desk.jobs.submit(request))
    assert problem.detail == "text_encoder/model.safetensors, vae/config.json"
    assert desk.jobs.submit(JobRequest(recipe=recipe)).state.kind == "queued"


def test_clients_hear_of_every_state(desk: Desk, request_: JobRequest) -> None:
    heard: list[str] = []

    class Listening(Hub):
        def publish(self, event: Event, blob: bytes = b"") -> None:
            if isinstance(event, JobChanged):
                heard.append(event.job.state.kind)

    desk.jobs = Jobs(desk.store, desk.media, Library(desk.folder), Listening(), desk.checkpoints)
    desk.jobs.use(FakePool(auto=desk.worker))
    job = desk.jobs.submit(request_)
    desk.jobs.on_death(desk.worker, "x")
    desk.finish(job)
    desk.jobs.acknowledge(desk.job(job))
    assert heard == ["queued", "running", "queued", "running", "done", "done"]
    assert desk.job(job).acknowledged


def test_a_good_job_behind_many_bad_ones_starts(desk: Desk, recipe: Recipe, request_: JobRequest) -> None:
    media = "cd" * 32
    kept = desk.media.room("x") / "x"
    kept.write_bytes(b"x")
    desk.media.adopt(kept, media, "png")
    first = desk.jobs.submit(request_)
    bad = JobRequest(recipe=recipe.changed(conditions=[{"media": media}]))
    doomed = [desk.jobs.submit(bad) for _ in range(PAGE + 8)]
    good = desk.jobs.submit(request_)
    desk.media.remove(media)
    desk.finish(first)
    assert {desk.state(job) for job in doomed} == {"failed"}
    assert desk.state(good) == "running"


def test_a_disk_that_is_full_for_a_moment_stalls_nothing(
    desk: Desk, request_: JobRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = desk.jobs.submit(request_), desk.jobs.submit(request_)
    put = desk.store.put

    def full(*_: object, **__: object) -> Job:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(desk.store, "put", full)
    desk.finish(first)
    assert desk.state(second) == "queued"  # it could not be started, nor the end of the first be written
    monkeypatch.setattr(desk.store, "put", put)
    third = desk.jobs.submit(request_)
    assert desk.state(first) == "done"
    assert desk.state(second) == "running"
    desk.finish(second)
    assert desk.state(third) == "running"


def test_jobs_of_a_worker_that_never_comes_up_end(opened: Callable[..., Desk], request_: JobRequest) -> None:
    desk = opened(ready=None)
    jobs = [desk.jobs.submit(request_) for _ in range(3)]
    for desk.worker.early_deaths in range(1, 4):
        desk.jobs.on_death(desk.worker, "exit code 1")
    for job in jobs:
        state = desk.job(job).state
        assert isinstance(state, Failed)
        assert "exit code 1" in state.failure.detail


def test_images_go_with_the_last_job_that_needs_them(desk: Desk, recipe: Recipe) -> None:
    media = "cd" * 32
    kept = desk.media.room("x") / "x"
    kept.write_bytes(b"x")
    desk.media.adopt(kept, media, "png")
    request = JobRequest(recipe=recipe.changed(conditions=[{"media": media}]))
    first, second = desk.jobs.submit(request), desk.jobs.submit(request)
    desk.finish(first)
    desk.jobs.remove(desk.job(first))
    assert desk.media.path(media) is not None
    desk.finish(second, digest="ef" * 32)
    desk.jobs.remove(desk.job(second))
    assert desk.media.path(media) is None


Beginning = Callable[..., Job]


@pytest.fixture
def begin(desk: Desk, recipe: Recipe) -> Beginning:
    """Return a function that starts a job of twenty steps and lets it come to the eighth, with a checkpoint there."""

    def beginning(**fields: Any) -> Job:
        job = desk.jobs.submit(JobRequest(recipe=recipe.changed(num_inference_steps=20), **fields))
        desk.say(Progress(job_id=job.id, stage="denoise", step=8, total_steps=40, elapsed_s=1.0))
        desk.checkpoint(job)
        return desk.job(job)

    return beginning


def in_a_loop(scene: Callable[[], None]) -> None:
    """A running job is stopped on the engine's event loop."""

    async def played() -> None:
        scene()

    asyncio.run(played())


@pytest.fixture
def paused(desk: Desk, begin: Beginning) -> Job:
    job = begin()
    in_a_loop(lambda: desk.jobs.pause(job))
    desk.say(Stopped(job_id=job.id, wish="pause", step=9))
    return desk.job(job)


@pytest.fixture
def drafted(desk: Desk, begin: Beginning) -> Job:
    job = begin(draft_steps=8)
    desk.finish(job, b"draft", DRAFT, draft_step=8)
    return desk.job(job)


def checkpoints_of(desk: Desk) -> list[str]:
    return sorted(path.name for path in (desk.folder / "checkpoints").iterdir())


def test_a_waiting_job_is_paused_at_once_and_not_started(desk: Desk, request_: JobRequest) -> None:
    running, waiting = desk.jobs.submit(request_), desk.jobs.submit(request_)
    assert desk.jobs.pause(waiting).state == Paused(step=0, total_steps=3)
    desk.finish(running)
    assert desk.worker.renders == [running.id]
    assert desk.store.is_idle()
    desk.jobs.resume(desk.job(waiting))
    assert desk.worker.renders == [running.id, waiting.id]


def test_a_running_job_is_paused_when_its_worker_says_so(desk: Desk, begin: Beginning) -> None:
    job = begin()

    def scene() -> None:
        asked = desk.jobs.pause(job)
        assert (asked.state.kind, asked.wish) == ("running", "pause")
        assert desk.job(job).wish == "pause"
        desk.jobs.pause(asked)
        assert desk.worker.stops == ["pause"]
        desk.say(Stopped(job_id=job.id, wish="pause", step=9))

    in_a_loop(scene)
    found = desk.job(job)
    assert (found.state, found.wish, found.is_over) == (Paused(step=9, total_steps=40), None, True)
    assert checkpoints_of(desk) == [job.id]


def test_the_wish_is_on_disk_before_the_worker_hears_it(
    desk: Desk, begin: Beginning, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = begin()
    wishes: list[object] = []
    monkeypatch.setattr(desk.worker, "send", lambda _: wishes.append(desk.job(job).wish))

    def scene() -> None:
        desk.jobs.stop_early(job)
        desk.jobs.pause(desk.job(job))
        desk.jobs.cancel(desk.job(job))

    in_a_loop(scene)
    assert wishes == ["stop_early", "pause", "cancel"]


def test_a_resumed_job_goes_on_from_where_it_was_at_its_old_place(
    desk: Desk, request_: JobRequest, paused: Job
) -> None:
    second, third = desk.jobs.submit(request_), desk.jobs.submit(request_)
    resumed = desk.jobs.resume(paused)
    assert (resumed.state.kind, resumed.wish) == ("queued", None)
    assert [job.id for job in desk.store.page()] == [paused.id, second.id, third.id]
    desk.finish(second)
    assert desk.worker.renders == [paused.id, second.id, paused.id]
    assert (Path(desk.render(paused).checkpoints) / "step-0001").exists()
    desk.finish(paused)
    assert desk.state(paused) == "done"
    assert checkpoints_of(desk) == [third.id]


@pytest.mark.parametrize("wish", ["pause", "cancel"])
def test_a_death_brings_what_was_wished(desk: Desk, begin: Beginning, wish: str) -> None:
    job = begin()
    in_a_loop(lambda: getattr(desk.jobs, wish)(job) and None)
    desk.jobs.on_death(desk.worker, "x")
    found = desk.job(job)
    assert found.state.kind == {"pause": "paused", "cancel": "cancelled"}[wish]
    assert (found.worker_deaths, found.wish) == (0, None)
    assert checkpoints_of(desk) == ([job.id] if wish == "pause" else [])
    if isinstance(found.state, Paused):
        assert (found.state.step, found.state.total_steps) == (8, 40)


def test_a_worker_that_does_not_pause_is_ended(desk: Desk, begin: Beginning, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "STOP_GRACE_S", 0.0)

    async def pausing() -> None:
        desk.jobs.pause(begin())
        while desk.worker.kills == 0:
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(pausing(), 10))


def test_a_worker_that_paused_in_time_is_spared_in_its_next_try(
    desk: Desk, begin: Beginning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "STOP_GRACE_S", 0.01)

    async def pausing() -> None:
        job = begin()
        desk.jobs.pause(job)
        desk.say(Stopped(job_id=job.id, wish="pause", step=9))
        desk.jobs.resume(desk.job(job))
        await asyncio.sleep(0.05)
        assert desk.worker.kills == 0
        assert desk.state(job) == "running"

    asyncio.run(asyncio.wait_for(pausing(), 10))


def test_a_worker_that_writes_an_early_take_is_given_the_time(
    desk: Desk, begin: Beginning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "STOP_GRACE_S", 0.0)

    async def stopping() -> None:
        job = begin()
        desk.jobs.pause(job)
        desk.jobs.stop_early(desk.job(job))  # somebody thought better of it
        await asyncio.sleep(0.05)
        assert desk.worker.kills == 0
        assert desk.worker.stops == ["pause", "stop_early"]

    asyncio.run(asyncio.wait_for(stopping(), 10))


@pytest.mark.parametrize(("wish", "state"), [("pause", "paused"), ("cancel", "cancelled"), ("stop_early", "running")])
def test_an_engine_that_ends_forgets_no_wish(
    opened: Callable[..., Desk], recipe: Recipe, wish: str, state: str
) -> None:
    desk = opened()
    job = desk.jobs.submit(JobRequest(recipe=recipe))
    in_a_loop(lambda: getattr(desk.jobs, wish)(desk.job(job)) and None)
    desk.store.close()
    again = opened()
    assert again.state(job) == state
    assert again.worker.stops == (["stop_early"] if wish == "stop_early" else [])
    assert checkpoints_of(again) == ([] if wish == "cancel" else [job.id])


def test_an_early_stop_is_asked_again_of_the_next_worker(desk: Desk, begin: Beginning) -> None:
    job = begin()
    in_a_loop(lambda: desk.jobs.stop_early(job) and None)
    desk.jobs.on_death(desk.worker, "x")
    assert desk.worker.renders == [job.id, job.id]
    assert desk.worker.sent[-1] == Stop(job_id=job.id, wish="stop_early")
    notice = Notice(kind="stopped_early", field="num_inference_steps", kept=8, given=20)
    desk.finish(job, notices=(notice,))
    found = desk.job(job)
    assert isinstance(found.state, Done)
    assert (found.state.notices, found.wish, found.worker_deaths) == ((notice,), None, 1)


def test_a_cancel_goes_before_every_other_wish(desk: Desk, begin: Beginning) -> None:
    job = begin()

    def scene() -> None:
        desk.jobs.pause(job)
        desk.jobs.cancel(desk.job(job))
        desk.jobs.pause(desk.job(job))
        desk.jobs.stop_early(desk.job(job))
        assert desk.worker.stops == ["pause", "cancel"]
        desk.say(Stopped(job_id=job.id, wish="pause", step=9))

    in_a_loop(scene)
    assert desk.state(job) == "cancelled"
    assert checkpoints_of(desk) == []


def test_a_take_that_was_made_in_spite_of_a_wish_is_kept(desk: Desk, begin: Beginning) -> None:
    job = begin()
    in_a_loop(lambda: desk.jobs.pause(job) and None)
    desk.finish(job)
    assert (desk.state(job), desk.job(job).wish) == ("done", None)


@pytest.mark.parametrize("draft_step", [8, None])
def test_a_cancel_crossing_a_draft_or_a_failure_is_still_a_cancel(
    desk: Desk, begin: Beginning, draft_step: int | None
) -> None:
    job = begin(draft_steps=8)
    in_a_loop(lambda: desk.jobs.cancel(job) and None)
    if draft_step:
        desk.finish(job, digest=DRAFT, draft_step=draft_step)
    else:
        desk.say(Broke(job_id=job.id, failure=Failure(kind="internal")))
    assert desk.state(job) == "cancelled"
    assert desk.media.path(DRAFT) is None
    assert list((desk.folder / "media" / "incoming").iterdir()) == []


def test_a_draft_stands_until_it_is_finished(desk: Desk, drafted: Job) -> None:
    assert desk.render(drafted).until_step == 8
    assert isinstance(drafted.state, Drafted)
    assert (drafted.state.step, drafted.state.total_steps, drafted.state.take.media) == (8, 40, DRAFT)
    assert drafted.is_over
    assert desk.media.path(DRAFT) is not None
    resumed = desk.jobs.resume(drafted)
    assert resumed.drafted
    assert desk.render(drafted).until_step is None
    assert desk.media.path(DRAFT) is not None  # somebody may still be looking at it
    desk.finish(drafted)
    assert desk.state(drafted) == "done"
    assert desk.media.path(DRAFT) is None
    assert desk.media.path(TAKE) is not None
    assert checkpoints_of(desk) == []


def test_a_draft_that_is_the_take_stays(desk: Desk, drafted: Job) -> None:
    desk.jobs.resume(drafted)
    desk.finish(drafted, digest=DRAFT)
    assert desk.media.path(DRAFT) is not None


def test_a_draft_that_another_job_starts_from_stays(desk: Desk, drafted: Job, recipe: Recipe) -> None:
    desk.jobs.submit(JobRequest(recipe=recipe.changed(conditions=[{"media": DRAFT}])))
    desk.jobs.resume(drafted)
    desk.jobs.cancel(desk.job(drafted))
    assert desk.state(drafted) == "cancelled"
    assert desk.media.path(DRAFT) is not None


@pytest.mark.parametrize("ending", ["cancel", "remove"])
def test_a_draft_goes_with_its_job(desk: Desk, drafted: Job, ending: str) -> None:
    getattr(desk.jobs, ending)(drafted)
    assert desk.media.path(DRAFT) is None
    assert checkpoints_of(desk) == []


def test_a_draft_is_made_once(desk: Desk, drafted: Job) -> None:
    """Whatever ends the second part, it is not the draft that is made again."""
    desk.jobs.resume(drafted)
    desk.jobs.on_death(desk.worker, "x")
    assert desk.render(drafted).until_step is None
    desk.say(Broke(job_id=drafted.id, failure=Failure(kind="out_of_memory")))
    desk.jobs.resume(desk.job(drafted))
    assert desk.render(drafted).until_step is None
    assert desk.media.path(DRAFT) is not None


def test_a_failed_job_can_be_tried_again(desk: Desk, begin: Beginning) -> None:
    job = begin()
    desk.jobs.on_death(desk.worker, "x")
    desk.say(Broke(job_id=job.id, failure=Failure(kind="disk_full")))
    desk.jobs.acknowledge(desk.job(job))
    assert checkpoints_of(desk) == [job.id]
    resumed = desk.jobs.resume(desk.job(job))
    assert (resumed.worker_deaths, resumed.acknowledged) == (0, False)
    desk.finish(job)
    assert desk.state(job) == "done"


def test_a_job_that_was_set_aside_gets_three_more_tries(desk: Desk, begin: Beginning) -> None:
    job = begin()
    for _ in range(3):
        desk.jobs.on_death(desk.worker, "x")
    assert checkpoints_of(desk) == [job.id]
    desk.jobs.resume(desk.job(job))
    for _ in range(2):
        desk.jobs.on_death(desk.worker, "x")
        assert desk.state(job) == "running"
    desk.jobs.on_death(desk.worker, "x")
    assert desk.state(job) == "set_aside"


def test_what_is_paused_can_be_cancelled(desk: Desk, paused: Job) -> None:
    assert desk.jobs.cancel(paused).state.kind == "cancelled"
    assert checkpoints_of(desk) == []


def test_checkpoints_of_jobs_that_ended_go_at_the_start(opened: Callable[..., Desk], recipe: Recipe) -> None:
    desk = opened()
    requests = [JobRequest(recipe=recipe.changed(seed=seed)) for seed in range(4)]
    done, failed, running, waiting = (desk.jobs.submit(request) for request in requests)
    desk.finish(done)
    desk.say(Broke(job_id=failed.id, failure=Failure(kind="internal")))
    for name in (done.id, waiting.id, "nobody's"):
        (desk.folder / "checkpoints" / name).mkdir()
    desk.store.close()
    assert checkpoints_of(opened()) == sorted([failed.id, running.id, waiting.id])


def test_every_try_writes_into_a_folder_of_its_own(opened: Callable[..., Desk], request_: JobRequest) -> None:
    """A worker of an engine that was killed may still write: never where the next one does."""
    desk = opened()
    job = desk.jobs.submit(request_)
    desk.jobs.on_death(desk.worker, "x")
    desk.store.close()
    again = opened()
    outputs = [Path(c.output) for d in (desk, again) for c in d.worker.sent if isinstance(c, Render)]
    assert len({output.parent for output in outputs}) == 3
    assert [output.parent.exists() for output in outputs] == [False, False, True]
    again.finish(job)
    assert [path for path in (desk.folder / "media").rglob("*") if path.is_file()] == [again.media.path(TAKE)]


def test_an_engine_that_ends_between_take_and_commit_makes_no_second_one(
    opened: Callable[..., Desk], request_: JobRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = opened()
    job = desk.jobs.submit(request_)

    def killed(*_: object, **__: object) -> Job:
        raise KeyboardInterrupt

    monkeypatch.setattr(desk.store, "put", killed)
    with pytest.raises(KeyboardInterrupt):
        desk.finish(job)
    desk.store.close()
    again = opened()
    assert again.state(job) == "running"
    again.finish(job)
    assert again.state(job) == "done"
    assert [path for path in (desk.folder / "media").rglob("*") if path.is_file()] == [again.media.path(TAKE)]


def test_a_state_that_the_disk_did_not_take_counts_all_the_same(
    desk: Desk, drafted: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.jobs.resume(drafted)
    put = desk.store.put

    def full(*_: object, **__: object) -> Job:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(desk.store, "put", full)
    desk.finish(drafted)
    known = desk.jobs.get(drafted.id)
    assert known is not None
    assert (known.state.kind, desk.state(drafted)) == ("done", "running")
    assert desk.media.path(DRAFT) is not None  # nothing goes before the new state is written
    assert checkpoints_of(desk) == [drafted.id]
    monkeypatch.setattr(desk.store, "put", put)
    desk.jobs.acknowledge(known)
    desk.jobs.use(FakePool(auto=desk.worker))
    assert (desk.state(drafted), desk.job(drafted).acknowledged) == ("done", True)
    assert desk.media.path(DRAFT) is None
    assert checkpoints_of(desk) == []


def test_jobs_that_fail_while_the_disk_is_full_are_not_tried_without_end(
    desk: Desk, recipe: Recipe, request_: JobRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = desk.jobs.submit(request_)
    kept = desk.media.room("x") / "x"
    kept.write_bytes(b"x")
    desk.media.adopt(kept, "cd" * 32, "png")
    doomed = desk.jobs.submit(JobRequest(recipe=recipe.changed(conditions=[{"media": "cd" * 32}])))
    desk.media.remove("cd" * 32)
    put = desk.store.put

    def full_but_for_the_first(job: Job, *rest: Any, **fields: Any) -> Job:
        if job.id == first.id:
            return put(job, *rest, **fields)
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(desk.store, "put", full_but_for_the_first)
    desk.finish(first)
    known = desk.jobs.get(doomed.id)
    assert known is not None
    assert known.state.kind == "failed"


def test_a_worker_that_does_not_respond_gets_no_job_until_it_does(
    desk: Desk, request_: JobRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Event] = []
    monkeypatch.setattr(desk.hub, "publish", lambda event, blob=b"": heard.append(event))
    desk.worker.silent_s = 6.0
    desk.jobs.on_silence(desk.worker)
    job = desk.jobs.submit(request_)
    assert desk.state(job) == "queued"
    (status,) = desk.jobs.workers()
    assert (status.state, status.silent_s, status.job_id) == ("not_responding", 6.0, None)
    desk.worker.silent_s = None
    desk.jobs.on_voice(desk.worker)
    assert [event.state for event in heard if isinstance(event, WorkerChanged)] == ["not_responding", "ready"]
    (status,) = desk.jobs.workers()
    assert (status.state, status.found, status.total_bytes, status.job_id) == ("ready", "cpu: x", 1, job.id)
    assert desk.worker.kills == 0


def test_a_start_that_is_slow_is_no_worker_yet(opened: Callable[..., Desk]) -> None:
    desk = opened(ready=None)
    desk.jobs.on_voice(desk.worker)
    assert [status.state for status in desk.jobs.workers()] == ["starting"]


def test_a_sign_of_life_ends_no_job(desk: Desk, begin: Beginning) -> None:
    job = begin()
    desk.say(Alive())
    assert desk.state(job) == "running"


@pytest.mark.parametrize(
    ("draft_steps", "kind", "nearest"), [(0, "too_small", 1), (-3, "too_small", 1), (3, "too_large", 2)]
)
def test_a_draft_has_steps_behind_and_before_it(
    desk: Desk, recipe: Recipe, draft_steps: int, kind: str, nearest: int
) -> None:
    (problem,) = problems_of(lambda: desk.jobs.submit(JobRequest(recipe=recipe, draft_steps=draft_steps)))
    assert (problem.field, problem.kind, problem.value, problem.nearest) == ("draft_steps", kind, draft_steps, nearest)
    one_step = recipe.changed(num_inference_steps=1)
    (problem,) = problems_of(lambda: desk.jobs.submit(JobRequest(recipe=one_step, draft_steps=1)))
    assert (problem.kind, problem.nearest) == ("too_large", None)


def spliced(recipe: Recipe, **fields: Any) -> Recipe:
    splice = {"width": 101, "height": 64, "fps": 25.0, "new_frames": 3, **fields}
    return recipe.changed(splice=splice)


def test_all_media_of_a_recipe_has_to_be_here(desk: Desk, recipe: Recipe) -> None:
    wanted = spliced(
        recipe.changed(conditions=[{"media": "a1" * 32}]),
        before={"media": "b2" * 32, "first_frame": 0, "num_frames": 2},
        after={"media": "a1" * 32, "first_frame": 0, "num_frames": 2},
        sound={"media": "c3" * 32, "duration_s": 1.0},
    )
    delivery = Delivery(container="mkv")
    found = problems_of(lambda: desk.jobs.submit(JobRequest(recipe=wanted, delivery=delivery)))
    assert [(p.field, p.value) for p in found if p.kind == "missing"] == [
        ("conditions[0].media", "a1" * 32),
        ("splice", "b2" * 32),
        ("splice", "c3" * 32),
    ]
    for sha256 in wanted.media:
        kept = desk.media.room("x") / "x"
        kept.write_bytes(b"x")
        desk.media.adopt(kept, sha256, "mp4")
    job = desk.jobs.submit(JobRequest(recipe=wanted, delivery=delivery))
    assert {sha256: Path(path) for sha256, path in desk.render(job).media_files.items()} == {
        sha256: desk.media.path(sha256) for sha256 in wanted.media
    }
    desk.finish(job)
    desk.jobs.remove(desk.job(job))
    assert [desk.media.path(sha256) for sha256 in wanted.media] == [None] * 3


@pytest.mark.parametrize("container", ["mp4", "webm", "mov"])
def test_an_odd_size_needs_a_lossless_file(desk: Desk, recipe: Recipe, container: Any) -> None:
    request = JobRequest(recipe=spliced(recipe), delivery=Delivery(container=container))
    (problem,) = [p for p in problems_of(lambda: desk.jobs.submit(request)) if p.field == "container"]
    assert (problem.kind, problem.value, problem.nearest) == ("unsupported", container, "mkv")


@pytest.mark.parametrize("container", ["mkv", "gif", "zip"])
def test_a_lossless_file_takes_an_odd_size(desk: Desk, recipe: Recipe, container: Any) -> None:
    assert desk.jobs.submit(JobRequest(recipe=spliced(recipe), delivery=Delivery(container=container)))


def test_one_picture_is_for_one_frame_of_the_take(desk: Desk, recipe: Recipe) -> None:
    """The model's own frames do not count where they are only a part."""
    still = recipe.changed(num_frames=1)
    assert desk.jobs.submit(JobRequest(recipe=still, delivery=Delivery(container="png")))
    request = JobRequest(recipe=spliced(still), delivery=Delivery(container="png"))
    found = problems_of(lambda: desk.jobs.submit(request))
    assert ("num_frames", "unsupported", 3, 1) in [(p.field, p.kind, p.value, p.nearest) for p in found]
