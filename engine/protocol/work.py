"""What the engine tells a worker and what a worker reports, over the pipe between them."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from engine.protocol.events import Preview, Progress
from engine.protocol.failure import Failure
from engine.protocol.frozen import Frozen
from engine.protocol.job import Delivery, Device, Notice
from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe


class Render(Frozen):
    """Make one take.

    Attributes:
        model_folder: absolute folder of the card's files.
        media_files: absolute path of every condition's media, by sha256.
        output: absolute path the take is written to, atomically.
    """

    kind: Literal["render"] = "render"
    job_id: str
    recipe: Recipe
    delivery: Delivery
    card: ModelCard
    model_folder: str
    media_files: dict[str, str]
    output: str


class Cancel(Frozen):
    """Stop the job if it is the one running."""

    kind: Literal["cancel"] = "cancel"
    job_id: str


class Ready(Frozen):
    """The worker has its libraries and its device; `available` are all kinds of device of this machine."""

    kind: Literal["ready"] = "ready"
    device: Device
    device_name: str
    total_bytes: int
    available: tuple[Device, ...]


class Finished(Frozen):
    """The take is on disk at the given output."""

    kind: Literal["finished"] = "finished"
    job_id: str
    sha256: str
    size_bytes: int
    num_frames: int
    stage_s: dict[str, float]
    notices: tuple[Notice, ...] = ()


class Stopped(Frozen):
    """The job was cancelled; nothing was left behind."""

    kind: Literal["stopped"] = "stopped"
    job_id: str


class Broke(Frozen):
    """The job failed; the worker is fit for the next one."""

    kind: Literal["broke"] = "broke"
    job_id: str
    failure: Failure


Command = Annotated[Render | Cancel, Field(discriminator="kind")]
Report = Annotated[Ready | Progress | Preview | Finished | Stopped | Broke, Field(discriminator="kind")]
command_adapter: TypeAdapter[Command] = TypeAdapter(Command)
report_adapter: TypeAdapter[Report] = TypeAdapter(Report)
