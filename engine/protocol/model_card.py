"""ModelCard: what a model is, what it needs and what it can take; read from TOML."""

import tomllib
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt

from engine.protocol.frozen import Frozen

ConditionKind = Literal["first_image", "keyframes"]


def _inside(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith(("/", "~")) or ".." in parts or "\\" in path or ":" in path:
        raise ValueError("a path below the model's folder is needed")
    return path


InnerPath = Annotated[str, AfterValidator(_inside)]


class WeightFile(Frozen):
    """One file of a model; `path` is relative to the model's folder."""

    path: InnerPath
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
    """What a recipe starts from; fps in frames per second."""

    width: PositiveInt
    height: PositiveInt
    num_frames: PositiveInt
    fps: PositiveFloat
    num_inference_steps: PositiveInt
    guidance_scale: float
    negative_prompt: str = ""


class ModelCard(Frozen):
    """The one description that window, planner and loader all read.

    Attributes:
        folder: the model's folder below the models folder it was found in.
        conditions: what the model was trained to agree with.
        largest_steps: most denoising steps accepted.
        options: constants of the family's pipeline call, such as `max_sequence_length`.
        memory_bytes: bytes needed to run, per quantization.
    """

    id: str
    name: str
    family: Literal["ltx"]
    description: str
    licence: str
    folder: InnerPath
    files: tuple[WeightFile, ...]
    size: SizeRule
    frames: FrameRule
    conditions: tuple[ConditionKind, ...] = ()
    largest_prompt_chars: PositiveInt = 4000
    largest_steps: PositiveInt = 100
    largest_guidance: PositiveFloat = 20.0
    defaults: Defaults
    options: dict[str, float] = Field(default_factory=dict)
    memory_bytes: dict[str, PositiveInt] = Field(default_factory=dict)


def read_card(path: Path) -> ModelCard:
    """Read a card from TOML.

    Raises:
        ValueError: naming the file, when it is no valid card.
    """
    try:  # pydantic's and tomllib's errors are ValueErrors
        return ModelCard.model_validate(tomllib.loads(path.read_text("utf-8")))
    except ValueError as error:
        raise ValueError(f"{path.name} is no valid model card: {error}") from error
