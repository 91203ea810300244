"""What Wan's pipelines do without a word, and what they must not be made to do."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from diffusers import WanImageToVideoPipeline
from PIL import Image
from safetensors.torch import load_file

from engine.families.family import Inputs, Known
from engine.families.wan.adapter import Wan
from engine.families.wan.pins import pinned
from engine.families.wan.timeline import Timeline
from engine.memory.device import find
from engine.memory.offload import place
from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe
from engine.render.loaded import Loaded, PromptCache, load
from engine.weights.components import load_clip_vision, load_umt5
from engine.weights.store import Weights, WeightsError

ALL = ["t2v", "t2v-a14b", "i2v", "flf", "i2v-a14b", "ti2v-5b", "vace", "vace-a14b"]


def noisy(seed: int, count: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (count, 32, 64, 3), np.uint8)


def made(family: Wan, pipeline: Any, weights: Weights, recipe: Recipe, *known: Known) -> torch.Tensor:
    with torch.inference_mode():
        positive, negative = (family.embed(pipeline, weights, text) for text in ("a beach", ""))
        generator = torch.Generator("cpu").manual_seed(3)
        inputs = Inputs(recipe, known, None, positive, negative if recipe.guidance_scale > 1 else None, generator)
        return family.denoise(pipeline, weights, inputs)


@pytest.fixture
def quick(recipe: Recipe) -> Recipe:
    return recipe.changed(width=64, height=32, num_inference_steps=3, fps=16)


def latents(loaded: Loaded, recipe: Recipe, *known: Known) -> torch.Tensor:
    return made(Wan(), loaded.pipeline, loaded.weights, recipe, *known)


def test_the_last_image_of_ti2v_5b_counts(tiny: Callable[[str], Loaded], quick: Recipe) -> None:
    """diffusers' own pipeline ignores it there; ours must not, and the clip has to end with it."""
    loaded, first = tiny("ti2v-5b"), Known(noisy(0), 0, 1.0)
    ends = [latents(loaded, quick, first, Known(noisy(seed), 8, 1.0)) for seed in (1, 2)]
    assert not torch.equal(ends[0], ends[1])
    theirs = WanImageToVideoPipeline(**loaded.pipeline.components, expand_timesteps=True)
    theirs.set_progress_bar_config(disable=True)
    with torch.no_grad():
        images = {"image": Image.fromarray(noisy(0)[0]), "last_image": Image.fromarray(noisy(1)[0])}
        sizes = {"width": 64, "height": 32, "num_frames": 9, "num_inference_steps": 3, "output_type": "latent"}
        ignoring = [
            theirs(**{**images, **more}, prompt="a", **sizes, generator=torch.Generator().manual_seed(3)).frames
            for more in ({}, {"last_image": None})
        ]
    assert torch.equal(*ignoring), "diffusers has mended this: our own pipeline may go"


@pytest.mark.parametrize(
    ("kind", "rule"), [("ti2v-5b", "size"), ("t2v", "size"), ("t2v", "frames"), ("vace", "frames")]
)
def test_a_card_that_allows_what_would_be_rounded_is_refused(
    card_of: Callable[..., ModelCard], tmp_path: Path, kind: str, rule: str
) -> None:
    card = card_of(kind)
    changes = {"size": {"multiple": card.size.multiple // 2}, "frames": {"step": 2}}[rule]
    wrong = card.changed(**{rule: getattr(card, rule).changed(**changes).model_dump()})
    with pytest.raises(WeightsError, match=rf"the card of The {kind} has (edges|frames) by"):
        load(Weights(wrong, Path(card.location or "")), find("cpu"), tmp_path, PromptCache(), lambda: None)


@pytest.mark.parametrize("kind", ["t2v", "i2v", "ti2v-5b", "vace"])
def test_a_schedule_that_has_its_first_timestep_twice_starts_at_its_first(
    tiny: Callable[[str], Loaded], quick: Recipe, kind: str
) -> None:
    """A pipeline that looks for its place would skip a step, and run off the end."""
    loaded = tiny(kind)
    scheduler, usual = loaded.pipeline.scheduler, loaded.pipeline.scheduler.config.flow_shift
    scheduler.register_to_config(flow_shift=16.0)
    try:
        scheduler.set_timesteps(100)
        assert len(set(scheduler.timesteps.tolist())) < 100
        found = latents(loaded, quick.changed(num_inference_steps=100, guidance_scale=1.0), Known(noisy(0), 0, 1.0))
    finally:
        scheduler.register_to_config(flow_shift=usual)
    assert bool(found.isfinite().all())
    assert scheduler.step_index == 100


def test_the_shift_of_the_card_goes_before_the_folder_s(card_of: Callable[..., ModelCard]) -> None:
    card = card_of("t2v", options={"max_sequence_length": 32, "flow_shift": 8.0})
    pipeline = Wan().load(Weights(card, Path(card.location or "")), "cpu", torch.float32)
    assert pipeline.scheduler.config.flow_shift == 8.0


def test_a_stretch_pins_what_it_covers_whole(tiny: Callable[[str], Loaded]) -> None:
    """Latents of five frames: 0, 1-4, 5-8, 9-12, 13-16."""
    like = torch.zeros(1, 16, 5, 4, 8)

    def encode(frames: np.ndarray) -> torch.Tensor:
        return tiny("t2v").family.encode(tiny("t2v").pipeline, frames)

    def places(*known: Known) -> list[float]:
        pins = pinned(known, like, 4, encode)
        assert pins is not None
        assert ((pins.latents != 0).any(1).flatten(2).any(2)[0].tolist()) == (pins.strengths.flatten() > 0).tolist()
        return pins.strengths.flatten().tolist()

    with torch.inference_mode():
        assert places(Known(noisy(0), 0, 1.0)) == [1, 0, 0, 0, 0]
        assert places(Known(noisy(0, 5), 0, 0.5)) == [0.5, 0.5, 0, 0, 0]
        assert places(Known(noisy(0, 9), 8, 1.0)) == [0, 0, 0, 1, 1]
        assert places(Known(noisy(0), 16, 1.0)) == [0, 0, 0, 0, 1]
        assert places(Known(noisy(0), 5, 1.0)) == [0, 0, 1, 0, 0]
        assert places(Known(noisy(0), 0, 1.0), Known(noisy(1, 5), 12, 1.0)) == [1, 0, 0, 0, 1]
    assert pinned([], like, 4, encode) is None


def test_a_weaker_pin_is_let_go_of_earlier(tiny: Callable[[str], Loaded], quick: Recipe) -> None:
    loaded, recipe = tiny("t2v"), quick.changed(num_inference_steps=10, guidance_scale=1.0)
    with torch.inference_mode():
        image = loaded.family.encode(loaded.pipeline, noisy(0))
    away = [
        float((latents(loaded, recipe, Known(noisy(0), 0, strength))[:, :, :1] - image).abs().mean())
        for strength in (1.0, 0.9, 0.5, 0.0)
    ]
    assert away[0] == 0.0
    assert 0 < away[1] < away[2] < away[3]
    assert torch.equal(latents(loaded, recipe, Known(noisy(0), 0, 0.0)), latents(loaded, recipe))


def test_a_model_of_images_is_told_of_every_known_frame() -> None:
    told = Timeline.of([Known(noisy(0, 5), 0, 1.0), Known(noisy(1), 12, 1.0)], 13, 32, 64)
    mask = told.mask(4)
    assert mask.shape == (1, 4, 4, 1, 1)
    assert mask[0, :, :, 0, 0].T.tolist() == [[1, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 1]]
    assert told.pixels()[0, 0, 5:12].abs().max() == 0


def test_the_second_guidance_follows_the_first(card_of: Callable[..., ModelCard], tiny, quick: Recipe) -> None:
    loaded = tiny("t2v-a14b")
    card = card_of("t2v-a14b", options={"max_sequence_length": 32, "guidance_scale_2": 2.5})
    found = {
        scale: made(Wan(), loaded.pipeline, Weights(card, loaded.weights.folder), quick.changed(guidance_scale=scale))
        for scale in (5.0, 10.0)
    }
    assert (loaded.pipeline._guidance_scale, loaded.pipeline._guidance_scale_2) == (10.0, 5.0)
    assert not torch.equal(found[5.0], latents(loaded, quick.changed(guidance_scale=5.0)))


def experts(card_of: Callable[..., ModelCard], device: str, **fields: object) -> tuple[Any, Weights]:
    card = card_of("t2v-a14b", **fields)
    weights = Weights(card, Path(card.location or ""))
    return Wan().load(weights, device, torch.float32), weights


def test_of_two_experts_one_is_on_the_device_at_a_time(card_of: Callable[..., ModelCard], quick: Recipe) -> None:
    """The hooks alone, on one device: moving needs a GPU."""
    plain, weights = experts(card_of, "cpu")
    hooked = place(experts(card_of, "cpu")[0], "model", "cpu")
    assert [hook.model for hook in hooked._all_hooks][1:3] == [hooked.transformer, hooked.transformer_2]
    assert hooked.transformer_2._hf_hook.prev_module_hook.model is hooked.transformer
    assert torch.equal(made(Wan(), hooked, weights, quick), made(Wan(), plain, weights, quick))


@pytest.mark.gpu
def test_of_two_experts_one_is_on_the_gpu_at_a_time(card_of: Callable[..., ModelCard], quick: Recipe) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no GPU here")
    pipeline, weights = experts(card_of, "cuda", offload="model")
    seen: set[tuple[str, str]] = set()

    def looking(*_: object) -> None:
        both = (pipeline.transformer, pipeline.transformer_2)
        seen.add(tuple(next(expert.parameters()).device.type for expert in both))

    hooks = [
        expert.blocks[0].register_forward_pre_hook(looking) for expert in (pipeline.transformer, pipeline.transformer_2)
    ]
    found = made(Wan(), pipeline, weights, quick)
    assert seen == {("cuda", "cpu"), ("cpu", "cuda")}
    for hook in hooks:
        hook.remove()
    whole, _ = experts(card_of, "cuda", offload="none")
    assert torch.equal(found, made(Wan(), whole, weights, quick))


@pytest.mark.parametrize("text", ["a beach &amp; sea", "â€œquotedâ€\x9d", "  two   spaces ", "", "é"])
def test_prompts_are_cleaned_alike_by_every_pipeline(tiny: Callable[[str], Loaded], text: str) -> None:
    """All but one of them fail at the first prompt without ftfy."""
    found = [tiny(kind).family.embed(tiny(kind).pipeline, tiny(kind).weights, text) for kind in ("t2v", "i2v", "vace")]
    assert all(torch.equal(found[0].embeds, other.embeds) for other in found[1:])
    kept = found[0].kept_tokens
    assert found[0].mask.sum() == kept > 0
    assert found[0].embeds[0, kept:].abs().sum() == 0


def harmed(folder: Path, tmp_path: Path, name: str, **changes: object) -> Path:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    path = copy / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return copy


@pytest.mark.parametrize(
    ("kind", "name", "changes"),
    [
        ("t2v", "transformer/config.json", {"_class_name": "UNet2DModel"}),
        ("t2v", "transformer/config.json", {"_class_name": ["os", "system"]}),
        ("t2v", "transformer/config.json", {"auto_map": {"AutoModel": "evil.Model"}}),
        ("t2v", "transformer/config.json", {"num_layers": 10**10}),
        ("t2v-a14b", "transformer_2/config.json", {"quantization_config": {"quant_method": "x"}}),
        ("t2v-a14b", "transformer_2/config.json", {"_class_name": "WanVACETransformer3DModel"}),
        ("t2v-a14b", "model_index.json", {"boundary_ratio": "0.9"}),
        ("t2v", "model_index.json", {"expand_timesteps": {"__class__": "evil"}}),
        ("t2v", "vae/config.json", {"_class_name": "AutoencoderKL"}),
        ("t2v", "vae/config.json", {"latents_mean": [{"evil": 1}]}),
        ("t2v", "scheduler/scheduler_config.json", {"_class_name": "DDPMScheduler"}),
        ("t2v", "scheduler/scheduler_config.json", {"solver_p": "evil.Solver"}),
        ("t2v", "scheduler/scheduler_config.json", {"use_flow_sigmas": False}),
        ("t2v", "scheduler/scheduler_config.json", {"num_train_timesteps": 10**12}),
        ("t2v", "text_encoder/config.json", {"auto_map": {"AutoModel": "evil.Model"}}),
        ("t2v", "text_encoder/config.json", {"attn_implementation": "someone/kernel"}),
        ("i2v", "image_encoder/config.json", {"auto_map": {"AutoModel": "evil.Model"}}),
    ],
)
def test_a_hostile_folder_is_refused_by_name(
    tiny_wan: Callable[[str], Path], card_of: Callable[..., ModelCard], tmp_path: Path, kind, name, changes
) -> None:
    folder = harmed(tiny_wan(kind), tmp_path, name, **changes)
    with pytest.raises(WeightsError, match=name.replace(".", r"\.")) as caught:
        Wan().load(Weights(card_of(kind), folder), "cpu", torch.float32)
    assert caught.value.kind == "corrupt_weights"


def test_no_class_and_no_code_is_believed_of_an_index(
    tiny_wan: Callable[[str], Path], card_of: Callable[..., ModelCard], tmp_path: Path
) -> None:
    evil = {"_class_name": ["os", "system"], "vae": ["evil", "Evil"], "transformer": ["os", "system"]}
    folder = harmed(tiny_wan("t2v"), tmp_path, "model_index.json", **evil)
    (folder / "pipeline.py").write_text("raise SystemExit")
    assert type(Wan().load(Weights(card_of("t2v"), folder), "cpu", torch.float32)).__name__ == "WanPipeline"


@pytest.mark.parametrize(("loader", "component"), [(load_umt5, "text_encoder"), (load_clip_vision, "image_encoder")])
def test_a_pickle_is_never_read(tiny_wan: Callable[[str], Path], tmp_path: Path, loader, component: str) -> None:
    folder = Path(shutil.copytree(tiny_wan("i2v") / component, tmp_path / component))
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04cos\nsystem\n(S'touch evil'\ntR.")
    with pytest.raises(OSError, match="safetensors"):
        loader(folder, torch.float32)


NAMES = {
    "condition_embedder.time_embedder.linear_1": "time_embedding.0",
    "condition_embedder.time_embedder.linear_2": "time_embedding.2",
    "condition_embedder.text_embedder.linear_1": "text_embedding.0",
    "condition_embedder.text_embedder.linear_2": "text_embedding.2",
    "condition_embedder.time_proj": "time_projection.1",
    "attn1.": "self_attn.",
    "attn2.": "cross_attn.",
    "to_out.0.": "o.",
    "to_q.": "q.",
    "to_k.": "k.",
    "to_v.": "v.",
    "ffn.net.0.proj": "ffn.0",
    "ffn.net.2": "ffn.2",
    "norm2.": "norm3.",
    "proj_out.": "head.head.",
}
"""diffusers' names, and those that Wan's makers and ComfyUI give."""


def test_a_gguf_of_wan_s_own_names_renders(
    card_of: Callable[..., ModelCard], tiny_wan: Callable[[str], Path], tmp_path: Path, quick: Recipe
) -> None:
    path = tmp_path / "wan-q8_0.gguf"
    writer = gguf.GGUFWriter(path, "wan")
    for name, tensor in load_file(tiny_wan("t2v") / "transformer" / "diffusion_pytorch_model.safetensors").items():
        values = tensor.float().numpy()
        for ours, theirs in NAMES.items():
            name = name.replace(ours, theirs)
        block = name.startswith("blocks.")
        name = name.replace("scale_shift_table", "modulation" if block else "head.modulation")
        if block and name.endswith("ffn.2.weight"):
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    added = {"path": str(path), "size_bytes": path.stat().st_size, "sha256": "0" * 64}
    found = []
    for card in (card_of("t2v", gguf=added), card_of("t2v")):
        weights = Weights(card, Path(card.location or ""))
        found.append(made(Wan(), Wan().load(weights, "cpu", torch.float32), weights, quick))
    error = (found[0] - found[1]).norm() / found[1].norm()
    assert 0 < error < 0.05
