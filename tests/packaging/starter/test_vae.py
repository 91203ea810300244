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
    monkeypatch.setattr(train_vae, "SMALL_CROPS", (2, 5, 32, 32))
    monkeypatch.setattr(train_vae, "LARGE_CROPS", (1, 5, 32, 32))
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


@pytest.mark.parametrize("adversarial", [False, True])
def test_a_resumed_run_is_exact(pixels: Pixels, tmp_path: Path, adversarial: bool):
    def trainer() -> VaeTrainer:
        return VaeTrainer(pixels, small_vae(), Plan(adversarial=adversarial), Schedule(warmup_updates=1))

    straight = trainer()
    straight.update()
    save(tmp_path / "run", straight, straight.judge_tensors())
    notes = straight.update()
    resumed = trainer()
    state = resume(tmp_path / "run", resumed)
    assert state is not None
    resumed.load_judge(state)
    assert resumed.update() == notes
    assert all("encoder" not in name for name in resumed.weights.masters) == adversarial
