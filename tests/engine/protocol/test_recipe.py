"""The recipe as a value: closed, frozen, and with a digest that never changes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.protocol.recipe import Recipe

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


def test_the_digest_is_the_same_in_every_build() -> None:
    assert Recipe.model_validate(FIELDS).digest == GOLDEN


@given(st.sampled_from(sorted(FIELDS)))
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
