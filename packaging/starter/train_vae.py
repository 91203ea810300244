"""Train the video VAE: first reconstruction, then, with `--adversarial`, the decoder alone against a discriminator.

With the encoder frozen in the second stage, latents stay valid: the transformer need not be trained again. With
`--freeze-encoder` the first stage, too, trains the decoder alone: that betters the pictures of a finished model.
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
from starter.ahead import Ahead
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

SMALL_CROPS = (9, min(64, CLIP.height_px), min(64, CLIP.width_px))
LARGE_CROPS = (CLIP.num_frames, CLIP.height_px, CLIP.width_px)
"""Frames, height and width of what is trained on: small crops at first, whole clips later."""

LATENT_NOISE = 0.04
"""Largest noise on latents in training, as a share of their spread, so that the decoder forgives the transformer."""


@dataclass(frozen=True)
class Plan:
    """How a run trains."""

    rate: float = 2e-3
    small_updates: int = 20_000
    small_batch: int = 8
    large_batch: int = 3
    foreign_share: float = 0.15
    recolored_share: float = 0.15
    decoder_only: bool = False
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
        if plan.decoder_only or plan.adversarial:
            vae.encoder.requires_grad_(False)
        self.vae = vae
        self.weights = Masters(vae, optimizers)
        torch.nn.Module.to(vae, memory_format=vae_fast.LAYOUT)  # pyright: ignore[reportCallIssue]
        self.counters = Counters()
        self.rng = np.random.default_rng(plan.seed)
        torch.manual_seed(plan.seed)
        self.batches = Ahead(self.batch, self.device)
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
        """Crops of clips, some of other origin  # [B, 3, F, H, W] float32 in -1..1, on the CPU."""
        frozen = self.plan.decoder_only or self.plan.adversarial
        early = self.counters.updates < self.plan.small_updates and not frozen
        count = self.plan.small_batch if early else self.plan.large_batch
        frames, height, width = SMALL_CROPS if early else LARGE_CROPS
        crops = np.stack([self._crop(frames, height, width) for _ in range(count)])
        return model_frames(crops)

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
        frames = self.batches.take().to(self.device)
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
def export(run: Path, start: AutoencoderKLLTXVideo, out: Path, measured_on: Pixels | None) -> None:
    """Write the run's moving average as a diffusers VAE.

    Its latents' mean and spread are measured on these clips; without them those of `start` are kept, as they must be
    where only the decoder was trained: a transformer may know them.
    """
    found = load_state(run)
    if found is None:
        raise FileNotFoundError(f"no checkpoint in {run}")
    start.load_state_dict(averaged(found[0]), strict=False)
    if measured_on is not None:
        _measure(start, measured_on)
    torch.nn.Module.to(start, "cpu", torch.bfloat16)
    start.save_pretrained(out, max_shard_size=f"{SHARD_BYTES // 10**6}MB")


def _measure(vae: AutoencoderKLLTXVideo, pixels: Pixels, clips: int = 200) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.nn.Module.to(vae, device)
    latents = []
    for index in np.linspace(0, len(pixels.places) - 1, clips).astype(int):
        frames = model_frames(pixels.clip(int(index))[None, : CLIP.num_frames]).to(device)
        latents.append(vae.encoder(frames)[:, :LATENT_CHANNELS].transpose(0, 1).flatten(1))
    values = torch.cat(latents, 1)
    vae.latents_mean.copy_(values.mean(1))
    vae.latents_std.copy_(values.std(1))


def main(arguments: list[str]) -> None:
    """Command line of this stage."""
    parser = argparse.ArgumentParser(prog="train-vae", description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("pixels", type=Path, help="folder of the render stage")
    parser.add_argument("--start-from", type=Path, help="VAE folder; without it, from nothing")
    parser.add_argument("--adversarial", action="store_true", help="second stage: decoder alone, with the judge")
    parser.add_argument("--freeze-encoder", action="store_true", help="first stage of the decoder alone")
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--threads", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    parser.add_argument("--finish", action="store_true", help="decay the rate now, then end")
    parser.add_argument("--decay-updates", type=int, default=Schedule.decay_updates)
    parser.add_argument("--rate", type=float, default=Plan.rate)
    for name in ("small_updates", "small_batch", "large_batch"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(Plan, name))
    parser.add_argument("--export", type=Path, help="write the VAE folder here instead of training")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    options.run.mkdir(parents=True, exist_ok=True)
    pixels = Pixels(options.pixels)
    pixels.refresh()
    vae = start_vae(options.start_from)
    if options.export:
        frozen = options.freeze_encoder or options.adversarial
        export(options.run, vae, options.export, None if frozen else pixels)
        return
    if options.finish:
        (options.run / "finish").touch()
    plan = Plan(
        rate=options.rate,
        small_updates=options.small_updates,
        small_batch=options.small_batch,
        large_batch=options.large_batch,
        decoder_only=options.freeze_encoder,
        adversarial=options.adversarial,
    )
    trainer = VaeTrainer(pixels, vae, plan, Schedule(warmup_updates=60, decay_updates=options.decay_updates))
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
