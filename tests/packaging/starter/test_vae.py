"""The VAE's training: the fast forwards give diffusers' numbers, both stages learn, a resumed run is exact."""

from pathlib import Path

import diffusers.models.autoencoders.autoencoder_kl_ltx as ltx
import numpy as np
import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl_ltx import AutoencoderKLLTXVideo
from starter import train_vae, vae_fast
from starter.pixels import Pixels
from starter.session import Schedule, resume, save
from starter.sizes import VAE
from starter.train_vae import Plan, VaeTrainer
from starter.vae_init import start_linear


@pytest.fixture(autouse=True)
def plain_norm(monkeypatch: pytest.MonkeyPatch):
    """No compiler, and diffusers' own forwards again afterwards."""
    monkeypatch.setattr(vae_fast, "_compiled", lambda: vae_fast._norm_silu_rows)
    monkeypatch.setattr(train_vae, "SMALL_CROPS", (5, 32, 32))
    monkeypatch.setattr(train_vae, "LARGE_CROPS", (5, 32, 32))
    for name in vae_fast.FORWARDS:
        monkeypatch.setattr(getattr(ltx, name), "forward", getattr(ltx, name).forward)


def small_vae() -> AutoencoderKLLTXVideo:
    torch.manual_seed(0)
    small = {"block_out_channels": (8, 16, 32), "decoder_block_out_channels": (16, 32)}
    vae = AutoencoderKLLTXVideo(**{**VAE, **small})
    start_linear(vae)
    return vae


@pytest.fixture
def pixels(tmp_path: Path) -> Pixels:
    clips = np.random.default_rng(0).integers(0, 256, (2, 25, 96, 128, 3), np.uint8)
    np.save(tmp_path / "0.npy", clips)
    (tmp_path / "0.json").write_text('[{"setting": "sea"}, {"setting": "park"}]')
    pixels = Pixels(tmp_path)
    assert pixels.refresh() == 2
    return pixels


@torch.no_grad()
def test_fast_forwards_give_the_same_numbers():
    vae = small_vae().eval()
    frames = torch.rand(1, 3, 9, 32, 64) * 2 - 1
    latents = vae.encode(frames).latent_dist.mean
    decoded = vae.decode(latents).sample
    vae_fast.patch()
    assert torch.allclose(vae.encode(frames).latent_dist.mean, latents, atol=1e-4)
    assert torch.allclose(vae.decode(latents).sample, decoded, atol=1e-4)


STAGES = [Plan(small_batch=2), Plan(large_batch=1, decoder_only=True), Plan(large_batch=1, adversarial=True)]


@pytest.mark.parametrize("plan", STAGES, ids=["whole", "decoder", "adversarial"])
def test_a_resumed_run_is_exact(pixels: Pixels, tmp_path: Path, plan: Plan):
    def trainer() -> VaeTrainer:
        return VaeTrainer(pixels, small_vae(), plan, Schedule(warmup_updates=1))

    straight = trainer()
    straight.update()
    save(tmp_path / "run", straight, straight.judge_tensors())
    notes = straight.update()
    resumed = trainer()
    state = resume(tmp_path / "run", resumed)
    assert state is not None
    resumed.load_judge(state)
    assert resumed.update() == notes
    frozen = plan.decoder_only or plan.adversarial
    assert all("encoder" not in name for name in resumed.weights.masters) == frozen


@pytest.mark.parametrize("measured", [False, True])
def test_a_decoder_s_export_keeps_what_a_transformer_knows_of_latents(pixels: Pixels, tmp_path: Path, measured: bool):
    start = small_vae()
    start.latents_mean.fill_(0.5)
    trainer = VaeTrainer(pixels, start, Plan(large_batch=1, decoder_only=True), Schedule(warmup_updates=1))
    trainer.update()
    save(tmp_path / "run", trainer, trainer.judge_tensors())
    before = small_vae()
    before.latents_mean.fill_(0.5)
    train_vae.export(tmp_path / "run", before, tmp_path / "out", pixels if measured else None)
    after = AutoencoderKLLTXVideo.from_pretrained(tmp_path / "out")
    assert bool((after.latents_mean == 0.5).all()) == (not measured)
    first, same = small_vae().state_dict(), after.state_dict()
    assert torch.allclose(same["encoder.conv_in.conv.weight"], first["encoder.conv_in.conv.weight"], atol=0.01)
    assert not torch.equal(same["decoder.conv_in.conv.weight"], first["decoder.conv_in.conv.weight"].bfloat16().float())
