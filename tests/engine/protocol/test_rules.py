"""Every Problem of a recipe against a card, and the way out of each that the Problem itself names."""

import re
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from engine.protocol.condition import Condition
from engine.protocol.home import RESOURCES
from engine.protocol.model_card import FrameRule, ModelCard, SizeRule, read_card
from engine.protocol.problem import Problem
from engine.protocol.recipe import Recipe
from engine.protocol.rules import MOST_FRAMES, problems
from engine.protocol.sections import can_go_on

CARD = read_card(RESOURCES / "models" / "starter.toml")
MEDIA = "ab" * 32
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
ints = st.integers() | st.integers(-10, 300) | st.sampled_from([0, -1, 2**31, 2**63, 2**64, -(10**30), 10**30])
floats = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def cards(draw: st.DrawFn) -> ModelCard:
    """The starter's card with other rules, such that some size fits at every allowed width."""
    multiple = draw(st.sampled_from([1, 8, 16, 32, 64]))
    smallest = draw(st.integers(1, 200))
    low = -(-smallest // multiple) * multiple
    largest = low + draw(st.integers(0, 2000))
    pixels = largest * low + draw(st.integers(0, 2_000_000))
    step = draw(st.integers(1, 16))
    shortest = draw(st.integers(1, 40))
    first = -(-(shortest - 1) // step) * step + 1
    size = SizeRule(multiple=multiple, smallest_edge=smallest, largest_edge=largest, largest_pixels=pixels)
    frames = FrameRule(step=step, smallest=shortest, largest=first + draw(st.integers(0, 300)))
    return CARD.changed(size=size.model_dump(), frames=frames.model_dump())


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    """Any recipe with at most one condition."""
    conditions = draw(
        st.lists(
            st.builds(
                Condition,
                media=st.just(MEDIA),
                frame_index=ints,
                strength=floats,
                num_frames=st.just(1) | ints,
                start_s=floats,
            ),
            max_size=1,
        )
    )
    return RECIPE.changed(
        width=draw(ints),
        height=draw(ints),
        num_frames=draw(ints),
        fps=draw(floats),
        num_inference_steps=draw(ints),
        guidance_scale=draw(floats),
        seed=draw(ints),
        conditions=[c.model_dump() for c in conditions],
        loop=draw(st.booleans()),
    )


def mended(recipe: Recipe, problem: Problem) -> Recipe:
    """The recipe with the nearest valid value in the problem's field."""
    inner = re.fullmatch(r"conditions\[(\d+)\]\.(\w+)", problem.field)
    if inner is None:
        return recipe.changed(**{problem.field: problem.nearest})
    conditions: list[dict[str, Any]] = [c.model_dump() for c in recipe.conditions]
    conditions[int(inner[1])][inner[2]] = problem.nearest
    return recipe.changed(conditions=conditions)


def found(recipe: Recipe, card: ModelCard = CARD) -> list[tuple[str, str]]:
    return [(p.field, p.kind) for p in problems(recipe, card)]


@given(recipes(), cards() | st.just(CARD), st.booleans())
@example(RECIPE.changed(width=200, height=250), CARD, False)
@settings(deadline=None)
def test_the_nearest_values_lead_out_of_every_problem(recipe: Recipe, card: ModelCard, from_the_end: bool) -> None:
    for _ in range(12):
        wrong = [p for p in problems(recipe, card) if p.kind != "unsupported"]
        if not wrong:
            return
        for problem in reversed(wrong) if from_the_end else wrong:
            assert problem.nearest is not None, problem
            recipe = mended(recipe, problem)
    raise AssertionError(problems(recipe, card))


@given(recipes(), cards())
@settings(deadline=None)
def test_a_recipe_without_problems_keeps_every_rule(recipe: Recipe, card: ModelCard) -> None:
    for _ in range(12):
        for problem in problems(recipe, card):
            recipe = mended(recipe, problem) if problem.kind != "unsupported" else recipe
    assume(not problems(recipe, card))
    size, frames = card.size, card.frames
    for edge in (recipe.width, recipe.height):
        assert size.smallest_edge <= edge <= size.largest_edge
        assert edge % size.multiple == 0
    assert recipe.width * recipe.height <= size.largest_pixels
    assert frames.smallest <= recipe.num_frames <= (MOST_FRAMES if can_go_on(card) else frames.largest)
    assert (recipe.num_frames - (not recipe.loop)) % frames.step == 0
    assert 0 <= recipe.seed < 2**63
    for condition in recipe.conditions:
        assert 0 <= condition.strength <= 1
        assert condition.start_s >= 0
        assert 0 <= condition.frame_index <= recipe.num_frames - condition.num_frames
        assert 1 <= condition.num_frames <= frames.largest
        assert (condition.num_frames - 1) % frames.step == 0
        assert condition.num_frames == 1 or condition.frame_index % frames.step == 0


@pytest.mark.parametrize(
    ("fields", "field", "kind", "nearest"),
    [
        ({"width": 0}, "width", "too_small", 64),
        ({"height": -64}, "height", "too_small", 64),
        ({"width": 10**30}, "width", "too_large", 256),
        ({"width": 100}, "width", "off_grid", 96),
        ({"height": 113}, "height", "off_grid", 128),
        ({"width": 256, "height": 256}, "height", "too_large", 192),
        ({"num_frames": 0}, "num_frames", "too_small", 1),
        ({"num_frames": 10}, "num_frames", "off_grid", 9),
        ({"num_frames": 11}, "num_frames", "off_grid", 13),
        ({"num_frames": 10**9}, "num_frames", "too_large", 35_997),
        ({"num_frames": 48}, "num_frames", "off_grid", 49),
        ({"num_frames": 54}, "num_frames", "off_grid", 53),
        ({"num_frames": 0, "loop": True}, "num_frames", "too_small", 4),
        ({"num_frames": 9, "loop": True}, "num_frames", "off_grid", 8),
        ({"num_frames": 10**9, "loop": True}, "num_frames", "too_large", 35_996),
        ({"fps": 0.0}, "fps", "too_small", 1.0),
        ({"fps": 1e300}, "fps", "too_large", 120.0),
        ({"num_inference_steps": 0}, "num_inference_steps", "too_small", 1),
        ({"num_inference_steps": 101}, "num_inference_steps", "too_large", 100),
        ({"guidance_scale": -1.0}, "guidance_scale", "too_small", 1.0),
        ({"guidance_scale": 20.5}, "guidance_scale", "too_large", 20.0),
        ({"seed": -1}, "seed", "too_small", 0),
        ({"seed": 2**63}, "seed", "too_large", 2**63 - 1),
    ],
)
def test_one_wrong_field(fields: dict[str, Any], field: str, kind: str, nearest: float) -> None:
    (problem,) = problems(RECIPE.changed(**fields), CARD)
    assert (problem.field, problem.kind, problem.nearest) == (field, kind, nearest)
    assert problem.value == fields[field]


def test_every_wrong_field_is_named_at_once() -> None:
    recipe = RECIPE.changed(
        prompt="x" * 5000,
        width=1,
        height=9999,
        num_frames=10,
        fps=0,
        num_inference_steps=0,
        guidance_scale=99,
        seed=-1,
        conditions=[{"media": MEDIA, "frame_index": 99, "strength": 2.0}],
    )
    assert [field for field, _ in found(recipe)] == [
        *("prompt", "width", "height", "num_frames", "fps", "num_inference_steps", "guidance_scale", "seed"),
        *("conditions[0].strength", "conditions[0].frame_index"),
    ]


@pytest.mark.parametrize(
    "prompt", ["", "🏖️👩‍👩‍👧‍👦 🇫🇷", "شاطئ عند الغروب", "\u202eright to left\u202c", "海滩日落", "x" * 4000]
)
def test_prompts_that_are_fine(prompt: str) -> None:
    assert problems(RECIPE.changed(prompt=prompt, negative_prompt=prompt), CARD) == []


def test_a_prompt_that_is_too_long() -> None:
    (problem,) = problems(RECIPE.changed(negative_prompt="x" * 10_000), CARD)
    assert (problem.field, problem.kind) == ("negative_prompt", "too_long")
    assert (problem.value, problem.nearest) == (10_000, 4000)


@pytest.mark.parametrize("prompt", ["a\x00b", "half \ud83c pair", "\udfff"])
def test_a_prompt_that_no_file_can_hold(prompt: str) -> None:
    assert found(RECIPE.changed(prompt=prompt)) == [("prompt", "invalid")]
    assert found(RECIPE.changed(negative_prompt=prompt)) == [("negative_prompt", "invalid")]


def test_two_conditions_on_one_frame() -> None:
    twice = RECIPE.changed(conditions=[{"media": MEDIA, "frame_index": 8}] * 2)
    assert found(twice) == [("conditions[1].frame_index", "same_frame")]


def test_conditions_that_the_model_cannot_take() -> None:
    animate = CARD.changed(conditions=["first_image"])
    nothing = CARD.changed(conditions=[])
    recipe = RECIPE.changed(conditions=[{"media": MEDIA, "frame_index": 0}, {"media": MEDIA, "frame_index": 8}])
    assert found(recipe) == []
    assert found(recipe, animate) == [("conditions[1]", "unsupported")]
    assert found(recipe, nothing) == [("conditions[0]", "unsupported"), ("conditions[1]", "unsupported")]


@pytest.mark.parametrize("num_frames", [49, 53, 97, 35_997])
def test_a_model_that_takes_keyframes_makes_clips_of_any_length(num_frames: int) -> None:
    long = RECIPE.changed(num_frames=num_frames)
    assert found(long) == []
    too_large = [("num_frames", "too_large")] if num_frames > 49 else []
    assert found(long, CARD.changed(conditions=["first_image", "source"])) == too_large


@pytest.mark.parametrize(
    ("fields", "field", "kind", "nearest"),
    [
        ({"num_frames": 4}, "num_frames", "invalid", 5),
        ({"num_frames": 0}, "num_frames", "invalid", 1),
        ({"num_frames": 53}, "num_frames", "invalid", 9),
        ({"num_frames": 13}, "num_frames", "invalid", 9),
        ({"num_frames": 5, "frame_index": 2}, "frame_index", "off_grid", 0),
        ({"num_frames": 5, "frame_index": 8}, "frame_index", "outside_clip", 4),
        ({"frame_index": 9}, "frame_index", "outside_clip", 8),
        ({"frame_index": -1}, "frame_index", "outside_clip", 0),
        ({"start_s": -0.5}, "start_s", "too_small", 0.0),
        ({"strength": -0.5}, "strength", "too_small", 0.0),
    ],
)
def test_one_wrong_field_of_a_stretch(fields: dict[str, Any], field: str, kind: str, nearest: float) -> None:
    (problem,) = problems(RECIPE.changed(conditions=[{"media": MEDIA, **fields}]), CARD)
    assert (problem.field, problem.kind, problem.nearest) == (f"conditions[0].{field}", kind, nearest)


def test_stretches_that_meet_and_stretches_that_overlap() -> None:
    def two(second: int) -> Recipe:
        stretches = [{"media": MEDIA, "num_frames": 5}, {"media": MEDIA, "num_frames": 5, "frame_index": second}]
        return RECIPE.changed(num_frames=13, conditions=stretches)

    assert found(two(8)) == []
    assert found(two(4)) == [("conditions[1].frame_index", "same_frame")]
    image = {"media": MEDIA, "frame_index": 5}
    stretch = {"media": MEDIA, "num_frames": 5}
    assert found(RECIPE.changed(conditions=[stretch, image])) == []
    assert found(RECIPE.changed(conditions=[image, stretch])) == []
    within = {**image, "frame_index": 4}
    assert found(RECIPE.changed(conditions=[within, stretch])) == [("conditions[1].frame_index", "same_frame")]
    assert found(two(8), CARD.changed(conditions=["first_image"])) == [
        ("conditions[0]", "unsupported"),
        ("conditions[1]", "unsupported"),
    ]


@pytest.mark.parametrize("strength", [0.0, -1.0, 0.009, 1.5])
def test_a_remix_has_a_step_to_make(strength: float) -> None:
    for steps in range(1, CARD.largest_steps + 1):
        remix = RECIPE.changed(num_inference_steps=steps, source={"media": MEDIA, "strength": strength})
        (problem,) = problems(remix, CARD)
        mended = remix.changed(source={"media": MEDIA, "strength": problem.nearest})
        assert problems(mended, CARD) == []
        assert 1 <= mended.steps_per_section <= steps


def test_a_remix_of_a_model_that_makes_none() -> None:
    remix = RECIPE.changed(source={"media": MEDIA, "strength": 0.5})
    assert found(remix, CARD.changed(conditions=["keyframes"])) == [("source", "unsupported")]
    assert found(remix.changed(loop=True, num_frames=8)) == [("loop", "unsupported")]


@pytest.mark.parametrize(
    ("splice", "wrong"),
    [
        ({"new_frames": 9}, []),
        ({"new_frames": 5, "first_position": 4.0}, []),
        ({"new_frames": 10}, [("splice.new_frames", "outside_clip")]),
        ({"new_frames": 9, "first_position": 0.5}, [("splice.new_frames", "outside_clip")]),
        ({"new_frames": 9, "frame_step": 1.01}, [("splice.new_frames", "outside_clip")]),
        (
            {"new_frames": 9, "before": {"media": MEDIA, "first_frame": 0, "num_frames": 216_000}},
            [("splice", "too_long")],
        ),
    ],
)
def test_splices_that_show_what_is_made(splice: dict[str, Any], wrong: list[tuple[str, str]]) -> None:
    recipe = RECIPE.changed(splice={"width": 64, "height": 64, "fps": 24, **splice})
    assert found(recipe) == wrong
    assert ("loop", "unsupported") in found(recipe.changed(loop=True))
