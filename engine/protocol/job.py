"""Job: one recipe on its way to a take, or one film; its state is a union, one at a time."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from engine.protocol.failure import Failure
from engine.protocol.film import Film
from engine.protocol.frozen import Frozen
from engine.protocol.recipe import Recipe

Container = Literal["mp4", "h265", "webm", "mkv", "mov", "gif", "png", "zip"]
"""H.264, H.265, VP9, FFV1 (lossless), ProRes, GIF, one picture, and a zip of pictures (a PNG sequence)."""
Quality = Literal["high", "medium", "small"]
"""Of H.264, H.265 and VP9, whose files get smaller with it; the others have but one."""
Device = Literal["auto", "cpu", "cuda", "mps"]


def usual_container(recipe: Recipe) -> Container:
    """How a take is written unless somebody says otherwise: H.264 has no odd edges."""
    if recipe.take_frames == 1:
        return "png"
    return "mkv" if any(edge % 2 for edge in recipe.take_size) else "mp4"


def carries_recipe(container: Container) -> bool:
    """Whether a file of this kind can carry the recipe it was made by: all but GIF can."""
    return container != "gif"


def suffix(container: Container) -> str:
    """How the names of such files end, without the dot."""
    return "mp4" if container == "h265" else container


class Delivery(Frozen):
    """How the take is written; `embed_recipe` off keeps the prompt out of the file."""

    container: Container = "mp4"
    quality: Quality = "high"
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
        save_as: where the client wants the file; the engine itself writes to no path that somebody sent.
    """

    recipe: Recipe
    delivery: Delivery = Delivery()
    device: Device = "auto"
    draft_steps: int | None = None
    habits: Habits = Habits()
    project: str | None = None
    shot: str | None = None
    save_as: str | None = None

    @property
    def media(self) -> frozenset[str]:
        """Sha256 of everything it is made from."""
        return self.recipe.media

    @property
    def total_steps(self) -> int:
        """How many steps it takes, as far as that is known before it runs: those of one section."""
        return self.recipe.steps_per_section


class FilmRequest(Frozen):
    """A film that a client submits; `project` and `save_as` come back with the job.

    Attributes:
        save_as: where the client wants the file; the engine itself writes to no path that somebody sent.
    """

    film: Film
    delivery: Delivery = Delivery()
    project: str | None = None
    save_as: str | None = None

    @property
    def device(self) -> Device:
        """Films need no accelerator, and keep none from its work."""
        return "cpu"

    @property
    def shot(self) -> None:
        """A film is made of shots, and belongs to none."""

    @property
    def media(self) -> frozenset[str]:
        """Sha256 of everything it is made from."""
        return self.film.media

    @property
    def total_steps(self) -> int:
        """Steps are a model's: a film has none, and begins again when it was paused."""
        return 0


def _kind_of(request: object) -> str:
    is_film = "film" in request if isinstance(request, dict) else isinstance(request, FilmRequest)
    return "film" if is_film else "recipe"


AnyRequest = Annotated[
    Annotated[JobRequest, Tag("recipe")] | Annotated[FilmRequest, Tag("film")], Discriminator(_kind_of)
]
"""A request is a film's when it has one."""


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
    `rate_limited`: the container holds `kept` frames a second at most, and those of `given` that are too many are left
    out. `smaller_plan`: memory ran out, and the last of `given` attempts worked, with less: the field says what was
    done (tiled: decoded in tiles; model or group: parts or layers of the model waited in the machine's memory).
    """

    kind: Literal["prompt_truncated", "stopped_early", "restarted", "rate_limited", "smaller_plan"]
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
    request: AnyRequest
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
