"""Jobs: takes them in, hands them to workers, keeps what workers report; the one place where states change."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from engine.pool.pool import Pool, Worker
from engine.protocol.events import JobChanged, JobRemoved, Preview, Progress, QueueReordered, WorkerChanged
from engine.protocol.failure import Failure
from engine.protocol.home import BUILD
from engine.protocol.job import (
    Cancelled,
    Done,
    Failed,
    Job,
    JobRequest,
    Queued,
    Running,
    SetAside,
    State,
    TakeFile,
)
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.rules import problems
from engine.protocol.work import Broke, Cancel, Finished, Ready, Render, Report, Stopped
from engine.queue.store import JobStore
from engine.server.events import Hub
from engine.server.library import Library
from engine.server.media_store import MediaStore

log = logging.getLogger(__name__)

DEATHS_TO_SET_ASIDE = 3
PAGE = 32
CANCEL_GRACE_S = 10.0
"""After this long a worker that does not answer a cancel is ended: a stuck kernel costs the worker, not the user."""


class Jobs:
    """The life of every job; for the event loop's thread only."""

    def __init__(self, store: JobStore, media: MediaStore, library: Library, hub: Hub) -> None:
        self._store = store
        self._media = media
        self._library = library
        self._hub = hub
        self._pool: Pool | None = None
        self._unsaved: dict[str, Job] = {}
        self._running: dict[str, tuple[Worker, Path]] = {}
        store.requeue_running()

    def use(self, pool: Pool) -> None:
        """Start handing jobs to the workers of this pool."""
        self._pool = pool
        self._dispatch()

    def submit(self, request: JobRequest) -> Job:
        """Check a request and queue it; the job is on disk when this returns.

        Raises:
            ProblemsError: with everything that is wrong with it.
        """
        found = self._problems(request)
        if found:
            raise ProblemsError(found)
        job = self._store.add(request)
        self._hub.publish(JobChanged(job=job))
        self._dispatch()
        return job

    def cancel(self, job: Job) -> Job:
        """Stop a job; a running one stops within a module's forward and changes its state then."""
        if isinstance(job.state, Queued):
            return self._change(job, Cancelled(finished_at=time.time()))
        if job.id not in self._running:  # its end could not be written: a full disk
            return job if job.is_over else self._change(job, Cancelled(finished_at=time.time()))
        if job.cancelling:
            return job
        worker, _ = self._running[job.id]
        cancelling = self._store.put(job, cancelling=True)  # first on disk: a restart must not run it again
        worker.send(Cancel(job_id=job.id))
        asyncio.get_running_loop().call_later(CANCEL_GRACE_S, self._end_stuck, job.id, worker)
        return cancelling

    def acknowledge(self, job: Job) -> Job:
        """Note that somebody has seen the end of the job."""
        acknowledged = self._store.put(job, acknowledged=True)
        self._hub.publish(JobChanged(job=acknowledged))
        return acknowledged

    def move(self, job: Job, before: str | None) -> list[str]:
        """Change a waiting job's place; returns the new order."""
        order = self._store.move(job.id, before)
        self._hub.publish(QueueReordered(job_ids=tuple(order)))
        return order

    def remove(self, job: Job) -> None:
        """Forget a job that is over, and its take and images when no other job needs them."""
        self._store.remove(job.id)
        self._hub.publish(JobRemoved(job_id=job.id))
        media = {condition.media for condition in job.request.recipe.conditions}
        if isinstance(job.state, Done):
            media.add(job.state.take.media)
        for sha256 in media:
            if not self._store.needs(sha256):
                self._media.remove(sha256)

    def on_report(self, worker: Worker, report: Report, blob: bytes) -> None:
        """A worker's report, in the order it made them."""
        if isinstance(report, Ready):
            found = f"{report.device}: {report.device_name}"
            self._hub.publish(WorkerChanged(device=worker.device, state="ready", detail=found))
            self._dispatch()
        elif isinstance(report, Progress | Preview):
            self._hub.publish(report, blob)
        else:
            self._end(worker, report)
            self._dispatch()

    def on_death(self, worker: Worker, detail: str) -> None:
        """A worker died: its job waits again, is cancelled if that was wanted, or is set aside."""
        log.warning("worker %s died: %s", worker.device, detail)
        self._hub.publish(WorkerChanged(device=worker.device, state="died", detail=detail))
        for job_id in [i for i, (w, _) in self._running.items() if w is worker]:
            job = self._release(job_id)
            deaths = job.worker_deaths + (not job.cancelling)
            state: State = Queued()
            if job.cancelling:
                state = Cancelled(finished_at=time.time())
            elif deaths >= DEATHS_TO_SET_ASIDE:
                state = SetAside(finished_at=time.time(), worker_deaths=deaths, detail=detail)
            self._change(job, state, worker_deaths=deaths)
        if worker.early_deaths >= DEATHS_TO_SET_ASIDE:
            self._fail_waiting(worker, f"the worker cannot be started: {detail}")
        self._dispatch()

    def _fail_waiting(self, worker: Worker, detail: str) -> None:
        """End the jobs that wait for a worker which does not come up: better an answer than no end."""
        for job in self._waiting():
            if self._pool is not None and self._pool.for_device(job.request.device) is worker:
                failure = Failure(kind="internal", detail=detail)
                self._change(job, Failed(finished_at=time.time(), failure=failure))

    def _waiting(self) -> Iterator[Job]:
        """All waiting jobs in order, read page by page."""
        after: str | None = None
        while page := self._store.page(Queued().kind, after, PAGE):
            yield from page
            after = page[-1].id

    def _problems(self, request: JobRequest) -> list[Problem]:
        found = self._library.find(request.recipe.model)
        if found is None:
            name = request.recipe.model.encode(errors="backslashreplace").decode()  # no text, no reply
            return [Problem(field="model", kind="unknown_model", value=name)]
        _, status = found
        if not status.installed:
            return [Problem(field="model", kind="not_installed", detail=", ".join(status.missing))]
        wrong = [*_text_problems(request), *problems(request.recipe, status.card)]
        if self._pool is not None and self._pool.for_device(request.device) is None:
            wrong.append(Problem(field="device", kind="unsupported", value=request.device, nearest="auto"))
        for i, condition in enumerate(request.recipe.conditions):
            if self._media.path(condition.media) is None:
                wrong.append(Problem(field=f"conditions[{i}].media", kind="missing", value=condition.media))
        if request.delivery.container == "png" and request.recipe.num_frames != 1:
            wrong.append(Problem(field="num_frames", kind="unsupported", value=request.recipe.num_frames, nearest=1))
        return wrong

    def _dispatch(self) -> None:
        """Give waiting jobs to free workers; what the disk does not take now is tried again the next time."""
        try:
            for job in list(self._unsaved.values()):
                self._store.put(job)
                del self._unsaved[job.id]
            if self._free_workers():
                for job in self._waiting():
                    self._offer(job)
                    if not self._free_workers():
                        break
        except (OSError, sqlite3.Error):
            log.exception("a job could not be started")

    def _free_workers(self) -> list[Worker]:
        busy = [worker for worker, _ in self._running.values()]
        started = self._pool.workers() if self._pool else []
        return [worker for worker in started if worker.ready is not None and worker not in busy]

    def _offer(self, job: Job) -> None:
        worker = self._pool.for_device(job.request.device) if self._pool else None
        if worker is None:
            failure = Failure(kind="device_lost", detail=f"no {job.request.device} device here")
            self._change(job, Failed(finished_at=time.time(), failure=failure))
        elif worker.ready is not None and worker in self._free_workers():
            self._start(job, worker, worker.ready)

    def _start(self, job: Job, worker: Worker, ready: Ready) -> None:
        """Send a job to a free worker, or fail it when what it needs is gone."""
        found = self._problems(job.request)  # a model or an image may have been deleted since
        located = self._library.find(job.request.recipe.model)
        if found or located is None:
            gone = any(problem.kind in ("unknown_model", "not_installed") for problem in found)
            kind = "missing_weights" if gone else "bad_input"
            failure = Failure(kind=kind, detail=str(ProblemsError(found)))
            self._change(job, Failed(finished_at=time.time(), failure=failure))
            return
        folder, status = located
        output = self._media.room(job.id) / f"take.{job.request.delivery.container}"
        media = {c.media: str(self._media.path(c.media)) for c in job.request.recipe.conditions}
        running = self._store.put(job, Running(started_at=time.time(), device=ready.device))
        self._running[job.id] = (worker, output)
        self._hub.publish(JobChanged(job=running))
        worker.send(
            Render(
                job_id=job.id,
                recipe=job.request.recipe,
                delivery=job.request.delivery,
                card=status.card,
                model_folder=str(folder),
                media_files=media,
                output=str(output),
            )
        )

    def _end(self, worker: Worker, report: Finished | Stopped | Broke) -> None:
        runner, output = self._running.get(report.job_id, (None, Path()))
        if runner is not worker:
            return
        job = self._store.get(report.job_id)
        assert job is not None  # a running job cannot be removed
        now = time.time()
        if isinstance(report, Stopped):
            state: State = Cancelled(finished_at=now)
        elif isinstance(report, Broke):
            state = Failed(finished_at=now, failure=report.failure)
        else:
            state = self._keep_take(job, report, output, now)
        self._change(self._release(job.id), state)

    def _keep_take(self, job: Job, report: Finished, output: Path, now: float) -> Done | Failed:
        container = job.request.delivery.container
        try:
            self._media.adopt(output, report.sha256, container)
        except OSError as error:
            return Failed(finished_at=now, failure=Failure(kind="internal", detail=f"take not kept: {error.strerror}"))
        take = TakeFile(
            media=report.sha256,
            container=container,
            size_bytes=report.size_bytes,
            num_frames=report.num_frames,
        )
        return Done(finished_at=now, take=take, stage_s=report.stage_s, notices=report.notices, build=BUILD)

    def _release(self, job_id: str) -> Job:
        del self._running[job_id]
        self._media.clear_room(job_id)
        job = self._store.get(job_id)
        assert job is not None  # a running job cannot be removed
        return job

    def _change(self, job: Job, state: State, **fields: object) -> Job:
        changed = job.model_copy(update={"state": state, **fields})
        try:
            self._store.put(changed)
        except sqlite3.Error:  # it has happened all the same: tell it, and write it down later
            log.exception("the state of job %s could not be written", job.id)
            self._unsaved[job.id] = changed
        self._hub.publish(JobChanged(job=changed))
        return changed

    def _end_stuck(self, job_id: str, worker: Worker) -> None:
        if self._running.get(job_id, (None,))[0] is worker:
            worker.kill()


def _text_problems(request: JobRequest) -> Iterator[Problem]:
    for field, text in (("project", request.project), ("shot", request.shot)):
        if text is not None and any(0xD800 <= ord(char) <= 0xDFFF for char in text):
            yield Problem(field=field, kind="invalid", detail="half a surrogate pair")
