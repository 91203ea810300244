"""Jobs: takes them in, hands them to workers, keeps what workers report; the one place where states change."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Iterable, Iterator

from engine.pool.pool import Pool, Worker
from engine.protocol.events import JobChanged, JobRemoved, Preview, Progress, QueueReordered, WorkerChanged
from engine.protocol.failure import Failure
from engine.protocol.job import (
    AnyRequest,
    Cancelled,
    Done,
    Drafted,
    Failed,
    FilmRequest,
    Job,
    Paused,
    Queued,
    Running,
    SetAside,
    State,
    Wish,
    suffix,
)
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.work import Alive, Broke, Finished, Ready, Report, Stop, Stopped
from engine.protocol.worker_status import WorkerStatus
from engine.queue.store import JobStore
from engine.server.admission import Admission, Model
from engine.server.checkpoints import Checkpoints
from engine.server.events import Hub
from engine.server.library import Library
from engine.server.media_store import MediaStore
from engine.server.run import Run, after_loss, after_stop, after_take, command_for

log = logging.getLogger(__name__)

DEATHS_TO_SET_ASIDE = 3
PAGE = 32
STOP_GRACE_S = 10.0
"""After this long a worker that does not cancel or pause is ended: a stuck kernel costs the worker, not the user."""


class Jobs:
    """The life of every job; for the event loop's thread only."""

    def __init__(
        self, store: JobStore, media: MediaStore, library: Library, hub: Hub, checkpoints: Checkpoints
    ) -> None:
        self._store = store
        self._media = media
        self._admission = Admission(library, media)
        self._hub = hub
        self._checkpoints = checkpoints
        self._pool: Pool | None = None
        self._unsaved: dict[str, Job] = {}
        self._running: dict[str, Run] = {}
        self._recover()

    def use(self, pool: Pool) -> None:
        """Start handing jobs to the workers of this pool."""
        self._pool = pool
        self._dispatch()

    def get(self, job_id: str) -> Job | None:
        """The job as it is, also when the disk did not take its last change yet; None when there is none."""
        return self._unsaved.get(job_id) or self._store.get(job_id)

    def submit(self, request: AnyRequest, known: Iterable[Problem] = ()) -> Job:
        """Check a request and queue it; the job is on disk when this returns.

        Raises:
            ProblemsError: with everything that is wrong with it, what is `known` of that included.
        """
        _, found = self._check(request)
        found += known
        if found:
            raise ProblemsError(found)
        job = self._store.add(request)
        self._hub.publish(JobChanged(job=job))
        self._dispatch()
        return job

    def cancel(self, job: Job) -> Job:
        """End a job; a running one stops within a module's forward and changes its state then."""
        if isinstance(job.state, Queued | Paused | Drafted):
            return self._change(job, Cancelled(finished_at=time.time()))
        return self._ask(job, "cancel")

    def pause(self, job: Job) -> Job:
        """Let a job wait until it is resumed; a running one changes its state when its checkpoint is on disk."""
        if isinstance(job.state, Queued):
            return self._change(job, Paused(step=0, total_steps=job.request.total_steps))
        return self._ask(job, "pause")

    def stop_early(self, job: Job) -> Job:
        """Let a running job make its take of what is there."""
        return self._ask(job, "stop_early")

    def resume(self, job: Job) -> Job:
        """Queue a job again that stopped, at its old place; it goes on from its newest checkpoint."""
        drafted = job.drafted or isinstance(job.state, Drafted)
        fresh = {"worker_deaths": 0, "wish": None, "drafted": drafted, "acknowledged": False}
        queued = job.model_copy(update={"state": Queued(), **fresh})
        self._save(queued)
        self._hub.publish(JobChanged(job=queued))
        self._dispatch()
        return queued

    def acknowledge(self, job: Job) -> Job:
        """Note that somebody has seen the end of the job."""
        acknowledged = job.model_copy(update={"acknowledged": True})
        self._save(acknowledged)
        self._hub.publish(JobChanged(job=acknowledged))
        return acknowledged

    def move(self, job: Job, before: str | None) -> list[str]:
        """Change a waiting job's place; returns the new order."""
        order = self._store.move(job.id, before)
        self._hub.publish(QueueReordered(job_ids=tuple(order)))
        return order

    def remove(self, job: Job) -> None:
        """Forget a job that is over, its checkpoints, and its takes and images when no other job needs them."""
        media = self._store.media_of(job.id)
        self._store.remove(job.id)
        self._unsaved.pop(job.id, None)
        self._hub.publish(JobRemoved(job_id=job.id))
        self._checkpoints.remove(job.id)
        self._delete_unneeded(media)

    def workers(self) -> list[WorkerStatus]:
        """How every worker is right now."""
        return [self._status(worker) for worker in (self._pool.workers() if self._pool else [])]

    def on_report(self, worker: Worker, report: Report, blob: bytes) -> None:
        """A worker's report, in the order it made them."""
        if isinstance(report, Ready):
            self._hub.publish(WorkerChanged(device=worker.device, state="ready", detail=_found(report)))
            self._dispatch()
        elif isinstance(report, Progress | Preview):
            run = self._running.get(report.job_id)
            if run is not None and run.worker is worker:
                run.step, run.total_steps = report.step, report.total_steps
            self._hub.publish(report, blob)
        elif not isinstance(report, Alive):
            self._end(worker, report)
            self._dispatch()

    def on_silence(self, worker: Worker) -> None:
        """A worker does not respond; it may come back, so that only a cancel or a pause ends it."""
        log.warning("worker %s does not respond", worker.device)
        self._hub.publish(WorkerChanged(device=worker.device, state="not_responding"))

    def on_voice(self, worker: Worker) -> None:
        """A worker that did not respond is heard again."""
        if worker.ready is not None:
            self._hub.publish(WorkerChanged(device=worker.device, state="ready", detail=_found(worker.ready)))
        self._dispatch()

    def on_death(self, worker: Worker, detail: str) -> None:
        """A worker died: its job waits again, is set aside, or is what somebody wanted of it."""
        log.warning("worker %s died: %s", worker.device, detail)
        self._hub.publish(WorkerChanged(device=worker.device, state="died", detail=detail))
        for job_id in [i for i, run in self._running.items() if run.worker is worker]:
            job, run = self.get(job_id), self._running[job_id]
            assert job is not None  # a running job cannot be removed
            self._release(job_id)
            state: State = after_loss(job, run)
            deaths = job.worker_deaths + isinstance(state, Queued)
            if isinstance(state, Queued) and deaths >= DEATHS_TO_SET_ASIDE:
                state = SetAside(finished_at=time.time(), worker_deaths=deaths, detail=detail)
            self._change(job, state, worker_deaths=deaths)
        if worker.early_deaths >= DEATHS_TO_SET_ASIDE:
            self._fail_waiting(worker, f"the worker cannot be started: {detail}")
        self._dispatch()

    def _recover(self) -> None:
        """Take over from an engine that ended, wherever it was.

        No job ends with two takes. A take counts only with the commit that names it: if the engine died before, the
        same recipe makes the same bytes again, which lie under the same hash. A worker of that engine that still
        writes does so into a folder that is gone, for every try has one of its own.
        """
        for job in self._store.page(Running.model_fields["kind"].default, limit=1000):
            self._change(job, after_loss(job, None))
        self._checkpoints.keep_only(self._can_go_on)

    def _can_go_on(self, job_id: str) -> bool:
        job = self.get(job_id)
        return job is not None and not isinstance(job.state, Done | Cancelled)

    def _ask(self, job: Job, wish: Wish) -> Job:
        run = self._running.get(job.id)
        if run is None or job.wish in (wish, "cancel"):
            return job
        asked = self._store.put(job, wish=wish)  # first on disk: a restart must not forget it
        self._hub.publish(JobChanged(job=asked))
        run.worker.send(Stop(job_id=job.id, wish=wish))
        if wish != "stop_early":  # which has a take to write, however long that takes
            asyncio.get_running_loop().call_later(STOP_GRACE_S, self._end_stuck, job.id, run)
        return asked

    def _end_stuck(self, job_id: str, run: Run) -> None:
        job = self.get(job_id)
        if self._running.get(job_id) is run and job is not None and job.wish in ("cancel", "pause"):
            run.worker.kill()

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

    def _check(self, request: AnyRequest) -> tuple[Model | None, list[Problem]]:
        model, found = self._admission.check(request)
        can_run = model is not None or isinstance(request, FilmRequest)
        if can_run and self._pool is not None and self._pool.for_device(request.device) is None:
            found.append(Problem(field="device", kind="unsupported", value=request.device, nearest="auto"))
        return model, found

    def _dispatch(self) -> None:
        """Give waiting jobs to free workers; what the disk does not take now is tried again the next time."""
        try:
            for job in list(self._unsaved.values()):
                self._save(job)
            while self._free_workers() and not self._unsaved:
                if not any(self._offer(job) for job in self._store.heads()):  # then nor could any behind them start
                    break
        except (OSError, sqlite3.Error):
            log.exception("a job could not be started")

    def _free_workers(self) -> list[Worker]:
        busy = [run.worker for run in self._running.values()]
        started = self._pool.workers() if self._pool else []
        return [w for w in started if w.ready is not None and w.silent_s is None and w not in busy]

    def _offer(self, job: Job) -> bool:
        """Start the job if its worker is free; False when it goes on waiting."""
        worker = self._pool.for_device(job.request.device) if self._pool else None
        if worker is None:
            failure = Failure(kind="device_lost", detail=f"no {job.request.device} device here")
            self._change(job, Failed(finished_at=time.time(), failure=failure))
        elif worker.ready is not None and worker in self._free_workers():
            self._start(job, worker, worker.ready)
        else:
            return False
        return True

    def _start(self, job: Job, worker: Worker, ready: Ready) -> None:
        """Send a job to a free worker, or fail it when what it needs is gone."""
        model, found = self._check(job.request)  # a model or an image may have been deleted since
        if found:
            gone = any(problem.kind in ("unknown_model", "not_installed") for problem in found)
            kind = "missing_weights" if gone else "bad_input"
            failure = Failure(kind=kind, detail=str(ProblemsError(found)))
            self._change(job, Failed(finished_at=time.time(), failure=failure))
            return
        checkpoints = self._checkpoints.folder(job.id)
        room = self._media.room(job.id)
        try:
            running = self._store.put(job, Running(started_at=time.time(), device=ready.device))
        except sqlite3.Error:
            self._media.clear_room(room)
            raise
        run = Run(worker, room, room / f"take.{suffix(job.request.delivery.container)}")
        self._running[job.id] = run
        self._hub.publish(JobChanged(job=running))
        files = {media: str(self._media.path(media)) for media in job.request.media}
        worker.send(command_for(job, model, run, files, checkpoints))
        if job.wish is not None:  # its last worker died before it could
            worker.send(Stop(job_id=job.id, wish=job.wish))

    def _end(self, worker: Worker, report: Finished | Stopped | Broke) -> None:
        run = self._running.get(report.job_id)
        if run is None or run.worker is not worker:
            return
        job = self.get(report.job_id)
        assert job is not None  # a running job cannot be removed
        state = self._outcome(job, run, report)
        self._release(job.id)
        self._change(job, state)

    def _outcome(self, job: Job, run: Run, report: Finished | Stopped | Broke) -> State:
        if isinstance(report, Stopped):
            return after_stop(job, run, report)
        if job.wish == "cancel" and (isinstance(report, Broke) or report.draft_step is not None):
            return Cancelled(finished_at=time.time())
        if isinstance(report, Broke):
            return Failed(finished_at=time.time(), failure=report.failure)
        try:
            self._media.adopt(run.output, report.sha256, suffix(job.request.delivery.container))
        except OSError as error:
            failure = Failure(kind="internal", detail=f"take not kept: {error.strerror}")
            return Failed(finished_at=time.time(), failure=failure)
        return after_take(job, run, report)

    def _release(self, job_id: str) -> None:
        self._media.clear_room(self._running.pop(job_id).room)

    def _change(self, job: Job, state: State, **fields: object) -> Job:
        changed = job.model_copy(update={"state": state, **fields})
        if changed.is_over:
            changed = changed.model_copy(update={"wish": None})
        try:
            self._save(changed)
        except sqlite3.Error:  # it has happened all the same: tell it, and write it down later
            log.exception("the state of job %s could not be written", job.id)
            self._unsaved[job.id] = changed
        self._hub.publish(JobChanged(job=changed))
        return changed

    def _save(self, job: Job) -> None:
        """Write a job down; then, and only then, what it does not need any more may go."""
        self._store.put(job)
        if isinstance(job.state, Done | Cancelled):
            self._checkpoints.remove(job.id)
            made = {job.state.take.media} if isinstance(job.state, Done) else set[str]()
            drafts = self._store.media_of(job.id) - job.request.media - made
            for sha256 in drafts:
                self._store.release_media(job.id, sha256)
            self._delete_unneeded(drafts)
        self._unsaved.pop(job.id, None)

    def _delete_unneeded(self, media: Iterable[str]) -> None:
        for sha256 in media:
            if not self._store.needs(sha256):
                self._media.remove(sha256)

    def _status(self, worker: Worker) -> WorkerStatus:
        state = "not_responding" if worker.silent_s is not None else "ready" if worker.ready else "starting"
        ready = worker.ready
        return WorkerStatus(
            device=worker.device,
            state=state,
            found=_found(ready) if ready else "",
            total_bytes=ready.total_bytes if ready else 0,
            machine_bytes=ready.machine_bytes if ready else 0,
            value_bytes=ready.value_bytes if ready else 0,
            job_id=next((job_id for job_id, run in self._running.items() if run.worker is worker), None),
            silent_s=worker.silent_s,
        )


def _found(ready: Ready) -> str:
    return f"{ready.device}: {ready.device_name}"
