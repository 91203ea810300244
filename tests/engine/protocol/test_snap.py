"""Rounding what a model would silently round: to something valid, and no further than needed."""

from collections.abc import Iterator

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from engine.protocol.home import RESOURCES
from engine.protocol.model_card import read_card
from engine.protocol.recipe import Recipe
from engine.protocol.rules import problems, snap

CARD = read_card(RESOURCES / "models" / "starter.toml")
MEDIA = "ab" * 32
edges = st.integers(64, 256)


def recipe(width: int = 64, height: int = 64, num_frames: int = 9, frame_indices: tuple[int, ...] = ()) -> Recipe:
    return Recipe(
        model="starter",
        prompt="a beach",
        width=width,
        height=height,
        num_frames=num_frames,
        fps=12,
        num_inference_steps=3,
        guidance_scale=3.0,
        seed=7,
        conditions=tuple({"media": MEDIA, "frame_index": i} for i in frame_indices),
    )


def distances(given: Recipe, snapped: Recipe) -> Iterator[tuple[int, int]]:
    """How far each field went, and the most that rounding to the nearest can need."""
    for field, step in (("width", 32), ("height", 32), ("num_frames", 4)):
        yield abs(getattr(given, field) - getattr(snapped, field)), step // 2


@given(edges, edges, st.integers(1, 49))
@example(208, 208, 9)  # both edges round up, and the picture would have more pixels than the model takes
@example(255, 192, 9)
@settings(deadline=None)
def test_what_was_only_off_the_grid_is_valid_when_snapped(width: int, height: int, num_frames: int) -> None:
    off = recipe(width, height, num_frames)
    assume(all(p.kind == "off_grid" for p in problems(off, CARD)))
    snapped, said = snap(off, CARD)
    assert problems(snapped, CARD) == []
    changed = {name for name in ("width", "height", "num_frames") if getattr(off, name) != getattr(snapped, name)}
    assert {p.field for p in said} == changed
    assert {p.field: p.nearest for p in said} == {name: getattr(snapped, name) for name in changed}


@given(edges, edges, st.integers(1, 49))
@settings(deadline=None)
def test_no_further_than_needed(width: int, height: int, num_frames: int) -> None:
    off = recipe(width, height, num_frames)
    snapped, _ = snap(off, CARD)
    assume((width + 16) * (height + 16) <= CARD.size.largest_pixels)
    assert all(distance <= half_step for distance, half_step in distances(off, snapped))
    assert snap(snapped, CARD) == (snapped, [])


def test_what_is_on_the_grid_stays_the_same_object() -> None:
    fine = recipe()
    snapped, said = snap(fine, CARD)
    assert snapped is fine
    assert said == []


def test_what_is_wrong_otherwise_is_left_alone() -> None:
    wrong = recipe(width=100, height=9999, num_frames=0)
    snapped, said = snap(wrong, CARD)
    assert (snapped.width, snapped.height, snapped.num_frames) == (96, 9999, 0)
    assert [(p.field, p.value, p.nearest) for p in said] == [("width", 100, 96)]


@given(st.integers(2, 49), st.integers(0, 48))
@settings(deadline=None)
def test_a_condition_on_the_last_frame_stays_on_the_last(num_frames: int, first: int) -> None:
    assume(first < num_frames - 1)
    snapped, _ = snap(recipe(num_frames=num_frames, frame_indices=(first, num_frames - 1)), CARD)
    assert snapped.conditions[1].frame_index == snapped.num_frames - 1
    assert snapped.conditions[0].frame_index == first
    assert [c.media for c in snapped.conditions] == [MEDIA, MEDIA]


def test_the_first_frame_of_one_is_not_taken_for_the_last() -> None:
    snapped, _ = snap(recipe(width=100, num_frames=1, frame_indices=(0,)), CARD)
    assert [c.frame_index for c in snapped.conditions] == [0]


@pytest.mark.parametrize(("num_frames", "indices"), [(2, (0, 1)), (6, (4, 5))])
def test_conditions_that_rounding_puts_on_one_frame_are_said(num_frames: int, indices: tuple[int, int]) -> None:
    snapped, _ = snap(recipe(num_frames=num_frames, frame_indices=indices), CARD)
    assert [(p.field, p.kind) for p in problems(snapped, CARD)] == [("conditions[1].frame_index", "same_frame")]


@pytest.mark.parametrize(("num_frames", "frame_index", "moved"), [(10, 5, 4), (11, 6, 8), (10, 4, 4), (10, 3, 3)])
def test_a_stretch_that_ends_with_the_clip_still_does(num_frames: int, frame_index: int, moved: int) -> None:
    off = recipe(num_frames=num_frames)
    off = off.changed(conditions=[{"media": MEDIA, "frame_index": frame_index, "num_frames": 5}])
    snapped, said = snap(off, CARD)
    assert [c.frame_index for c in snapped.conditions] == [moved]
    assert [p.field for p in said] == ["num_frames"]


def test_a_loop_is_rounded_to_its_own_grid() -> None:
    snapped, said = snap(recipe(num_frames=9).changed(loop=True), CARD)
    assert snapped.num_frames == 8
    assert [p.nearest for p in said] == [8]
