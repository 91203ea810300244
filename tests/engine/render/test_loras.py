"""LoRAs: beside the weights and never in them, several with strengths, and gone without a trace."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from engine.media.errors import MediaError
from engine.protocol.recipe import LoraUse, Recipe
from engine.render.interrupt import Interrupt, InterruptedRenderError
from engine.render.loaded import Loaded
from engine.weights.headers import HeaderError
from engine.weights.lora import refuse_misfit

RANK = 2


def write_lora(path: Path, layers: dict[str, tuple[int, int]], suffixes: tuple[str, str], seed: int = 0) -> Path:
    """A LoRA of random weights; `layers` by name, with how many numbers go in and out."""
    generator = torch.Generator().manual_seed(seed)
    tensors: dict[str, torch.Tensor] = {}
    for name, (inner, outer) in layers.items():
        for suffix, shape in zip(suffixes, ((RANK, inner), (outer, RANK)), strict=True):
            tensors[f"{name}.{suffix}.weight"] = torch.randn(shape, generator=generator)
    save_file(tensors, path)
    return path


@pytest.fixture
def lora(tmp_path: Path, tiny: Callable[[str], Loaded]) -> Callable[..., Path]:
    """Return a function that writes a LoRA for a tiny model, named as diffusers or as the makers name it."""

    def making(kind: str, seed: int = 0, makers: bool = False) -> Path:
        (denoiser,) = tiny(kind).family.denoisers(tiny(kind).pipeline)
        width = denoiser.config.num_attention_heads * denoiser.config.attention_head_dim
        blocks = "transformer_blocks" if kind[0] == "0" else "blocks"
        layer = "attn1.to_q" if kind[0] == "0" or not makers else "self_attn.q"
        prefix, suffixes = (
            ("diffusion_model", ("lora_A", "lora_B")) if makers else ("transformer", ("lora_A", "lora_B"))
        )
        names = {f"{prefix}.{blocks}.{block}.{layer}": (width, width) for block in range(2)}
        return write_lora(tmp_path / f"{kind}-{seed}-{makers}.safetensors", names, suffixes, seed)

    return making


@pytest.fixture
def small(recipe: Recipe) -> Recipe:
    return recipe.changed(width=64, height=32, num_frames=9, num_inference_steps=3)


def using(recipe: Recipe, *strengths: float) -> Recipe:
    return recipe.changed(loras=[LoraUse(media=str(i), strength=strength) for i, strength in enumerate(strengths)])


@pytest.mark.parametrize("makers", [False, True])
@pytest.mark.parametrize("kind", ["0.9.0", "t2v"])
def test_strengths_count_and_nothing_is_left(render, tiny, lora, small, kind: str, makers: bool) -> None:
    files = {"0": lora(kind, 0, makers), "1": lora(kind, 1, makers)}
    more = {"loaded": tiny(kind), "media_files": files}
    (denoiser,) = tiny(kind).family.denoisers(tiny(kind).pipeline)
    before = {name: tensor.clone() for name, tensor in denoiser.state_dict().items()}
    plain, off = render(small, **more), render(using(small, 0.0), **more)
    one, half, both = (render(using(small, *strengths), **more) for strengths in ((1.0,), (0.5,), (1.0, 1.0)))
    assert torch.equal(off.latents, plain.latents)
    made = [plain.latents, one.latents, half.latents, both.latents]
    assert all(not torch.equal(a, b) for i, a in enumerate(made) for b in made[:i])
    assert torch.equal(render(using(small, 1.0), **more).latents, one.latents)
    assert torch.equal(render(small, **more).latents, plain.latents)
    after = denoiser.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_a_pause_leaves_none_on_the_model_and_changes_no_byte(render, tiny, lora, small, tmp_path) -> None:
    more = {"loaded": tiny("t2v"), "media_files": {"0": lora("t2v")}}
    recipe, interrupt, before = using(small, 1.0), Interrupt(), render.witness.on_progress
    expected, plain = render(recipe, **more), render(small, **more)

    def pausing(progress) -> None:
        before(progress)
        if progress.step == 2:
            interrupt.request("j", "pause")

    render.witness.on_progress = pausing
    with pytest.raises(InterruptedRenderError):
        render(recipe, interrupt, checkpoints=tmp_path, **more)
    render.witness.on_progress = before
    assert torch.equal(render(small, **more).latents, plain.latents)
    resumed = render(recipe, checkpoints=tmp_path, **more)
    assert resumed.notices == ()
    assert torch.equal(resumed.latents, expected.latents)


def test_one_for_another_model_changes_nothing(render, tiny, lora, small) -> None:
    more = {"loaded": tiny("t2v"), "media_files": {"0": lora("0.9.0")}}
    with pytest.raises(MediaError):
        render(using(small, 1.0), **more)
    assert torch.equal(render(small, **more).latents, render(small, **more).latents)
    assert not getattr(tiny("t2v").pipeline.transformer, "peft_config", {})


def test_a_damaged_file_is_named_by_its_fault(render, tiny, small, tmp_path) -> None:
    (tmp_path / "broken.safetensors").write_bytes(b"\0" * 64)
    with pytest.raises(MediaError, match="unreadable"):
        render(using(small, 1.0), loaded=tiny("t2v"), media_files={"0": tmp_path / "broken.safetensors"})


@pytest.mark.parametrize("kind", ["0.9.0", "t2v", "i2v"])
@pytest.mark.parametrize("makers", [False, True])
def test_headers_alone_let_fitting_files_pass(card_of, lora, kind: str, makers: bool) -> None:
    card = card_of(kind)
    refuse_misfit(lora(kind, makers=makers), card, Path(card.location))


@pytest.mark.parametrize(
    ("kind", "layer", "width", "said"),
    [
        ("t2v", "transformer.transformer_blocks.0.attn1.to_q", 24, "another architecture than The t2v"),
        ("0.9.0", "diffusion_model.blocks.0.self_attn.q", 24, "another architecture than The 0.9.0"),
        ("0.9.0", "transformer.single_transformer_blocks.0.attn.to_q", 24, "single_transformer_blocks"),
        ("t2v", "lora_unet_down_blocks_0_attentions_0_to_q", 24, "down_blocks"),
        ("t2v", "lora_unet_blocks_0_self_attn_q", 5120, "a model 5120 wide"),
        ("t2v", "diffusion_model.blocks.39.self_attn.q", 24, "a block 39"),
        ("0.9.0", "transformer.transformer_blocks.0.audio_attn1.to_q", 24, "LTX-2"),
        ("t2v", "text_model.encoder.layers.0.mlp.fc1", 24, "no block"),
        ("t2v-a14b", "diffusion_model.blocks.0.self_attn.q", 24, "two transformers"),
    ],
)
def test_headers_alone_refuse_by_name(card_of, tmp_path, kind: str, layer: str, width: int, said: str) -> None:
    card = card_of(kind)
    path = write_lora(tmp_path / "x.safetensors", {layer: (width, width)}, ("lora_down", "lora_up"))
    with pytest.raises(HeaderError, match=said):
        refuse_misfit(path, card, Path(card.location))


@pytest.mark.parametrize(
    "content", [b"", b"<!doctype html>", b"version https://git-lfs.github.com/spec/v1\n", b"\x80\x02}"]
)
def test_what_is_no_safetensors_file_is_refused(card_of, tmp_path, content: bytes) -> None:
    (tmp_path / "x.safetensors").write_bytes(content)
    card = card_of("t2v")
    with pytest.raises(HeaderError):
        refuse_misfit(tmp_path / "x.safetensors", card, Path(card.location))
