"""Batches: the jobs that one press has asked for, which can be taken back and asked for again as one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from PySide6.QtCore import QObject, Signal

from engine.protocol.job import Job, JobRequest, Paused, Queued, Running
from studio.link.link import Link
from studio.link.trouble import Trouble
from studio.models.errands import Errands
from studio.models.film import Film
from studio.models.jobs import JobList
from studio.project.value import new_id

BatchKind = Literal[
    "generate",
    "variations",
    "draft_board",
    "animate",
    "extend",
    "extend_backward",
    "loop",
    "bridge",
    "remix",
    "retake",
    "shots",
]


@dataclass
class Batch:
    """What one press has asked for.

    Attributes:
        on_the_way: how many of its requests the engine has not answered yet.
        jobs: those that may still make something, by id.
        is_wanted: False once it was taken back, until it is asked for again.
    """

    kind: BatchKind
    requests: Sequence[JobRequest]
    id: str = field(default_factory=new_id)
    on_the_way: int = 0
    jobs: set[str] = field(default_factory=set[str])
    is_wanted: bool = True


class Batches(QObject):
    """Sends them, with all they are made from; each is a step that undo takes back until its last job is over.

    Signals:
        began: a batch is on its way (Batch).
        ended: nothing of it is left to be taken back (Batch).
        sent: a job was queued (Job).
        refused: what kept one from being queued (Trouble).
    """

    began = Signal(object)
    ended = Signal(object)
    sent = Signal(object)
    refused = Signal(object)

    def __init__(self, film: Film, link: Link, errands: Errands, jobs: JobList, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._film = film
        self._link = link
        self._errands = errands
        self._jobs = jobs
        self._batches: dict[str, Batch] = {}
        film.taken_back.connect(self._withdraw)
        film.done_again.connect(self._ask_again)
        jobs.changed.connect(self._look)

    def send(self, kind: BatchKind, requests: Sequence[JobRequest]) -> None:
        """Ask the engine for all of these."""
        batch = Batch(kind, requests)
        self._batches[batch.id] = batch
        self._film.mark(f"make_{kind}", batch.id)
        self._submit(batch)

    def cancel(self, batch: Batch) -> None:
        """Take it back for good, whatever was done since."""
        self._film.forget(batch.id)
        self._withdraw(batch.id)
        self._batches.pop(batch.id, None)

    def _submit(self, batch: Batch) -> None:
        batch.on_the_way = len(batch.requests)
        self.began.emit(batch)
        for request in batch.requests:
            self._bring(batch, request)

    def _bring(self, batch: Batch, request: JobRequest) -> None:
        def arrived(job: Job) -> None:
            batch.on_the_way -= 1
            batch.jobs.add(job.id)
            if batch.is_wanted:
                self.sent.emit(job)
            else:
                self._link.cancel(job.id, failed=_ignore)
            self._look()

        def lost(trouble: Trouble) -> None:
            batch.on_the_way -= 1
            self.refused.emit(trouble)
            self._look()

        def submit() -> None:
            if batch.is_wanted:
                self._link.submit(request, arrived, lost)
            else:
                batch.on_the_way -= 1

        failed: Callable[[Trouble], None] = lost
        self._errands.bring(request.recipe.media, submit, failed)

    def _withdraw(self, batch_id: str) -> None:
        batch = self._batches.get(batch_id)
        if batch is not None:
            batch.is_wanted = False
            for job_id in batch.jobs:
                self._link.cancel(job_id, failed=_ignore)
            batch.jobs.clear()
            self.ended.emit(batch)

    def _ask_again(self, batch_id: str) -> None:
        """By a batch of its own: answers to the first one may still come, and are not wanted."""
        batch = self._batches.get(batch_id)
        if batch is not None:
            self._batches[batch_id] = replace(batch, jobs=set[str](), is_wanted=True)
            self._submit(self._batches[batch_id])

    def _look(self) -> None:
        """Of a batch whose jobs are all over nothing can be taken back: its takes are there, and stay."""
        for batch in [each for each in self._batches.values() if each.is_wanted and not each.on_the_way]:
            batch.jobs = {job_id for job_id in batch.jobs if self._is_open(job_id)}
            if not batch.jobs:
                del self._batches[batch.id]
                self._film.forget(batch.id)
                self.ended.emit(batch)

    def _is_open(self, job_id: str) -> bool:
        """The list may hear of a job later than its answer comes."""
        job = self._jobs.get(job_id)
        return job is None or isinstance(job.state, Queued | Running | Paused)


def _ignore(_: Trouble) -> None:
    """It is over or gone already, which is what was wanted."""
