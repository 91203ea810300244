"""The pool's contract: workers that take commands, report, die and come back."""

from typing import Protocol

from engine.protocol.job import Device
from engine.protocol.work import Command, Ready, Report


class WorkerListener(Protocol):
    """Who hears of a worker; called on the event loop."""

    def on_report(self, worker: "Worker", report: Report, blob: bytes) -> None:
        """A report arrived (but for `Alive`); `blob` holds a preview's JPEGs."""
        ...

    def on_silence(self, worker: "Worker") -> None:
        """Nothing was heard of the worker for too long: it is stuck, or stopped. Said once."""
        ...

    def on_voice(self, worker: "Worker") -> None:
        """The worker that was silent is heard again; what it said follows."""
        ...

    def on_death(self, worker: "Worker", detail: str) -> None:
        """The worker's process ended by itself; it is being started again."""
        ...


class Worker(Protocol):
    """One device's process, restarted when it dies."""

    device: str
    ready: Ready | None
    early_deaths: int
    """How many times in a row it died before it was ready."""

    @property
    def silent_s(self) -> float | None:
        """For how long nothing was heard, in seconds; None while that is not too long."""
        ...

    def send(self, command: Command) -> None:
        """Hand over a command; lost when the worker dies before reading it."""
        ...

    def kill(self) -> None:
        """End the process at once; `on_death` follows."""
        ...


class Pool(Protocol):
    """The workers of one engine."""

    def workers(self) -> list[Worker]:
        """All workers started so far."""
        ...

    def for_device(self, device: Device) -> Worker | None:
        """The worker for a requested device, started when there is none; None when there is no such device."""
        ...

    async def stop(self) -> None:
        """End every worker; no listener is called afterwards."""
        ...
