"""The engine computes exactly what a plain diffusers pipeline computes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import GGUFQuantizationConfig, LTXConditionPipeline, LTXVideoTransformer3DModel
from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXVideoCondition
from PIL import Image

from engine.protocol.condition import Condition
from engine.protocol.home import RESOURCES
from engine.protocol.recipe import Recipe
from engine.render.loaded import Loaded
from engine.render.preview import PreviewSender


@pytest.fixture(scope="module")
def plain(starter: Loaded) -> LTXConditionPipeline:
    """The same weights through diffusers' own loaders."""
    folder, dtype = RESOURCES / "models" / "starter", starter.device.dtype
    transformer = LTXVideoTransformer3DModel.from_single_file(
        str(folder / "transformer" / "diffusion_pytorch_model.gguf"),
        config=str(folder / "transformer"),
        quantization_config=GGUFQuantizationConfig(compute_dtype=dtype),
        dtype=dtype,
        local_files_only=True,
    )
    pipeline = LTXConditionPipeline.from_pretrained(folder, transformer=transformer, dtype=dtype)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def reference(plain: LTXConditionPipeline, starter: Loaded, recipe: Recipe, output: str, **more: object) -> object:
    """What the plain pipeline makes of the recipe."""
    options = starter.weights.card.options
    with torch.no_grad():
        return plain(
            prompt=recipe.prompt,
            negative_prompt=recipe.negative_prompt,
            width=recipe.width,
            height=recipe.height,
            num_frames=recipe.num_frames,
            frame_rate=recipe.fps,
            num_inference_steps=recipe.num_inference_steps,
            guidance_scale=recipe.guidance_scale,
            max_sequence_length=int(options["max_sequence_length"]),
            image_cond_noise_scale=options["image_cond_noise_scale"],
            generator=torch.Generator("cpu").manual_seed(recipe.seed),
            output_type=output,
            **more,
        ).frames


@pytest.mark.parametrize("previews", [True, False])
@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_final_latents_are_byte_equal(render, plain, starter, recipe, witness, monkeypatch, previews, guidance) -> None:
    recipe = recipe.changed(guidance_scale=guidance, negative_prompt="blurry")
    monkeypatch.setattr(PreviewSender, "is_due", lambda _: previews)
    rendered = render(recipe)
    expected = reference(plain, starter, recipe, "latent")
    assert bool(witness.previews) == previews
    assert rendered.latents.numpy().tobytes() == expected.numpy().tobytes()


def test_images_at_both_ends_and_between_are_byte_equal(render, plain, starter, recipe, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    stills = [rng.integers(0, 255, (recipe.height, recipe.width, 3), np.uint8) for _ in range(3)]
    files = {}
    for name, still in zip("abc", stills, strict=True):
        files[name] = tmp_path / f"{name}.png"
        Image.fromarray(still).save(files[name])
    indices = (0, 4, recipe.num_frames - 1)
    pinned = tuple(Condition(media=name, frame_index=i) for name, i in zip("abc", indices, strict=True))
    rendered = render(recipe.changed(conditions=pinned), media_files=files)
    conditions = [LTXVideoCondition(Image.fromarray(s), frame_index=i) for s, i in zip(stills, indices, strict=True)]
    expected = reference(plain, starter, recipe, "latent", conditions=conditions)
    assert rendered.latents.numpy().tobytes() == expected.numpy().tobytes()


def test_decoding_is_the_pipelines_own(render, plain, starter, recipe) -> None:
    frames = render(recipe).frames
    expected = np.asarray(reference(plain, starter, recipe, "np"))[0]
    assert frames.shape == expected.shape
    # the pipeline scales to 0…1 in bfloat16, which alone is half a level; ours scales in float32
    assert np.abs(frames - expected * 255).max() <= 1.02


def test_same_recipe_twice_gives_the_same_pixels_and_another_seed_does_not(render, recipe) -> None:
    first, again, other = (render(recipe.changed(seed=seed)).frames for seed in (7, 7, 8))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
