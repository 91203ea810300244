"""What the engine tells a worker and what a worker reports, over the pipe between them."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from engine.protocol.events import Preview, Progress
from engine.protocol.failure import Failure
from engine.protocol.film import Film
from engine.protocol.frozen import Frozen
from engine.protocol.job import Delivery, Device, Habits, Notice, Wish
from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe


class Render(Frozen):
    """Make one take.

    Attributes:
        model_folder: absolute folder of the card's files.
        media_files: absolute path of everything the recipe is made from, by sha256.
        output: absolute path the take is written to, atomically.
        checkpoints: absolute folder of this job's checkpoints; what lies there is gone on from.
        until_step: make a draft of what is there after this many steps, and keep the checkpoint.
    """

    kind: Literal["render"] = "render"
    job_id: str
    recipe: Recipe
    delivery: Delivery
    card: ModelCard
    model_folder: str
    media_files: dict[str, str]
    output: str
    checkpoints: str
    until_step: int | None = None
    habits: Habits = Habits()


class Export(Frozen):
    """Make one film.

    Attributes:
        media_files: absolute path of everything the film is made from, by sha256.
        output: absolute path the film is written to, atomically.
    """

    kind: Literal["export"] = "export"
    job_id: str
    film: Film
    delivery: Delivery
    media_files: dict[str, str]
    output: str


class Stop(Frozen):
    """Do what is wished with the job if it is the one running, or as soon as it is."""

    kind: Literal["stop"] = "stop"
    job_id: str
    wish: Wish


class Ready(Frozen):
    """The worker has its libraries and its device.

    Attributes:
        total_bytes: memory of the device, and `machine_bytes` of the machine; 0 where it is not known.
        value_bytes: what one number takes in the format that the device computes in.
        available: all kinds of device of this machine.
    """

    kind: Literal["ready"] = "ready"
    device: Device
    device_name: str
    total_bytes: int
    machine_bytes: int = 0
    value_bytes: int = 0
    available: tuple[Device, ...]


class Alive(Frozen):
    """Sent every second or two by a thread of its own, however long a step takes."""

    kind: Literal["alive"] = "alive"


class Finished(Frozen):
    """The take is on disk at the given output; `draft_step` when it is the draft after that many steps."""

    kind: Literal["finished"] = "finished"
    job_id: str
    sha256: str
    size_bytes: int
    num_frames: int
    stage_s: dict[str, float]
    notices: tuple[Notice, ...] = ()
    draft_step: int | None = None


class Stopped(Frozen):
    """The job was cancelled or paused, after `step` steps; of a paused one the checkpoint is on disk."""

    kind: Literal["stopped"] = "stopped"
    job_id: str
    wish: Wish
    step: int = 0


class Broke(Frozen):
    """The job failed; the worker is fit for the next one."""

    kind: Literal["broke"] = "broke"
    job_id: str
    failure: Failure


Command = Annotated[Render | Export | Stop, Field(discriminator="kind")]
Report = Annotated[Ready | Alive | Progress | Preview | Finished | Stopped | Broke, Field(discriminator="kind")]
command_adapter: TypeAdapter[Command] = TypeAdapter(Command)
report_adapter: TypeAdapter[Report] = TypeAdapter(Report)
