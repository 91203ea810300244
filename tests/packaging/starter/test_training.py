"""Training: conditions are laid out as diffusers lays them out, and a resumed run is the run itself."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl_ltx import AutoencoderKLLTXVideo
from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXConditionPipeline, LTXVideoCondition
from PIL import Image
from starter import model as starter_model
from starter.conditions import kinds, lay_out
from starter.export import export
from starter.heldout import load_average
from starter.model import Denoiser, from_folder
from starter.pool import Pool, single_frames, write_chunk
from starter.produce import model_frames
from starter.session import resume, save
from starter.sizes import CLIP, GGUF_NAME, LATENT_CHANNELS, TEXT_ENCODER, TRANSFORMER, VAE
from starter.train_transformer import Plan, TransformerTrainer
from starter.world.scenes import sample_scene
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

TINY = {"num_layers": 1, "num_attention_heads": 2, "attention_head_dim": 16, "cross_attention_dim": 32}


def small_model(monkeypatch: pytest.MonkeyPatch) -> Denoiser:
    """A denoiser of the same make, small enough for a test."""
    monkeypatch.setattr(starter_model, "TRANSFORMER", {**TRANSFORMER, **TINY, "caption_channels": 32})
    small = {"d_model": 32, "d_ff": 32, "num_layers": 1, "num_heads": 2, "d_kv": 16, "vocab_size": 64}
    monkeypatch.setattr(starter_model, "TEXT_ENCODER", {**TEXT_ENCODER, **small})
    torch.manual_seed(0)
    return starter_model.fresh()


def tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer that knows letters."""
    letters = {c: i for i, c in enumerate(["<pad>", "</s>", "<unk>", *"abcdefghijklmnopqrstuvwxyz"])}
    known = Tokenizer(models.WordLevel(letters, unk_token="<unk>"))
    known.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    return PreTrainedTokenizerFast(tokenizer_object=known, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")


def tensors(clips: int) -> dict[str, torch.Tensor]:
    """Random latents of clips, by the pool's names."""
    frames = {"clip": CLIP.grid[0], "suffix_5": 2, "suffix_9": 3} | {f"frame_{i}": 1 for i in single_frames(CLIP)}
    generator = torch.Generator().manual_seed(0)
    shape = {name: (clips, count * CLIP.frame_tokens, LATENT_CHANNELS) for name, count in frames.items()}
    return {name: torch.randn(size, generator=generator).half() for name, size in shape.items()}


@pytest.fixture
def pool(tmp_path: Path) -> Pool:
    rng = np.random.default_rng(0)
    scenes = [sample_scene(rng) | {"variant": "loop" if i == 0 else "a"} for i in range(4)]
    write_chunk(tmp_path / "pool" / "0.safetensors", tensors(4), scenes)
    pool = Pool(tmp_path / "pool")
    assert pool.refresh() == 4
    return pool


def trainer(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> TransformerTrainer:
    plan = Plan(clip_batch=2, image_batch=2, image_share=0.5)
    return TransformerTrainer(pool, small_model(monkeypatch), tokenizer(), plan)


def test_a_resumed_run_is_exact(pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    straight = trainer(pool, monkeypatch)
    straight.update()
    save(tmp_path / "run", straight)
    losses = [straight.update() for _ in range(2)]
    resumed = trainer(pool, monkeypatch)
    assert resume(tmp_path / "run", resumed) is not None
    assert [resumed.update() for _ in range(2)] == losses
    assert vars(resumed.counters)["updates"] == 3
    for name, master in straight.weights.masters.items():
        assert torch.equal(master, resumed.weights.masters[name]), name
        assert torch.equal(straight.weights.ema[name], resumed.weights.ema[name]), name


def test_checkpoints_keep_to_small_files_and_one_folder(pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    one = trainer(pool, monkeypatch)
    for _ in range(2):
        one.update()
        save(tmp_path / "run", one)
    assert len(list((tmp_path / "run").glob("step-*"))) == 1
    assert all(p.stat().st_size <= 16 * 2**20 for p in (tmp_path / "run").rglob("*.safetensors"))


@pytest.fixture(scope="module")
def vae() -> AutoencoderKLLTXVideo:
    torch.manual_seed(0)
    small = {"block_out_channels": (8, 16, 32), "decoder_block_out_channels": (16, 32)}
    return AutoencoderKLLTXVideo(**{**VAE, **small}).eval()


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("image", [(0, 1)]),
        ("prefix_9", [(0, 9)]),
        ("ends", [(0, 1), (16, 1)]),
        ("suffix_5", [(12, 5)]),
        ("suffix_9", [(8, 9)]),
        ("bridge_5_9", [(0, 5), (8, 9)]),
    ],
)
@torch.no_grad()
def test_conditions_lie_where_the_pipeline_puts_them(
    name: str, given: list[tuple[int, int]], vae: AutoencoderKLLTXVideo
):
    frames = model_frames(np.random.default_rng(0).integers(0, 256, (1, 17, 96, 128, 3), np.uint8))

    def encode(part: torch.Tensor) -> torch.Tensor:
        return vae.encode(part).latent_dist.mean.permute(0, 2, 3, 4, 1).flatten(1, 3)[0]

    clip = {"clip": encode(frames), "suffix_5": encode(frames[:, :, -5:]), "suffix_9": encode(frames[:, :, -9:])}
    clip |= {f"frame_{i}": encode(frames[:, :, i : i + 1]) for i in single_frames(CLIP)}
    ours = lay_out(CLIP, [clip], [name])
    pipeline = LTXConditionPipeline.__new__(LTXConditionPipeline)
    pipeline.vae = MeanVae(vae)
    pipeline.vae_spatial_compression_ratio, pipeline.vae_temporal_compression_ratio = 16, 4
    pipeline.transformer_spatial_patch_size = pipeline.transformer_temporal_patch_size = 1
    latents, mask, coords, extra = pipeline.prepare_latents(
        [frames[:, :, index : index + count] for index, count in given],
        [1.0] * len(given),
        [index for index, _ in given],
        num_channels_latents=LATENT_CHANNELS,
        height=96,
        width=128,
        num_frames=17,
        generator=torch.Generator().manual_seed(0),
        device=torch.device("cpu"),
        dtype=torch.float32,
    )
    seconds = coords.float()
    seconds[:, 0] /= 12
    assert extra == ours.extra_tokens == kinds(CLIP)[name].extra_frames * CLIP.frame_tokens
    assert torch.equal(mask, ours.given)
    assert torch.allclose(seconds, ours.coords)
    held = ours.given[0] == 1
    assert torch.allclose(latents[0][held], ours.clean[0][held], atol=1e-4)


class MeanVae:
    """Stands in for the pipeline's VAE: means instead of samples."""

    def __init__(self, vae: AutoencoderKLLTXVideo) -> None:
        self.vae = vae
        self.latents_mean, self.latents_std = vae.latents_mean, vae.latents_std

    def encode(self, frames: torch.Tensor) -> "MeanVae":
        self.latents = self.vae.encode(frames).latent_dist.mean
        return self


@pytest.fixture
def run(pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vae: AutoencoderKLLTXVideo) -> Path:
    """A folder with a run of one update, and the VAE and tokenizer that an export needs."""
    one = trainer(pool, monkeypatch)
    one.update()
    save(tmp_path / "run", one)
    vae.save_pretrained(tmp_path / "vae")
    tokenizer().save_pretrained(tmp_path / "tokenizer")
    monkeypatch.setattr("starter.heldout.fresh", lambda: small_model(monkeypatch))
    return tmp_path


def test_a_plain_export_loads_in_the_pipeline(run: Path):
    export(load_average(run / "run"), run / "vae", run / "tokenizer", run / "out", plain=True)
    assert json.loads((run / "out/model_index.json").read_text())["_class_name"] == "LTXConditionPipeline"
    pipeline = LTXConditionPipeline.from_pretrained(run / "out", dtype=torch.bfloat16)
    pipeline.set_progress_bar_config(disable=True)
    clip = pipeline(
        prompt="abc",
        negative_prompt="",
        conditions=[LTXVideoCondition(image=Image.new("RGB", (64, 32)), frame_index=4)],
        width=64,
        height=32,
        num_frames=5,
        timesteps=[1000.0, 500.0],
        max_sequence_length=8,
        output_type="np",
    ).frames
    assert np.asarray(clip).shape == (1, 5, 32, 64, 3)


def test_an_export_is_quantized_and_close(run: Path):
    """Q8_0 rounds a weight by at most half a 127th of the largest of its 32."""
    model = load_average(run / "run")
    export(model, run / "vae", run / "tokenizer", run / "out")
    assert [p.name for p in sorted((run / "out/transformer").iterdir())] == ["config.json", GGUF_NAME]
    found = from_folder(run / "out").transformer.state_dict()
    for name, tensor in model.transformer.state_dict().items():
        block = tensor.reshape(-1, 32).abs().amax(1) if tensor.numel() % 32 == 0 else tensor.abs().amax()
        assert (found[name] - tensor).abs().max() <= block.max() / 200 + 1e-6, name  # scales are float16
    assert torch.equal(found["proj_in.bias"], model.transformer.state_dict()["proj_in.bias"])
    changed = [name for name, tensor in model.transformer.state_dict().items() if not torch.equal(found[name], tensor)]
    assert "transformer_blocks.0.ff.net.2.weight" in changed
    assert all(name.endswith(".weight") for name in changed)
