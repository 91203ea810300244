"""The queue on disk: its order, its pages, and what a new start makes of it."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.protocol.film import Film, FilmClip, FilmSound
from engine.protocol.job import Cancelled, Device, Drafted, FilmRequest, Job, JobRequest, Queued, Running, TakeFile
from engine.protocol.recipe import Recipe
from engine.queue.schema import SCHEMA_VERSION
from engine.queue.store import JobStore, NewerQueueError

DRAFTED = Drafted(
    finished_at=1, step=1, total_steps=3, take=TakeFile(media="cd" * 32, container="mp4", size_bytes=1, num_frames=9)
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[JobStore]:
    opened = JobStore(path)
    yield opened
    opened.close()


@pytest.fixture
def request_(recipe: Recipe) -> JobRequest:
    return JobRequest(recipe=recipe, project="film", shot="s1")


def ids(jobs: list[Job]) -> list[str]:
    return [job.id for job in jobs]


def test_first_come_first_served(store: JobStore, request_: JobRequest) -> None:
    jobs = [store.add(request_) for _ in range(5)]
    assert [job.state for job in jobs] == [Queued()] * 5
    assert len({job.id for job in jobs}) == 5
    assert store.page() == jobs
    assert store.page("queued", limit=1) == [jobs[0]]
    store.put(jobs[0], Running(started_at=1, device="cpu"))
    assert store.page("queued", limit=1) == [jobs[1]]


def test_films_wait_among_the_others_for_the_cpu(path: Path, store: JobStore, request_: JobRequest) -> None:
    clips = (FilmClip(media="ab" * 32, fps=24, num_frames=24),)
    film = Film(width=64, height=48, fps=24, clips=clips, sounds=(FilmSound(media="ef" * 32),))
    take, made = store.add(request_), store.add(FilmRequest(film=film, project="film"))
    store.close()
    again = JobStore(path)
    assert again.page() == [take, made]
    assert again.heads() == [take, made]
    assert again.media_of(made.id) == {"ab" * 32, "ef" * 32}
    assert again.needs("ef" * 32)
    again.close()


def test_what_was_queued_before_there_were_films_is_read(recipe: Recipe) -> None:
    fields = {
        "model",
        "prompt",
        "width",
        "height",
        "num_frames",
        "fps",
        "num_inference_steps",
        "guidance_scale",
        "seed",
    }
    old = {"recipe": recipe.model_dump(include=fields), "delivery": {"container": "mp4", "embed_recipe": True}}
    body = {"id": "1", "request": {**old, "device": "auto"}, "created_at": 1.0, "state": {"kind": "queued"}}
    assert Job.model_validate_json(json.dumps(body)).request == JobRequest(recipe=recipe)


def test_a_changed_job_keeps_its_place(store: JobStore, request_: JobRequest) -> None:
    jobs = [store.add(request_) for _ in range(3)]
    changed = store.put(jobs[1], Cancelled(finished_at=1.0), acknowledged=True, worker_deaths=2)
    assert (changed.state, changed.acknowledged, changed.worker_deaths) == (Cancelled(finished_at=1.0), True, 2)
    assert changed.request == request_
    assert store.get(jobs[1].id) == changed
    assert ids(store.page()) == ids(jobs)
    assert ids(store.page("queued")) == [jobs[0].id, jobs[2].id]
    assert store.page("cancelled") == [changed]


def test_nothing_where_there_is_none(store: JobStore) -> None:
    assert store.page() == []
    assert store.page("queued") == []
    assert store.get("1") is None
    assert store.is_idle()
    store.remove("1")


def test_idle_means_that_nothing_waits_or_runs(store: JobStore, request_: JobRequest) -> None:
    job = store.add(request_)
    assert not store.is_idle()
    job = store.put(job, Running(started_at=1, device="cpu"))
    assert not store.is_idle()
    store.put(job, Cancelled(finished_at=1))
    assert store.is_idle()
    store.add(request_)
    assert not store.is_idle()


def test_a_removed_job_is_gone_and_its_place_is_safe(store: JobStore, request_: JobRequest) -> None:
    first, second, third = (store.add(request_) for _ in range(3))
    store.remove(third.id)
    fourth = store.add(request_)
    store.remove(first.id)
    assert store.page() == [second, fourth]
    assert store.get(first.id) is None


def test_moving(store: JobStore, request_: JobRequest) -> None:
    a, b, c, d = (store.add(request_).id for _ in range(4))
    for job_id, before, order in (
        (d, a, [d, a, b, c]),
        (d, None, [a, b, c, d]),
        (a, c, [b, a, c, d]),
        (c, b, [c, b, a, d]),
        (c, b, [c, b, a, d]),
    ):
        assert store.move(job_id, before) == order
        assert ids(store.page()) == order
    fresh = store.add(request_).id
    assert ids(store.page())[-1] == fresh


def test_moving_again_and_again_into_the_same_gap(store: JobStore, request_: JobRequest) -> None:
    jobs = [store.add(request_).id for _ in range(4)]
    order = list(jobs)
    for turn in range(100):
        job_id, before = order[-1], order[1 - turn % 2]
        order.remove(job_id)
        order.insert(order.index(before), job_id)
        assert store.move(job_id, before) == order
    assert ids(store.page()) == order
    assert ids([store.add(request_)]) == ids(store.page())[-1:]


def test_moving_in_front_of_itself_changes_nothing(store: JobStore, request_: JobRequest) -> None:
    a, b, c = (store.add(request_).id for _ in range(3))
    assert store.move(b, b) == [a, b, c]
    assert ids(store.page()) == [a, b, c]


def test_moving_passes_over_those_that_do_not_wait(store: JobStore, request_: JobRequest) -> None:
    a, b, c, d = (store.add(request_) for _ in range(4))
    store.put(a, Running(started_at=1, device="cpu"))
    store.put(c, Cancelled(finished_at=1))
    assert store.move(d.id, b.id) == [d.id, b.id]
    assert ids(store.page("queued")) == [d.id, b.id]
    assert set(ids(store.page())) == {a.id, b.id, c.id, d.id}


def test_pages_cover_everything_once(store: JobStore, request_: JobRequest) -> None:
    jobs = [store.add(request_) for _ in range(23)]
    store.put(jobs[3], Cancelled(finished_at=1))
    seen: list[str] = []
    while page := store.page(after=seen[-1] if seen else None, limit=5):
        assert len(page) <= 5
        seen += ids(page)
    assert seen == ids(jobs)
    assert ids(store.page("queued", after=jobs[1].id, limit=2)) == [jobs[2].id, jobs[4].id]
    assert store.page(after=jobs[-1].id) == []


def test_everything_is_there_when_it_is_opened_again(path: Path, store: JobStore, request_: JobRequest) -> None:
    jobs = [store.add(request_) for _ in range(4)]
    store.move(jobs[3].id, jobs[0].id)
    store.put(jobs[1], Cancelled(finished_at=1), acknowledged=True)
    before = store.page()
    store.close()
    again = JobStore(path)
    assert again.page() == before
    assert again.add(request_).id == again.page()[-1].id
    again.close()


def test_which_media_is_needed(store: JobStore, recipe: Recipe) -> None:
    media = "ab" * 32
    job = store.add(JobRequest(recipe=recipe.changed(conditions=[{"media": media}])))
    assert store.needs(media)
    assert not store.needs("cd" * 32)
    assert store.media_of(job.id) == {media}
    store.put(job, DRAFTED)
    assert store.media_of(job.id) == {media, "cd" * 32}
    assert store.needs("cd" * 32)
    store.put(job, Queued())
    assert store.needs("cd" * 32)
    store.release_media(job.id, "cd" * 32)
    assert not store.needs("cd" * 32)
    store.remove(job.id)
    assert not store.needs(media)
    assert store.media_of(job.id) == frozenset()


def test_the_heads_are_the_first_of_every_device(store: JobStore, path: Path, recipe: Recipe) -> None:
    assert store.heads() == []
    devices: list[Device] = ["cpu", "cpu", "auto", "cuda", "auto"]
    jobs = [store.add(JobRequest(recipe=recipe, device=device)) for device in devices]
    assert store.heads() == [jobs[0], jobs[2], jobs[3]]
    store.move(jobs[4].id, jobs[0].id)
    store.put(jobs[3], Running(started_at=1, device="cuda"))
    assert store.heads() == [jobs[4], jobs[0]]
    strange = sqlite3.connect(path)
    strange.execute("UPDATE jobs SET body = '{}' WHERE id = ?", (jobs[0].id,))
    strange.commit()
    strange.close()
    assert store.heads() == [jobs[4], jobs[1]]  # one that this build cannot read holds up nobody


def test_what_cannot_be_written_whole_is_not_written_at_all(
    store: JobStore, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(store, "_note_media", full)
        with pytest.raises(sqlite3.OperationalError):
            store.add(JobRequest(recipe=recipe))
    assert store.page() == []
    assert store.add(JobRequest(recipe=recipe)) == store.page()[0]


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_the_queue_of_a_newer_build_is_left_as_it_is(path: Path, request_: JobRequest, journal: str) -> None:
    store = JobStore(path)
    store.add(request_)
    store.close()
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    newer.execute(f"PRAGMA journal_mode = {journal}")
    newer.close()
    before = path.read_bytes()
    with pytest.raises(NewerQueueError, match=rf"queue.sqlite has schema {SCHEMA_VERSION + 1}.*{SCHEMA_VERSION}"):
        JobStore(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_thousand_jobs(path: Path, store: JobStore, request_: JobRequest) -> None:
    jobs = [store.add(request_) for _ in range(1000)]
    order = store.move(jobs[-1].id, jobs[0].id)
    assert order == [jobs[-1].id, *ids(jobs[:-1])]
    store.close()
    again = JobStore(path)
    assert ids(again.page(limit=1000)) == order
    again.close()
