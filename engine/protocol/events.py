"""Events: what the engine tells every client, newest first where only the newest counts."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from engine.protocol.download import Download
from engine.protocol.frozen import Frozen
from engine.protocol.job import Job

Stage = Literal["load", "encode", "denoise", "decode", "write"]


class JobChanged(Frozen):
    """A job came to be or changed its state."""

    kind: Literal["job_changed"] = "job_changed"
    job: Job

    @property
    def key(self) -> str:
        """Events with the same key replace each other while they wait for a slow client."""
        return f"job {self.job.id}"


class JobRemoved(Frozen):
    """A job was deleted."""

    kind: Literal["job_removed"] = "job_removed"
    job_id: str

    @property
    def key(self) -> str:
        """Takes the place of a waiting change of the same job."""
        return f"job {self.job_id}"


class QueueReordered(Frozen):
    """The order of the waiting jobs changed; all their ids, next first."""

    kind: Literal["queue_reordered"] = "queue_reordered"
    job_ids: tuple[str, ...]

    @property
    def key(self) -> str:
        """Only the newest order counts."""
        return "order"


class Progress(Frozen):
    """Where a running job is: the pipeline's own steps, and a remaining time measured on this very job.

    Attributes:
        step: denoising steps finished, of `total_steps` in all sections.
        frame: frames written, of `total_frames`; 0 before.
        eta_s: seconds left, from this job's own step times; None before two steps are known.
    """

    kind: Literal["progress"] = "progress"
    job_id: str
    stage: Stage
    step: int
    total_steps: int
    frame: int = 0
    total_frames: int = 0
    elapsed_s: float
    eta_s: float | None = None

    @property
    def key(self) -> str:
        """Only the newest progress of a job counts."""
        return f"progress {self.job_id}"


class Preview(Frozen):
    """The predicted clean clip after a step; the frames follow as JPEGs of the given sizes."""

    kind: Literal["preview"] = "preview"
    job_id: str
    step: int
    total_steps: int
    fps: float
    width: int
    height: int
    frame_sizes_bytes: tuple[int, ...]

    @property
    def key(self) -> str:
        """Only the newest preview of a job counts."""
        return f"preview {self.job_id}"


class WorkerChanged(Frozen):
    """The worker for a requested device is ready (`detail` names what it found), is not responding, or died (how)."""

    kind: Literal["worker_changed"] = "worker_changed"
    device: str
    state: Literal["ready", "not_responding", "died"]
    detail: str = ""

    @property
    def key(self) -> str:
        """Only the newest state of a worker counts."""
        return f"worker {self.device}"


class DownloadChanged(Frozen):
    """A model's files arrive or are checked; `download` is None once that is over, and the models have changed."""

    kind: Literal["download_changed"] = "download_changed"
    model: str
    download: Download | None = None

    @property
    def key(self) -> str:
        """Only the newest state of a download counts."""
        return f"download {self.model}"


Event = Annotated[
    JobChanged | JobRemoved | QueueReordered | Progress | Preview | WorkerChanged | DownloadChanged,
    Field(discriminator="kind"),
]
event_adapter: TypeAdapter[Event] = TypeAdapter(Event)
