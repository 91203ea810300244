"""A queue of the first build becomes one of this build, and nothing in it is lost."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from engine.protocol.job import Cancelled, Done, Failed, Queued, Running
from engine.protocol.recipe import Recipe
from engine.queue.schema import SCHEMA_VERSION
from engine.queue.store import JobStore

SCHEMA_1 = """
CREATE TABLE jobs (id TEXT PRIMARY KEY, rank INTEGER NOT NULL, state TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX jobs_by_state ON jobs (state, rank);
PRAGMA user_version = 1;
"""
RECIPE_1: dict[str, Any] = {
    "model": "starter",
    "prompt": "ein Café 🌊",
    "negative_prompt": "",
    "width": 64,
    "height": 64,
    "num_frames": 9,
    "fps": 12.0,
    "num_inference_steps": 3,
    "guidance_scale": 3.0,
    "seed": 7,
    "conditions": [{"media": "ab" * 32, "frame_index": 0, "strength": 1.0}],
}
TAKE_1 = {"media": "cd" * 32, "container": "mp4", "size_bytes": 4, "num_frames": 9}
NOTICES_1 = [{"kind": "prompt_truncated", "field": "prompt", "kept": 1, "given": 2}]


def job_1(job_id: str, state: dict[str, Any], device: str = "auto", **fields: Any) -> tuple[str, str, str]:
    """A job's row as the first build wrote it: id, state, body."""
    request = {
        "recipe": RECIPE_1,
        "delivery": {"container": "mp4", "embed_recipe": True},
        "device": device,
        "project": None,
        "shot": "s1",
    }
    body = {
        "id": job_id,
        "request": request,
        "created_at": 1.5,
        "worker_deaths": 0,
        "cancelling": False,
        "acknowledged": False,
        "state": state,
    }
    return job_id, state["kind"], json.dumps(body | fields, ensure_ascii=False, separators=(",", ":"))


ROWS_1 = [
    job_1("d", {"kind": "done", "finished_at": 2.0, "take": TAKE_1, "stage_s": {}, "notices": NOTICES_1, "build": "0"}),
    job_1("x", {"kind": "cancelled", "finished_at": 2.0}, cancelling=True, acknowledged=True),
    job_1("f", {"kind": "failed", "finished_at": 2.0, "failure": {"kind": "disk_full", "detail": "x"}}),
    job_1("r", {"kind": "running", "started_at": 1.0, "device": "cpu"}, cancelling=True, worker_deaths=2),
    job_1("q", {"kind": "queued"}, device="cpu"),
    ("broken", "queued", "{no job"),
    job_1("p", {"kind": "queued"}),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "queue.sqlite"
    db = sqlite3.connect(made)
    db.execute("PRAGMA journal_mode = WAL")
    db.executescript(SCHEMA_1)
    rows = [(job_id, rank, state, body) for rank, (job_id, state, body) in enumerate(ROWS_1, 3)]
    db.executemany("INSERT INTO jobs VALUES (?, ?, ?, ?)", rows)
    db.commit()
    db.close()
    return made


def test_every_job_is_there_in_its_place(path: Path) -> None:
    store = JobStore(path)
    jobs = {job.id: job for job in store.page()}
    assert list(jobs) == ["d", "x", "f", "r", "q", "p"]
    assert [type(job.state) for job in jobs.values()] == [Done, Cancelled, Failed, Running, Queued, Queued]
    assert [job.wish for job in jobs.values()] == [None, None, None, "cancel", None, None]
    assert jobs["d"].request.recipe == Recipe.model_validate(RECIPE_1)
    assert (jobs["x"].acknowledged, jobs["r"].worker_deaths, jobs["q"].request.shot) == (True, 2, "s1")
    assert [job.id for job in store.heads()] == ["q", "p"]
    assert store.media_of("d") == {"ab" * 32, "cd" * 32}
    assert store.needs("cd" * 32)
    assert store.move("p", "q") == ["p", "q", "broken"]
    store.close()


def test_it_happens_once_and_the_file_stays_safe(path: Path) -> None:
    JobStore(path).close()
    db = sqlite3.connect(path)
    before = list(db.iterdump())
    assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert db.execute("SELECT body FROM jobs WHERE id = 'broken'").fetchone() == ("{no job",)
    db.close()
    store = JobStore(path)
    store.close()
    db = sqlite3.connect(path)
    assert list(db.iterdump()) == before
    db.close()


def test_one_that_is_broken_off_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = sqlite3.connect(path)
    before = list(db.iterdump())

    def killed(_: str) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("engine.queue.schema._body_from_1", killed)
    with pytest.raises(KeyboardInterrupt):
        JobStore(path)
    assert list(db.iterdump()) == before
    assert db.execute("PRAGMA user_version").fetchone() == (1,)
    db.close()


def test_an_old_file_and_a_new_one_have_the_same_tables(path: Path, tmp_path: Path) -> None:
    def tables(file: Path) -> set[str]:
        JobStore(file).close()
        db = sqlite3.connect(file)
        found = {row[0] for row in db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
        db.close()
        return found

    assert tables(path) == tables(tmp_path / "new.sqlite")
