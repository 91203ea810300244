"""What a model can do to footage, and what it says of those that can do what it cannot."""

import pytest

from engine.protocol.abilities import abilities
from engine.protocol.condition import Condition, Source
from engine.protocol.home import RESOURCES
from engine.protocol.model_card import ModelCard, read_card
from engine.protocol.problem import Problem
from engine.protocol.recipe import Recipe
from engine.protocol.rules import how, problems


@pytest.fixture
def images_only(starter_card: ModelCard) -> ModelCard:
    return starter_card.changed(
        id="images", name="Images", conditions=("first_image",), injected=("keyframes",), needs_image=True
    )


@pytest.fixture
def words_only(starter_card: ModelCard) -> ModelCard:
    return starter_card.changed(id="words", name="Words", conditions=(), injected=())


def test_the_starter_does_everything_by_itself(starter_card: ModelCard) -> None:
    assert set(abilities(starter_card).values()) == {"native"}


def test_a_model_of_images_starts_from_one(images_only: ModelCard) -> None:
    table = abilities(images_only)
    assert {verb for verb, way in table.items() if way == "refused"} == {"generate", "extend_backward", "remix"}
    assert (table["animate"], table["in_between"], table["bridge"]) == ("native", "injected", "injected")


def test_a_model_of_words_does_nothing_to_footage(words_only: ModelCard) -> None:
    assert {verb for verb, way in abilities(words_only).items() if way != "refused"} == {"generate"}


def test_a_last_image_is_taken_with_a_first_one(starter_card: ModelCard, recipe: Recipe) -> None:
    card = starter_card.changed(conditions=("first_image", "last_image"))
    first, last = Condition(media="a"), Condition(media="b", frame_index=8)
    assert how(recipe.changed(conditions=(first, last)), card) == "native"
    assert how(recipe.changed(conditions=(last.changed(frame_index=4),)), card) == "refused"
    assert how(recipe.changed(conditions=(last,)), card.changed(needs_image=True)) == "refused"


def test_what_cannot_be_done_names_who_can(
    starter_card: ModelCard, images_only: ModelCard, words_only: ModelCard, recipe: Recipe
) -> None:
    others = [words_only, images_only, starter_card]
    asked = recipe.changed(conditions=(Condition(media="a"),))
    assert problems(asked, words_only, others) == [
        Problem(field="conditions[0]", kind="unsupported", value="starter", models=("Images", starter_card.name))
    ]
    assert problems(recipe, images_only, others) == [
        Problem(field="conditions", kind="needed", models=("Words", starter_card.name))
    ]
    assert problems(asked, starter_card, others) == problems(asked, images_only, others) == []


def test_what_is_wrong_otherwise_names_nobody(starter_card: ModelCard, images_only: ModelCard, recipe: Recipe) -> None:
    (problem,) = problems(recipe.changed(width=65), starter_card, [images_only])
    assert problem.models == ()


def test_a_remix_needs_no_image(images_only: ModelCard, recipe: Recipe) -> None:
    card = images_only.changed(conditions=("first_image", "source"))
    assert problems(recipe.changed(source=Source(media="a", strength=1.0)), card) == []


def test_a_model_of_images_takes_its_first_one_whole(images_only: ModelCard, recipe: Recipe) -> None:
    half = recipe.changed(conditions=(Condition(media="a", strength=0.5),))
    (problem,) = problems(half, images_only)
    assert (problem.field, problem.kind, problem.nearest) == ("conditions[0].strength", "too_small", 1.0)


def test_a_long_clip_goes_on_by_injection_too(images_only: ModelCard, recipe: Recipe) -> None:
    asked = recipe.changed(conditions=(Condition(media="a"),), num_frames=101)
    assert problems(asked, images_only) == []
    assert [p.field for p in problems(asked, images_only.changed(injected=()))] == ["num_frames"]


@pytest.mark.parametrize("timesteps", [[1000, 1000], [500, 900], [1001], [1000, 0], [1000, float("nan")]])
def test_timesteps_go_down(starter_card: ModelCard, timesteps: list[float]) -> None:
    with pytest.raises(ValueError, match="timesteps"):
        starter_card.changed(timesteps=timesteps)
    assert starter_card.changed(timesteps=[1000, 500.5, 0.03]).timesteps == (1000, 500.5, 0.03)


REFUSED = {"i2v": {"generate", "extend_backward"}, "flf2v": {"generate", "extend_backward"}}
CARDS = [card for card in map(read_card, sorted((RESOURCES / "models").glob("*.toml"))) if card.runs_here]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_the_shipped_cards_say_what_their_kind_can(card: ModelCard) -> None:
    table, kind = abilities(card), next((part for part in card.id.split("-") if part.endswith("2v")), card.family)
    assert {verb for verb, way in table.items() if way == "refused"} == REFUSED.get(kind, set())
    is_native = card.family == "ltx" or "vace" in card.id
    assert (set(table.values()) == {"native"}) == is_native
    if kind in REFUSED:
        assert (table["animate"], table["remix"]) == ("native", "native")
        assert table["in_between"] == ("injected" if card.id.startswith("wan2.1-i2v") else "native")
    assert len(card.timesteps) in (0, card.defaults.num_inference_steps)
