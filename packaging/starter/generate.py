"""Clips from a model folder through diffusers' own pipeline, as the product makes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXConditionPipeline, LTXVideoCondition
from PIL import Image

from starter.model import load_transformer
from starter.sizes import CLIP, FPS, ClipSize
from starter.world.render import Frames

CONDITION_NOISE = 0.05
BATCH = 6


@dataclass(frozen=True)
class Sampling:
    """How clips are drawn; by default as the product's card says."""

    steps: int = 20
    guidance: float = 4.0
    rescale: float = 0.0


class Generator:
    """A loaded model."""

    def __init__(self, folder: Path, size: ClipSize = CLIP) -> None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
        transformer = load_transformer(folder / "transformer", torch.bfloat16)
        pipeline = LTXConditionPipeline.from_pretrained(folder, transformer=transformer, dtype=torch.bfloat16)
        self.pipeline = pipeline.to(device)
        self.pipeline.set_progress_bar_config(disable=True)
        self.size = size

    def clips(self, prompts: Sequence[str], seed: int, how: Sampling) -> Frames:
        """Clips from text  # [B, F, H, W, 3] uint8."""
        parts = [self._run(list(prompts[i : i + BATCH]), None, seed + i, how) for i in range(0, len(prompts), BATCH)]
        return np.concatenate(parts)

    def conditioned(self, prompt: str, given: Sequence[tuple[int, Frames]], seed: int, how: Sampling) -> Frames:
        """A clip with frames [N, H, W, 3] given from each frame index on  # [F, H, W, 3] uint8."""
        conditions = [_condition(index, frames) for index, frames in given]
        return self._run([prompt], conditions, seed, how)[0]

    @torch.no_grad()
    def _run(self, prompts: list[str], conditions: list[LTXVideoCondition] | None, seed: int, how: Sampling) -> Frames:
        result = self.pipeline(
            prompt=prompts,
            negative_prompt=[""] * len(prompts),
            conditions=conditions,  # pyright: ignore[reportArgumentType]
            width=self.size.width_px,
            height=self.size.height_px,
            num_frames=self.size.num_frames,
            frame_rate=int(FPS),
            num_inference_steps=how.steps,
            guidance_scale=how.guidance,
            guidance_rescale=how.rescale,
            image_cond_noise_scale=CONDITION_NOISE,
            generator=torch.Generator().manual_seed(seed),
            max_sequence_length=64,
            output_type="np",
        )
        frames = np.asarray(result.frames)  # pyright: ignore[reportAttributeAccessIssue]
        return (frames * 255 + 0.5).astype(np.uint8)


def _condition(index: int, frames: Frames) -> LTXVideoCondition:
    images = [Image.fromarray(frame) for frame in frames]
    if len(images) == 1:
        return LTXVideoCondition(image=images[0], frame_index=index)
    return LTXVideoCondition(video=images, frame_index=index)  # pyright: ignore[reportArgumentType]
