"""The queue on disk: SQLite in WAL mode, every change committed before it is answered."""

import contextlib
import logging
import sqlite3
import time
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import get_args
from uuid import uuid4

from engine.protocol.job import AnyRequest, Device, Done, Drafted, Job, Queued, Running, State, StateKind
from engine.queue.schema import RANK_STEP, SCHEMA_VERSION, migrate

log = logging.getLogger(__name__)

_WAITING = Queued().kind
_RUNNING = Running.model_fields["kind"].default


class NewerQueueError(Exception):
    """The queue was written by a newer Reelwright; it is left as it is."""


class JobStore:
    """All jobs, in order. One engine owns the file; not for use from several threads at once."""

    def __init__(self, path: Path) -> None:
        """Open or create the queue; one of an older build is brought up to date.

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
        try:
            with self._at_once():
                migrate(self._db, version)
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def add(self, request: AnyRequest) -> Job:
        """Append a job; it is on disk when this returns."""
        now = time.time()
        job = Job(id=f"{int(now * 1000):012x}{uuid4().hex[:12]}", request=request, created_at=now)
        with self._at_once():
            self._db.execute(
                f"INSERT INTO jobs VALUES (?, {RANK_STEP} + (SELECT coalesce(max(rank), 0) FROM jobs), ?, ?, ?)",
                (job.id, job.state.kind, request.device, job.model_dump_json()),
            )
            self._note_media(job.id, request.media)
        return job

    def get(self, job_id: str) -> Job | None:
        """The job, or None."""
        return next(self._read("WHERE id = ?", (job_id,)), None)

    def page(self, state: StateKind | None = None, after: str | None = None, limit: int = 100) -> list[Job]:
        """Jobs in order (next first), from behind `after`, at most `limit`; none when `after` is gone."""
        wanted: dict[str, str | None] = {
            "state = ?": state,
            "rank > (SELECT rank FROM jobs WHERE id = ?)": after,
        }
        given = {clause: value for clause, value in wanted.items() if value is not None}
        where = f"WHERE {' AND '.join(given)}" if given else ""
        return list(self._read(f"{where} ORDER BY rank LIMIT ?", (*given.values(), limit)))

    def heads(self) -> list[Job]:
        """The first waiting job of every requested device, next first: no other job is to start before these."""
        found: list[tuple[int, Job]] = []
        for device in get_args(Device):
            sql = "SELECT rank, body FROM jobs WHERE state = ? AND device = ? ORDER BY rank"
            with contextlib.closing(self._db.execute(sql, (_WAITING, device))) as rows:
                first = next(((rank, job) for rank, body in rows if (job := _job(body)) is not None), None)
            if first is not None:
                found.append(first)
        return [job for _, job in sorted(found, key=lambda ranked: ranked[0])]

    def is_idle(self) -> bool:
        """True when no job waits or runs."""
        found = self._db.execute("SELECT 1 FROM jobs WHERE state IN (?, ?) LIMIT 1", (_WAITING, _RUNNING))
        return found.fetchone() is None

    def put(self, job: Job, state: State | None = None, **fields: object) -> Job:
        """Replace a job, with a new state and other fields where given; returns it as stored."""
        changed = job.model_copy(update={**fields, **({} if state is None else {"state": state})})
        with self._at_once():
            self._db.execute(
                "UPDATE jobs SET state = ?, body = ? WHERE id = ?",
                (changed.state.kind, changed.model_dump_json(), changed.id),
            )
            if isinstance(changed.state, Done | Drafted):
                self._note_media(changed.id, [changed.state.take.media])
        return changed

    def remove(self, job_id: str) -> None:
        """Forget a job."""
        with self._at_once():
            self._db.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
            self._db.execute("DELETE FROM media_of_jobs WHERE job_id = ?", (job_id,))

    def move(self, job_id: str, before: str | None) -> list[str]:
        """Put a waiting job in front of another waiting one (or last); returns the new order of ids."""
        if before != job_id:
            with self._at_once():
                rank = self._rank_before(job_id, before)
                if rank is None:
                    self._spread()
                    rank = self._rank_before(job_id, before)
                self._db.execute("UPDATE jobs SET rank = ? WHERE id = ?", (rank, job_id))
        rows = self._db.execute("SELECT id FROM jobs WHERE state = ? ORDER BY rank", (_WAITING,))
        return [row[0] for row in rows]

    def needs(self, media: str) -> bool:
        """True when a job reads or made this media (sha256)."""
        return self._db.execute("SELECT 1 FROM media_of_jobs WHERE media = ?", (media,)).fetchone() is not None

    def media_of(self, job_id: str) -> frozenset[str]:
        """What the job reads or made (sha256), its draft included."""
        rows = self._db.execute("SELECT media FROM media_of_jobs WHERE job_id = ?", (job_id,))
        return frozenset(row[0] for row in rows)

    def release_media(self, job_id: str, media: str) -> None:
        """Note that the job has no use any more for this media (sha256)."""
        self._db.execute("DELETE FROM media_of_jobs WHERE job_id = ? AND media = ?", (job_id, media))

    def _note_media(self, job_id: str, media: Iterable[str]) -> None:
        self._db.executemany("INSERT OR IGNORE INTO media_of_jobs VALUES (?, ?)", [(job_id, m) for m in media])

    def _rank_before(self, job_id: str, before: str | None) -> int | None:
        """A free rank right in front of a job (or last); None when its neighbours leave none."""
        found = self._db.execute("SELECT rank FROM jobs WHERE id = ? AND state = ?", (before, _WAITING)).fetchone()
        if found is None:
            (last,) = self._db.execute("SELECT coalesce(max(rank), 0) FROM jobs").fetchone()
            return last + RANK_STEP
        (high,) = found
        sql = "SELECT max(rank) FROM jobs WHERE rank < ? AND id != ?"
        (low,) = self._db.execute(sql, (high, job_id)).fetchone()
        if low is None:
            return high - RANK_STEP
        return (low + high) // 2 if high - low > 1 else None

    def _spread(self) -> None:
        """Give every job a rank with room on either side; the order stays."""
        ids = self._db.execute("SELECT id FROM jobs ORDER BY rank").fetchall()
        ranks = [(place * RANK_STEP, row[0]) for place, row in enumerate(ids, 1)]
        self._db.executemany("UPDATE jobs SET rank = ? WHERE id = ?", ranks)

    @contextlib.contextmanager
    def _at_once(self) -> Generator[None]:
        """All that the block writes is committed together, or (a full disk) none of it."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _read(self, clause: str, arguments: Iterable[str | int | None]) -> Iterator[Job]:
        bodies = self._db.execute(f"SELECT body FROM jobs {clause}", tuple(arguments)).fetchall()
        return (job for (body,) in bodies if (job := _job(body)) is not None)


def _job(body: str) -> Job | None:
    try:
        return Job.model_validate_json(body)
    except ValueError:
        log.warning("a job of another build is left alone: %s", body[:80])
        return None
