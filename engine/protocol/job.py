"""Job: one recipe on its way to a take; its state is a union, one at a time."""

from typing import Annotated, Literal

from pydantic import Field

from engine.protocol.failure import Failure
from engine.protocol.frozen import Frozen
from engine.protocol.recipe import Recipe

Container = Literal["mp4", "png"]
Device = Literal["auto", "cpu", "cuda", "mps"]


class Delivery(Frozen):
    """How the take is written; `embed_recipe` off keeps the prompt out of the file."""

    container: Container = "mp4"
    embed_recipe: bool = True


class JobRequest(Frozen):
    """What a client submits; `project` and `shot` come back with the job so that a window can adopt it."""

    recipe: Recipe
    delivery: Delivery = Delivery()
    device: Device = "auto"
    project: str | None = None
    shot: str | None = None


class TakeFile(Frozen):
    """The file a job made, in the engine's media store."""

    media: str
    container: Container
    size_bytes: int
    num_frames: int


class Notice(Frozen):
    """Something the user should know about a result that did come out."""

    kind: Literal["prompt_truncated"]
    field: str
    kept: int
    given: int


class Queued(Frozen):
    """Waits for a worker."""

    kind: Literal["queued"] = "queued"


class Running(Frozen):
    """Is with a worker since `started_at` (Unix seconds)."""

    kind: Literal["running"] = "running"
    started_at: float
    device: str


class Done(Frozen):
    """Made its take; times in seconds by stage."""

    kind: Literal["done"] = "done"
    finished_at: float
    take: TakeFile
    stage_s: dict[str, float]
    notices: tuple[Notice, ...] = ()
    build: str


class Cancelled(Frozen):
    """Was cancelled by the user."""

    kind: Literal["cancelled"] = "cancelled"
    finished_at: float


class Failed(Frozen):
    """Ended with a typed failure."""

    kind: Literal["failed"] = "failed"
    finished_at: float
    failure: Failure


class SetAside(Frozen):
    """Killed its worker too often to be tried again."""

    kind: Literal["set_aside"] = "set_aside"
    finished_at: float
    worker_deaths: int
    detail: str


State = Annotated[Queued | Running | Done | Cancelled | Failed | SetAside, Field(discriminator="kind")]
StateKind = Literal["queued", "running", "done", "cancelled", "failed", "set_aside"]


class Job(Frozen):
    """A submitted request and where it stands.

    Attributes:
        id: time-ordered, unique in this engine's folder.
        created_at: Unix seconds.
        worker_deaths: how many workers died while running it.
        cancelling: somebody wants it to stop; it will not run again, whatever happens to its worker.
        acknowledged: somebody has seen the end of it.
    """

    id: str
    request: JobRequest
    created_at: float
    worker_deaths: int = 0
    cancelling: bool = False
    acknowledged: bool = False
    state: State = Queued()

    @property
    def is_over(self) -> bool:
        """True when it will not run (again) by itself."""
        return not isinstance(self.state, Queued | Running)
