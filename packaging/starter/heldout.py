"""Held-out velocity loss: fixed clips, captions, noise and noise levels, so that two models can be compared exactly.

Reported per condition kind, per language (the same clips and noise, only the captions' language differs), and as
`caption_gain`: by how much a caption lowers the loss against no caption, the cheapest measure of prompt following.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

from starter.captions import caption
from starter.conditions import Layout, kinds, lay_out, noisy_input, velocity_loss
from starter.masters import averaged
from starter.model import Denoiser, coordinates, fresh, from_folder, tokenize
from starter.pool import Pool
from starter.sizes import CLIP, LANGUAGES
from starter.state import load_state

LEVELS = (0.25, 0.5, 0.75, 0.9, 0.97)
"""Noise levels, taken in turn."""

SEED = 20_251_120


@dataclass(frozen=True)
class Bench:
    """What is measured with."""

    pool: Pool
    tokenizer: PreTrainedTokenizerFast
    clips: int = 60

    def plain(self) -> list[int]:
        """Indices of the first clips that were neither mirrored nor looped."""
        return [i for i, scene in enumerate(self.pool.scenes) if scene["variant"] == "a"][: self.clips]

    def looped(self) -> list[int]:
        """Indices of the first looped clips."""
        return self.pool.looped[: self.clips]


def load_average(run: Path) -> Denoiser:
    """The moving average of a training run's newest checkpoint."""
    found = load_state(run)
    if found is None:
        raise FileNotFoundError(f"no checkpoint in {run}")
    model = fresh()
    missing = model.load_state_dict(averaged(found[0]), strict=False).missing_keys
    assert all("embed_tokens" in name for name in missing), missing
    return model


def load_model(path: Path) -> Denoiser:
    """A model folder's denoiser, or the moving average of a training run."""
    return from_folder(path) if (path / "model_index.json").exists() else load_average(path)


@torch.no_grad()
def _losses(model: Denoiser, layout: Layout, captions: list[str], bench: Bench) -> list[float]:
    count = len(captions)
    generator = torch.Generator().manual_seed(SEED)
    noise = torch.randn(layout.clean.shape, generator=generator)
    times = torch.tensor([LEVELS[i % len(LEVELS)] for i in range(count)])
    tokens, timestep = noisy_input(layout, noise, times, torch.zeros(count), torch.ones(count))
    ids, mask = tokenize(bench.tokenizer, captions)
    found: list[float] = []
    for start in range(0, count, 20):
        part = slice(start, start + 20)
        predicted = model(tokens[part], timestep[part], layout.coords[part], ids[part], mask[part])
        piece = Layout(layout.clean[part], layout.given[part], layout.coords[part], layout.extra_tokens)
        found += velocity_loss(piece, predicted, noise[part]).tolist()
    return found


def _captions(bench: Bench, indices: list[int], language: str) -> list[str]:
    """One fixed caption per clip."""
    rngs = [np.random.default_rng(SEED + index) for index in indices]
    return [caption(bench.pool.scenes[i], rng, language, noisy=False) for i, rng in zip(indices, rngs, strict=True)]


def measure(model: Denoiser, bench: Bench) -> dict[str, dict[str, float]]:
    """Mean loss by kind, by language (text only) and by noise level, and the captions' gain by language."""
    model = model.to(torch.bfloat16).eval()
    by_kind: dict[str, float] = {}
    for name, kind in kinds(CLIP).items():
        indices = bench.looped() if kind.looped else bench.plain()
        layout = lay_out(CLIP, [bench.pool.clip(i) for i in indices], [name] * len(indices))
        by_kind[name] = float(np.mean(_losses(model, layout, _captions(bench, indices, "en"), bench)))
    by_kind["single_frame"] = _single_frames(model, bench)
    indices = bench.plain()
    layout = lay_out(CLIP, [bench.pool.clip(i) for i in indices], ["text"] * len(indices))
    silent = _losses(model, layout, [""] * len(indices), bench)
    by_language = {"none": float(np.mean(silent))}
    gain: dict[str, float] = {}
    by_level: dict[str, float] = {}
    for language in LANGUAGES:
        losses = _losses(model, layout, _captions(bench, indices, language), bench)
        by_language[language] = float(np.mean(losses))
        gain[language] = by_language["none"] - by_language[language]
        if language == "en":
            by_level = {str(level): float(np.mean(losses[i :: len(LEVELS)])) for i, level in enumerate(LEVELS)}
    found = {"kind": by_kind, "language": by_language, "caption_gain": gain, "level": by_level}
    return {part: {name: round(value, 4) for name, value in values.items()} for part, values in found.items()}


def _single_frames(model: Denoiser, bench: Bench) -> float:
    indices = bench.plain()
    clean = torch.stack([bench.pool.clip(i)["frame_8"] for i in indices]).float()
    coords = coordinates(CLIP, 1).expand(len(indices), -1, -1)
    layout = Layout(clean, torch.zeros(clean.shape[:2]), coords, 0)
    return float(np.mean(_losses(model, layout, _captions(bench, indices, "en"), bench)))


def main(arguments: list[str]) -> None:
    """Command line: one or more models, each a diffusers folder or a training run's folder."""
    parser = argparse.ArgumentParser(prog="heldout", description=__doc__)
    parser.add_argument("pool", type=Path, help="held-out chunks")
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, help="a JSON file that gains one entry per model")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    pool = Pool(options.pool)
    pool.refresh()
    bench = Bench(pool, PreTrainedTokenizerFast.from_pretrained(options.tokenizer), options.clips)
    for path in options.models:
        began = time.monotonic()
        found = {"model": str(path), **_progress(path), **measure(load_model(path), bench)}
        print(json.dumps(found), f"\n({time.monotonic() - began:.0f} s)", flush=True)
        if options.out:
            with options.out.open("a", encoding="utf-8") as out:
                out.write(json.dumps(found) + "\n")


def _progress(path: Path) -> dict[str, float]:
    """Samples seen, where the path is a training run."""
    found = load_state(path)
    if found is None:
        return {}
    counters = found[1]
    return {
        "clips_seen": counters["start_clips"] + counters["clips_seen"],
        "images_seen": counters["start_images"] + counters["images_seen"],
        "hours": round(counters["seconds"] / 3600, 2),
    }
