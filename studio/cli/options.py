"""The options of every command that makes a clip, declared once."""

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from typer import Option

from engine.protocol.job import Device
from engine.protocol.recipe import Speed
from studio.cli.output import Format

_RECIPE = "Recipe"
_RESULT = "Result"


@dataclass
class Options:
    """What a user may choose; None means the model's default."""

    negative_prompt: Annotated[str | None, Option(help="What should not be seen.", rich_help_panel=_RECIPE)] = None
    model: Annotated[str, Option(help="Model id; `reelwright models` lists them.", rich_help_panel=_RECIPE)] = "starter"
    size: Annotated[str | None, Option(metavar="WxH", help="Size in pixels.", rich_help_panel=_RECIPE)] = None
    frames: Annotated[int | None, Option(help="Length in frames.", rich_help_panel=_RECIPE)] = None
    seconds: Annotated[
        float | None, Option(help="Length of what is made, instead of frames; any length.", rich_help_panel=_RECIPE)
    ] = None
    fps: Annotated[float | None, Option(help="Frames per second of the model.", rich_help_panel=_RECIPE)] = None
    steps: Annotated[int | None, Option(help="Denoising steps.", rich_help_panel=_RECIPE)] = None
    guidance: Annotated[float | None, Option(help="Guidance scale; 1 is off.", rich_help_panel=_RECIPE)] = None
    lora: Annotated[
        list[str] | None,
        Option(
            metavar="FILE[=STRENGTH]", help="A LoRA for this model (.safetensors). Repeatable.", rich_help_panel=_RECIPE
        ),
    ] = None
    speed: Annotated[
        Speed,
        Option(help="What changes little between steps is not computed again; near to full.", rich_help_panel=_RECIPE),
    ] = "full"
    seed: Annotated[int | None, Option(help="Same seed, same clip; random if not given.", rich_help_panel=_RECIPE)] = (
        None
    )
    image: Annotated[
        list[str] | None,
        Option(
            metavar="FRAME=FILE",
            help="An image the clip has to agree with at a frame: 0= first, -1= last. Repeatable.",
            rich_help_panel=_RECIPE,
        ),
    ] = None
    loop: Annotated[bool, Option("--loop", help="The end leads back into the beginning.", rich_help_panel=_RECIPE)] = (
        False
    )
    draft_steps: Annotated[
        int | None,
        Option(
            metavar="K",
            help="Stop after K steps and show what is there; `reelwright finish JOB` goes on with the same clip.",
            rich_help_panel=_RESULT,
        ),
    ] = None
    device: Annotated[Device, Option(help="Where to compute.", rich_help_panel=_RESULT)] = "auto"
    output: Annotated[
        Path | None,
        Option("--output", "-o", help="File to write; its ending is the format.", rich_help_panel=_RESULT),
    ] = None
    format: Annotated[
        Format | None,
        Option(
            help="mp4 (H.264), h265 (.mp4), webm (VP9), ffv1 (lossless .mkv), prores (.mov), gif, or png: one picture, "
            "or a folder (or .zip) of them.",
            rich_help_panel=_RESULT,
        ),
    ] = None
    previews: Annotated[
        Path | None,
        Option(metavar="DIR", help="Folder for the live previews, one folder a step.", rich_help_panel=_RESULT),
    ] = None
    embed_recipe: Annotated[
        bool,
        Option("--recipe/--no-recipe", help="Keep the recipe (prompt included) in the file.", rich_help_panel=_RESULT),
    ] = True
    json: Annotated[
        bool, Option("--json", help="Print one JSON object instead of sentences.", rich_help_panel=_RESULT)
    ] = False


def with_options(*, omit: Sequence[str] = ()) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command's last parameter, `options`, to the terminal as the single options of `Options`.

    Those in `omit` make no sense for the command and stay at their defaults.
    """
    hints = get_type_hints(Options, include_extras=True)
    shared = [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name])
        for f in fields(Options)
        if f.name not in omit
    ]

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        own = list(inspect.signature(command, eval_str=True).parameters.values())[:-1]

        @functools.wraps(command)
        def called(**arguments: Any) -> int:
            chosen = Options(**{p.name: arguments.pop(p.name) for p in shared})
            return command(**arguments, options=chosen)

        parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own] + shared
        called.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportAttributeAccessIssue]
        called.__annotations__ = {p.name: p.annotation for p in parameters}
        return called

    return decorate
