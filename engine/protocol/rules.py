"""What a model can take: every Problem of a recipe against a card, and the recipe with roundings applied."""

import math
from collections.abc import Iterator, Sequence
from typing import Literal

from engine.protocol.condition import Condition
from engine.protocol.model_card import ConditionKind, ModelCard
from engine.protocol.problem import Problem
from engine.protocol.recipe import Recipe
from engine.protocol.sections import can_go_on, sections

LARGEST_SEED = 2**63 - 1
LARGEST_FPS = 120.0
MOST_LORAS = 8
LARGEST_LORA_STRENGTH = 4.0
MOST_FRAMES = 36_000
"""Of a clip that is made in sections: ten minutes at 60 frames a second."""
MOST_TAKE_FRAMES = 216_000
"""Of a take, kept parts included: an hour at 60 frames a second."""

How = Literal["native", "injected", "refused"]
"""How a model agrees with known frames: it was trained to, they are put into its latents, or not at all."""


def problems(recipe: Recipe, card: ModelCard, others: Sequence[ModelCard] = ()) -> list[Problem]:
    """All that is wrong with `recipe` for this model; empty when it can be sent.

    What it cannot do at all names those of the `others` that can.
    """
    found = [
        *_prompt_problems(recipe, card),
        *_size_problems(recipe, card),
        *_frame_problems(recipe, card),
        *_number_problems(recipe, card),
        *_condition_problems(recipe, card),
        *_source_problems(recipe, card),
        *_splice_problems(recipe),
        *_speed_problems(recipe, card),
        *_lora_problems(recipe),
    ]
    if how(recipe, card) == "refused":
        able = tuple(other.name for other in others if other != card and how(recipe, other) != "refused")
        found = [p.changed(models=able) if p.kind in ("unsupported", "needed") else p for p in found]
    return found or list(_unplaced(recipe, card))


def how(recipe: Recipe, card: ModelCard) -> How:
    """Whether the model agrees with all that the recipe is made from; sizes and lengths are not looked at."""
    ways = [_takes(card, condition, recipe.num_frames) for condition in recipe.conditions]
    if recipe.source is not None:
        ways.append(_way(card, {"source"}))
    if recipe.loop:
        ways.append(_way(card, {"keyframes"}))
    if "refused" in ways or _lacks_image(recipe, card):
        return "refused"
    return "injected" if "injected" in ways else "native"


def snap(recipe: Recipe, card: ModelCard) -> tuple[Recipe, list[Problem]]:
    """Round what the model would silently round (`off_grid` only); returns the recipe and what was changed.

    Conditions that end with the clip still do when the length changes; those off the grid themselves are left alone.
    """
    rounded = [p for p in problems(recipe, card) if p.kind == "off_grid" and p.field in Recipe.model_fields]
    if not rounded:
        return recipe, []
    snapped = recipe.changed(**{p.field: p.nearest for p in rounded})
    moved = tuple(
        c.changed(frame_index=max(snapped.num_frames - c.num_frames, 0))
        if c.frame_index == recipe.num_frames - c.num_frames > 0
        else c
        for c in recipe.conditions
    )
    return snapped.changed(conditions=moved), rounded


def _range(field: str, value: float, low: float, high: float) -> Iterator[Problem]:
    if value < low:
        yield Problem(field=field, kind="too_small", value=value, nearest=low)
    elif value > high:
        yield Problem(field=field, kind="too_large", value=value, nearest=high)


def _grid(value: int, step: int, low: int, high: int, rounding: int | None = None) -> int:
    """The value nearest to `value` on the grid low, low + step, … not above high; ties go up.

    With `rounding` 0 the next lower one.
    """
    nearest = low + (value - low + (step // 2 if rounding is None else rounding)) // step * step
    return max(low, min(nearest, low + (high - low) // step * step))


def _prompt_problems(recipe: Recipe, card: ModelCard) -> Iterator[Problem]:
    for field, text in (("prompt", recipe.prompt), ("negative_prompt", recipe.negative_prompt)):
        if len(text) > card.largest_prompt_chars:
            yield Problem(field=field, kind="too_long", value=len(text), nearest=card.largest_prompt_chars)
        if "\x00" in text or any(0xD800 <= ord(c) <= 0xDFFF for c in text):
            yield Problem(field=field, kind="invalid", detail="a NUL or half a surrogate pair")


def _size_problems(recipe: Recipe, card: ModelCard) -> Iterator[Problem]:
    rule = card.size
    low = -(-rule.smallest_edge // rule.multiple) * rule.multiple
    edges = [_grid(edge, rule.multiple, low, rule.largest_edge) for edge in (recipe.width, recipe.height)]
    # Rounding to the nearest must not lead into the next problem.
    rounding = 0 if edges[0] * edges[1] > rule.largest_pixels else rule.multiple // 2
    found = False
    for field, edge in (("width", recipe.width), ("height", recipe.height)):
        outside = list(_range(field, edge, low, rule.largest_edge))
        found = found or bool(outside)
        yield from outside
        if not outside and edge % rule.multiple:
            nearest = _grid(edge, rule.multiple, low, rule.largest_edge, rounding)
            yield Problem(field=field, kind="off_grid", value=edge, nearest=nearest)
    if not found and recipe.width * recipe.height > rule.largest_pixels:
        height = rule.largest_pixels // recipe.width // rule.multiple * rule.multiple
        nearest = height if height >= low else None
        detail = f"{recipe.width}x{recipe.height} is more than {rule.largest_pixels} pixels"
        yield Problem(field="height", kind="too_large", value=recipe.height, nearest=nearest, detail=detail)


def _frame_problems(recipe: Recipe, card: ModelCard) -> Iterator[Problem]:
    rule = card.frames
    low = -(-(rule.smallest - 1) // rule.step) * rule.step + 1
    high = low + ((MOST_FRAMES if can_go_on(card) else rule.largest) - low) // rule.step * rule.step
    if recipe.loop:
        low, high = -(-low // rule.step) * rule.step, high // rule.step * rule.step
        if not can_go_on(card):
            yield Problem(field="loop", kind="unsupported", value=recipe.model)
            return
    outside = list(_range("num_frames", recipe.num_frames, low, high))
    yield from outside
    if not outside and (recipe.num_frames - low) % rule.step:
        nearest = _grid(recipe.num_frames, rule.step, low, high)
        yield Problem(field="num_frames", kind="off_grid", value=recipe.num_frames, nearest=nearest)


def _number_problems(recipe: Recipe, card: ModelCard) -> Iterator[Problem]:
    yield from _range("fps", recipe.fps, 1.0, LARGEST_FPS)
    steps = len(card.timesteps)
    if steps and recipe.num_inference_steps != steps:
        value = recipe.num_inference_steps
        yield Problem(field="num_inference_steps", kind="off_grid", value=value, nearest=steps)
    elif not steps:
        yield from _range("num_inference_steps", recipe.num_inference_steps, 1, card.largest_steps)
    yield from _range("guidance_scale", recipe.guidance_scale, 1.0, card.largest_guidance)
    yield from _range("seed", recipe.seed, 0, LARGEST_SEED)


def _condition_problems(recipe: Recipe, card: ModelCard) -> Iterator[Problem]:
    taken: list[tuple[int, int]] = []
    for i, condition in enumerate(recipe.conditions):
        field = f"conditions[{i}]"
        yield from _range(f"{field}.strength", condition.strength, 0.0, 1.0)
        yield from _stretch_problems(field, condition, recipe.num_frames, card)
        first, end = condition.frame_index, condition.frame_index + condition.num_frames
        if any(first < other_end and other_first < end for other_first, other_end in taken):
            yield Problem(field=f"{field}.frame_index", kind="same_frame", value=first)
        taken.append((first, end))
        if _takes(card, condition, recipe.num_frames) == "refused":
            yield Problem(field=field, kind="unsupported", value=recipe.model)
        elif card.needs_image and first == 0 and condition.strength < 1:  # it has no way to take one halfway
            strength = condition.strength
            yield Problem(field=f"{field}.strength", kind="too_small", value=strength, nearest=1.0)
    if _lacks_image(recipe, card):
        yield Problem(field="conditions", kind="needed")


def _stretch_problems(field: str, condition: Condition, num_frames: int, card: ModelCard) -> Iterator[Problem]:
    """What is wrong with the place of a condition: latent frames of the model are shared by `step` frames."""
    step, index, count = card.frames.step, condition.frame_index, condition.num_frames
    last = num_frames - max(count, 1)
    if not 0 <= index <= max(last, 0):
        yield Problem(
            field=f"{field}.frame_index", kind="outside_clip", value=index, nearest=min(max(index, 0), max(last, 0))
        )
    elif count > 1 and index % step:
        yield Problem(field=f"{field}.frame_index", kind="off_grid", value=index, nearest=index // step * step)
    most = min(card.frames.largest, max(num_frames, 1))
    if count < 1 or (count - 1) % step or count > most:
        nearest = _grid(count, step, 1, most)
        yield Problem(field=f"{field}.num_frames", kind="invalid", value=count, nearest=nearest)
    if condition.start_s < 0:
        yield Problem(field=f"{field}.start_s", kind="too_small", value=condition.start_s, nearest=0.0)


def _takes(card: ModelCard, condition: Condition, num_frames: int) -> How:
    kinds: set[ConditionKind] = {"keyframes"}
    if condition.num_frames == 1:
        kinds |= {"first_image"} if condition.frame_index == 0 else set()
        kinds |= {"last_image"} if condition.frame_index == num_frames - 1 else set()
    return _way(card, kinds)


def _way(card: ModelCard, kinds: set[ConditionKind]) -> How:
    """The best way there is to take one of `kinds`."""
    if kinds & set(card.conditions):
        return "native"
    return "injected" if kinds & set(card.injected) else "refused"


def _lacks_image(recipe: Recipe, card: ModelCard) -> bool:
    starts = any(condition.frame_index == 0 for condition in recipe.conditions)
    return card.needs_image and not starts and recipe.source is None


def _source_problems(recipe: Recipe, card: ModelCard) -> Iterator[Problem]:
    if recipe.source is None:
        return
    if _way(card, {"source"}) == "refused":
        yield Problem(field="source", kind="unsupported", value=recipe.model)
    if recipe.loop:
        yield Problem(field="loop", kind="unsupported", detail="a remix follows its source to the end")
    strength, steps = recipe.source.strength, recipe.num_inference_steps
    smallest = math.ceil(1e6 / steps) / 1e6 if steps > 0 else 0.0  # below it no step would be left
    yield from _range("source.strength", strength, min(smallest, 1.0), 1.0)


def _splice_problems(recipe: Recipe) -> Iterator[Problem]:
    if recipe.splice is None:
        return
    if recipe.loop:
        yield Problem(field="loop", kind="unsupported", detail="a splice closes its loop itself")
    if recipe.splice.last_position > recipe.num_frames - 1 + 1e-6:
        value = recipe.splice.last_position
        yield Problem(field="splice.new_frames", kind="outside_clip", value=value, nearest=recipe.num_frames - 1)
    if recipe.take_frames > MOST_TAKE_FRAMES:
        yield Problem(field="splice", kind="too_long", value=recipe.take_frames, nearest=MOST_TAKE_FRAMES)


def _speed_problems(recipe: Recipe, card: ModelCard) -> Iterator[Problem]:
    if recipe.speed != "full" and card.timesteps:
        detail = "its few steps are too far apart for one to stand for the next"
        yield Problem(field="speed", kind="unsupported", value=recipe.speed, nearest="full", detail=detail)


def _lora_problems(recipe: Recipe) -> Iterator[Problem]:
    if len(recipe.loras) > MOST_LORAS:
        yield Problem(field="loras", kind="too_large", value=len(recipe.loras), nearest=MOST_LORAS)
    for i, lora in enumerate(recipe.loras):
        yield from _range(f"loras[{i}].strength", lora.strength, -LARGEST_LORA_STRENGTH, LARGEST_LORA_STRENGTH)


def _unplaced(recipe: Recipe, card: ModelCard) -> Iterator[Problem]:
    """Conditions of a clip without other problems that lie across the border of two sections."""
    placed = [
        c.changed(frame_index=c.frame_index + s.first_frame) for s in sections(recipe, card) for c in s.conditions
    ]
    for i, condition in enumerate(recipe.conditions):
        if condition not in placed:
            yield Problem(field=f"conditions[{i}].frame_index", kind="unsupported", value=condition.frame_index)
