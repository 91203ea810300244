"""A draft becomes the recipe that it shows."""

import pytest
from pydantic import ValidationError

from engine.protocol.model_card import ModelCard
from engine.protocol.problem import ProblemsError
from engine.protocol.rules import problems
from studio.project.bible import BibleEntry
from studio.project.draft import Draft, Pin, frozen, full_prompt
from studio.project.phrases import phrase, phrases
from studio.project.sample import sample_project
from studio.views.phrase_words import phrase_words

MARA = BibleEntry(id="1", kind="character", name="Mara", description="a woman in red")
GRAIN = BibleEntry(id="2", kind="look", name="Grain", description="film grain")


def test_what_is_not_said_is_the_models_own(starter_card: ModelCard) -> None:
    recipe, usual = frozen(Draft(prompt="a beach", seed=5), (), starter_card), starter_card.defaults
    assert (recipe.width, recipe.height, recipe.num_frames) == (usual.width, usual.height, usual.num_frames)
    assert (recipe.fps, recipe.num_inference_steps) == (usual.fps, usual.num_inference_steps)
    assert (recipe.prompt, recipe.seed, recipe.guidance_scale) == ("a beach", 5, usual.guidance_scale)
    assert problems(recipe, starter_card) == []


def test_what_is_said_counts(starter_card: ModelCard) -> None:
    said = {"negative_prompt": "", "width": 64, "height": 96, "num_frames": 9, "fps": 8.0, "num_inference_steps": 3}
    recipe = frozen(Draft.model_validate({**said, "guidance_scale": 1.0, "loop": True}), (), starter_card)
    assert {name: getattr(recipe, name) for name in said} == said
    assert recipe.loop


def test_phrases_and_bible_are_folded_in(starter_card: ModelCard) -> None:
    draft = Draft(prompt="@Mara walks", style="noir", camera="pan_left", light="night")
    prompt = frozen(draft, (MARA, GRAIN), starter_card).prompt
    assert prompt == (
        "Mara (a woman in red) walks, at night, under the stars, camera panning left, "
        "film noir style, black and white, film grain"
    )
    assert prompt == full_prompt(draft, (MARA, GRAIN))


def test_phrases_that_are_not_there_are_problems(starter_card: ModelCard) -> None:
    with pytest.raises(ProblemsError) as raised:
        frozen(Draft(style="gone", light="pan_left"), (), starter_card)
    assert [(p.field, p.kind, p.value) for p in raised.value.problems] == [
        ("light", "missing", "pan_left"),
        ("style", "missing", "gone"),
    ]


@pytest.mark.parametrize(
    ("seconds", "loop", "frames"),
    [(1.0, False, 13), (1.5, False, 21), (0.01, False, 1), (1.0, True, 12), (0.01, True, 4)],
)
def test_seconds_become_a_length_that_the_model_has(
    starter_card: ModelCard, seconds: float, loop: bool, frames: int
) -> None:
    assert frozen(Draft(seconds=seconds, loop=loop), (), starter_card).num_frames == frames


def test_images_keep_their_place_when_the_length_changes(starter_card: ModelCard) -> None:
    images = (
        Pin(place="end", media="e" * 64, strength=0.5),
        Pin(place="start", media="a" * 64),
        Pin(place="middle", media="b" * 64),
        Pin(place=3, media="c" * 64),
    )
    places = {
        frames: [c.frame_index for c in frozen(Draft(images=images, num_frames=frames), (), starter_card).conditions]
        for frames in (17, 25)
    }
    assert places == {17: [0, 3, 8, 16], 25: [0, 3, 12, 24]}
    recipe = frozen(Draft(images=images), (), starter_card)
    assert [c.strength for c in recipe.conditions] == [1.0, 1.0, 1.0, 0.5]
    assert problems(recipe, starter_card) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"num_frames": 9, "seconds": 1.0},
        {"seconds": 0},
        {"seconds": float("nan")},
        {"images": [{"place": "nowhere", "media": "a" * 64}]},
        {"images": [{"place": -1, "media": "a" * 64}]},
        {"images": [{"place": "start", "media": "../../etc/passwd"}]},
        {"strength": 2},
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Draft.model_validate(fields)


def test_half_an_emoji_does_no_harm() -> None:
    assert Draft(prompt="a \ud83c\udfd6 b \ud83c").prompt == "a 🏖 b \ufffd"
    assert Draft(negative_prompt="\udfd6").model_dump_json()


def test_the_phrases_are_whole() -> None:
    ids = [(each.kind, each.id) for each in phrases()]
    assert len(set(ids)) == len(ids)
    assert {kind: sum(k == kind for k, _ in ids) for kind, _ in ids} == {"style": 8, "camera": 8, "light": 8}
    assert all(phrase_words(each.kind, each.id) != each.id for each in phrases()), "every chip has its words"
    assert all(each.text and "@" not in each.text for each in phrases())
    for style in ("realistic", "noir", "cartoon", "vintage", "watercolor"):
        assert phrase("style", style)


def test_the_sample_can_be_sent_as_it_is(starter_card: ModelCard) -> None:
    project = sample_project("My first film", clock=lambda: 5.0)
    first = project.shots[0]
    assert first.draft.prompt == ("A serene beach at sunset with waves gently crashing and seagulls flying overhead")
    assert (len(project.shots), project.last_open_shot, project.created_at) == (3, first.id, 5.0)
    assert len({shot.id for shot in project.shots}) == 3
    for shot in project.shots:
        assert problems(frozen(shot.draft, project.bible, starter_card), starter_card) == []
