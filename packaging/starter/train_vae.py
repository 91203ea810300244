"""Train the video VAE: first reconstruction, then, with `--adversarial`, the decoder alone against a discriminator.

With the encoder frozen in the second stage, latents stay valid: the transformer need not be trained again.
"""

import argparse
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_ltx import AutoencoderKLLTXVideo

from starter import losses, vae_fast
from starter.foreign import moving_texture, recolored
from starter.masters import Masters, Optimizers, averaged, load_optimizer, optimizer_tensors
from starter.muon import ConvMuon
from starter.pixels import Pixels
from starter.produce import model_frames
from starter.session import Counters, Schedule, Session, resume, save
from starter.sizes import CLIP, LATENT_CHANNELS, SHARD_BYTES, VAE
from starter.state import load_state
from starter.vae_init import start_linear
from starter.world.render import Frames

SMALL_CROPS, LARGE_CROPS = (8, 9, 64, 64), (3, 17, 96, 128)
"""Clips, frames, height and width of a batch: small ones at first, whole clips later."""

LATENT_NOISE = 0.04
"""Largest noise on latents in training, as a share of their spread, so that the decoder forgives the transformer."""


@dataclass(frozen=True)
class Plan:
    """How a run trains."""

    rate: float = 2e-3
    small_updates: int = 20_000
    foreign_share: float = 0.15
    recolored_share: float = 0.15
    adversarial: bool = False
    adversarial_weight: float = 0.05
    judge_rate: float = 4e-4
    seed: int = 0


def optimizers(masters: Mapping[str, torch.Tensor]) -> Optimizers:
    """Muon for convolution kernels except the first and the last, AdamW for everything else."""
    outer = ("encoder.conv_in", "decoder.conv_out")
    kernels = {n: p for n, p in masters.items() if p.ndim == 5 and not any(part in n for part in outer)}
    groups = [{"params": [p], "parts": 8 if "upsamplers" in name else 1} for name, p in kernels.items()]
    others = [p for name, p in masters.items() if name not in kernels]
    return {"muon": ConvMuon(groups, 2e-3), "adam": torch.optim.AdamW(others, 2e-3, (0.9, 0.96), weight_decay=0)}


class VaeTrainer:
    """VAE, masters, pixels and, in the second stage, the judge of one run."""

    def __init__(self, pixels: Pixels, vae: AutoencoderKLLTXVideo, plan: Plan, schedule: Schedule) -> None:
        self.pixels, self.plan, self.schedule = pixels, plan, schedule
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        vae_fast.patch()
        torch.nn.Module.to(vae, self.device)
        if plan.adversarial:
            vae.encoder.requires_grad_(False)
        self.vae = vae
        self.weights = Masters(vae, optimizers)
        torch.nn.Module.to(vae, memory_format=vae_fast.LAYOUT)  # pyright: ignore[reportCallIssue]
        self.counters = Counters()
        self.rng = np.random.default_rng(plan.seed)
        torch.manual_seed(plan.seed)
        self.judge = losses.PatchDiscriminator().to(self.device)
        self.judge_optimizer = torch.optim.AdamW(self.judge.parameters(), plan.judge_rate, (0.5, 0.9))

    def refresh(self) -> int:
        """Map chunks of pixels that were added."""
        return self.pixels.refresh()

    def judge_tensors(self) -> dict[str, torch.Tensor]:
        """The judge's part of a checkpoint."""
        state = {f"judge/{name}": tensor for name, tensor in self.judge.state_dict().items()}
        return state | optimizer_tensors("judge_adam", self.judge_optimizer)

    def load_judge(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take up what `judge_tensors` gave."""
        own = {name.removeprefix("judge/"): tensor for name, tensor in state.items() if name.startswith("judge/")}
        self.judge.load_state_dict(own)
        load_optimizer("judge_adam", self.judge_optimizer, state)

    def batch(self) -> torch.Tensor:
        """Crops of clips, some of other origin  # [B, 3, F, H, W] float32 in -1..1."""
        early = self.counters.updates < self.plan.small_updates and not self.plan.adversarial
        count, frames, height, width = SMALL_CROPS if early else LARGE_CROPS
        crops = np.stack([self._crop(frames, height, width) for _ in range(count)])
        return model_frames(crops).to(self.device)

    def _crop(self, frames: int, height: int, width: int) -> Frames:
        rng, kind = self.rng, self.rng.random()
        if kind < self.plan.foreign_share:
            return moving_texture(rng, (frames, height, width))
        clip = self.pixels.clip(int(rng.integers(len(self.pixels.places))))
        t, y, x = (
            int(rng.integers(have - want + 1)) for have, want in zip(clip.shape, (frames, height, width), strict=False)
        )
        crop = clip[t : t + frames, y : y + height, x : x + width]
        crop = crop[:, :, ::-1] if rng.random() < 0.5 else crop
        return recolored(rng, crop) if kind < self.plan.foreign_share + self.plan.recolored_share else crop

    def update(self) -> dict[str, float]:
        """One update of the VAE, and in the second stage of the judge."""
        frames = self.batch()
        decoded, kl = self._reconstruct(frames)
        loss, psnr = losses.reconstruction_loss(decoded, frames)
        loss = loss + losses.KL_WEIGHT * kl
        notes = {"psnr": psnr, "kl": float(kl.detach())}
        if self.plan.adversarial:
            loss = loss + self.plan.adversarial_weight * losses.fooling_loss(self.judge, decoded)
        loss.backward()
        rate = self.plan.rate * self.schedule.rate(self.counters)
        self.weights.step({"muon": rate, "adam": rate}, self.counters.updates)
        if self.plan.adversarial:
            notes["judge"] = self._train_judge(frames, decoded)
        self.counters.updates += 1
        self.counters.clips_seen += len(frames)
        return notes

    def _reconstruct(self, frames: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        moments = self.vae.encoder(frames.to(torch.bfloat16)).float()
        mean, log_variance = moments.chunk(2, 1)
        log_variance = log_variance.clamp(-12, 4)
        spread = mean.detach().std(dim=(0, 2, 3, 4), keepdim=True)
        noise = spread * (torch.rand(len(frames), 1, 1, 1, 1, device=frames.device) * LATENT_NOISE)
        latents = mean + torch.randn_like(mean) * ((log_variance * 0.5).exp() + noise)
        decoded = self.vae.decoder(latents.to(torch.bfloat16)).float()
        return decoded, losses.kl_divergence(mean, log_variance)

    def _train_judge(self, frames: torch.Tensor, decoded: torch.Tensor) -> float:
        self.judge_optimizer.zero_grad()
        loss = losses.discriminator_loss(self.judge, frames, decoded)
        loss.backward()
        self.judge_optimizer.step()
        return float(loss.detach())


@torch.no_grad()
def export(run: Path, start: AutoencoderKLLTXVideo, pixels: Pixels, out: Path, clips: int = 200) -> None:
    """Write the run's moving average as a diffusers VAE with its latents' mean and spread."""
    found = load_state(run)
    if found is None:
        raise FileNotFoundError(f"no checkpoint in {run}")
    start.load_state_dict(averaged(found[0]), strict=False)
    sample = np.linspace(0, len(pixels.places) - 1, clips).astype(int)
    latents = []
    for index in sample:
        frames = model_frames(pixels.clip(int(index))[None, : CLIP.num_frames])
        latents.append(start.encoder(frames)[:, :LATENT_CHANNELS].transpose(0, 1).flatten(1))
    values = torch.cat(latents, 1)
    start.latents_mean.copy_(values.mean(1))
    start.latents_std.copy_(values.std(1))
    torch.nn.Module.to(start, torch.bfloat16)
    start.save_pretrained(out, max_shard_size=f"{SHARD_BYTES // 10**6}MB")


def main(arguments: list[str]) -> None:
    """Command line of this stage."""
    parser = argparse.ArgumentParser(prog="train-vae", description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("pixels", type=Path, help="folder of the render stage")
    parser.add_argument("--start-from", type=Path, help="VAE folder; without it, from nothing")
    parser.add_argument("--adversarial", action="store_true", help="second stage: decoder alone, with the judge")
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--threads", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    parser.add_argument("--rate", type=float, default=Plan.rate)
    parser.add_argument("--small-updates", type=int, default=Plan.small_updates)
    parser.add_argument("--export", type=Path, help="write the VAE folder here instead of training")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    options.run.mkdir(parents=True, exist_ok=True)
    pixels = Pixels(options.pixels)
    pixels.refresh()
    vae = start_vae(options.start_from)
    if options.export:
        export(options.run, vae, pixels, options.export)
        return
    plan = Plan(rate=options.rate, small_updates=options.small_updates, adversarial=options.adversarial)
    trainer = VaeTrainer(pixels, vae, plan, Schedule(warmup_updates=60))
    if state := resume(options.run, trainer):
        trainer.load_judge(state)
    Session(options.run, trainer, lambda: save(options.run, trainer, trainer.judge_tensors())).train(options.minutes)


def start_vae(folder: Path | None) -> AutoencoderKLLTXVideo:
    """The VAE to start from, float32."""
    if folder is None:
        vae = AutoencoderKLLTXVideo(**VAE)
        start_linear(vae)
        return vae
    vae = AutoencoderKLLTXVideo.from_pretrained(folder, dtype=torch.float32)
    assert isinstance(vae, AutoencoderKLLTXVideo)
    return vae
