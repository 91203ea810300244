"""From what a user typed to a recipe: sizes, seeds, images and the output file, every problem found before sending."""

import re
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from engine.client.api import EngineClient
from engine.protocol.condition import Condition
from engine.protocol.job import Container, Delivery
from engine.protocol.model_card import ModelCard
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.recipe import Recipe
from engine.protocol.rules import problems, snap
from studio.cli.options import Options

_CONTAINERS: dict[str, Container] = {".mp4": "mp4", ".png": "png"}
_LARGEST_RANDOM_SEED = 2**31


@dataclass(frozen=True)
class Draft:
    """What will be sent, where the take goes, and what had to be rounded."""

    recipe: Recipe
    card: ModelCard
    delivery: Delivery
    output: Path
    rounded: list[Problem]


def draft(client: EngineClient, prompt: str, images: list[str], options: Options) -> Draft:
    """Everything a job needs; images are uploaded.

    Raises:
        ProblemsError: with every problem at once.
    """
    card = _card(client, options.model)
    width, height = _size(options.size, card)
    defaults = card.defaults
    num_frames = options.frames
    if num_frames is None:
        is_still = options.output is not None and options.output.suffix.lower() == ".png"
        num_frames = 1 if is_still else defaults.num_frames
    bare = _recipe(
        model=card.id,
        prompt=prompt,
        negative_prompt=defaults.negative_prompt if options.negative_prompt is None else options.negative_prompt,
        width=width,
        height=height,
        num_frames=num_frames,
        fps=defaults.fps if options.fps is None else options.fps,
        num_inference_steps=defaults.num_inference_steps if options.steps is None else options.steps,
        guidance_scale=defaults.guidance_scale if options.guidance is None else options.guidance,
        seed=secrets.randbelow(_LARGEST_RANDOM_SEED) if options.seed is None else options.seed,
    )
    recipe, rounded = snap(bare, card)
    pinned = [_pinned(text, recipe.num_frames) for text in images]
    named = recipe.changed(conditions=[Condition(media="", frame_index=index) for index, _ in pinned])
    output, container = _output(options.output, recipe)
    found = [*problems(named, card), *_output_problems(output, container, recipe.num_frames)]
    if options.previews is not None:
        found += _folder_problems(options.previews)
    look = client.inspect if found else client.upload  # nothing is kept of what will not be sent
    conditions: list[Condition] = []
    for index, path in pinned:
        try:
            conditions.append(Condition(media=look(path).sha256, frame_index=index))
        except ProblemsError as error:
            found.extend(error.problems)
    if found:
        raise ProblemsError(found)
    delivery = Delivery(container=container, embed_recipe=options.embed_recipe)
    return Draft(recipe.changed(conditions=conditions), card, delivery, output, rounded)


def _card(client: EngineClient, model: str) -> ModelCard:
    for card, _ in client.models():
        if card.id == model:
            return card
    raise ProblemsError([Problem(field="model", kind="unknown_model", value=model)])


def _size(text: str | None, card: ModelCard) -> tuple[int, int]:
    if text is None:
        return card.defaults.width, card.defaults.height
    match = re.fullmatch(r"\s*(-?\d{1,9})\s*[x×*]\s*(-?\d{1,9})\s*", text, re.IGNORECASE)
    if match is None:
        detail = f"{text!r}; write it as {card.defaults.width}x{card.defaults.height}"
        raise ProblemsError([Problem(field="--size", kind="invalid", detail=detail)])
    return int(match[1]), int(match[2])


def _pinned(text: str, num_frames: int) -> tuple[int, Path]:
    """`FRAME=FILE`; a negative frame counts from the end, -1 being the last."""
    frame, equals, path = text.partition("=")
    if not equals or not re.fullmatch(r"-?\d{1,9}", frame.strip()) or not path:
        raise ProblemsError(
            [Problem(field="--image", kind="invalid", value=text, detail=f"{text!r}; write FRAME=FILE")]
        )
    index = int(frame)
    return (index + num_frames if -num_frames <= index < 0 else index), _path(path)


def _output(chosen: Path | None, recipe: Recipe) -> tuple[Path, Container]:
    if chosen is not None:
        return _path(chosen), _CONTAINERS.get(chosen.suffix.lower(), "mp4")
    container: Container = "png" if recipe.num_frames == 1 else "mp4"
    words = re.sub(r"\W+", "-", recipe.prompt.lower()).strip("-")[:40].rstrip("-") or "clip"
    path = Path(f"{words}-{recipe.seed}.{container}")
    number = 2
    while path.exists():
        path = Path(f"{words}-{recipe.seed}-{number}.{container}")
        number += 1
    return path, container


def check_output(output: Path, container: Container) -> None:
    """Raise `ProblemsError` unless a take of this kind can be written there."""
    if _CONTAINERS.get(output.suffix.lower()) != container:
        problem = Problem(
            field="output", kind="unsupported", value=output.suffix or output.name, nearest=f".{container}"
        )
        raise ProblemsError([problem])
    if found := _output_problems(output, container, num_frames=1):
        raise ProblemsError(found)


def _output_problems(output: Path, container: Container, num_frames: int) -> list[Problem]:
    name = str(output)
    if output.is_dir():
        return [Problem(field="output", kind="not_writable", detail=f"{name} is a folder")]
    if output.suffix.lower() not in _CONTAINERS:
        wrong = output.suffix or output.name
        return [Problem(field="output", kind="unsupported", value=wrong, nearest="a name that ends in .mp4")]
    if container == "png" and num_frames != 1:
        value = f".png for {num_frames} frames"
        return [Problem(field="output", kind="unsupported", value=value, nearest=".mp4")]
    if output.exists() and not output.stat().st_mode & stat.S_IWUSR:
        return [Problem(field="output", kind="not_writable", detail=f"{name} is read-only")]
    try:  # the only test that is never wrong, also for an administrator and on a network drive
        part = part_of(output)
        part.touch(exist_ok=False)
        part.unlink()
    except OSError as error:
        return [Problem(field="output", kind="not_writable", detail=f"{name}: {error.strerror}")]
    return []


def _folder_problems(folder: Path) -> list[Problem]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return [Problem(field="--previews", kind="not_writable", detail=f"{folder}: {error.strerror}")]
    return []


def part_of(output: Path) -> Path:
    """A new name in the same folder, where the file grows until it is whole and can be renamed."""
    return output.with_name(f".reelwright-{secrets.token_hex(6)}.part")


def _recipe(**fields: object) -> Recipe:
    """A recipe; numbers that are none (`--fps nan`) become problems."""
    try:
        return Recipe.model_validate(fields)
    except ValidationError as error:
        found = [Problem(field=str(e["loc"][0]), kind="invalid", detail=e["msg"]) for e in error.errors()]
        raise ProblemsError(found) from None


def _path(text: str | Path) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # ~nobody
        raise ProblemsError([Problem(field=str(text), kind="missing", detail="no such user")]) from None
