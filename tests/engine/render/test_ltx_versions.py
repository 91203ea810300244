"""Every version of LTX-Video computes what diffusers computes, distilled schedules and the decoder's own step too."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import LTXConditionPipeline
from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXVideoCondition
from PIL import Image

from engine.media.video_write import write_video
from engine.protocol.condition import Condition, Source
from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe
from engine.protocol.rules import problems, snap
from engine.render.loaded import Loaded
from engine.render.preview import PreviewSender
from engine.weights.store import Weights, WeightsError

DISTILLED = [1000, 993, 987, 981, 975, 909, 725, 0.03]


@pytest.fixture
def quick(recipe: Recipe) -> Recipe:
    return recipe.changed(width=64, height=32, num_frames=17, fps=24, num_inference_steps=8, guidance_scale=1.0)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mkv"
    frames = np.random.default_rng(1).integers(0, 255, (17, 32, 64, 3), np.uint8)
    write_video(path, frames, 24, container="mkv")
    return path


def plain(loaded: Loaded, recipe: Recipe, output: str = "latent", **more: Any) -> Any:
    """What diffusers' own pipeline makes of it with the same weights."""
    pipeline = LTXConditionPipeline(**loaded.pipeline.components)
    pipeline.set_progress_bar_config(disable=True)
    with torch.no_grad():
        return pipeline(
            prompt=recipe.prompt,
            negative_prompt=recipe.negative_prompt,
            width=recipe.width,
            height=recipe.height,
            num_frames=recipe.num_frames,
            frame_rate=recipe.fps,
            num_inference_steps=recipe.num_inference_steps,
            guidance_scale=recipe.guidance_scale,
            max_sequence_length=32,
            generator=torch.Generator("cpu").manual_seed(recipe.seed),
            output_type=output,
            **more,
        ).frames


def test_a_distilled_model_takes_its_own_timesteps(render, tiny: Callable[[str], Loaded], quick: Recipe) -> None:
    loaded = tiny("0.9.8")
    made = render(quick, loaded=loaded)
    assert made.step == 8
    expected = plain(loaded, quick, timesteps=DISTILLED, image_cond_noise_scale=0.0)
    assert made.latents.numpy().tobytes() == expected.numpy().tobytes()
    assert not torch.equal(made.latents, plain(loaded, quick, image_cond_noise_scale=0.0))


@pytest.mark.parametrize("strength", [0.3, 0.75])
def test_a_remix_begins_in_the_middle_of_them(render, tiny, quick: Recipe, clip: Path, strength: float) -> None:
    loaded = tiny("0.9.8")
    recipe = quick.changed(source=Source(media="clip", strength=strength))
    made = render(recipe, loaded=loaded, media_files={"clip": clip})
    assert made.step == int(8 * strength) == recipe.steps_per_section
    from engine.media.video_read import read_frames

    with torch.inference_mode():
        start = loaded.family.encode(loaded.pipeline, np.stack(list(read_frames(clip))))
    more = {"latents": start, "denoise_strength": strength, "image_cond_noise_scale": 0.0}
    expected = plain(loaded, recipe, timesteps=DISTILLED, **more)
    assert made.latents.numpy().tobytes() == expected.numpy().tobytes()


def test_another_number_of_steps_is_rounded_to_theirs(card_of: Callable[..., ModelCard], quick: Recipe) -> None:
    card = card_of("0.9.8")
    (problem,) = problems(quick.changed(num_inference_steps=30), card)
    assert (problem.field, problem.kind, problem.nearest) == ("num_inference_steps", "off_grid", 8)
    snapped, rounded = snap(quick.changed(num_inference_steps=30), card)
    assert (snapped.num_inference_steps, len(rounded)) == (8, 1)


@pytest.mark.parametrize("kind", ["0.9.1", "0.9.8"])
def test_the_decoder_gets_the_timestep_and_the_noise_of_its_version(
    tiny, monkeypatch, quick: Recipe, kind: str
) -> None:
    loaded, seen = tiny(kind), []
    pipeline, latents = loaded.pipeline, torch.zeros(1, 8, 3, 1, 2)
    decode = type(pipeline.vae).decode

    def watching(vae: Any, z: torch.Tensor, timestep: torch.Tensor, **more: Any) -> Any:
        seen.append((float(timestep), float(z.float().std())))
        return decode(vae, z, timestep, **more)

    monkeypatch.setattr(type(pipeline.vae), "decode", watching)
    with torch.inference_mode():
        first, again = (loaded.family.decode(pipeline, latents) for _ in range(2))
    assert np.array_equal(first, again)
    assert first.shape == (17, 32, 64, 3)
    timestep, spread = seen[0]
    said = loaded.weights.card.options
    assert timestep == pytest.approx(said.get("decode_timestep", 0.0), rel=1e-2)
    assert spread == pytest.approx(said.get("decode_noise_scale", 0.0), rel=0.5)


def test_decoding_is_the_pipelines_own_where_no_noise_is_left(render, tiny, quick: Recipe) -> None:
    loaded = tiny("0.9.1")
    made = render(quick, loaded=loaded)
    expected = np.asarray(plain(loaded, quick, "np"))[0]
    difference = np.abs(made.frames - expected * 255)
    assert float(np.mean(difference)) < 1.5  # noise of the decoder's own layers, and bfloat16


def test_what_is_kept_stands_in_front_and_comes_out_as_it_is(
    render, tiny, quick: Recipe, tmp_path: Path, monkeypatch
) -> None:
    """Tokens of a later keyframe are prepended; a clip that is unpacked from the wrong end shows the image first."""
    Image.fromarray(np.full((32, 64, 3), 200, np.uint8)).save(tmp_path / "a.png")
    seen: list[torch.Tensor] = []
    monkeypatch.setattr(PreviewSender, "is_due", lambda _: True)
    monkeypatch.setattr(PreviewSender, "offer", lambda _, step, latents: seen.append(latents.clone()))
    recipe = quick.changed(conditions=[Condition(media="a", frame_index=16)], guidance_scale=3.0)
    loaded = tiny("0.9.0")
    made = render(recipe, loaded=loaded, media_files={"a": tmp_path / "a.png"})
    assert seen[-1].shape == made.latents[0].shape
    assert torch.allclose(seen[-1], made.latents[0], atol=1e-4)
    image = LTXVideoCondition(image=Image.open(tmp_path / "a.png"), frame_index=16)
    expected = plain(loaded, recipe, conditions=[image])
    assert made.latents.numpy().tobytes() == expected.numpy().tobytes()


def test_the_sign_of_the_velocity_does_not_matter(render, tiny, quick: Recipe, monkeypatch) -> None:
    """The pipeline hands its scheduler the negative of what others do; the clean clip comes out all the same."""
    seen: list[torch.Tensor] = []
    monkeypatch.setattr(PreviewSender, "is_due", lambda _: True)
    monkeypatch.setattr(PreviewSender, "offer", lambda _, step, latents: seen.append(latents.clone()))
    loaded, calls = tiny("0.9.0"), []
    hook = loaded.pipeline.transformer.register_forward_hook(
        lambda _, args, kwargs, out: calls.append(
            (kwargs["hidden_states"].float(), out[0].float(), kwargs["timestep"])
        ),
        with_kwargs=True,
    )
    try:
        render(quick, loaded=loaded)
    finally:
        hook.remove()
    for clean, (sample, velocity, timestep) in zip(seen, calls, strict=True):
        sigma = timestep.flatten()[0] / 1000
        expected = (sample - sigma * velocity)[0].reshape(3, 1, 2, -1).permute(3, 0, 1, 2)
        assert torch.allclose(clean, expected, atol=0.05)


def test_a_schedule_without_a_seed_is_refused(tiny: Callable[[str], Loaded], tmp_path: Path) -> None:
    import json
    import shutil

    loaded = tiny("0.9.8")
    folder = Path(shutil.copytree(loaded.weights.folder, tmp_path / "copy"))
    path = folder / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "stochastic_sampling": True}))
    with pytest.raises(WeightsError, match="stochastic"):
        loaded.family.load(Weights(loaded.weights.card, folder), "cpu", torch.float32)
