"""The queue on disk: SQLite in WAL mode, every change committed before it is answered."""

import logging
import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import uuid4

from engine.protocol.job import Cancelled, Job, JobRequest, Queued, Running, State, StateKind

log = logging.getLogger(__name__)

SCHEMA_VERSION = 1
_WAITING = Queued().kind
_RUNNING = Running.model_fields["kind"].default
_SCHEMA = """
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    rank INTEGER NOT NULL,
    state TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX jobs_by_state ON jobs (state, rank);
"""


class NewerQueueError(Exception):
    """The queue was written by a newer Reelwright; it is left as it is."""


class JobStore:
    """All jobs, in order. One engine owns the file; not for use from several threads at once."""

    def __init__(self, path: Path) -> None:
        """Open or create the queue.

        Raises:
            NewerQueueError: when the file is of a later schema.
        """
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            self._db.close()
            raise NewerQueueError(f"{path.name} has schema {version}, this build knows {SCHEMA_VERSION}")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")  # an accepted job survives a power cut
        if version == 0:
            self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def add(self, request: JobRequest) -> Job:
        """Append a job; it is on disk when this returns."""
        now = time.time()
        job = Job(id=f"{int(now * 1000):012x}{uuid4().hex[:12]}", request=request, created_at=now)
        self._db.execute(
            "INSERT INTO jobs VALUES (?, 1 + (SELECT coalesce(max(rank), 0) FROM jobs), ?, ?)",
            (job.id, job.state.kind, job.model_dump_json()),
        )
        return job

    def get(self, job_id: str) -> Job | None:
        """The job, or None."""
        return next(self._read("WHERE id = ?", (job_id,)), None)

    def page(self, state: StateKind | None = None, after: str | None = None, limit: int = 100) -> list[Job]:
        """Jobs in order (next first), from behind `after`, at most `limit`; none when `after` is gone."""
        wanted = ["(? IS NULL OR rank > (SELECT rank FROM jobs WHERE id = ?))"]
        arguments: list[str | int | None] = [after, after]
        if state is not None:
            wanted.append("state = ?")
            arguments.append(state)
        return list(self._read(f"WHERE {' AND '.join(wanted)} ORDER BY rank LIMIT ?", (*arguments, limit)))

    def is_idle(self) -> bool:
        """True when no job waits or runs."""
        found = self._db.execute("SELECT 1 FROM jobs WHERE state IN (?, ?) LIMIT 1", (_WAITING, _RUNNING))
        return found.fetchone() is None

    def put(self, job: Job, state: State | None = None, **fields: object) -> Job:
        """Replace a job, with a new state and other fields where given; returns it as stored."""
        changed = job.model_copy(update={**fields, **({} if state is None else {"state": state})})
        self._db.execute(
            "UPDATE jobs SET state = ?, body = ? WHERE id = ?",
            (changed.state.kind, changed.model_dump_json(), changed.id),
        )
        return changed

    def remove(self, job_id: str) -> None:
        """Forget a job."""
        self._db.execute("DELETE FROM jobs WHERE id = ?", (job_id,))

    def move(self, job_id: str, before: str | None) -> list[str]:
        """Put a waiting job in front of another waiting one (or last); returns the new order of ids."""
        rows = self._db.execute("SELECT id, rank FROM jobs WHERE state = ? ORDER BY rank", (_WAITING,)).fetchall()
        if before == job_id:
            return [row[0] for row in rows]
        ids = [row[0] for row in rows if row[0] != job_id]
        ids.insert(ids.index(before) if before in ids else len(ids), job_id)
        self._db.execute("BEGIN")
        self._db.executemany("UPDATE jobs SET rank = ? WHERE id = ?", zip((r[1] for r in rows), ids, strict=True))
        self._db.execute("COMMIT")
        return ids

    def needs(self, media: str) -> bool:
        """True when a job reads or made this media (sha256)."""
        found = self._db.execute("SELECT 1 FROM jobs WHERE instr(body, ?) LIMIT 1", (media,))
        return found.fetchone() is not None

    def requeue_running(self) -> None:
        """Make jobs that an ended engine left running wait again, at their old place, unless they were to stop."""
        for job in list(self._read("WHERE state = ?", (_RUNNING,))):
            self.put(job, Cancelled(finished_at=time.time()) if job.cancelling else Queued())

    def _read(self, clause: str, arguments: Iterable[str | int | None]) -> Iterator[Job]:
        for (body,) in self._db.execute(f"SELECT body FROM jobs {clause}", tuple(arguments)).fetchall():
            try:
                yield Job.model_validate_json(body)
            except ValueError:
                log.warning("a job of another build is left alone: %s", body[:80])
