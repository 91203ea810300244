"""Job: one recipe on its way to a take; its state is a union, one at a time."""

from typing import Annotated, Literal

from pydantic import Field

from engine.protocol.failure import Failure
from engine.protocol.frozen import Frozen
from engine.protocol.recipe import Recipe

Container = Literal["mp4", "webm", "mkv", "mov", "gif", "png", "zip"]
"""H.264, VP9, FFV1 (lossless), ProRes, GIF, one picture, and a zip of pictures (a PNG sequence)."""
Device = Literal["auto", "cpu", "cuda", "mps"]


def usual_container(recipe: Recipe) -> Container:
    """How a take is written unless somebody says otherwise: H.264 has no odd edges."""
    if recipe.take_frames == 1:
        return "png"
    return "mkv" if any(edge % 2 for edge in recipe.take_size) else "mp4"


class Delivery(Frozen):
    """How the take is written; `embed_recipe` off keeps the prompt out of the file."""

    container: Container = "mp4"
    embed_recipe: bool = True


class Habits(Frozen):
    """How a render is watched and kept; no pixel of the take depends on it.

    Attributes:
        checkpoint_steps: what there is is kept on the disk after every so many steps (slow ones one by one).
        preview_px: previews are at most this long on an edge.
    """

    checkpoint_steps: Annotated[int, Field(ge=1, le=100)] = 4
    preview_px: Annotated[int, Field(ge=64, le=2048)] = 384


class JobRequest(Frozen):
    """What a client submits; `project` and `shot` come back with the job so that a window can adopt it.

    Attributes:
        draft_steps: stop after this many denoising steps and show what is there; the job is then `Drafted`.
    """

    recipe: Recipe
    delivery: Delivery = Delivery()
    device: Device = "auto"
    draft_steps: int | None = None
    habits: Habits = Habits()
    project: str | None = None
    shot: str | None = None


class TakeFile(Frozen):
    """The file a job made, in the engine's media store."""

    media: str
    container: Container
    size_bytes: int
    num_frames: int


class Notice(Frozen):
    """Something the user should know about a result that did come out.

    `prompt_truncated`: `kept` of `given` tokens of the field were read. `stopped_early`: `kept` of `given` steps were
    made. `restarted`: `given` steps could not be used, because the field (recipe, weights or numeric_plan) changed.
    """

    kind: Literal["prompt_truncated", "stopped_early", "restarted"]
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


class Paused(Frozen):
    """Was paused by the user after `step` of `total_steps`; goes on from there when it is resumed."""

    kind: Literal["paused"] = "paused"
    step: int
    total_steps: int


class Drafted(Frozen):
    """Stands at the step where it was to stop; `take` shows what was there. Goes on when it is resumed."""

    kind: Literal["drafted"] = "drafted"
    finished_at: float
    step: int
    total_steps: int
    take: TakeFile


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


State = Annotated[
    Queued | Running | Paused | Drafted | Done | Cancelled | Failed | SetAside, Field(discriminator="kind")
]
StateKind = Literal["queued", "running", "paused", "drafted", "done", "cancelled", "failed", "set_aside"]
Wish = Literal["cancel", "pause", "stop_early"]


class Job(Frozen):
    """A submitted request and where it stands.

    Attributes:
        id: time-ordered, unique in this engine's folder.
        created_at: Unix seconds.
        worker_deaths: how many workers died while running it.
        wish: what somebody wants of it while it runs: to cancel it (it will not run again, whatever happens to its
            worker), to pause it, or to stop early and keep what is there.
        drafted: its draft has been made, so that it goes on to the end now.
        acknowledged: somebody has seen the end of it.
    """

    id: str
    request: JobRequest
    created_at: float
    worker_deaths: int = 0
    wish: Wish | None = None
    drafted: bool = False
    acknowledged: bool = False
    state: State = Queued()

    @property
    def is_over(self) -> bool:
        """True when it will not run (again) by itself."""
        return not isinstance(self.state, Queued | Running)

    @property
    def can_resume(self) -> bool:
        """True when it can be queued again, to go on where it stopped."""
        return isinstance(self.state, Paused | Drafted | Failed | SetAside)
