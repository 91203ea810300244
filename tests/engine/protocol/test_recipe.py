"""The recipe as a value: closed, frozen, and with a digest that never changes."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.protocol.recipe import Recipe
from engine.protocol.splice import Sound, Splice

FIELDS: dict[str, Any] = {
    "model": "starter",
    "prompt": "a beach at sunset 🏖️ شاطئ",
    "negative_prompt": "blurry",
    "width": 64,
    "height": 96,
    "num_frames": 9,
    "fps": 23.976,
    "num_inference_steps": 3,
    "guidance_scale": 3.5,
    "seed": 2**63 - 1,
    "conditions": [{"media": "ab" * 32, "frame_index": 8, "strength": 0.5}],
}
GOLDEN = "d216afa8e1352d75bd40b0697cf853db790fed82120d0fa7645cb71c8624f437"

LEAST = {name: FIELDS[name] for name in list(FIELDS) if name not in ("negative_prompt", "conditions")}
GOLDEN_LEAST = "bfb4c18faddef026afad30cc06f552481e6e9d8a518ef54f46864db1f86c7b23"
SPLICE: dict[str, Any] = {
    "width": 1920,
    "height": 1080,
    "fps": 29.97,
    "before": {"media": "cd" * 32, "first_frame": 0, "num_frames": 30},
    "after": {"media": "ef" * 32, "first_frame": 40, "num_frames": 10},
    "overlap_frames": 2,
    "new_frames": 14,
    "first_position": 3.5,
    "frame_step": 0.8,
    "sound": {"media": "01" * 32, "start_s": 1.0, "duration_s": 2.5, "at_s": 0.5},
}
MOST = {
    **FIELDS,
    "conditions": [{"media": "ab" * 32, "num_frames": 9, "start_s": 1.25}],
    "source": {"media": "23" * 32, "strength": 0.6},
    "splice": SPLICE,
    "loop": True,
}
GOLDEN_MOST = "020b3473387e545789cc8dd6fa1096bf488b7281634f3ed58db6b05697de53d0"


@pytest.mark.parametrize(("fields", "digest"), [(FIELDS, GOLDEN), (LEAST, GOLDEN_LEAST), (MOST, GOLDEN_MOST)])
def test_the_digest_is_the_same_in_every_build(fields: dict[str, Any], digest: str) -> None:
    assert Recipe.model_validate(fields).digest == digest


def test_the_defaults_that_digests_leave_out_never_change() -> None:
    recipe = Recipe.model_validate({**LEAST, "conditions": [{"media": "ab"}]})
    left_out = {"negative_prompt": "", "source": None, "loop": False, "splice": None, "speed": "full", "loras": ()}
    condition = {"media": "ab", "frame_index": 0, "strength": 1.0, "num_frames": 1, "start_s": 0.0}
    assert recipe.model_dump() == {**LEAST, **left_out, "conditions": (condition,)}
    plain = {"before": None, "after": None, "loops": False, "overlap_frames": 0, "first_position": 0.0}
    needed = {"width": 1, "height": 1, "fps": 1.0, "new_frames": 1}
    assert Splice.model_validate(needed).model_dump() == {**needed, **plain, "frame_step": 1.0, "sound": None}
    sound = Sound(media="ab", duration_s=1)
    assert sound.model_dump() == {"media": "ab", "start_s": 0.0, "duration_s": 1.0, "at_s": 0.0}


def test_a_default_that_is_written_out_counts_as_left_out() -> None:
    written = Recipe.model_validate(LEAST).model_dump()
    assert Recipe.model_validate(written).digest == GOLDEN_LEAST


@given(st.sampled_from(["source", "splice", "loop", "conditions", "negative_prompt"]))
@settings(deadline=None)
def test_every_field_with_a_default_counts_in_the_digest(name: str) -> None:
    recipe = Recipe.model_validate(MOST)
    assert recipe.changed(**{name: Recipe.model_fields[name].default}).digest != recipe.digest


@pytest.mark.parametrize("name", ["frame_index", "num_frames", "start_s", "strength"])
def test_every_field_of_a_condition_counts_in_the_digest(name: str) -> None:
    recipe, (condition,) = Recipe.model_validate(MOST), MOST["conditions"]
    other = {**condition, name: 0.5 if name == "strength" else 17}
    assert recipe.changed(conditions=[other]).digest != recipe.digest


@given(st.sampled_from(sorted(FIELDS)))
@settings(deadline=None)
def test_every_field_counts_in_the_digest(name: str) -> None:
    recipe = Recipe.model_validate(FIELDS)
    value = FIELDS[name]
    other = [] if isinstance(value, list) else value + ("x" if isinstance(value, str) else -1)
    assert recipe.changed(**{name: other}).digest != recipe.digest


def test_the_order_and_the_kind_of_numbers_do_not_count() -> None:
    shuffled = dict(sorted(FIELDS.items(), reverse=True))
    assert (
        Recipe.model_validate({**shuffled, "fps": 24}).digest == Recipe.model_validate({**FIELDS, "fps": 24.0}).digest
    )


@given(
    st.text(st.characters(exclude_categories=["Cs"])), st.integers(), st.floats(allow_nan=False, allow_infinity=False)
)
@settings(deadline=None)
def test_it_survives_json(prompt: str, seed: int, fps: float) -> None:
    recipe = Recipe.model_validate({**FIELDS, "prompt": prompt, "seed": seed, "fps": fps})
    again = Recipe.model_validate_json(recipe.model_dump_json())
    assert again == recipe
    assert again.digest == recipe.digest


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), "12 per second", None])
@pytest.mark.parametrize("field", ["fps", "guidance_scale"])
def test_what_is_no_number_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        Recipe.model_validate({**FIELDS, field: value})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "strong"])
def test_a_strength_that_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match=r"conditions\.0\.strength"):
        Recipe.model_validate({**FIELDS, "conditions": [{"media": "ab", "strength": value}]})


@pytest.mark.parametrize("text", ['{"fps": NaN}', '{"fps": 1e999}', '{"prompt": "\\ud800"}'])
def test_the_same_in_json(text: str) -> None:
    fields = {**FIELDS}
    wrong = text[2 : text.index(":") - 1]
    del fields[wrong]
    with pytest.raises(ValidationError):
        Recipe.model_validate_json(json.dumps(fields)[:-1] + ", " + text[1:])


@pytest.mark.parametrize("fields", [{"steps": 3}, {"conditions": [{"media": "ab", "frame": 1}]}])
def test_a_typing_mistake_cannot_pass_silently(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Recipe.model_validate({**FIELDS, **fields})


def test_a_whole_number_is_needed() -> None:
    with pytest.raises(ValidationError, match="width"):
        Recipe.model_validate({**FIELDS, "width": 64.5})


def test_it_never_changes() -> None:
    recipe = Recipe.model_validate(FIELDS)
    with pytest.raises(ValidationError, match="frozen"):
        recipe.seed = 1  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(ValidationError, match="seed"):
        recipe.changed(seed="x")


def test_its_length() -> None:
    assert Recipe.model_validate({**FIELDS, "fps": 12}).duration_s == 0.75


def test_a_splice_says_what_the_take_is() -> None:
    recipe = Recipe.model_validate(FIELDS)
    assert (recipe.take_size, recipe.take_frames, recipe.take_fps) == ((64, 96), 9, 23.976)
    joined = recipe.changed(splice=SPLICE)
    assert (joined.take_size, joined.take_frames, joined.take_fps) == ((1920, 1080), 50, 29.97)
    assert joined.duration_s == 50 / 29.97


def test_everything_it_is_made_from() -> None:
    assert Recipe.model_validate(LEAST).media == frozenset()
    assert Recipe.model_validate(MOST).media == {two * 32 for two in ("ab", "cd", "ef", "01", "23")}
    silent = Recipe.model_validate({**LEAST, "splice": {**SPLICE, "sound": None, "after": None}})
    assert silent.media == {"cd" * 32}


@pytest.mark.parametrize(("strength", "steps"), [(0.0, 0), (0.5, 10), (0.99, 19), (1.0, 20), (7.0, 20)])
def test_a_remix_begins_in_the_middle_of_the_schedule(strength: float, steps: int) -> None:
    recipe = Recipe.model_validate({**LEAST, "num_inference_steps": 20})
    assert recipe.steps_per_section == 20
    assert recipe.changed(source={"media": "ab", "strength": strength}).steps_per_section == steps
