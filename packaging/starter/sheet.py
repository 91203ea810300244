"""Contact sheets: fixed prompts and seeds, one row per prompt, models side by side, good and bad alike."""

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image, ImageDraw

from starter.generate import Generator
from starter.sizes import CLIP
from starter.world.render import Frames

PROMPTS = (
    "A serene beach at sunset with waves gently crashing and seagulls flying overhead",
    "autumn leaves falling in a park",
    "snow falling over a mountain meadow",
    "a red balloon drifting over the desert, cinematic noir",
    "a blue sailboat sailing to the right on a calm sea at sunrise",
    "fireworks over a city at night",
    "a yellow fish swimming to the left, coral reef",
    "a rocket launching from the desert at dusk",
    "a green car driving to the left through a city at night",
    "fireflies glowing in a meadow at night",
    "watercolor painting of a mountain lake at sunset",
    "cartoon of a purple hot air balloon over green hills, blue sky",
    "vintage film of rain falling over the ocean",
    "cherry blossom petals falling in a park, zoom in",
    "outer space with stars and a blue planet",
    "日落时分的海滩，海鸥飞翔",
    "un globo rojo sobre las montañas al atardecer",
    "منطاد أزرق فوق الصحراء",
    "snow falling over a mountain meadow at night",
    "autumn leaves falling in a park, watercolor",
    "a rocket launching into a starry sky",
    "fish swimming in a coral reef",
    "un voilier blanc sur la mer au lever du soleil",
    "a dragon eating pizza in the kitchen",
)
"""The prototype's 18 prompts, then 6 more; the last lies outside the world."""

GLOSSES = {
    "日落时分的海滩，海鸥飞翔": "[Chinese] a beach at sunset, seagulls flying",
    "منطاد أزرق فوق الصحراء": "[Arabic] a blue balloon over the desert",
}
"""For labels: the font has Latin letters only."""

SEEDS = (1, 2)
FRAMES = (0, 8, 16)
LABEL_PX = 14


def samples(folder: Path, keep: Path, prompts: tuple[str, ...], steps: int) -> list[Frames]:
    """Clips of all prompts, per seed  # [prompts, F, H, W, 3] each; kept in a file, so that a kill loses one seed."""
    keep.mkdir(parents=True, exist_ok=True)
    generator, found = None, []
    for seed in SEEDS:
        path = keep / f"seed-{seed}-steps-{steps}-prompts-{len(prompts)}.npy"
        if not path.exists():
            generator = generator or Generator(folder)
            np.save(path, generator.clips(prompts, seed=seed * 1000, steps=steps))
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
    parser.add_argument("--prompts", type=int, default=len(PROMPTS))
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    prompts = PROMPTS[: options.prompts]
    models = {}
    for model in options.models:
        name, _, folder = model.partition("=")
        models[name] = samples(Path(folder), options.keep / name, prompts, options.steps)
    sheet = compose(models, prompts)
    cv2.imwrite(str(options.out), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
