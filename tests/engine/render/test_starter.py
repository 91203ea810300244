"""The shipped model and prompts that nobody trained it for: the nearest scene or a pleasant clip, never noise."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe
from engine.render.loaded import Loaded


def roughness(frames: np.ndarray) -> float:
    """How much neighbouring pixels differ, against how much all do: 1 is white noise, a smooth picture is near 0."""
    gray = frames.astype(np.float64).mean(-1)
    near = np.abs(np.diff(gray, axis=2)).mean() + np.abs(np.diff(gray, axis=1)).mean()
    return float(near / 2 / max(gray.std(axis=(1, 2)).mean(), 1e-9))


@pytest.fixture(scope="module")
def noise(starter: Loaded) -> np.ndarray:
    """What the model's decoder makes of latents that mean nothing."""
    latents = torch.randn((1, 48, 3, 6, 8), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        return starter.family.decode(starter.pipeline, latents)


@pytest.mark.parametrize(
    "prompt",
    ["a dragon eating pizza in the kitchen", "zxcvb qwrt lkjhg", "🐉🍕", "量子力学の講義", "no " * 500],
    ids=["outside", "letters", "pictures", "japanese", "long"],
)
def test_a_prompt_outside_its_world_gives_a_scene(
    render: Callable, recipe: Recipe, noise: np.ndarray, prompt: str
) -> None:
    frames = render(recipe.changed(prompt=prompt, num_inference_steps=8, guidance_scale=4.0)).frames
    assert roughness(frames) < 0.6 * roughness(noise)
    assert 8 < frames.std(axis=(1, 2)).mean() < 100
    assert np.abs(np.diff(frames.astype(int), axis=0)).mean() < 0.5 * np.abs(np.diff(noise.astype(int), axis=0)).mean()


def test_an_empty_prompt_gives_what_the_card_says(render: Callable, recipe: Recipe, starter_card: ModelCard) -> None:
    wanted = recipe.changed(prompt=starter_card.empty_prompt, guidance_scale=4.0)
    assert starter_card.empty_prompt
    for nothing in ("", " \n"):
        assert np.array_equal(render(wanted.changed(prompt=nothing)).frames, render(wanted).frames)
