"""ModelCard: what a model is, what it needs and what it can take; read from TOML."""

import tomllib
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt

from engine.protocol.frozen import Frozen

ConditionKind = Literal["first_image", "keyframes", "source"]
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


InnerPath = Annotated[str, AfterValidator(_inside)]
AbsolutePath = Annotated[str, AfterValidator(_absolute)]
ModelId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class WeightFile(Frozen):
    """One file of a model; `path` is relative to the model's folder."""

    path: InnerPath
    size_bytes: PositiveInt
    sha256: str


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
        folder: the model's folder below the models folder it was found in.
        location: the model's folder where it lies elsewhere; `folder` is not used then. In the user's own cards only.
        gguf: the transformer's weights where they are a GGUF file. In the user's own cards only.
        conditions: what the model can agree with: an image at the beginning, images and stretches of clips anywhere
            (extending, bridging, retaking and long clips need that), a clip to start from (remix).
        largest_steps: most denoising steps accepted.
        context_frames: how many frames of a neighbouring clip the model is given where one goes on; step * k + 1.
        options: constants of the family's pipeline call, such as `max_sequence_length`.
        memory_bytes: bytes needed to run, per quantization.
        offload: what waits in the machine's memory while the device computes.
    """

    id: str
    name: str
    family: Literal["ltx"]
    description: str
    licence: str
    folder: InnerPath
    location: AbsolutePath | None = None
    gguf: AddedFile | None = None
    files: tuple[WeightFile, ...]
    size: SizeRule
    frames: FrameRule
    conditions: tuple[ConditionKind, ...] = ()
    context_frames: PositiveInt = 9
    largest_prompt_chars: PositiveInt = 4000
    largest_steps: PositiveInt = 100
    largest_guidance: PositiveFloat = 20.0
    defaults: Defaults
    options: dict[str, float] = Field(default_factory=dict)
    memory_bytes: dict[str, PositiveInt] = Field(default_factory=dict)
    offload: Offload = "auto"


class ModelToAdd(Frozen):
    """A model that already lies on this machine: its diffusers folder, and a GGUF file for its transformer if any.

    Attributes:
        name: shown to people; by default the folder's.
        id: by default made from the name.
    """

    path: AbsolutePath
    gguf: AbsolutePath | None = None
    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    id: ModelId | None = None
    offload: Offload = "auto"


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
