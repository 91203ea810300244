"""WorkerStatus: how a worker is right now, for a client that did not hear its events."""

from typing import Literal

from engine.protocol.frozen import Frozen


class WorkerStatus(Frozen):
    """A worker of the engine.

    Attributes:
        device: as it was requested, and `found` the device it has.
        job_id: what it runs.
        silent_s: for how long a worker that is not responding has said nothing.
    """

    device: str
    state: Literal["starting", "ready", "not_responding"]
    found: str = ""
    job_id: str | None = None
    silent_s: float | None = None
