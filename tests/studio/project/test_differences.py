"""Why two takes differ: each field once, and nothing where there is nothing."""

from collections.abc import Callable

import pytest

from engine.protocol.condition import Condition, Source
from engine.protocol.job import Job
from engine.protocol.recipe import LoraUse, Recipe
from engine.protocol.splice import Kept, Splice
from studio.project.differences import Difference, Piece, recipe_differences, take_differences, word_changes
from studio.project.take import take_of

SPLICE = Splice(width=64, height=64, fps=12, before=Kept(media="a", first_frame=0, num_frames=9), new_frames=8)


def test_a_recipe_does_not_differ_from_itself(recipe: Recipe) -> None:
    assert recipe_differences(recipe, recipe.changed()) == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [("seed", 8), ("prompt", "a lake"), ("negative_prompt", "blur"), ("width", 96), ("fps", 24.0), ("loop", True)],
)
def test_a_field_that_differs_is_told_with_both_values(recipe: Recipe, field: str, value: object) -> None:
    found = recipe_differences(recipe, recipe.changed(**{field: value}))
    assert Difference(field, getattr(recipe, field), value) in found  # type: ignore[arg-type]
    assert len(found) == (2 if field == "loop" else 1)  # to loop is another verb as well


def test_every_field_of_a_recipe_counts(recipe: Recipe) -> None:
    others = {
        "model": "other",
        "prompt": "other",
        "negative_prompt": "other",
        "width": 96,
        "height": 96,
        "num_frames": 17,
        "fps": 24.0,
        "num_inference_steps": 9,
        "guidance_scale": 1.0,
        "seed": 8,
        "conditions": (Condition(media="x"),),
        "source": Source(media="x", strength=0.5),
        "loop": True,
        "splice": SPLICE,
        "speed": "fast",
        "loras": (LoraUse(media="x"),),
    }
    assert others.keys() == Recipe.model_fields.keys()
    for field, value in others.items():
        assert recipe_differences(recipe, recipe.changed(**{field: value})), field


def test_conditions_are_told_by_their_frame(recipe: Recipe) -> None:
    first = recipe.changed(conditions=(Condition(media="x"), Condition(media="y", frame_index=8)))
    second = recipe.changed(conditions=(Condition(media="x", strength=0.5), Condition(media="z", frame_index=4)))
    assert recipe_differences(first, second) == (
        Difference("conditions[0].strength", 1.0, 0.5),
        Difference("conditions[4]", None, "z"),
        Difference("conditions[8]", "y", None),
    )


def test_sources_and_splices_are_told_in_parts(recipe: Recipe) -> None:
    first = recipe.changed(source=Source(media="x", strength=0.5), splice=SPLICE)
    second = recipe.changed(source=Source(media="x", strength=0.75), splice=SPLICE.changed(new_frames=4))
    assert recipe_differences(first, second) == (
        Difference("source.strength", 0.5, 0.75),
        Difference("splice.new_frames", 8, 4),
    )
    later = SPLICE.changed(before=Kept(media="a", first_frame=2, num_frames=7))
    assert [each.field for each in recipe_differences(recipe.changed(splice=SPLICE), recipe.changed(splice=later))] == [
        "splice.before.first_frame",
        "splice.before.num_frames",
    ]


def test_takes_differ_by_how_far_they_are_and_who_made_them(a_job: Callable[..., Job]) -> None:
    whole, draft = take_of(a_job("a"), ()), take_of(a_job("a", step=2), ())
    assert take_differences(whole, draft) == (Difference("step", None, 2),)
    assert take_differences(whole, whole.changed(build="0.2.0")) == (Difference("build", "0.1.0", "0.2.0"),)
    assert take_differences(whole, whole.changed(rating=5)) == ()


def test_texts_are_compared_word_by_word() -> None:
    assert word_changes("a serene beach at sunset", "a wild beach at dawn, raining") == (
        Piece("same", "a "),
        Piece("out", "serene"),
        Piece("in", "wild"),
        Piece("same", " beach at "),
        Piece("out", "sunset"),
        Piece("in", "dawn, raining"),
    )
    pieces = (Piece("same", "a "), Piece("in", "wild "), Piece("same", "beach"))
    assert word_changes("a beach", "a wild beach") == pieces
    assert word_changes("", "") == ()
    assert word_changes("", "new") == (Piece("in", "new"),)
