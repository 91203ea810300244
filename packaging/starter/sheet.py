"""Contact sheets: fixed prompts and seeds, one row per prompt, models side by side, good and bad alike."""

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image, ImageDraw

from starter.generate import Generator, Sampling
from starter.prompts import GLOSSES, SHEET
from starter.sizes import CLIP
from starter.world.render import Frames

SEEDS = (1000, 2000)
"""The sample sheet's seeds: a batch of six prompts has the seed plus its first prompt's number."""

FRAMES = (0, CLIP.last // 2, CLIP.last)
LABEL_PX = 14


def samples(folder: Path, keep: Path, prompts: tuple[str, ...], how: Sampling) -> list[Frames]:
    """Clips of all prompts, per seed  # [prompts, F, H, W, 3] each; kept in a file, so that a kill loses one seed."""
    keep.mkdir(parents=True, exist_ok=True)
    generator, found = None, []
    for seed in SEEDS:
        path = keep / f"seed-{seed}-steps-{how.steps}-guidance-{how.guidance:g}-prompts-{len(prompts)}.npy"
        if not path.exists():
            generator = generator or Generator(folder)
            np.save(path, generator.clips(prompts, seed, how))
        found.append(np.load(path))
    return found


def compose(models: dict[str, list[Frames]], prompts: tuple[str, ...]) -> Frames:
    """The sheet  # [H, W, 3] uint8: a row per prompt, per model and seed three frames."""
    gap = np.full((CLIP.height_px + LABEL_PX, 6, 3), 255, np.uint8)
    rows = []
    for number, prompt in enumerate(prompts):
        parts = []
        for name, seeds in models.items():
            for seed, clips in zip(SEEDS, seeds, strict=True):
                strip = np.concatenate([clips[number][frame] for frame in FRAMES], 1)
                parts += [_labelled(strip, f"{name} {seed}: {GLOSSES.get(prompt, prompt)}"), gap]
        rows.append(np.concatenate(parts[:-1], 1))
    return np.concatenate(rows)


def _labelled(strip: Frames, text: str) -> Frames:
    label = Image.new("RGB", (strip.shape[1], LABEL_PX), "white")
    ImageDraw.Draw(label).text((2, 1), text, fill="black")
    return np.concatenate([np.asarray(label), strip])


def main(arguments: list[str]) -> None:
    """Command line: models as NAME=FOLDER."""
    parser = argparse.ArgumentParser(prog="sheet", description=__doc__)
    parser.add_argument("out", type=Path, help="JPEG file")
    parser.add_argument("models", nargs="+", help="NAME=FOLDER")
    parser.add_argument("--keep", type=Path, required=True, help="folder for generated clips")
    parser.add_argument("--prompts", type=int, default=len(SHEET))
    parser.add_argument("--steps", type=int, default=Sampling.steps)
    parser.add_argument("--guidance", type=float, default=Sampling.guidance)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    prompts = SHEET[: options.prompts]
    models, how = {}, Sampling(options.steps, options.guidance)
    for model in options.models:
        name, _, folder = model.partition("=")
        models[name] = samples(Path(folder), options.keep / name, prompts, how)
    sheet = compose(models, prompts)
    cv2.imwrite(str(options.out), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
