"""Evaluation of a model folder: does it draw what is asked, move as asked, keep what is given, and join without a jump.

Everything is measured on held-out scenes, and next to what the same measure says of rendered clips: a probe or a
flow measure that is wrong on the truth cannot judge a model.
"""

import argparse
import itertools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_ltx import AutoencoderKLLTXVideo

from starter import vae_fast
from starter.captions import Scene, complete_caption
from starter.foreign import recolored, texture
from starter.generate import Generator, Sampling
from starter.motion import agreement, measures
from starter.pixels import Pixels
from starter.probe import Probe, accuracy, answers, load, looked_at
from starter.produce import model_frames
from starter.prompts import FAMOUS, OUTSIDE
from starter.sizes import CLIP, LANGUAGES
from starter.stills import still
from starter.world.render import Frames

FEW_STEPS = (4, 6, 8)
STILLS = 12

Given = tuple[tuple[int, int], ...]
"""Frames that are given: each (first, how many). Also seams: each (kept frame, made frame beside it)."""

SPLICES: dict[str, tuple[Given, Given]] = {
    "extend": (((0, 9),), ((8, 9),)),
    "extend_back": (((CLIP.last - 8, 9),), ((CLIP.last - 8, CLIP.last - 9),)),
    "bridge": (((0, 5), (CLIP.last - 4, 5)), ((4, 5), (CLIP.last - 4, CLIP.last - 5))),
}


def psnr(first: Frames, second: Frames) -> float:
    """In dB, of two pictures or clips in uint8."""
    error = np.mean((first.astype(np.float64) - second.astype(np.float64)) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def jump(first: Frames, second: Frames) -> float:
    """Mean absolute difference of two frames, in 0..255."""
    return float(np.abs(first.astype(np.float64) - second.astype(np.float64)).mean())


@dataclass(frozen=True)
class Exam:
    """What a model is examined with, and the clips it has made of the first scenes, by language and sampling."""

    generator: Generator
    probe: Probe
    held_out: Pixels
    how: Sampling
    seed: int = 7
    made: dict[tuple[str, Sampling], Frames] = field(default_factory=dict)

    def clip(self, index: int) -> Frames:
        """The true clip  # [F, H, W, 3]."""
        return self.held_out.clip(index)[: CLIP.num_frames]

    def prompts(self, count: int, language: str) -> list[str]:
        """One fixed caption per scene, which says all that is asked about."""
        rngs = [np.random.default_rng(self.seed + i) for i in range(count)]
        return [complete_caption(self.held_out.scenes[i], rngs[i], language) for i in range(count)]

    def clips(self, count: int, language: str, how: Sampling) -> Frames:
        """Clips of the first scenes from text alone  # [count, F, H, W, 3]."""
        found = self.made.get((language, how))
        if found is None or len(found) < count:
            found = self.generator.clips(self.prompts(count, language), self.seed, how)
            self.made[language, how] = found
        return found[:count]

    def followed(self, clips: Frames) -> dict[str, Any]:
        """Prompt following and motion of clips of the first scenes."""
        scenes = self.held_out.scenes[: len(clips)]
        return {**accuracy(self.probe, looked_at(clips), scenes), "motion": agreement(list(clips), scenes)}

    def text(self, count: int) -> dict[str, Any]:
        """Prompt following and motion in English, next to the truth's; and whether much moves where much should."""
        true, made = np.stack([self.clip(i) for i in range(count)]), self.clips(count, "en", self.how)
        speeds = [[measures(clip)["magnitude"] for clip in clips] for clips in (true, made)]
        found = {"truth": self.followed(true), "made": self.followed(made)}
        return found | {"magnitude_correlation": np.corrcoef(speeds).flat[1].item()}

    def few_steps(self, count: int) -> dict[str, Any]:
        """Prompt following and motion after fewer steps, from the same noise."""
        return {
            str(steps): self.followed(self.clips(count, "en", replace(self.how, steps=steps))) for steps in FEW_STEPS
        }

    def languages(self, count: int) -> dict[str, Any]:
        """Prompt following by language, over the same scenes."""
        scenes = self.held_out.scenes[:count]
        return {
            language: accuracy(self.probe, looked_at(self.clips(count, language, self.how)), scenes)
            for language in LANGUAGES
        }

    def written(self, prompts: Sequence[tuple[str, Scene]]) -> dict[str, float]:
        """Prompt following of hand-written prompts."""
        made = self.generator.clips([text for text, _ in prompts], self.seed, self.how)
        return accuracy(self.probe, looked_at(made), [wanted for _, wanted in prompts])

    def start_images(self, count: int) -> dict[str, float]:
        """Image-to-video: frame 0 against the image, and what of the image the last frame still is.

        `last_frame_true_db` is how alike the true clip's last frame and its first are; `last_frame_setting` and
        `last_frame_style` how often the probe sees the same in the last frame as in the image.
        """
        prompts = self.prompts(count, "en")
        images = [self.clip(index)[:1] for index in range(count)]
        made = [
            self.generator.conditioned(prompt, [(0, image)], self.seed, self.how)
            for prompt, image in zip(prompts, images, strict=True)
        ]
        pairs = list(zip(images, made, strict=True))
        still = [answers(self.probe, looked_at(np.repeat(np.stack([i]), CLIP.num_frames, 1))) for i in images]
        last = [answers(self.probe, looked_at(np.repeat(m[None, -1:], CLIP.num_frames, 1))) for m in made]
        kept = {
            question: float(np.mean([bool(a[question] == b[question]) for a, b in zip(still, last, strict=True)]))
            for question in ("setting", "style")
        }
        return {
            "frame_0_db": float(np.mean([psnr(clip[0], image[0]) for image, clip in pairs])),
            "last_frame_db": float(np.mean([psnr(clip[-1], image[0]) for image, clip in pairs])),
            "last_frame_true_db": float(np.mean([psnr(self.clip(i)[-1], images[i][0]) for i in range(count)])),
            **{f"last_frame_{question}": share for question, share in kept.items()},
        }

    def foreign_images(self, count: int) -> dict[str, float]:
        """Frame 0 for stills of other origin: photo-like ones, the training's kind of textures, recoloured frames."""
        rng = np.random.default_rng(self.seed)
        height, width = CLIP.height_px, CLIP.width_px
        stills: dict[str, list[Frames]] = {
            "photo": [still(index, height, width) for index in range(count)],
            "texture": [(texture(rng, height, width).clip(0, 1) * 255).astype(np.uint8) for _ in range(count // 2)],
            "recolored": [recolored(rng, self.clip(index)[:1])[0] for index in range(count // 2)],
        }
        found: dict[str, float] = {}
        for name, images in stills.items():
            made = [self.generator.conditioned("", [(0, image[None])], self.seed, self.how)[0] for image in images]
            each = [psnr(frame, image) for frame, image in zip(made, images, strict=True)]
            found |= {f"{name}_db": float(np.mean(each)), f"{name}_worst_db": float(min(each))}
        return found

    def seams(self, count: int) -> dict[str, float]:
        """Jump from kept frames to made ones and back, and where a loop closes, over the data's own change.

        Kept frames are the true ones, as in a splice, so what the VAE loses counts as a jump; for `own_` they are
        as the model gives them back, so that only the model is judged.
        """
        prompts = self.prompts(count, "en")
        jumps: dict[str, list[float]] = {}
        for index in range(count):
            clip = self.clip(index)
            jumps.setdefault("data", []).extend(jump(a, b) for a, b in itertools.pairwise(clip))
            for name, (given, seams) in SPLICES.items():
                conditions = [(at, clip[at : at + frames]) for at, frames in given]
                made = self.generator.conditioned(prompts[index], conditions, self.seed, self.how)
                for kept, new in seams:
                    jumps.setdefault(name, []).append(jump(clip[kept], made[new]))
                    jumps.setdefault(f"own_{name}", []).append(jump(made[kept], made[new]))
            made = self.generator.conditioned(
                prompts[index], [(0, clip[:1]), (CLIP.last, clip[:1])], self.seed, self.how
            )
            jumps.setdefault("loop", []).append(jump(made[-1], made[0]))
        means = {name: float(np.mean(values)) for name, values in jumps.items()}
        return {name: value if name == "data" else value / means["data"] for name, value in means.items()}


@torch.no_grad()
def reconstruction(vae_folder: Path, held_out: Pixels, count: int) -> dict[str, float]:
    """PSNR of the VAE alone, in dB: of held-out clips, and of the photo-like stills."""
    vae = AutoencoderKLLTXVideo.from_pretrained(vae_folder, dtype=torch.bfloat16)
    assert isinstance(vae, AutoencoderKLLTXVideo)

    def error_db(frames: Frames) -> float:
        latents = vae.encoder(model_frames(frames[None]).to(torch.bfloat16))[:, : vae.config["latent_channels"]]
        decoded = (vae.decoder(latents)[0].float().permute(1, 2, 3, 0).clamp(-1, 1) + 1) * 127.5
        return psnr(decoded.round().byte().numpy(), frames)

    clips = [error_db(held_out.clip(index)[: CLIP.num_frames]) for index in range(count)]
    photos = [error_db(still(index, CLIP.height_px, CLIP.width_px)[None]) for index in range(STILLS)]
    means = {"mean_db": float(np.mean(clips)), "photo_db": float(np.mean(photos))}
    return means | {"worst_db": min(clips), "photo_worst_db": min(photos)}


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
    parser.add_argument("--steps", type=int, default=Sampling.steps)
    parser.add_argument("--guidance", type=float, default=Sampling.guidance)
    parser.add_argument("--rescale", type=float, default=Sampling.rescale)
    parser.add_argument("--parts", nargs="+", help="only these")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    vae_fast.patch()
    held_out = Pixels(options.held_out)
    held_out.refresh()
    how = Sampling(options.steps, options.guidance, options.rescale)
    exam = Exam(Generator(options.model), load(options.probe), held_out, how)
    clips = options.clips
    parts: dict[str, Callable[[], Any]] = {
        "vae": lambda: reconstruction(options.model / "vae", held_out, max(8, clips // 2)),
        "text": lambda: exam.text(clips),
        "start_images": lambda: exam.start_images(clips // 5),
        "foreign_images": lambda: exam.foreign_images(STILLS),
        "seams": lambda: exam.seams(clips // 7),
        "languages": lambda: exam.languages(clips // 2),
        "outside": lambda: exam.written(OUTSIDE),
        "famous": lambda: exam.written(FAMOUS),
        "few_steps": lambda: exam.few_steps(clips),
    }
    parts = {name: parts[name] for name in options.parts or parts}
    found = json.loads(options.out.read_text(encoding="utf-8")) if options.out.exists() else {}
    for name, measure in parts.items():
        if name not in found:
            began = time.monotonic()
            found[name] = rounded(measure())
            print(json.dumps({name: found[name]}), f"({time.monotonic() - began:.0f} s)", flush=True)
            options.out.write_text(json.dumps(found, indent=1), encoding="utf-8")
