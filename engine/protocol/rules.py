"""What a model can take: every Problem of a recipe against a card, and the recipe with roundings applied."""

from collections.abc import Iterator

from engine.protocol.condition import Condition
from engine.protocol.model_card import ModelCard
from engine.protocol.problem import Problem
from engine.protocol.recipe import Recipe

LARGEST_SEED = 2**63 - 1
LARGEST_FPS = 120.0


def problems(recipe: Recipe, card: ModelCard) -> list[Problem]:
    """All that is wrong with `recipe` for this model; empty when it can be sent."""
    return [
        *_prompt_problems(recipe, card),
        *_size_problems(recipe, card),
        *_frame_problems(recipe, card),
        *_number_problems(recipe, card),
        *_condition_problems(recipe, card),
    ]


def snap(recipe: Recipe, card: ModelCard) -> tuple[Recipe, list[Problem]]:
    """Round what the model would silently round (`off_grid` only); returns the recipe and what was changed.

    Conditions on the last frame stay on the last frame when the length changes.
    """
    rounded = [p for p in problems(recipe, card) if p.kind == "off_grid" and p.nearest is not None]
    if not rounded:
        return recipe, []
    snapped = recipe.changed(**{p.field: p.nearest for p in rounded})
    moved = tuple(
        c.changed(frame_index=snapped.num_frames - 1) if c.frame_index == recipe.num_frames - 1 > 0 else c
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
    outside = list(_range("num_frames", recipe.num_frames, low, rule.largest))
    yield from outside
    if not outside and (recipe.num_frames - 1) % rule.step:
        nearest = _grid(recipe.num_frames, rule.step, low, rule.largest)
        yield Problem(field="num_frames", kind="off_grid", value=recipe.num_frames, nearest=nearest)


def _number_problems(recipe: Recipe, card: ModelCard) -> Iterator[Problem]:
    yield from _range("fps", recipe.fps, 1.0, LARGEST_FPS)
    yield from _range("num_inference_steps", recipe.num_inference_steps, 1, card.largest_steps)
    yield from _range("guidance_scale", recipe.guidance_scale, 1.0, card.largest_guidance)
    yield from _range("seed", recipe.seed, 0, LARGEST_SEED)


def _condition_problems(recipe: Recipe, card: ModelCard) -> Iterator[Problem]:
    taken: set[int] = set()
    for i, condition in enumerate(recipe.conditions):
        field = f"conditions[{i}]"
        yield from _range(f"{field}.strength", condition.strength, 0.0, 1.0)
        if not 0 <= condition.frame_index < recipe.num_frames:
            nearest = min(max(condition.frame_index, 0), max(recipe.num_frames - 1, 0))
            index = condition.frame_index
            yield Problem(field=f"{field}.frame_index", kind="outside_clip", value=index, nearest=nearest)
        if condition.frame_index in taken:
            yield Problem(field=f"{field}.frame_index", kind="same_frame", value=condition.frame_index)
        taken.add(condition.frame_index)
        if not _takes(card, condition):
            yield Problem(field=field, kind="unsupported", value=recipe.model)


def _takes(card: ModelCard, condition: Condition) -> bool:
    return "keyframes" in card.conditions or ("first_image" in card.conditions and condition.frame_index == 0)
