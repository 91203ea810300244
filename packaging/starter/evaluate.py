"""Evaluation of a model folder: does it draw what is asked, move as asked, keep what is given, and join without a jump.

Everything is measured on held-out scenes, and next to what the same measure says of rendered clips: a probe or a
flow measure that is wrong on the truth cannot judge a model.
"""

import argparse
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_ltx import AutoencoderKLLTXVideo

from starter import vae_fast
from starter.captions import Scene, caption
from starter.foreign import recolored, texture
from starter.generate import Generator
from starter.motion import agreement
from starter.pixels import Pixels
from starter.probe import Probe, accuracy, load, looked_at
from starter.produce import model_frames
from starter.sizes import CLIP, LANGUAGES
from starter.world.render import Frames

OUTSIDE: tuple[tuple[str, dict[str, str]], ...] = (
    ("waves roll onto the sand while the sun goes down", {"setting": "beach", "time": "sunset"}),
    ("an evening by the ocean, gulls in the air", {"setting": "beach", "subject": "birds"}),
    ("skyscraper windows shine in the dark", {"setting": "city", "time": "night"}),
    ("dry sand hills under the noon sun", {"setting": "desert", "time": "day"}),
    ("a hot air balloon above the peaks", {"setting": "mountains", "subject": "balloon"}),
    ("little fish below the waves", {"setting": "underwater", "subject": "fish"}),
    ("fir trees covered in fresh snow", {"setting": "snow"}),
    ("a spaceship between the stars", {"setting": "space", "subject": "rocket"}),
    ("colorful trees in october", {"setting": "park"}),
    ("an old black and white movie of a town", {"setting": "city", "style": "noir"}),
    ("a painted lake, brush strokes", {"setting": "lake", "style": "watercolor"}),
    ("grass and flowers in summer, drawn like a comic", {"setting": "meadow", "style": "cartoon"}),
    ("a sail on the water", {"setting": "sea", "subject": "boat"}),
    ("a road through the dunes with a car", {"setting": "desert", "subject": "car"}),
    ("moonlit sea", {"setting": "sea", "time": "night"}),
    ("tall rocks in the morning light", {"setting": "mountains", "time": "sunrise"}),
)
"""Captions written by hand, outside the training grammar, and what they ask for."""


def psnr(first: Frames, second: Frames) -> float:
    """In dB, of two pictures or clips in uint8."""
    error = np.mean((first.astype(np.float64) - second.astype(np.float64)) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def jump(first: Frames, second: Frames) -> float:
    """Mean absolute difference of two frames, in 0..255."""
    return float(np.abs(first.astype(np.float64) - second.astype(np.float64)).mean())


@dataclass(frozen=True)
class Exam:
    """What a model is examined with."""

    generator: Generator
    probe: Probe
    held_out: Pixels
    steps: int
    seed: int = 7

    def clip(self, index: int) -> Frames:
        """The true clip  # [F, H, W, 3]."""
        return self.held_out.clip(index)[: CLIP.num_frames]

    def prompts(self, count: int, language: str) -> list[str]:
        """One fixed caption per scene."""
        rngs = [np.random.default_rng(self.seed + i) for i in range(count)]
        return [caption(self.held_out.scenes[i], rngs[i], language, noisy=False) for i in range(count)]

    def text(self, count: int) -> dict[str, Any]:
        """Prompt following and motion in English, next to the truth's."""
        scenes = self.held_out.scenes[:count]
        true = np.stack([self.clip(i) for i in range(count)])
        made = self.generator.clips(self.prompts(count, "en"), self.seed, self.steps)
        return {
            "truth": {**accuracy(self.probe, looked_at(true), scenes), "motion": agreement(list(true), scenes)},
            "made": {**accuracy(self.probe, looked_at(made), scenes), "motion": agreement(list(made), scenes)},
        }

    def languages(self, count: int) -> dict[str, Any]:
        """Prompt following by language, over the same scenes."""
        scenes = self.held_out.scenes[:count]
        found = {}
        for language in LANGUAGES:
            made = self.generator.clips(self.prompts(count, language), self.seed, self.steps)
            found[language] = accuracy(self.probe, looked_at(made), scenes)
        return found

    def outside(self) -> dict[str, float]:
        """Prompt following of captions outside the grammar."""
        made = self.generator.clips([text for text, _ in OUTSIDE], self.seed, self.steps)
        scenes: list[Scene] = [{"setting": "", **wanted} for _, wanted in OUTSIDE]
        return accuracy(self.probe, looked_at(made), scenes)

    def start_images(self, count: int) -> dict[str, float]:
        """Image-to-video: frame 0 against the image, and how alike first and last frame stay."""
        prompts = self.prompts(count, "en")
        first, last = [], []
        for index in range(count):
            image = self.clip(index)[:1]
            made = self.generator.conditioned(prompts[index], [(0, image)], self.seed, self.steps)
            first.append(psnr(made[0], image[0]))
            last.append(psnr(made[-1], image[0]))
        return {"frame_0_db": float(np.mean(first)), "last_frame_to_image_db": float(np.mean(last))}

    def foreign_images(self, count: int) -> dict[str, float]:
        """Frame 0 for stills of other origin: textures, and recoloured, noisy frames."""
        rng, found = np.random.default_rng(self.seed), []
        for index in range(count):
            still = texture(rng, CLIP.height_px, CLIP.width_px)
            image = (np.clip(still, 0, 1) * 255).astype(np.uint8)[None]
            image = image if index % 2 else recolored(rng, self.clip(index)[:1])
            made = self.generator.conditioned("", [(0, image)], self.seed, self.steps)
            found.append(psnr(made[0], image[0]))
        return {"frame_0_db": float(np.mean(found)), "worst_db": float(min(found))}

    def seams(self, count: int) -> dict[str, float]:
        """Jump from kept frames to made ones and back, and where a loop closes, over the data's own change.

        Kept frames are the true ones, as in a splice, so what the VAE loses counts as a jump.
        """
        prompts = self.prompts(count, "en")
        jumps: dict[str, list[float]] = {"data": [], "extend": [], "extend_back": [], "bridge": [], "loop": []}
        end = CLIP.num_frames
        for index in range(count):
            clip = self.clip(index)
            make = lambda given, prompt=prompts[index]: self.generator.conditioned(  # noqa: E731
                prompt, given, self.seed, self.steps
            )
            jumps["data"] += [jump(a, b) for a, b in itertools.pairwise(clip)]
            made = make([(0, clip[:9])])
            jumps["extend"].append(jump(clip[8], made[9]))
            made = make([(end - 9, clip[-9:])])
            jumps["extend_back"].append(jump(made[-10], clip[-9]))
            made = make([(0, clip[:5]), (end - 5, clip[-5:])])
            jumps["bridge"] += [jump(clip[4], made[5]), jump(made[end - 6], clip[end - 5])]
            made = make([(0, clip[:1]), (end - 1, clip[:1])])
            jumps["loop"].append(jump(made[-1], made[0]))
        means = {name: float(np.mean(values)) for name, values in jumps.items()}
        return {name: value if name == "data" else value / means["data"] for name, value in means.items()}


@torch.no_grad()
def reconstruction(vae_folder: Path, held_out: Pixels, count: int) -> dict[str, float]:
    """PSNR of the VAE on held-out clips in dB."""
    vae = AutoencoderKLLTXVideo.from_pretrained(vae_folder, dtype=torch.bfloat16)
    assert isinstance(vae, AutoencoderKLLTXVideo)
    found = []
    for index in range(count):
        clip = held_out.clip(index)[: CLIP.num_frames]
        latents = vae.encoder(model_frames(clip[None]).to(torch.bfloat16))[:, : vae.config["latent_channels"]]
        decoded = (vae.decoder(latents)[0].float().permute(1, 2, 3, 0).clamp(-1, 1) + 1) * 127.5
        found.append(psnr(decoded.round().byte().numpy(), clip))
    return {"mean_db": float(np.mean(found)), "worst_db": float(min(found))}


def rounded(value: Any) -> Any:
    """Numbers with three places."""
    if isinstance(value, dict):
        return {name: rounded(inner) for name, inner in value.items()}
    return round(value, 3) if isinstance(value, float) else value


def main(arguments: list[str]) -> None:
    """Command line of this stage."""
    parser = argparse.ArgumentParser(prog="evaluate", description=__doc__)
    parser.add_argument("model", type=Path, help="diffusers folder")
    parser.add_argument("probe", type=Path)
    parser.add_argument("held_out", type=Path, help="rendered held-out clips")
    parser.add_argument("out", type=Path, help="JSON file; parts that are in it are not measured again")
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    vae_fast.patch()
    held_out = Pixels(options.held_out)
    held_out.refresh()
    exam = Exam(Generator(options.model), load(options.probe), held_out, options.steps)
    clips = options.clips
    parts: dict[str, Callable[[], Any]] = {
        "vae": lambda: reconstruction(options.model / "vae", held_out, max(8, clips // 2)),
        "text": lambda: exam.text(clips),
        "start_images": lambda: exam.start_images(clips // 5),
        "foreign_images": lambda: exam.foreign_images(12),
        "seams": lambda: exam.seams(clips // 7),
        "languages": lambda: exam.languages(clips // 2),
        "outside": exam.outside,
    }
    found = json.loads(options.out.read_text(encoding="utf-8")) if options.out.exists() else {}
    for name, measure in parts.items():
        if name not in found:
            began = time.monotonic()
            found[name] = rounded(measure())
            print(json.dumps({name: found[name]}), f"({time.monotonic() - began:.0f} s)", flush=True)
            options.out.write_text(json.dumps(found, indent=1), encoding="utf-8")
