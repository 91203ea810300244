"""The life of a job, with workers that do only what the test says."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.pool.pool import Worker
from engine.protocol.events import Event, JobChanged
from engine.protocol.failure import Failure
from engine.protocol.home import RESOURCES
from engine.protocol.job import Delivery, Device, Done, Failed, Job, JobRequest, SetAside
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.recipe import Recipe
from engine.protocol.work import Broke, Cancel, Command, Finished, Ready, Render, Stopped
from engine.queue.store import JobStore
from engine.server import jobs as jobs_module
from engine.server.events import Hub
from engine.server.jobs import PAGE, Jobs
from engine.server.library import Library
from engine.server.media_store import MediaStore

READY = Ready(device="cpu", device_name="x", total_bytes=1, available=("cpu",))


class FakeWorker:
    """Takes commands and does nothing with them."""

    def __init__(self, device: str = "auto", ready: Ready | None = READY) -> None:
        self.device = device
        self.ready = ready
        self.early_deaths = 0
        self.sent: list[Command] = []
        self.kills = 0

    def send(self, command: Command) -> None:
        self.sent.append(command)

    def kill(self) -> None:
        self.kills += 1

    @property
    def renders(self) -> list[str]:
        return [c.job_id for c in self.sent if isinstance(c, Render)]


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
        self.jobs = Jobs(self.store, self.media, Library(folder), self.hub)
        self.jobs.use(FakePool(auto=self.worker))

    def state(self, job: Job) -> str:
        found = self.store.get(job.id)
        assert found is not None
        return found.state.kind

    def job(self, job: Job) -> Job:
        found = self.store.get(job.id)
        assert found is not None
        return found

    def finish(self, job: Job, content: bytes = b"take", digest: str = "ab" * 32) -> None:
        render = next(c for c in reversed(self.worker.sent) if isinstance(c, Render) and c.job_id == job.id)
        Path(render.output).write_bytes(content)
        self.jobs.on_report(
            self.worker, Finished(job_id=job.id, sha256=digest, size_bytes=4, num_frames=9, stage_s={}), b""
        )


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
    desk.jobs.on_report(desk.worker, Stopped(job_id=b.id), b"")
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
        assert desk.worker.sent[1:] == [Cancel(job_id=a.id)]
        desk.jobs.on_report(desk.worker, Stopped(job_id=a.id), b"")
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
    monkeypatch.setattr(jobs_module, "CANCEL_GRACE_S", 0.0)

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
        desk.jobs.on_report(stranger, Stopped(job_id=job_id), b"")
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
        ("device", "unsupported"),
        ("conditions[0].media", "missing"),
        ("conditions[1].media", "missing"),
        ("num_frames", "unsupported"),
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

    desk.jobs = Jobs(desk.store, desk.media, Library(desk.folder), Listening())
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
