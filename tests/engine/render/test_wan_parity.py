"""Wan through the engine computes exactly what diffusers' own pipelines compute, for all they can do themselves."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import WanImageToVideoPipeline, WanPipeline, WanVACEPipeline, WanVideoToVideoPipeline
from PIL import Image

from engine.media.video_write import write_video
from engine.protocol.condition import Condition, Source
from engine.protocol.recipe import Recipe
from engine.render.loaded import Loaded

TEXT = ["t2v", "t2v-a14b", "ti2v-5b", "vace", "vace-a14b"]
IMAGE = ["i2v", "i2v-a14b", "ti2v-5b"]
FIRST_AND_LAST = ["flf", "i2v-a14b"]


@pytest.fixture
def quick(recipe: Recipe) -> Recipe:
    return recipe.changed(prompt="a beach &amp; sunset", width=64, height=32, num_inference_steps=4, fps=16)


@pytest.fixture
def stills(tmp_path: Path) -> dict[str, Path]:
    rng = np.random.default_rng(0)
    files = {name: tmp_path / f"{name}.png" for name in "ab"}
    for path in files.values():
        Image.fromarray(rng.integers(0, 255, (32, 64, 3), np.uint8)).save(path)
    return files


def plain(cls: Any, loaded: Loaded, recipe: Recipe, **more: object) -> torch.Tensor:
    """What a pipeline of diffusers makes of the recipe with the same weights."""
    parts = dict(loaded.pipeline.components)
    config = loaded.pipeline.config
    for name in ("boundary_ratio", "expand_timesteps"):
        if name in config:
            parts[name] = config[name]
    pipeline = cls(**{name: part for name, part in parts.items() if name in cls.__init__.__annotations__})
    pipeline.set_progress_bar_config(disable=True)
    frames = {} if cls is WanVideoToVideoPipeline else {"num_frames": recipe.num_frames}
    with torch.no_grad():
        return pipeline(
            prompt=recipe.prompt,
            negative_prompt=recipe.negative_prompt,
            width=recipe.width,
            height=recipe.height,
            num_inference_steps=recipe.num_inference_steps,
            guidance_scale=recipe.guidance_scale,
            max_sequence_length=32,
            generator=torch.Generator("cpu").manual_seed(recipe.seed),
            output_type="latent",
            **frames,
            **more,
        ).frames


def same(rendered: Any, expected: torch.Tensor) -> bool:
    return rendered.latents.numpy().tobytes() == expected.numpy().tobytes()


@pytest.mark.parametrize("kind", TEXT)
@pytest.mark.parametrize("guidance", [1.0, 5.0])
def test_text(render, tiny: Callable[[str], Loaded], quick: Recipe, kind: str, guidance: float) -> None:
    loaded, recipe = tiny(kind), quick.changed(guidance_scale=guidance, negative_prompt="blurry")
    cls = WanVACEPipeline if kind.startswith("vace") else WanPipeline
    assert same(render(recipe, loaded=loaded), plain(cls, loaded, recipe))


@pytest.mark.parametrize("kind", IMAGE)
def test_a_first_image(render, tiny: Callable[[str], Loaded], quick: Recipe, stills, kind: str) -> None:
    loaded = tiny(kind)
    made = render(quick.changed(conditions=[Condition(media="a")]), loaded=loaded, media_files=stills)
    image = Image.open(stills["a"])
    assert same(made, plain(WanImageToVideoPipeline, loaded, quick, image=image))


@pytest.mark.parametrize("kind", FIRST_AND_LAST)
def test_a_first_and_a_last_image(render, tiny: Callable[[str], Loaded], quick: Recipe, stills, kind: str) -> None:
    loaded, ends = tiny(kind), [Condition(media="a"), Condition(media="b", frame_index=8)]
    made = render(quick.changed(conditions=ends), loaded=loaded, media_files=stills)
    first, last = (Image.open(stills[name]) for name in "ab")
    assert same(made, plain(WanImageToVideoPipeline, loaded, quick, image=first, last_image=last))


@pytest.mark.parametrize("kind", ["vace", "vace-a14b"])
def test_known_frames_anywhere(render, tiny: Callable[[str], Loaded], quick: Recipe, stills, kind: str) -> None:
    loaded, places = tiny(kind), [Condition(media="a", frame_index=2), Condition(media="b", frame_index=8)]
    made = render(quick.changed(conditions=places), loaded=loaded, media_files=stills)
    video, mask = np.full((9, 32, 64, 3), 0.5, np.float32), np.ones((9, 32, 64, 3), np.float32)
    for place in places:
        video[place.frame_index] = np.asarray(Image.open(stills[place.media]), np.float32) / 255
        mask[place.frame_index] = 0
    assert same(made, plain(WanVACEPipeline, loaded, quick, video=[video], mask=[mask]))
    assert not same(made, plain(WanVACEPipeline, loaded, quick))


@pytest.mark.parametrize("strength", [0.3, 0.5, 0.75, 1.0])
def test_a_remix(render, tiny: Callable[[str], Loaded], quick: Recipe, tmp_path: Path, strength: float) -> None:
    loaded, path = tiny("t2v"), tmp_path / "clip.mkv"
    clip = np.random.default_rng(1).integers(0, 255, (9, 32, 64, 3), np.uint8)
    write_video(path, clip, 16, container="mkv")
    recipe = quick.changed(source=Source(media="clip", strength=strength), num_inference_steps=7)
    made = render(recipe, loaded=loaded, media_files={"clip": path})
    video = [Image.fromarray(frame) for frame in clip]
    assert made.step == int(7 * strength)
    assert same(made, plain(WanVideoToVideoPipeline, loaded, recipe, video=video, strength=strength))


def test_decoding_is_the_pipelines_own(render, tiny: Callable[[str], Loaded], quick: Recipe) -> None:
    for kind in ("t2v", "ti2v-5b"):
        loaded = tiny(kind)
        made = render(quick, loaded=loaded)
        pipeline = WanPipeline(
            **{k: v for k, v in loaded.pipeline.components.items() if not k.startswith("image")},
        )
        vae, latents = pipeline.vae, made.latents
        mean, deviation = (
            torch.tensor(v).view(1, -1, 1, 1, 1) for v in (vae.config.latents_mean, vae.config.latents_std)
        )
        with torch.no_grad():
            decoded = vae.decode(latents / (1 / deviation) + mean, return_dict=False)[0]
        expected = pipeline.video_processor.postprocess_video(decoded, output_type="np")[0]
        assert np.abs(made.frames - expected * 255).max() <= 0.51


def test_loading_is_diffusers_own(tiny: Callable[[str], Loaded], tiny_wan: Callable[[str], Path]) -> None:
    loaded = tiny("t2v-a14b")
    theirs = WanPipeline.from_pretrained(
        tiny_wan("t2v-a14b"), dtype={"vae": torch.float32, "default": loaded.device.dtype}
    )
    for name in ("transformer", "transformer_2", "vae", "text_encoder"):
        mine, other = (getattr(p, name).state_dict() for p in (loaded.pipeline, theirs))
        assert mine.keys() == other.keys()
        assert all(torch.equal(mine[key], other[key]) and mine[key].dtype == other[key].dtype for key in mine), name
    assert dict(loaded.pipeline.scheduler.config).items() <= dict(theirs.scheduler.config).items()
