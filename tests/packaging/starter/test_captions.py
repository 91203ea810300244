"""Captions: five languages say what is in the scene."""

import numpy as np
import pytest
from starter.captions import caption, complete_caption, words
from starter.sizes import LANGUAGES
from starter.world.scenes import sample_scene

SCENE = {
    "setting": "beach",
    "time": "sunset",
    "subject": "balloon",
    "color": "red",
    "dir": "left",
    "weather": "none",
    "cam": "zoom_in",
    "style": "watercolor",
}


def mentions(text: str, choices: list[str]) -> bool:
    """Whether any of the ways to say it is in the text; templates count by their fixed words."""
    fixed = (part for choice in choices for part in choice.replace("{c}", "|").split("|"))
    return any(part.strip().lower() in text.lower() for part in fixed if len(part.strip()) > 1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_attributes_are_mentioned(language: str):
    rng = np.random.default_rng(3)
    texts = [caption(SCENE, rng, language, noisy=False) for _ in range(60)]
    lists = words(language)
    places = [part for place in lists["setting"]["beach"] for part in place.split(" with ")]
    assert all(mentions(text, places) for text in texts)
    for part, least in (("time", 40), ("style", 50), ("camera", 45), ("color", 40), ("subject", 50)):
        key = {"time": "sunset", "style": "watercolor", "camera": "zoom_in", "color": "red", "subject": "balloon"}[part]
        assert sum(mentions(text, lists[part][key]) for text in texts) >= least, part


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_scene_has_a_caption(language: str):
    rng = np.random.default_rng(0)
    for _ in range(100):
        text = caption(sample_scene(rng), rng, language)
        assert text.strip()
        assert "{" not in text
        assert "  " not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_complete_caption_leaves_nothing_unsaid(language: str):
    rng, lists = np.random.default_rng(5), words(language)
    for _ in range(30):
        text = complete_caption(SCENE, rng, language)
        for part, key in (("time", "sunset"), ("style", "watercolor"), ("camera", "zoom_in"), ("color", "red")):
            assert mentions(text, lists[part][key]), (part, text)
        assert mentions(text, lists["direction"]["left"]), text
