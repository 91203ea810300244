"""Footage, times and drafts that verbs cannot use: a Problem that names the field, never another exception."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.protocol import verbs
from engine.protocol.home import RESOURCES
from engine.protocol.media import MediaItem
from engine.protocol.model_card import ModelCard, read_card
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.recipe import Recipe
from engine.protocol.rules import problems

CARD = read_card(RESOURCES / "models" / "starter.toml")
DRAFT = Recipe(
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
CLIP = MediaItem(
    sha256="aa" * 32,
    kind="clip",
    format="mp4",
    size_bytes=1,
    width=64,
    height=48,
    num_frames=48,
    fps=24.0,
    duration_s=2.0,
    has_audio=True,
)
IMAGE = MediaItem(sha256="bb" * 32, kind="image", format="png", size_bytes=1, width=64, height=48)
UNCOUNTABLE = CLIP.changed(num_frames=0)
RATELESS = CLIP.changed(fps=None)

On = Callable[[Recipe, ModelCard, MediaItem], Recipe]
ON_ONE: dict[str, On] = {
    "extend": lambda draft, card, clip: verbs.extend(draft, card, clip, 1.0),
    "extend_backward": lambda draft, card, clip: verbs.extend_backward(draft, card, clip, 1.0),
    "loop": lambda draft, card, clip: verbs.loop(draft, card, clip, 1.0),
    "bridge": lambda draft, card, clip: verbs.bridge(draft, card, clip, CLIP, 1.0),
    "retake": lambda draft, card, clip: verbs.retake(draft, card, clip, 0.5, 1.0),
    "remix": lambda draft, card, clip: verbs.remix(draft, card, clip, 0.5),
}
NEW: dict[str, Callable[[float], Recipe]] = {
    "extend": lambda seconds: verbs.extend(DRAFT, CARD, CLIP, seconds),
    "extend_backward": lambda seconds: verbs.extend_backward(DRAFT, CARD, CLIP, seconds),
    "loop": lambda seconds: verbs.loop(DRAFT, CARD, CLIP, seconds),
    "bridge": lambda seconds: verbs.bridge(DRAFT, CARD, CLIP, CLIP, seconds),
}


def refused(call: Callable[[], Recipe]) -> Problem:
    with pytest.raises(ProblemsError) as caught:
        call()
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize("verb", ON_ONE)
@pytest.mark.parametrize(
    ("item", "detail"), [(IMAGE, "an image"), (UNCOUNTABLE, "cannot be counted"), (RATELESS, "cannot be counted")]
)
def test_footage_that_is_no_use(verb: str, item: MediaItem, detail: str) -> None:
    problem = refused(lambda: ON_ONE[verb](DRAFT, CARD, item))
    assert (problem.field, problem.kind) == ("clip", "unsupported")
    assert detail in problem.detail


@pytest.mark.parametrize("item", [IMAGE, UNCOUNTABLE, RATELESS])
def test_the_clip_behind_a_bridge_that_is_no_use(item: MediaItem) -> None:
    problem = refused(lambda: verbs.bridge(DRAFT, CARD, CLIP, item, 1.0))
    assert (problem.field, problem.kind) == ("behind", "unsupported")


@pytest.mark.parametrize("verb", NEW)
@pytest.mark.parametrize("seconds", [math.nan, math.inf, -math.inf, 0.0, -0.0, -1.0, -1e308])
def test_lengths_that_are_none(verb: str, seconds: float) -> None:
    problem = refused(lambda: NEW[verb](seconds))
    assert (problem.field, problem.kind) == ("seconds", "invalid")


@pytest.mark.parametrize("verb", NEW)
@pytest.mark.parametrize("seconds", [9001.0, 1e12, 1e308])
def test_lengths_beyond_any_take(verb: str, seconds: float) -> None:
    problem = refused(lambda: NEW[verb](seconds))
    assert (problem.field, problem.kind, problem.nearest) == ("seconds", "too_large", 9000)


@pytest.mark.parametrize("verb", NEW)
def test_lengths_beyond_the_model_s_are_said_by_the_rules(verb: str) -> None:
    wrong = problems(NEW[verb](8000.0), CARD)
    assert [(p.field, p.kind) for p in wrong] == [("num_frames", "too_large")]


@pytest.mark.parametrize("verb", NEW)
@pytest.mark.parametrize("seconds", [1e-9, 1 / 49, 5e-324])
def test_at_least_one_frame_is_made(verb: str, seconds: float) -> None:
    recipe = NEW[verb](seconds)
    assert recipe.take_frames == (1 if verb == "bridge" else 49)
    assert problems(recipe, CARD) == []


@pytest.mark.parametrize("verb", [verbs.extend, verbs.extend_backward])
@pytest.mark.parametrize(("at", "nearest"), [(-1, 0), (48, 47), (10**30, 47), (-(10**30), 0)])
def test_frames_outside_the_clip(verb: Callable[..., Recipe], at: int, nearest: int) -> None:
    problem = refused(lambda: verb(DRAFT, CARD, CLIP, 1.0, at=at))
    assert (problem.field, problem.kind, problem.value, problem.nearest) == ("at", "outside_clip", at, nearest)


@pytest.mark.parametrize(
    ("start_s", "end_s", "field", "kind"),
    [
        (1.0, 0.5, "to", "too_small"),
        (1.0, 1.0, "to", "too_small"),
        (1.0, 1.0 + 1 / 49, "to", "too_small"),
        (2.0, 2.0, "to", "too_small"),
        (0.0, 0.0, "to", "too_small"),
        (-0.1, 1.0, "from", "outside_clip"),
        (2.1, 3.0, "from", "outside_clip"),
        (1.0, 2.1, "to", "outside_clip"),
        (1.0, -1.0, "to", "outside_clip"),
        (1.0, 1e308, "to", "outside_clip"),
        (math.nan, 1.0, "from", "invalid"),
        (0.0, math.nan, "to", "invalid"),
        (-math.inf, 1.0, "from", "invalid"),
        (0.0, math.inf, "to", "invalid"),
        (0.0, 2.0, "from", "unsupported"),
        (0.0, 2.0005, "from", "unsupported"),
        (1 / 49, 2.0 - 1 / 49, "from", "unsupported"),
    ],
)
def test_ranges_that_are_none(start_s: float, end_s: float, field: str, kind: str) -> None:
    problem = refused(lambda: verbs.retake(DRAFT, CARD, CLIP, start_s, end_s))
    assert (problem.field, problem.kind) == (field, kind)
    if kind == "outside_clip":
        assert problem.nearest == min(max(start_s if field == "from" else end_s, 0.0), 2.0)


def test_a_clip_of_one_frame_has_no_part_to_retake() -> None:
    problem = refused(lambda: verbs.retake(DRAFT, CARD, CLIP.changed(num_frames=1), 0.0, 1 / 24))
    assert (problem.field, problem.kind) == ("from", "unsupported")


@pytest.mark.parametrize("strength", [math.nan, math.inf, -math.inf])
def test_a_strength_that_is_no_number(strength: float) -> None:
    problem = refused(lambda: verbs.remix(DRAFT, CARD, CLIP, strength))
    assert (problem.field, problem.kind) == ("source.strength", "invalid")


@pytest.mark.parametrize(("strength", "kind"), [(-0.5, "too_small"), (0.0, "too_small"), (1.5, "too_large")])
def test_a_strength_that_the_rules_refuse(strength: float, kind: str) -> None:
    wrong = problems(verbs.remix(DRAFT, CARD, CLIP, strength), CARD)
    assert [(p.field, p.kind) for p in wrong] == [("source.strength", kind)]


@pytest.mark.parametrize("verb", ON_ONE)
@pytest.mark.parametrize(
    ("fps", "kind", "nearest"),
    [
        (0.0, "too_small", 1),
        (-1.0, "too_small", 1),
        (1e-300, "too_small", 1),
        (121.0, "too_large", 120),
        (1e308, "too_large", 120),
    ],
)
def test_a_draft_without_a_rate(verb: str, fps: float, kind: str, nearest: float) -> None:
    problem = refused(lambda: ON_ONE[verb](DRAFT.changed(fps=fps), CARD, CLIP))
    assert (problem.field, problem.kind, problem.nearest) == ("fps", kind, nearest)


@pytest.mark.parametrize("verb", ON_ONE)
def test_a_model_that_only_animates_is_said_by_the_rules(verb: str) -> None:
    card = CARD.changed(conditions=["first_image"])
    wrong = problems(ON_ONE[verb](DRAFT, card, CLIP), card)
    assert wrong
    assert {p.kind for p in wrong} == {"unsupported"}


any_float = st.floats() | st.floats(0, 3)


@given(st.sampled_from(list(NEW)), any_float)
@settings(deadline=None)
def test_no_length_breaks_a_verb(verb: str, seconds: float) -> None:
    try:
        recipe = NEW[verb](seconds)
    except ProblemsError:
        return
    problems(recipe, CARD)


@given(any_float, any_float, any_float)
@settings(deadline=None)
def test_no_range_and_no_strength_breaks_a_verb(start_s: float, end_s: float, strength: float) -> None:
    for call in (
        lambda: verbs.retake(DRAFT, CARD, CLIP, start_s, end_s),
        lambda: verbs.remix(DRAFT, CARD, CLIP, strength),
    ):
        try:
            recipe = call()
        except ProblemsError:
            continue
        assert {p.field for p in problems(recipe, CARD)} <= {"source.strength"}
