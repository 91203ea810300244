"""WorkerStatus: how a worker is right now, for a client that did not hear its events."""

from typing import Literal

from engine.protocol.frozen import Frozen


class WorkerStatus(Frozen):
    """A worker of the engine.

    Attributes:
        device: as it was requested, and `found` the device it has.
        total_bytes: how much memory that device has; 0 until it is known.
        machine_bytes: how much memory the machine has that it is on, and `value_bytes` how much one number takes in the
            format that the device computes in; 0 until they are known.
        job_id: what it runs.
        silent_s: for how long a worker that is not responding has said nothing.
    """

    device: str
    state: Literal["starting", "ready", "not_responding"]
    found: str = ""
    total_bytes: int = 0
    machine_bytes: int = 0
    value_bytes: int = 0
    job_id: str | None = None
    silent_s: float | None = None
