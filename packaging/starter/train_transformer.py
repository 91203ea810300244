"""Train the transformer and its text encoder on pooled latents: single images and conditioned clips, mixed.

Resumable at any kill. The rate stays constant until a file named `finish` appears in the run's folder (or
`--finish` is given); then it falls to zero over the next `--decay-updates` updates and the run ends.
"""

import argparse
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

from starter import attention
from starter.ahead import Ahead
from starter.captions import Scene, caption
from starter.conditions import Layout, draw_kinds, kinds, lay_out, noisy_input, velocity_loss
from starter.masters import Masters, Optimizers
from starter.model import Denoiser, coordinates, fresh, from_folder, tokenize
from starter.pool import Pool
from starter.session import Counters, Schedule, Session, resume, save
from starter.sizes import CLIP

EMPTY_CAPTIONS = 0.10
"""Share of clips trained without a caption, for classifier-free guidance."""


@dataclass(frozen=True)
class Plan:
    """How a run trains."""

    clip_batch: int = 32
    image_batch: int = 128
    image_share: float = 0.4
    muon_rate: float = 1.5e-3
    adam_rate: float = 7e-4
    seed: int = 1


def is_matrix(name: str, parameter: torch.Tensor) -> bool:
    """Whether Muon trains it: the two-dimensional weights inside blocks, without tables and biases."""
    inside = "transformer_blocks" in name or "encoder.block" in name
    return parameter.ndim == 2 and inside and "scale_shift" not in name and "relative" not in name


def optimizers(masters: Mapping[str, torch.Tensor]) -> Optimizers:
    """Muon for matrices, AdamW for everything else."""
    matrices = [p for name, p in masters.items() if is_matrix(name, p)]
    others = [p for name, p in masters.items() if not is_matrix(name, p)]
    muon = torch.optim.Muon(
        matrices,
        lr=1e-3,
        momentum=0.95,
        nesterov=True,
        weight_decay=0.02,
        adjust_lr_fn="match_rms_adamw",
        ns_steps=5,
    )
    adam = torch.optim.AdamW(others, lr=1e-3, betas=(0.9, 0.97), weight_decay=0.0, foreach=True)
    return {"muon": muon, "adam": adam}


def draw_times(count: int, images: bool) -> torch.Tensor:
    """Noise levels in 0..1  # [count]: log-normal mixtures with weight on high noise, and a uniform share.

    High noise decides palette and layout of a clip, so half of the clips are trained there.
    """
    if images:
        spread, uniform = torch.randn(count) + 0.4, 0.15
    else:
        low, high = torch.randn(count) + 0.3, torch.randn(count) * 1.2 + 2.3
        spread, uniform = torch.where(torch.rand(count) < 0.5, low, high), 0.10
    times = torch.where(torch.rand(count) < uniform, torch.rand(count), torch.sigmoid(spread))
    return times.clamp(1e-3, 1.0)


@dataclass(frozen=True)
class Batch:
    """One update's material, on the CPU: what is shown, what is hidden, and the model's five inputs."""

    layout: Layout
    noise: torch.Tensor
    inputs: tuple[torch.Tensor, ...]


def _noised(layout: Layout, times: torch.Tensor, ids: torch.Tensor, mask: torch.Tensor) -> Batch:
    count = len(times)
    noise = torch.randn_like(layout.clean)
    jitter = torch.where(torch.rand(count) < 0.6, torch.rand(count) * 0.2, torch.zeros(count))
    strength = torch.where(torch.rand(count) < 0.1, 0.5 + 0.5 * torch.rand(count), torch.ones(count))
    tokens, timestep = noisy_input(layout, noise, times, jitter, strength)
    return Batch(layout, noise, (tokens, timestep, layout.coords, ids, mask))


class TransformerTrainer:
    """Denoiser, masters and pool of one run."""

    def __init__(
        self,
        pool: Pool,
        model: Denoiser,
        tokenizer: PreTrainedTokenizerFast,
        plan: Plan,
        schedule: Schedule | None = None,
    ) -> None:
        self.pool, self.plan, self.tokenizer, self.schedule = pool, plan, tokenizer, schedule or Schedule()
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = model.to(self.device).train()
        self.weights = Masters(self.model, optimizers)
        self.counters = Counters()
        self.rng = np.random.default_rng(plan.seed)
        torch.manual_seed(plan.seed)
        self.image_coords = coordinates(CLIP, 1)
        self.batches = Ahead(self.batch, self.device)

    def refresh(self) -> int:
        """Read chunks that were added to the pool."""
        return self.pool.refresh()

    def captions(self, scenes: list[Scene]) -> tuple[torch.Tensor, torch.Tensor]:
        """Fresh captions of the scenes, some of them empty, as ids and mask."""
        texts = ["" if self.rng.random() < EMPTY_CAPTIONS else caption(scene, self.rng) for scene in scenes]
        return tokenize(self.tokenizer, texts)

    def _images(self) -> Batch:
        """A batch of single frames."""
        count = self.plan.image_batch
        clean, scenes = self.pool.images(self.rng, CLIP, count)
        ids, mask = self.captions(scenes)
        layout = Layout(clean, torch.zeros(clean.shape[:2]), self.image_coords.expand(count, -1, -1), 0)
        return _noised(layout, draw_times(count, images=True), ids, mask)

    def _clips(self) -> Batch:
        """A batch of clips under conditions of one group."""
        count = self.plan.clip_batch
        names = draw_kinds(self.rng, count)
        known = kinds(CLIP)
        indices = self.pool.draw(self.rng, [known[name].looped for name in names])
        ids, mask = self.captions([self.pool.scenes[index] for index in indices])
        layout = lay_out(CLIP, [self.pool.clip(index) for index in indices], names)
        return _noised(layout, draw_times(count, images=False), ids, mask)

    def batch(self) -> Batch:
        """Material of one update."""
        return self._images() if self.rng.random() < self.plan.image_share else self._clips()

    def update(self) -> dict[str, float]:
        """One optimizer step, on images or on clips."""
        batch = self.batches.take()
        on_device = [part.to(self.device, non_blocking=True) for part in batch.inputs]
        predicted = self.model(*on_device)
        layout = batch.layout
        target = Layout(layout.clean.to(self.device), layout.given.to(self.device), layout.coords, layout.extra_tokens)
        loss = velocity_loss(target, predicted, batch.noise.to(self.device)).mean()
        loss.backward()
        rate = self.schedule.rate(self.counters)
        rates = {"muon": self.plan.muon_rate * rate, "adam": self.plan.adam_rate * rate}
        norm = self.weights.step(rates, self.counters.updates)
        self.counters.updates += 1
        images = layout.clean.shape[1] == CLIP.frame_tokens
        if images:
            self.counters.images_seen += self.plan.image_batch
        else:
            self.counters.clips_seen += self.plan.clip_batch
        return {"gradient": norm, "image_loss" if images else "clip_loss": float(loss.detach())}


def main(arguments: list[str]) -> None:
    """Command line of this stage."""
    parser = argparse.ArgumentParser(prog="train", description=__doc__)
    parser.add_argument("run", type=Path, help="folder of checkpoints and log")
    parser.add_argument("pool", type=Path, help="folder of encoded chunks")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--start-from", type=Path, help="diffusers folder; without it, from nothing")
    parser.add_argument("--started-clips", type=int, default=0, help="clips that the starting model had seen")
    parser.add_argument("--started-images", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--threads", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--finish", action="store_true", help="decay the rate now, then end")
    parser.add_argument("--decay-updates", type=int, default=Schedule.decay_updates)
    for name in ("clip_batch", "image_batch", "seed"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(Plan, name))
    for name in ("image_share", "muon_rate", "adam_rate"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=getattr(Plan, name))
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    options.run.mkdir(parents=True, exist_ok=True)
    if options.finish:
        (options.run / "finish").touch()
    trainer = _trainer(options)
    Session(options.run, trainer, lambda: save(options.run, trainer)).train(options.minutes)


def _trainer(options: argparse.Namespace) -> TransformerTrainer:
    fields = ("clip_batch", "image_batch", "seed", "image_share", "muon_rate", "adam_rate")
    plan = Plan(**{name: getattr(options, name) for name in fields})
    tokenizer = PreTrainedTokenizerFast.from_pretrained(options.tokenizer)
    model = from_folder(options.start_from) if options.start_from else fresh()
    if not torch.cuda.is_available():
        attention.patch()
    schedule = Schedule(decay_updates=options.decay_updates)
    trainer = TransformerTrainer(Pool(options.pool), model, tokenizer, plan, schedule)
    if resume(options.run, trainer) is None:
        trainer.counters.start_clips = options.started_clips
        trainer.counters.start_images = options.started_images
    if options.compile:
        model.transformer.compile_repeated_blocks(fullgraph=False, dynamic=False)
    return trainer
