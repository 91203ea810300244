"""Render clips, encode them with a VAE and add them to a pool; pixels are not kept.

Clips are rendered in as many processes as there are `--workers`; this one encodes, on the GPU where there is one. A
chunk that exists is skipped, so a killed producer goes on where it stopped.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_ltx import AutoencoderKLLTXVideo

from starter import vae_fast
from starter.clips import HELD_OUT_SEED, TRAINING_SEED, Batch, Clip
from starter.pool import single_frames, write_chunk
from starter.sizes import CLIP, ClipSize
from starter.world.render import Frames, loop
from starter.world.scenes import mirrored

Tensors = dict[str, torch.Tensor]

ENCODED_AT_ONCE = 10
LOOPS_PER_CHUNK = 4
"""One of so many clips is also encoded as a loop."""


class Encoder:
    """A frozen VAE that turns frames into normalised latents."""

    def __init__(self, folder: Path) -> None:
        vae_fast.patch()
        vae = AutoencoderKLLTXVideo.from_pretrained(folder, dtype=torch.bfloat16)
        assert isinstance(vae, AutoencoderKLLTXVideo)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.nn.Module.to(vae, device=self.device, memory_format=vae_fast.LAYOUT)  # pyright: ignore[reportCallIssue]
        self.vae = vae.eval()
        self.channels = int(vae.config["latent_channels"])
        self.mean, self.std = vae.latents_mean.float(), vae.latents_std.float()

    @torch.no_grad()
    def __call__(self, frames: torch.Tensor) -> torch.Tensor:
        """Latents' means  # [B, tokens, C] float16, from frames [B, 3, F, H, W] in -1..1."""
        moments = self.vae.encoder(frames.to(self.device, torch.bfloat16))[:, : self.channels].float().cpu()
        tokens = moments.permute(0, 2, 3, 4, 1).flatten(1, 3)
        return ((tokens - self.mean) / self.std).half()


def model_frames(frames: Frames) -> torch.Tensor:
    """Frames in model scale  # [B, 3, F, H, W] float32 in -1..1, from [B, F, H, W, 3] uint8."""
    channels_first = torch.from_numpy(np.array(frames)).permute(0, 4, 1, 2, 3)
    return channels_first.float().div(127.5).sub(1)


def encode_clips(encoder: Encoder, clips: Frames, size: ClipSize) -> dict[str, torch.Tensor]:
    """Everything the conditions need of clips  # [B, F, H, W, 3]: whole, single frames, and suffixes."""
    frames, end = model_frames(clips), size.num_frames
    tensors = {"clip": encoder(frames)}
    tensors |= {f"frame_{i}": encoder(frames[:, :, i : i + 1]) for i in single_frames(size)}
    return tensors | {f"suffix_{n}": encoder(frames[:, :, end - n :]) for n in (5, 9)}


def encoded(encoder: Encoder, seeds: list[int], clips: list[Clip]) -> tuple[Tensors, list[dict[str, str]]]:
    """A chunk's tensors and scenes: each clip plain, mirrored and later, and some as loops."""
    size, scenes = CLIP, [scene for _, scene in clips]
    frames = np.stack([frames for frames, _ in clips])
    still = [i for i, scene in enumerate(scenes) if scene["cam"] == "static"]
    everything = list(range(len(seeds)))
    variants: list[tuple[str, list[int], Callable[[Frames], Frames]]] = [
        ("a", everything, lambda clip: clip[: size.num_frames]),
        ("b", everything, lambda clip: clip[-size.num_frames :, :, ::-1]),
        ("loop", still[: len(seeds) // LOOPS_PER_CHUNK], lambda clip: loop(clip, size.num_frames)),
    ]
    parts: list[dict[str, torch.Tensor]] = []
    entries: list[dict[str, str]] = []
    for variant, chosen, take in variants:
        for start in range(0, len(chosen), ENCODED_AT_ONCE):
            batch = chosen[start : start + ENCODED_AT_ONCE]
            parts.append(encode_clips(encoder, np.stack([take(frames[i]) for i in batch]), size))
        for i in chosen:
            scene = mirrored(scenes[i]) if variant == "b" else dict(scenes[i])
            entries.append(scene | {"variant": variant, "seed": str(seeds[i])})
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}, entries


def main(arguments: list[str]) -> None:
    """Command line of this stage."""
    parser = argparse.ArgumentParser(prog="produce", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--vae", type=Path, required=True)
    parser.add_argument("--chunks", type=int, default=1000)
    parser.add_argument("--clips", type=int, default=50, help="clips per chunk")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--held-out", action="store_true", help="other seeds")
    parser.add_argument("--pause", type=float, default=0.0, help="rest after a chunk, as a multiple of its time")
    options = parser.parse_args(arguments)
    first = HELD_OUT_SEED if options.held_out else TRAINING_SEED
    batch = Batch(first, options.chunks, options.clips)
    paths = batch.missing(options.out, ".safetensors")
    torch.set_num_threads(1)
    encoder, began = Encoder(options.vae), time.monotonic()
    for number, clips in batch.drawn(paths, options.workers):
        write_chunk(paths[number], *encoded(encoder, batch.seeds(number), clips))
        took = time.monotonic() - began
        print(f"{time.strftime('%H:%M:%S')} chunk {number}: {took:.1f} s", flush=True)
        time.sleep(took * options.pause)
        began = time.monotonic()
