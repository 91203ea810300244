"""From what a user typed to a recipe: sizes, seeds, footage and the output file, every problem found before sending."""

import math
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from engine.client.api import EngineClient
from engine.protocol.condition import Condition
from engine.protocol.job import Delivery, JobRequest
from engine.protocol.media import MediaItem
from engine.protocol.model_card import ModelCard
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.recipe import LoraUse, Recipe
from engine.protocol.rules import LARGEST_FPS, problems, snap
from engine.protocol.verbs import matched_size
from studio.cli.options import Options
from studio.cli.output import destination, output_problems, sidecar_recipe, slug, source_problems

_LARGEST_RANDOM_SEED = 2**31
_LONGEST_S = 1e6
"""Far beyond what can be made; numbers stay short."""
Verb = Callable[[Recipe, ModelCard, Sequence[MediaItem]], Recipe]
"""From a recipe of what was typed, and the clips it is about, to the recipe that is sent."""


@dataclass(frozen=True)
class Draft:
    """What will be sent, where the take goes, and what had to be rounded."""

    request: JobRequest
    card: ModelCard
    output: Path
    rounded: list[Problem]


def draft(client: EngineClient, prompt: str, images: list[str], options: Options) -> Draft:
    """A new clip, with images pinned to it; they are uploaded.

    Raises:
        ProblemsError: with every problem at once.
    """
    card = _card(client, options.model)
    size = _size(options.size, card) or (card.defaults.width, card.defaults.height)
    recipe, rounded = snap(_bare(card, prompt, size, _num_frames(card, options), options), card)
    pinned = [_pinned(text, recipe.num_frames) for text in images]
    named = recipe.changed(conditions=[Condition(media="", frame_index=index) for index, _ in pinned])
    found = _as_typed(problems(named, card, _others(client)), named, card, options)
    found += source_problems(_path(options.output or ""), [path for _, path in pinned])
    made = _draft(card, named, options, f"{slug(prompt)}-{recipe.seed}", rounded, found)
    conditions: list[Condition] = []
    look = client.inspect if found else client.upload  # nothing is kept of what will not be sent
    for index, path in pinned:
        try:
            conditions.append(Condition(media=look(path).sha256, frame_index=index))
        except ProblemsError as error:
            found.extend(error.problems)
    if found:
        raise ProblemsError(found)
    return _with_recipe(made, recipe.changed(conditions=conditions, loras=_loras(client, options)))


def draft_verb(client: EngineClient, verb: Verb, clips: Sequence[Path], prompt: str | None, options: Options) -> Draft:
    """What `verb` makes of the clips; they are uploaded. Without a prompt, that of the first clip's recipe.

    Raises:
        ProblemsError: with every problem at once.
    """
    card = _card(client, options.model)
    paths = [_path(clip) for clip in clips]
    items = [client.inspect(path) for path in paths]
    mute = [path.name for path, item in zip(paths, items, strict=True) if item.kind == "sound"]
    if mute:
        raise ProblemsError(
            [Problem(field=name, kind="unreadable", detail="there are no pictures in it") for name in mute]
        )
    size = _size(options.size, card) or matched_size(items[0], card)
    known = items[0].recipe or sidecar_recipe(paths[0])
    said = prompt if prompt is not None else known.prompt if known else ""
    bare, rounded = snap(_bare(card, said, size, card.defaults.num_frames, options), card)
    recipe = verb(bare, card, items)
    found = _as_typed(problems(recipe, card, _others(client)), recipe, card, options)
    found += source_problems(_path(options.output or ""), paths)
    made = _draft(card, recipe, options, f"{slug(paths[0].stem)}-{verb.__name__}-{recipe.seed}", rounded, found)
    if found:
        raise ProblemsError(found)
    for path in paths:
        client.upload(path)
    return _with_recipe(made, recipe.changed(loras=_loras(client, options)))


def _draft(
    card: ModelCard, recipe: Recipe, options: Options, name: str, rounded: list[Problem], found: list[Problem]
) -> Draft:
    """All but the footage; problems of the output are added to `found`."""
    chosen = None if options.output is None else _path(options.output)
    output, container = destination(chosen, options.format, recipe, name)
    found += output_problems(output, container, recipe.take_frames)
    if options.previews is not None:
        found += _folder_problems(options.previews)
    request = JobRequest(
        recipe=recipe,
        delivery=Delivery(container=container, embed_recipe=options.embed_recipe),
        device=options.device,
        draft_steps=options.draft_steps,
    )
    return Draft(request, card, output, rounded)


def _loras(client: EngineClient, options: Options) -> list[LoraUse]:
    """Those that were typed, once the engine has them: it refuses what was made for another model."""
    found: list[LoraUse] = []
    for text in options.lora or []:
        file, _, strength = text.rpartition("=")
        try:
            weight = float(strength) if file else 1.0
        except ValueError:  # an equals sign of its name
            file, weight = "", 1.0
        sha256 = client.upload_lora(_path(Path(file or text)), options.model)
        found.append(LoraUse.model_validate({"media": sha256, "strength": weight}))
    return found


def _with_recipe(made: Draft, recipe: Recipe) -> Draft:
    return Draft(made.request.model_copy(update={"recipe": recipe}), made.card, made.output, made.rounded)


def _bare(card: ModelCard, prompt: str, size: tuple[int, int], num_frames: int, options: Options) -> Recipe:
    """A recipe of what was typed and the model's defaults; numbers that are none (`--fps nan`) become problems."""
    defaults = card.defaults
    fields = {
        "model": card.id,
        "prompt": prompt,
        "negative_prompt": defaults.negative_prompt if options.negative_prompt is None else options.negative_prompt,
        "width": size[0],
        "height": size[1],
        "num_frames": num_frames,
        "fps": defaults.fps if options.fps is None else options.fps,
        "num_inference_steps": defaults.num_inference_steps if options.steps is None else options.steps,
        "guidance_scale": defaults.guidance_scale if options.guidance is None else options.guidance,
        "seed": secrets.randbelow(_LARGEST_RANDOM_SEED) if options.seed is None else options.seed,
        "loop": options.loop,
        "speed": options.speed,
    }
    try:
        return Recipe.model_validate(fields)
    except ValidationError as error:
        found = [Problem(field=str(e["loc"][0]), kind="invalid", detail=e["msg"]) for e in error.errors()]
        raise ProblemsError(found) from None


def _num_frames(card: ModelCard, options: Options) -> int:
    """The length in frames: as typed, or the next that the model has for the seconds, or its default."""
    step, fps = card.frames.step, _usable_rate(options.fps, card)
    if options.seconds is not None and options.frames is not None:
        raise ProblemsError([Problem(field="seconds", kind="invalid", detail="give --frames or --seconds, not both")])
    if options.frames is not None:
        return options.frames
    if options.seconds is not None:
        if not 0 < options.seconds < math.inf:
            detail = f"{options.seconds:g} is no length in seconds"
            raise ProblemsError([Problem(field="seconds", kind="invalid", detail=detail)])
        frames = min(options.seconds, _LONGEST_S) * fps
        return math.ceil(frames / step) * step if options.loop else math.ceil((frames - 1) / step) * step + 1
    if options.output is not None and options.output.suffix.lower() == ".png" and not options.loop:
        return 1
    return card.defaults.num_frames // step * step if options.loop else card.defaults.num_frames


def _as_typed(found: list[Problem], recipe: Recipe, card: ModelCard, options: Options) -> list[Problem]:
    """Problems with the model's number of frames, told of what it comes from: the seconds, or a verb's clip."""
    told: list[Problem] = []
    for problem in found:
        value, nearest = problem.value, problem.nearest
        if problem.field != "num_frames" or not isinstance(value, int) or not isinstance(nearest, int):
            told.append(problem)
        elif options.seconds is not None:
            tenths = (min(options.seconds, _LONGEST_S) - (value - nearest) / _usable_rate(recipe.fps, card)) * 10
            within = math.floor(tenths) if value > nearest else math.ceil(tenths)
            told.append(problem.changed(field="seconds", value=options.seconds, nearest=within / 10))
        elif recipe.splice is not None:
            detail = f"at the model's {recipe.fps:g} frames per second; --fps makes fewer of them"
            told.append(problem.changed(field="clip", kind="too_long", detail=detail))
        else:
            told.append(problem)
    return told


def _usable_rate(fps: float | None, card: ModelCard) -> float:
    """What lengths are counted with; that a rate is none is told where it is checked."""
    return fps if fps is not None and 1.0 <= fps <= LARGEST_FPS else card.defaults.fps


def _others(client: EngineClient) -> list[ModelCard]:
    return [card for card, missing in client.models() if not missing and card.runs_here]


def _card(client: EngineClient, model: str) -> ModelCard:
    for card, _ in client.models():
        if card.id == model:
            return card
    raise ProblemsError([Problem(field="model", kind="unknown_model", value=model)])


def _size(text: str | None, card: ModelCard) -> tuple[int, int] | None:
    if text is None:
        return None
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


def _folder_problems(folder: Path) -> list[Problem]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return [Problem(field="--previews", kind="not_writable", detail=f"{folder}: {error.strerror}")]
    return []


def _path(text: str | Path) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # ~nobody
        raise ProblemsError([Problem(field=str(text), kind="missing", detail="no such user")]) from None
