"""The options of every command that makes a clip, declared once."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from typer import Option

from engine.protocol.job import Device

_RECIPE = "Recipe"
_RESULT = "Result"


@dataclass
class Options:
    """What a user may choose; None means the model's default."""

    negative_prompt: Annotated[str | None, Option(help="What should not be seen.", rich_help_panel=_RECIPE)] = None
    model: Annotated[str, Option(help="Model id; `reelwright models` lists them.", rich_help_panel=_RECIPE)] = "starter"
    size: Annotated[str | None, Option(metavar="WxH", help="Size in pixels.", rich_help_panel=_RECIPE)] = None
    frames: Annotated[int | None, Option(help="Length in frames.", rich_help_panel=_RECIPE)] = None
    fps: Annotated[float | None, Option(help="Frames per second.", rich_help_panel=_RECIPE)] = None
    steps: Annotated[int | None, Option(help="Denoising steps.", rich_help_panel=_RECIPE)] = None
    guidance: Annotated[float | None, Option(help="Guidance scale; 1 is off.", rich_help_panel=_RECIPE)] = None
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
    device: Annotated[Device, Option(help="Where to compute.", rich_help_panel=_RESULT)] = "auto"
    output: Annotated[
        Path | None,
        Option("--output", "-o", help="File to write, .mp4, or .png for one frame.", rich_help_panel=_RESULT),
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


def with_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command's last parameter, `options`, to the terminal as the single options of `Options`."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())[:-1]
    hints = get_type_hints(Options, include_extras=True)
    shared = [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name])
        for f in fields(Options)
    ]

    @functools.wraps(command)
    def called(**arguments: Any) -> int:
        chosen = Options(**{f.name: arguments.pop(f.name) for f in fields(Options)})
        return command(**arguments, options=chosen)

    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own] + shared
    called.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportAttributeAccessIssue]
    called.__annotations__ = {p.name: p.annotation for p in parameters}
    return called
