"""The model's size for a clip: one that it takes, of the clip's shape, about as large as its default."""

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.protocol.home import RESOURCES
from engine.protocol.media import MediaItem
from engine.protocol.model_card import ModelCard, SizeRule, read_card
from engine.protocol.recipe import Recipe
from engine.protocol.rules import problems
from engine.protocol.verbs import UNSEEN_STRETCH, matched_size

STARTER = read_card(RESOURCES / "models" / "starter.toml")
LTX = STARTER.changed(
    size={"multiple": 32, "smallest_edge": 64, "largest_edge": 1280, "largest_pixels": 1280 * 736},
    defaults={**STARTER.defaults.model_dump(), "width": 704, "height": 480},
)
ODD = STARTER.changed(size={"multiple": 32, "smallest_edge": 50, "largest_edge": 250, "largest_pixels": 49_152})
CARDS = [STARTER, LTX, ODD]
edges = st.integers(1, 400) | st.integers(1, 8192) | st.integers(2, 40).map(lambda units: units * 32)


def a_clip(width: int, height: int) -> MediaItem:
    return MediaItem(sha256="aa", kind="clip", format="mp4", size_bytes=1, width=width, height=height)


def accepts(card: ModelCard, width: int, height: int) -> bool:
    recipe = Recipe(
        model=card.id,
        prompt="",
        width=width,
        height=height,
        num_frames=9,
        fps=12,
        num_inference_steps=3,
        guidance_scale=3.0,
        seed=7,
    )
    return problems(recipe, card) == []


def all_sizes(rule: SizeRule) -> list[tuple[int, int]]:
    on_grid = [edge for edge in range(rule.smallest_edge, rule.largest_edge + 1) if edge % rule.multiple == 0]
    return [(w, h) for w in on_grid for h in on_grid if w * h <= rule.largest_pixels]


def is_near(card: ModelCard, width: int, height: int) -> bool:
    """At most twice or half as large as the default."""
    usual = card.defaults.width * card.defaults.height
    return usual / 2 <= width * height <= usual * 2


SIZES = {id(card): all_sizes(card.size) for card in CARDS}


@given(edges, edges, st.sampled_from(CARDS))
@example(1920, 1080, LTX)
@example(8192, 1, LTX)
@example(1, 8192, STARTER)
@settings(deadline=None)
def test_it_is_a_size_that_the_model_takes(width: int, height: int, card: ModelCard) -> None:
    matched = matched_size(a_clip(width, height), card)
    assert accepts(card, *matched)
    assert is_near(card, *matched) or matched == (width, height)


@given(edges, edges, st.sampled_from(CARDS))
@settings(deadline=None)
def test_a_size_that_the_model_takes_stays(width: int, height: int, card: ModelCard) -> None:
    assert (matched_size(a_clip(width, height), card) == (width, height)) == accepts(card, width, height)


@given(edges, edges, st.sampled_from(CARDS))
@settings(deadline=None)
def test_portrait_stays_portrait(width: int, height: int, card: ModelCard) -> None:
    matched_width, matched_height = matched_size(a_clip(width, height), card)
    assert (matched_width - matched_height) * (width - height) >= 0
    if not accepts(card, width, height):
        assert matched_size(a_clip(height, width), card) == (matched_height, matched_width)


@given(edges, edges, st.sampled_from(CARDS))
@settings(deadline=None)
def test_no_other_size_near_the_default_has_a_shape_that_is_visibly_nearer(
    width: int, height: int, card: ModelCard
) -> None:
    matched = matched_size(a_clip(width, height), card)
    near = [size for size in SIZES[id(card)] if is_near(card, *size)]

    def bent(size: tuple[int, int]) -> float:
        return abs(math.log(size[0] / size[1] * height / width))

    assert bent(matched) <= max(UNSEEN_STRETCH, min(bent(size) for size in near)) + 1e-9


@pytest.mark.parametrize(
    ("card", "width", "height", "matched"),
    [
        (STARTER, 1920, 1080, (160, 96)),
        (STARTER, 1080, 1920, (96, 160)),
        (STARTER, 640, 480, (128, 96)),
        (STARTER, 1000, 1000, (128, 128)),
        (STARTER, 192, 128, (192, 128)),
        (STARTER, 5000, 100, (256, 64)),
        (LTX, 1280, 736, (1280, 736)),
        (LTX, 1920, 1080, (800, 448)),
    ],
)
def test_in_numbers(card: ModelCard, width: int, height: int, matched: tuple[int, int]) -> None:
    assert matched_size(a_clip(width, height), card) == matched
