"""A small classifier that sees what is in a clip; trained on rendered frames only, then asked about generated ones."""

import argparse
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from safetensors.torch import load_file, save_file
from torch import nn

from starter.captions import Scene
from starter.pixels import Pixels
from starter.sizes import CLIP, RENDER_FRAMES
from starter.world.palette import COLORS, SETTINGS, STYLES, SUBJECTS, TIMES
from starter.world.render import Frames

QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "setting": SETTINGS,
    "time": TIMES,
    "style": STYLES,
    "subject": SUBJECTS,
    "color": tuple(COLORS),
}
LOOKS = (0, CLIP.last // 2, CLIP.last)
"""Frames that are looked at."""

STUDIED = tuple(range(0, RENDER_FRAMES, 4))
"""Frames that lessons are drawn from, as many at a time as are looked at."""

SHIFT_PX = 10


class Probe(nn.Module):
    """Frames in, one answer per question out; 0.25 M parameters."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        sizes = (3, width, width * 2, width * 4, width * 4)
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(sizes):
            layers += [nn.Conv2d(before, after, 3, 2, 1), nn.BatchNorm2d(after), nn.ReLU()]
        self.eye = nn.Sequential(*layers)
        self.heads = nn.ModuleDict({name: nn.Linear(sizes[-1] * 2, len(a)) for name, a in QUESTIONS.items()})

    def forward(self, frames: torch.Tensor) -> dict[str, torch.Tensor]:
        """Scores by question  # [B, answers], from frames [B, looks, 3, H, W] in 0..1."""
        seen = self.eye(frames.flatten(0, 1)).flatten(2)
        pooled = torch.cat([seen.mean(2), seen.amax(2)], 1).unflatten(0, frames.shape[:2]).mean(1)
        return {name: head(pooled) for name, head in self.heads.items()}


def expected(scene: Scene, question: str) -> int:
    """The index of the right answer; -1 where the question does not apply."""
    if question not in scene:
        return -1
    if question == "time" and scene.get("setting") in ("space", "underwater"):
        return -1
    if question == "color" and scene.get("style") in ("noir", "vintage"):
        return -1
    return QUESTIONS[question].index(scene[question])


def looked_at(clips: Frames) -> torch.Tensor:
    """The frames the probe sees  # [B, looks, 3, H, W] float32, from clips [B, F, H, W, 3]."""
    frames = torch.from_numpy(np.ascontiguousarray(clips[:, list(LOOKS)]))
    return frames.permute(0, 1, 4, 2, 3).float() / 255


def varied(frames: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Some of the frames in order, mirrored half of the time, moved a little, brighter or darker."""
    chosen = np.sort(rng.choice(frames.shape[1], len(LOOKS), replace=False))
    frames = frames[:, torch.from_numpy(chosen)]
    frames = frames.flip(-1) if rng.random() < 0.5 else frames
    across, down = (int(step) for step in rng.integers(-SHIFT_PX, SHIFT_PX + 1, 2))
    padded = F.pad(frames.flatten(0, 1), (SHIFT_PX,) * 4, mode="replicate").unflatten(0, frames.shape[:2])
    height, width = frames.shape[-2:]
    top, left = SHIFT_PX + down, SHIFT_PX + across
    moved = padded[..., top : top + height, left : left + width]
    return (moved * float(rng.uniform(0.85, 1.15))).clamp(0, 1)


def softened(frames: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Frames as soft as a VAE makes them, half of the time, so that softness is no clue."""
    if rng.random() < 0.5:
        return frames
    scale = float(rng.uniform(0.4, 1.0))
    flat = frames.flatten(0, 1)
    small = F.interpolate(flat, scale_factor=scale, mode="area")
    return F.interpolate(small, size=flat.shape[-2:], mode="bilinear").unflatten(0, frames.shape[:2])


@dataclass
class Lesson:
    """Training material: looked-at frames and the answers by question."""

    frames: torch.Tensor
    answers: dict[str, torch.Tensor]

    @classmethod
    def of(cls, pixels: Pixels, frames_used: Sequence[int]) -> "Lesson":
        """These frames of all clips of a folder."""
        clips = np.stack([pixels.clip(i)[list(frames_used)] for i in range(len(pixels.places))])
        frames = torch.from_numpy(clips).permute(0, 1, 4, 2, 3).contiguous()
        answers = {q: torch.tensor([expected(scene, q) for scene in pixels.scenes]) for q in QUESTIONS}
        return cls(frames, answers)


def train(lesson: Lesson, updates: int, batch: int = 48, seed: int = 0) -> Probe:
    """A probe trained on the lesson."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    probe = Probe().train()
    torch.nn.Module.to(probe, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimizer = torch.optim.AdamW(probe.parameters(), 2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=updates)
    for update in range(updates):
        rows = torch.from_numpy(rng.integers(len(lesson.frames), size=batch))
        frames = softened(varied(lesson.frames[rows].float() / 255, rng), rng)
        with torch.autocast("cpu", torch.bfloat16):
            scores = probe(frames)
        wanted = {question: lesson.answers[question][rows] for question in QUESTIONS}
        parts = [
            F.cross_entropy(scores[q].float(), wanted[q], ignore_index=-1, label_smoothing=0.05) for q in QUESTIONS
        ]
        loss = torch.stack(parts).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if update % 100 == 0:
            print(json.dumps({"update": update, "loss": round(float(loss.detach()), 3)}), flush=True)
    torch.nn.Module.to(probe, memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]
    return probe.eval()


@torch.no_grad()
def answers(probe: Probe, frames: torch.Tensor) -> dict[str, torch.Tensor]:
    """The probe's answer by question  # [B] indices, from frames [B, looks, 3, H, W] in 0..1."""
    parts = [probe(frames[start : start + 64]) for start in range(0, len(frames), 64)]
    return {question: torch.cat([part[question] for part in parts]).argmax(1) for question in QUESTIONS}


def accuracy(probe: Probe, frames: torch.Tensor, scenes: Sequence[Scene]) -> dict[str, float]:
    """Share of right answers by question, over the clips it applies to."""
    found = {}
    for question, guesses in answers(probe, frames).items():
        truth = torch.tensor([expected(scene, question) for scene in scenes])
        asked = truth >= 0
        if asked.any():
            found[question] = round(float((guesses == truth)[asked].float().mean()), 3)
    return found


def load(path: Path) -> Probe:
    """A saved probe."""
    probe = Probe()
    probe.load_state_dict(load_file(path))
    return probe.eval()


def main(arguments: list[str]) -> None:
    """Command line of this stage."""
    parser = argparse.ArgumentParser(prog="probe", description=__doc__)
    parser.add_argument("out", type=Path, help="safetensors file")
    parser.add_argument("pixels", type=Path, help="rendered clips to learn from")
    parser.add_argument("held_out", type=Path, help="rendered clips to be judged by")
    parser.add_argument("--updates", type=int, default=900)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    material, held_out = Pixels(options.pixels), Pixels(options.held_out)
    material.refresh()
    held_out.refresh()
    probe = train(Lesson.of(material, STUDIED), options.updates)
    save_file(probe.state_dict(), options.out)
    test = Lesson.of(held_out, LOOKS)
    print(json.dumps({"held_out": accuracy(probe, test.frames.float() / 255, held_out.scenes)}))
