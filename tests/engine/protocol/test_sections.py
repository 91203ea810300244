"""Sections: every frame once, each within what the model can make, every condition where it belongs."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from engine.protocol.condition import Condition
from engine.protocol.home import RESOURCES
from engine.protocol.model_card import FrameRule, ModelCard, read_card
from engine.protocol.recipe import Recipe
from engine.protocol.rules import problems
from engine.protocol.sections import Section, can_go_on, context, is_backward, sections

STARTER = read_card(RESOURCES / "models" / "starter.toml")
LTX = STARTER.changed(frames={"step": 8, "smallest": 9, "largest": 257}, context_frames=17)
RECIPE = Recipe(
    model="starter",
    prompt="a beach",
    width=64,
    height=64,
    num_frames=9,
    fps=12,
    num_inference_steps=3,
    guidance_scale=3.0,
    seed=7,
)


@st.composite
def cards(draw: st.DrawFn) -> ModelCard:
    """The starter's card with other lengths, on which the model can go on from what it made."""
    step = draw(st.integers(1, 16))
    largest = step * draw(st.integers(1, 40)) + 1 + draw(st.integers(0, step - 1))
    frames = FrameRule(step=step, smallest=1, largest=largest)
    return STARTER.changed(frames=frames.model_dump(), context_frames=draw(st.integers(1, 60)))


@st.composite
def cases(draw: st.DrawFn, *, loop: bool) -> tuple[ModelCard, Recipe]:
    """A card, and a recipe of a length that it takes."""
    card = draw(cards())
    units = draw(st.integers(1, 30) | st.integers(1, 400))
    return card, RECIPE.changed(num_frames=units * card.frames.step + (not loop), loop=loop)


def ends(parts: Sequence[Section]) -> list[int]:
    return [part.first_frame + part.num_frames for part in parts]


def assert_well_made(parts: Sequence[Section], card: ModelCard) -> None:
    """Each within the card, and each going on from frames that the one before it has made."""
    rule = card.frames
    assert parts[0].first_frame == parts[0].overlap == 0
    for part in parts:
        assert part.num_frames <= rule.largest
        assert (part.num_frames - 1) % rule.step == 0
        assert part.first_frame % rule.step == 0
    for (before, after), end in zip(itertools.pairwise(parts), ends(parts), strict=False):
        assert 0 < after.overlap <= before.num_frames
        assert (after.overlap - 1) % rule.step == 0
        assert after.first_frame == end - after.overlap


@given(cases(loop=False))
@example((STARTER, RECIPE.changed(num_frames=53)))
@example((LTX, RECIPE.changed(num_frames=265)))
@settings(deadline=None)
def test_a_clip_is_covered_once_by_even_sections(case: tuple[ModelCard, Recipe]) -> None:
    card, recipe = case
    assert problems(recipe, card) == []
    parts = sections(recipe, card)
    assert_well_made(parts, card)
    assert ends(parts)[-1] == recipe.num_frames
    assert sum(part.num_frames - part.overlap for part in parts) == recipe.num_frames
    assert not any(part.closes for part in parts)
    lengths = [part.num_frames for part in parts]
    assert max(lengths) - min(lengths) <= card.frames.step
    assert (len(parts) > 1) == (recipe.num_frames > card.frames.largest)


@given(cases(loop=False))
@settings(deadline=None)
def test_there_are_no_more_sections_than_needed(case: tuple[ModelCard, Recipe]) -> None:
    card, recipe = case
    parts, step = sections(recipe, card), card.frames.step
    largest = (card.frames.largest - 1) // step * step + 1
    fewer, overlap = len(parts) - 1, context(card)
    assert fewer == 0 or fewer * (largest - overlap) + overlap < recipe.num_frames


@given(cases(loop=True))
@example((STARTER, RECIPE.changed(num_frames=4, loop=True)))
@example((LTX, RECIPE.changed(num_frames=8, loop=True)))
@example((LTX, RECIPE.changed(num_frames=256, loop=True)))
@example((LTX, RECIPE.changed(num_frames=264, loop=True)))
@example(
    (
        STARTER.changed(frames={"step": 1, "smallest": 1, "largest": 2}, context_frames=1),
        RECIPE.changed(num_frames=1, loop=True),
    )
)
@settings(deadline=None)
def test_a_loop_is_closed_by_its_last_section(case: tuple[ModelCard, Recipe]) -> None:
    card, recipe = case
    assume(problems(recipe, card) == [])
    parts = sections(recipe, card)
    assert_well_made(parts, card)
    assert [part.closes for part in parts] == [False] * (len(parts) - 1) + [True]
    assert len(parts) > 1
    closing = parts[-1]
    assert closing.overlap <= parts[0].num_frames  # it leads to as many of the first frames
    assert ends(parts)[-1] - closing.overlap == recipe.num_frames
    assert closing.num_frames >= 2 * closing.overlap
    assert sum(part.num_frames - part.overlap * (1 + part.closes) for part in parts) == recipe.num_frames
    lengths = [part.num_frames for part in parts[:-1]]
    assert max(lengths) - min(lengths) <= card.frames.step


@given(cards(), st.integers(1, 300) | st.integers(0, 3), st.booleans(), st.booleans(), st.booleans())
@example(STARTER.changed(context_frames=21), 1, True, True, False)
@settings(deadline=None)
def test_what_verbs_pin_has_room_in_a_section(card: ModelCard, units: int, start: bool, end: bool, loop: bool) -> None:
    """As many frames as the model is given of a neighbouring clip, at either end."""
    known = context(card)
    units += card.frames.largest // card.frames.step if units < 4 else 0  # the shortest that needs two sections
    num_frames = units * card.frames.step + (not loop)
    assume(num_frames >= 2 * known)
    index = num_frames - known
    conditions = [Condition(media="aa", num_frames=known)] if start else []
    conditions += [Condition(media="bb", num_frames=known, frame_index=index)] if end and not loop else []
    recipe = RECIPE.changed(num_frames=num_frames, loop=loop, conditions=[c.model_dump() for c in conditions])
    assert problems(recipe, card) == []


@st.composite
def pinned(draw: st.DrawFn) -> tuple[ModelCard, Recipe]:
    """A recipe with images and stretches at its beginning, at its end, at borders of sections and anywhere."""
    card, recipe = draw(cases(loop=False) | cases(loop=True))
    step, last = card.frames.step, recipe.num_frames - 1
    conditions: list[Condition] = []
    ends_only = draw(st.booleans())
    borders = [
        part.first_frame + i * part.overlap + j for part in sections(recipe, card) for i in (0, 1) for j in (-1, 0)
    ]
    for number in range(draw(st.integers(0, 4))):
        count = draw(st.sampled_from([0, 0, 1, 2, 5])) * step + 1
        most = last + 1 - count
        anywhere = st.just(0) | st.integers(0, last) | st.sampled_from(borders)
        index = most if number == 0 and ends_only else draw(anywhere)
        index = max(ends_only, min(index, most))
        on_grid = index if count == 1 else index // step * step
        conditions.append(Condition(media=f"{number}", frame_index=on_grid, num_frames=count, start_s=number / 7))
    return card, recipe.changed(conditions=[c.model_dump() for c in conditions])


@given(pinned())
@settings(deadline=None)
def test_every_condition_that_is_accepted_lands_in_one_section(case: tuple[ModelCard, Recipe]) -> None:
    card, recipe = case
    assume(problems(recipe, card) == [])
    parts, backward = sections(recipe, card), is_backward(recipe)
    placed: list[Condition] = []
    for i, part in enumerate(parts):
        ahead = parts[i + 1].overlap if backward and i + 1 < len(parts) else 0
        low = 0 if backward else part.overlap
        high = part.num_frames - (part.overlap if part.closes else ahead)
        for condition in part.conditions:
            assert low <= condition.frame_index
            assert condition.frame_index + condition.num_frames <= high
            assert condition.num_frames == 1 or condition.frame_index % card.frames.step == 0
            placed.append(condition.changed(frame_index=condition.frame_index + part.first_frame))
    assert sorted(placed, key=lambda c: c.media) == list(recipe.conditions)


@given(pinned())
@settings(deadline=None)
def test_what_is_known_of_an_end_alone_is_made_first(case: tuple[ModelCard, Recipe]) -> None:
    card, recipe = case
    assume(problems(recipe, card) == [])
    frames = {c.frame_index + i for c in recipe.conditions for i in range(c.num_frames)}
    assert is_backward(recipe) == (recipe.num_frames - 1 in frames and 0 not in frames and not recipe.loop)
    if is_backward(recipe):
        assert sections(recipe, card)[-1].conditions


@pytest.mark.parametrize(
    ("places", "backward"), [([], False), ([0], False), ([48], False), ([96], True), ([0, 96], False), ([48, 96], True)]
)
def test_the_order_of_sections(places: list[int], backward: bool) -> None:
    recipe = RECIPE.changed(num_frames=97, conditions=[{"media": "aa", "frame_index": place} for place in places])
    assert is_backward(recipe) == backward
    assert not is_backward(recipe.changed(loop=True, num_frames=96))


def test_a_stretch_across_a_border_is_said() -> None:
    first, second, *_ = sections(RECIPE.changed(num_frames=97), STARTER)
    border = first.num_frames
    across = RECIPE.changed(num_frames=97, conditions=[{"media": "aa", "frame_index": border - 1, "num_frames": 5}])
    assert second.first_frame + second.overlap == border
    assert [(p.field, p.kind) for p in problems(across, STARTER)] == [("conditions[0].frame_index", "unsupported")]


def test_in_numbers() -> None:
    long = sections(RECIPE.changed(num_frames=265), LTX)
    assert [(p.first_frame, p.num_frames, p.overlap) for p in long] == [(0, 137, 0), (120, 145, 17)]
    loop = sections(RECIPE.changed(num_frames=96, loop=True), STARTER)
    assert [(p.first_frame, p.num_frames, p.overlap, p.closes) for p in loop] == [
        (0, 37, 0, False),
        (28, 37, 9, False),
        (56, 49, 9, True),
    ]


@pytest.mark.parametrize(
    ("available", "expected"), [(None, 9), (1, 1), (4, 1), (5, 5), (8, 5), (9, 9), (1000, 9), (0, 1)]
)
def test_no_more_is_given_than_there_is(available: int | None, expected: int) -> None:
    assert context(STARTER, available) == expected


@pytest.mark.parametrize(
    ("fields", "possible"),
    [
        ({}, True),
        ({"conditions": ["first_image", "source"]}, False),
        ({"frames": {"step": 4, "smallest": 1, "largest": 4}}, False),
        ({"frames": {"step": 4, "smallest": 1, "largest": 5}}, True),
    ],
)
def test_which_models_go_on(fields: dict[str, object], possible: bool) -> None:
    card = STARTER.changed(**fields)
    assert can_go_on(card) == possible
    beyond = RECIPE.changed(num_frames=card.frames.largest // 4 * 4 + 5)
    assert ([p.kind for p in problems(beyond, card)] == []) == possible
    loop = [(p.field, p.kind) for p in problems(RECIPE.changed(loop=True, num_frames=4), card)]
    assert loop == ([] if possible else [("loop", "unsupported")])
