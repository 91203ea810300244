"""Workers: the engine's workers as they are, and for how long a silent one has said nothing."""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from engine.protocol.events import WorkerChanged
from engine.protocol.worker_status import WorkerStatus
from studio.link.link import Link
from studio.link.state import Connected, LinkState
from studio.link.trouble import Trouble


class Workers(QObject):
    """Asked for after every connect, then kept by events. Signals: `changed`: a worker came, went, or is otherwise."""

    changed = Signal()

    def __init__(self, link: Link, parent: QObject | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._link = link
        self._clock = clock
        self._workers: dict[str, WorkerStatus] = {}
        self._heard_s: dict[str, float] = {}
        link.jobs_loaded.connect(self.ask)
        link.happened.connect(self._apply)
        link.state_changed.connect(self._on_state)

    def all(self) -> list[WorkerStatus]:
        """Every worker that the engine has started; none while there is no engine."""
        return list(self._workers.values())

    def of_job(self, job_id: str) -> WorkerStatus | None:
        """Who runs the job, where that is known: the engine is asked when a worker falls silent."""
        return next((worker for worker in self._workers.values() if worker.job_id == job_id), None)

    def silent_s(self, worker: WorkerStatus) -> float | None:
        """For how long it has said nothing, up to now; None when it responds."""
        if worker.state != "not_responding":
            return None
        return (worker.silent_s or 0.0) + self._clock() - self._heard_s.get(worker.device, self._clock())

    def ask(self) -> None:
        """Ask the engine how they all are."""
        self._link.workers(self._load, _ignore)

    def _load(self, workers: list[WorkerStatus]) -> None:
        self._workers = {worker.device: worker for worker in workers}
        self._heard_s = dict.fromkeys(self._workers, self._clock())
        self.changed.emit()

    def _apply(self, event: object) -> None:
        if not isinstance(event, WorkerChanged):
            return
        state = "starting" if event.state == "died" else event.state
        found = event.detail if event.state == "ready" else ""
        before = self._workers.get(event.device)
        job_id = before.job_id if before and state == "not_responding" else None
        if before is not None and not found:
            found = before.found
        known = before if before is not None and before.found == found else None
        status = WorkerStatus(
            device=event.device,
            state=state,
            found=found,
            total_bytes=known.total_bytes if known else 0,
            machine_bytes=known.machine_bytes if known else 0,
            value_bytes=known.value_bytes if known else 0,
            job_id=job_id,
        )
        self._workers[event.device] = status
        self._heard_s[event.device] = self._clock()
        self.changed.emit()
        if state == "not_responding" or (state == "ready" and not status.total_bytes):
            self.ask()  # the event tells neither since when, nor which job it has, nor how much memory there is

    def _on_state(self, state: LinkState) -> None:
        if not isinstance(state, Connected) and self._workers:
            self._workers.clear()
            self.changed.emit()


def _ignore(_: Trouble) -> None:
    """The next connect asks again."""
