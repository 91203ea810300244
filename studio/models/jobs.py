"""JobList: the engine's jobs as they are, with their progress and their newest preview."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from engine.protocol.events import JobChanged, JobRemoved, Preview, Progress, QueueReordered, WorkerChanged
from engine.protocol.job import Cancelled, Done, Drafted, Job, Paused, Queued, Running
from studio.link.link import Link
from studio.models.forecast import Forecast, Paces, forecasts

_MADE = (Done, Drafted, Cancelled)
"""What has a take to be looked at instead of a preview, or will never have one."""


@dataclass(frozen=True)
class LivePreview:
    """The predicted clean clip of a running job, every frame of it, as JPEGs."""

    preview: Preview
    jpegs: tuple[bytes, ...]


class JobList(QObject):
    """Rebuilt from the engine after every connect, then kept by its events.

    Signals:
        changed: jobs came, went, stand in another order, or one of them has another state.
        job_changed: this job (Job) has another state.
        progressed: this job (id) got on.
        previewed: this job (id) has a newer preview.
        worker_changed: the newest WorkerChanged.
        loaded: all jobs are known again.
    """

    changed = Signal()
    job_changed = Signal(object)
    progressed = Signal(str)
    previewed = Signal(str)
    worker_changed = Signal(object)
    loaded = Signal()

    def __init__(self, link: Link, parent: QObject | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._link = link
        self._clock = clock
        self._jobs: dict[str, Job] = {}
        self._order: list[str] = []
        self._progress: dict[str, Progress] = {}
        self._heard_s: dict[str, float] = {}
        self._previews: dict[str, LivePreview] = {}
        self._made: dict[str, int] = {}
        self._paces: Paces | None = None
        link.jobs_loaded.connect(self._load)
        link.happened.connect(self._apply)
        link.preview.connect(self._show)

    def all(self) -> list[Job]:
        """Every job, next first."""
        return [self._jobs[job_id] for job_id in self._order]

    def get(self, job_id: str) -> Job | None:
        """The job, or None."""
        return self._jobs.get(job_id)

    def of_shot(self, shot_id: str) -> list[Job]:
        """Jobs of a shot that may still make something (those that failed can be tried again), next first."""
        over = Done | Drafted | Cancelled
        return [job for job in self.all() if job.request.shot == shot_id and not isinstance(job.state, over)]

    @property
    def active(self) -> list[Job]:
        """Running jobs, then waiting ones in their order."""
        running = [job for job in self.all() if isinstance(job.state, Running)]
        return running + [job for job in self.all() if isinstance(job.state, Queued)]

    def progress(self, job_id: str) -> Progress | None:
        """Where a running job is."""
        return self._progress.get(job_id)

    def eta_s(self, job_id: str) -> float | None:
        """Seconds left by now: the engine's last word, less the time since; None while it has none."""
        known = self._progress.get(job_id)
        if known is None or known.eta_s is None:
            return None
        return max(0.0, known.eta_s - (self._clock() - self._heard_s[job_id]))

    def forecasts(self) -> dict[str, Forecast]:
        """When the waiting jobs begin and how long they take, by now."""
        if self._paces is None:
            self._paces = Paces(self._jobs.values(), self._made)
        return forecasts(self.active, self._paces, self.eta_s)

    def preview(self, job_id: str) -> LivePreview | None:
        """The newest preview of a job that has no take yet, also while it is paused, or after it has failed."""
        return self._previews.get(job_id)

    def cancel(self, job_id: str) -> None:
        """Cancel a job."""
        self._link.cancel(job_id)

    def pause(self, job_id: str) -> None:
        """Let a job wait, with a checkpoint."""
        self._link.pause(job_id)

    def resume(self, job_id: str) -> None:
        """Let a paused, drafted or failed job go on."""
        self._link.resume(job_id)

    def again(self, job_id: str) -> None:
        """Let a job go on where it stopped; one that was cancelled begins anew, as another job."""
        job = self._jobs.get(job_id)
        if job is not None and isinstance(job.state, Cancelled):
            self._link.submit(job.request)
        elif job is not None:
            self._link.resume(job_id)

    def pause_all(self) -> None:
        """Let everything wait; the last ones first, or each pause would let the next one start."""
        for job in reversed(self.active):
            if job.wish is None:
                self._link.pause(job.id)

    def resume_all(self) -> None:
        """Let every paused job go on, in their order."""
        for job in self.all():
            if isinstance(job.state, Paused):
                self._link.resume(job.id)

    def stop_early(self, job_id: str) -> None:
        """Let a running job make its take of what is there."""
        self._link.stop_early(job_id)

    def delete(self, job_id: str) -> None:
        """Forget a job that is over."""
        self._link.delete(job_id)

    def move(self, job_id: str, before: str | None) -> None:
        """Put a waiting job in front of another one, or last."""
        self._link.move(job_id, before)

    def catch_up(self, other: "JobList") -> None:
        """Know what another list has heard, where that one was there before; the engine tells all only once."""
        self._progress, self._previews = dict(other._progress), dict(other._previews)
        self._heard_s, self._made = dict(other._heard_s), dict(other._made)
        self._load(other.all())

    def _load(self, jobs: list[Job]) -> None:
        self._jobs = {job.id: job for job in jobs}
        self._order = [job.id for job in jobs]
        running = {job.id for job in jobs if isinstance(job.state, Running)}
        unmade = {job.id for job in jobs if not isinstance(job.state, _MADE)}
        self._progress = {job_id: known for job_id, known in self._progress.items() if job_id in running}
        self._previews = {job_id: known for job_id, known in self._previews.items() if job_id in unmade}
        for job in jobs:
            self._count(job)
        self.changed.emit()
        self.loaded.emit()
        for job in jobs:
            self.job_changed.emit(job)

    def _apply(self, event: object) -> None:
        match event:
            case JobChanged():
                self._put(event.job)
            case JobRemoved():
                self._drop(event.job_id)
            case QueueReordered():
                self._reorder(event.job_ids)
            case Progress():
                self._progress[event.job_id] = event
                self._heard_s[event.job_id] = self._clock()
                self.progressed.emit(event.job_id)
            case WorkerChanged():
                self.worker_changed.emit(event)
            case _:
                pass

    def _put(self, job: Job) -> None:
        if job.id not in self._jobs:
            self._order.append(job.id)
        self._jobs[job.id] = job
        if not isinstance(job.state, Running):
            self._progress.pop(job.id, None)
        if isinstance(job.state, _MADE):
            self._previews.pop(job.id, None)
        self._count(job)
        self.job_changed.emit(job)  # first, so that what it made is a take already when all look again
        self.changed.emit()

    def _drop(self, job_id: str) -> None:
        if self._jobs.pop(job_id, None) is not None:
            self._order.remove(job_id)
            self._progress.pop(job_id, None)
            self._previews.pop(job_id, None)
            self._made.pop(job_id, None)
            self._paces = None
            self.changed.emit()

    def _count(self, job: Job) -> None:
        """Remember the steps that are kept of it: a job that waits does not say them."""
        self._paces = None
        if isinstance(job.state, Paused) and job.state.step:
            self._made[job.id] = job.state.step

    def _reorder(self, job_ids: tuple[str, ...]) -> None:
        """The waiting ones in their new order, in the places that waiting ones had."""
        waiting = iter([job_id for job_id in job_ids if job_id in self._jobs])
        moved = set(job_ids)
        self._order = [next(waiting) if job_id in moved else job_id for job_id in self._order]
        self.changed.emit()

    def _show(self, preview: Preview, jpegs: list[bytes]) -> None:
        job = self._jobs.get(preview.job_id)
        if job is None or not isinstance(job.state, _MADE):
            self._previews[preview.job_id] = LivePreview(preview, tuple(jpegs))
            self.previewed.emit(preview.job_id)
