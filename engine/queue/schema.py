"""The queue's tables, and how a file of an older build becomes one of this build."""

import json
import sqlite3
from typing import Any

SCHEMA_VERSION = 2
RANK_STEP = 2**20
"""The distance between two new jobs' ranks, so that one can be moved between them without moving the others."""

_JOBS = """
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    rank INTEGER NOT NULL,
    state TEXT NOT NULL,
    device TEXT NOT NULL,
    body TEXT NOT NULL
)
"""
_BESIDE_JOBS = (
    "CREATE INDEX jobs_by_rank ON jobs (rank)",
    "CREATE INDEX jobs_by_device ON jobs (state, device, rank)",
    "CREATE TABLE media_of_jobs (job_id TEXT, media TEXT, PRIMARY KEY (job_id, media)) WITHOUT ROWID",
    "CREATE INDEX jobs_by_media ON media_of_jobs (media)",
)
_BY_STATE = "CREATE INDEX jobs_by_state ON jobs (state, rank)"


def migrate(db: sqlite3.Connection, version: int) -> None:
    """Bring the tables from `version` (0: none yet) to this build's, within the caller's transaction."""
    if version == SCHEMA_VERSION:
        return
    if version == 0:
        for statement in (_JOBS, _BY_STATE, *_BESIDE_JOBS):
            db.execute(statement)
    else:
        _from_1(db)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _from_1(db: sqlite3.Connection) -> None:
    """Version 1 had consecutive ranks, `cancelling` in place of `wish`, and looked for media in the jobs' text."""
    rows = db.execute("SELECT id, rank, state, body FROM jobs").fetchall()
    db.execute("DROP TABLE jobs")
    for statement in (_JOBS, _BY_STATE, *_BESIDE_JOBS):
        db.execute(statement)
    for job_id, rank, state, body in rows:
        text, device, media = _body_from_1(body)
        db.execute("INSERT INTO jobs VALUES (?, ?, ?, ?, ?)", (job_id, rank * RANK_STEP, state, device, text))
        db.executemany("INSERT OR IGNORE INTO media_of_jobs VALUES (?, ?)", [(job_id, sha256) for sha256 in media])


def _body_from_1(text: str) -> tuple[str, str, set[str]]:
    """The job's text as of version 2, its device, and the media it reads or made; what is no job stays as it is."""
    try:
        body: dict[str, Any] = json.loads(text)
        request, state = body["request"], body["state"]
        media = {condition["media"] for condition in request["recipe"]["conditions"]}
        media |= {state["take"]["media"]} if "take" in state else set()
        if body.pop("cancelling", False) and state["kind"] == "running":
            body["wish"] = "cancel"
        return json.dumps(body, ensure_ascii=False), str(request["device"]), media
    except (ValueError, TypeError, KeyError):
        return text, "auto", set()
