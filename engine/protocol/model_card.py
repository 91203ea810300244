"""ModelCard: what a model is, what it needs and what it can take; read from TOML."""

import tomllib
from operator import gt
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt

from engine.protocol.anatomy import Anatomy
from engine.protocol.frozen import Frozen

FAMILIES = frozenset({"ltx", "wan"})
"""The architectures this build can run (a test holds them against `engine.families.catalogue`); cards of others are
shown, downloaded and kept for a newer build."""
ConditionKind = Literal["first_image", "last_image", "keyframes", "source"]
Offload = Literal["auto", "none", "model", "group"]
"""What of a model waits in the machine's memory while the device computes: nothing, all other components, or layers."""


def _inside(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith(("/", "~")) or ".." in parts or "\\" in path or ":" in path:
        raise ValueError("a path below the model's folder is needed")
    return path


def _absolute(path: str) -> str:
    if "\0" in path or not (PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute()):
        raise ValueError("an absolute path is needed")
    return path


def _descending(timesteps: tuple[float, ...]) -> tuple[float, ...]:
    if timesteps and not (timesteps[0] <= 1000 and timesteps[-1] > 0 and all(map(gt, timesteps, timesteps[1:]))):
        raise ValueError("they have to go down, from at most 1000 to above 0")
    return timesteps


InnerPath = Annotated[str, AfterValidator(_inside)]
AbsolutePath = Annotated[str, AfterValidator(_absolute)]
ModelId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class WeightFile(Frozen):
    """One file of a model; `path` is relative to the model's folder."""

    path: InnerPath
    size_bytes: PositiveInt
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class AddedFile(Frozen):
    """One file of a model that lies outside the model's folder."""

    path: AbsolutePath
    size_bytes: PositiveInt
    sha256: str


class FrameRule(Frozen):
    """A clip has `step * k + 1` frames, from `smallest` to `largest`."""

    step: PositiveInt
    smallest: PositiveInt
    largest: PositiveInt


class SizeRule(Frozen):
    """Width and height are multiples of `multiple`, each within the edges, their product within `pixels`."""

    multiple: PositiveInt
    smallest_edge: PositiveInt
    largest_edge: PositiveInt
    largest_pixels: PositiveInt


class Repository(Frozen):
    """Where a model's files are on the hub.

    Attributes:
        id: owner and name.
        revision: branch, tag or commit; what it stands for is looked up once, when the download begins.
        files: patterns of the files that are fetched, of those that end in .safetensors, .json or .model; by default
            a diffusers folder's: what lies in its components' folders, and its index.
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9._-]{1,96}$")]
    revision: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$")] = "main"
    files: tuple[str, ...] = ("model_index.json", "*/*")

    @property
    def page(self) -> str:
        """Where people read about it, and accept its licence where that is asked for."""
        return f"https://huggingface.co/{self.id}"


class Lora(Frozen):
    """A file that changes what a model does: here those that let it need fewer steps, by name.

    Attributes:
        files: in the repository `id`; of a model with two experts the one for high noise first.
        num_inference_steps, guidance_scale: what it was trained for.
    """

    name: str
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9._-]{1,96}$")]
    files: Annotated[tuple[InnerPath, ...], Field(min_length=1, max_length=2)]
    licence: str
    num_inference_steps: PositiveInt
    guidance_scale: float = 1.0


class Defaults(Frozen):
    """What a recipe starts from; fps in frames per second, `strength` of a remix."""

    width: PositiveInt
    height: PositiveInt
    num_frames: PositiveInt
    fps: PositiveFloat
    num_inference_steps: PositiveInt
    guidance_scale: float
    negative_prompt: str = ""
    strength: float = 0.6


class ModelCard(Frozen):
    """The one description that window, planner and loader all read.

    Attributes:
        family: its architecture; see `FAMILIES`.
        repository: where its files come from; None where they came with Reelwright or were on this machine already.
        folder: the model's folder below the models folder it was found in.
        location: the model's folder where it lies elsewhere; `folder` is not used then. In the user's own cards only.
        gguf: the transformer's weights where they are a GGUF file. In the user's own cards only.
        files: none in a card with a repository: the hub's own list takes their place once the model is here.
        conditions: what the model can agree with: an image at the beginning, images and stretches of clips anywhere
            (extending, bridging, retaking and long clips need that), a clip to start from (remix).
        injected: what it was not trained for, and agrees with since the known frames are put into its latents again
            after every step.
        needs_image: it makes nothing from words alone: its first frame has to be given.
        largest_steps: most denoising steps accepted.
        context_frames: how many frames of a neighbouring clip the model is given where one goes on; step * k + 1.
        empty_prompt: what an empty prompt is read as, where no footage is given either.
        options: constants of the family's pipeline call, such as `max_sequence_length`.
        timesteps: those a distilled model was trained for, from 1000 down; it makes exactly so many steps.
        memory_bytes: bytes of the device's memory needed to run, per quantization; only what somebody has measured.
        anatomy: how it is built, for the memory plan; None where nobody has written it down.
        few_steps: LoRAs by which it needs fewer steps.
        offload: what waits in the machine's memory while the device computes.
    """

    id: str
    name: str
    family: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
    description: str
    licence: str
    folder: InnerPath
    location: AbsolutePath | None = None
    gguf: AddedFile | None = None
    repository: Repository | None = None
    files: tuple[WeightFile, ...] = ()
    size: SizeRule
    frames: FrameRule
    conditions: tuple[ConditionKind, ...] = ()
    injected: tuple[ConditionKind, ...] = ()
    needs_image: bool = False
    context_frames: PositiveInt = 9
    largest_prompt_chars: PositiveInt = 4000
    largest_steps: PositiveInt = 100
    largest_guidance: PositiveFloat = 20.0
    defaults: Defaults
    empty_prompt: str = ""
    options: dict[str, float] = Field(default_factory=dict)
    timesteps: Annotated[tuple[float, ...], Field(max_length=100), AfterValidator(_descending)] = ()
    memory_bytes: dict[str, PositiveInt] = Field(default_factory=dict)
    anatomy: Anatomy | None = None
    few_steps: tuple[Lora, ...] = ()
    offload: Offload = "auto"

    @property
    def runs_here(self) -> bool:
        """Whether this build knows how to run it."""
        return self.family in FAMILIES

    @property
    def is_from_hub(self) -> bool:
        """Whether its files are fetched, and may be fetched again."""
        return self.repository is not None and self.location is None


class ModelToAdd(Frozen):
    """A model that already lies on this machine: its diffusers folder, and a GGUF file for its transformer if any.

    Attributes:
        path: the folder; a GGUF file alone goes with a model that is here already.
        name: shown to people; by default the folder's.
        id: by default made from the name.
    """

    path: AbsolutePath
    gguf: AbsolutePath | None = None
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    id: ModelId | None = None
    offload: Offload = "auto"


class Quantizing(Frozen):
    """A smaller copy of a model's transformer to be made: weights of 8 or 4 bits, 32 of which share a scale (GGUF)."""

    to: Literal["q8_0", "q4_0"]


class Adding(Frozen):
    """How far the files of a model that is being added have been read."""

    path: str
    done_bytes: int
    total_bytes: int


def read_card(path: Path) -> ModelCard:
    """Read a card from TOML.

    Raises:
        ValueError: naming the file, when it is no valid card.
    """
    try:  # pydantic's and tomllib's errors are ValueErrors
        return ModelCard.model_validate(tomllib.loads(path.read_text("utf-8")))
    except ValueError as error:
        raise ValueError(f"{path.name} is no valid model card: {error}") from error
