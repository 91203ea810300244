"""One job, once for all families: encode, denoise, decode, write."""

import contextlib
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from engine.families.family import Embedding, Inputs, Known
from engine.media.frames import fit
from engine.media.stills import read_still, write_png
from engine.media.video_write import write_video
from engine.protocol.events import Preview, Progress, Stage
from engine.protocol.job import Delivery, Notice
from engine.protocol.recipe import Recipe
from engine.render.interrupt import Interrupt
from engine.render.loaded import Loaded
from engine.render.preview import PreviewSender
from engine.render.steps import Step, observed


class Observer(Protocol):
    """Who hears of a render's progress; called from the rendering thread and from the preview thread."""

    def on_progress(self, progress: Progress) -> None:
        """A stage began or a step ended."""
        ...

    def on_preview(self, preview: Preview, jpegs: list[bytes]) -> None:
        """The predicted clean clip, every frame of it."""
        ...


@dataclass(frozen=True)
class Rendered:
    """What came out: final latents [1, C, F, H, W] in model scale, frames [F, H, W, 3] uint8 sRGB, and notices."""

    latents: torch.Tensor
    frames: np.ndarray
    notices: tuple[Notice, ...]


class Render:
    """One job on a loaded model. Make it, call `frames`, then `write`; `stage_s` holds the seconds of each stage."""

    def __init__(self, job_id: str, recipe: Recipe, loaded: Loaded, observer: Observer, interrupt: Interrupt) -> None:
        self.stage_s: dict[str, float] = {}
        self._job_id = job_id
        self._recipe = recipe
        self._loaded = loaded
        self._observer = observer
        self._interrupt = interrupt
        self._started_s = time.monotonic()
        self._steps_s: list[float] = []

    @torch.inference_mode()
    def frames(self, media_files: Mapping[str, Path]) -> Rendered:
        """Encode, denoise and decode.

        Raises:
            MediaError: for an image that cannot be read.
            InterruptedRenderError: within one module's forward after the interrupt was requested.
        """
        with self._interrupt.guarding(self._loaded.pipeline):
            return self._frames(media_files)

    def _frames(self, media_files: Mapping[str, Path]) -> Rendered:
        loaded, recipe = self._loaded, self._recipe
        with self._stage("encode"):
            positive = loaded.embed(recipe.prompt)
            negative = loaded.embed(recipe.negative_prompt) if recipe.guidance_scale > 1 else None
            inputs = Inputs(
                recipe=recipe,
                known=[self._known(c.media, c.frame_index, c.strength, media_files) for c in recipe.conditions],
                positive=positive,
                negative=negative,
                generator=torch.Generator("cpu").manual_seed(recipe.seed),
            )
        sender = PreviewSender(loaded.preview, self._send_preview)
        try:
            with self._stage("denoise"):
                latents = self._denoise(inputs, sender)
            with self._stage("decode"):
                frames = loaded.family.decode(loaded.pipeline, latents)
        finally:
            sender.close()
        return Rendered(latents, frames[: recipe.num_frames], tuple(_truncations(positive, negative)))

    def write(self, frames: np.ndarray, delivery: Delivery, output: Path) -> None:
        """Write the take atomically.

        Raises:
            MediaError: when the disk is full or the folder cannot be written; nothing half-written stays.
        """
        embedded = self._recipe.model_dump_json() if delivery.embed_recipe else None
        with self._stage("write"):
            if delivery.container == "png":
                write_png(output, frames[0], embedded)
            else:
                write_video(output, self._checked(frames), self._recipe.fps, recipe_json=embedded)

    def _denoise(self, inputs: Inputs, sender: PreviewSender) -> torch.Tensor:
        loaded, recipe = self._loaded, self._recipe
        step_began_s = time.monotonic()

        def on_step(step: Step) -> None:
            nonlocal step_began_s
            self._interrupt.check()
            now = time.monotonic()
            self._steps_s.append(now - step_began_s)
            step_began_s = now
            self._progress("denoise", step.index)
            if sender.is_due():
                sender.offer(step.index, loaded.family.unpack(loaded.pipeline, recipe, step.clean()))

        try:
            with observed(loaded.pipeline.scheduler, on_step):
                return loaded.family.denoise(loaded.pipeline, loaded.weights, inputs)
        finally:
            loaded.pipeline.maybe_free_model_hooks()

    def _known(self, media: str, frame_index: int, strength: float, media_files: Mapping[str, Path]) -> Known:
        still = fit(read_still(media_files[media]), self._recipe.width, self._recipe.height)
        return Known(still[None], frame_index, strength)

    def _checked(self, frames: np.ndarray) -> Iterator[np.ndarray]:
        for frame in frames:
            self._interrupt.check()
            yield frame

    @contextlib.contextmanager
    def _stage(self, stage: Stage) -> Generator[None]:
        self._interrupt.check()
        self._progress(stage, len(self._steps_s))
        began_s = time.monotonic()
        yield
        self.stage_s[stage] = time.monotonic() - began_s

    def _progress(self, stage: Stage, step: int) -> None:
        total = self._recipe.num_inference_steps
        eta_s = None
        if len(self._steps_s) >= 2:  # the first step pays for warming up
            eta_s = (total - step) * sum(self._steps_s[1:]) / (len(self._steps_s) - 1)
        self._observer.on_progress(
            Progress(
                job_id=self._job_id,
                stage=stage,
                step=step,
                total_steps=total,
                elapsed_s=time.monotonic() - self._started_s,
                eta_s=eta_s,
            )
        )

    def _send_preview(self, step: int, width: int, height: int, jpegs: list[bytes]) -> None:
        preview = Preview(
            job_id=self._job_id,
            step=step,
            total_steps=self._recipe.num_inference_steps,
            fps=self._recipe.fps,
            width=width,
            height=height,
            frame_sizes_bytes=tuple(len(jpeg) for jpeg in jpegs),
        )
        self._observer.on_preview(preview, jpegs)


def _truncations(positive: Embedding, negative: Embedding | None) -> Iterator[Notice]:
    for field, prompt in (("prompt", positive), ("negative_prompt", negative)):
        if prompt is not None and prompt.given_tokens > prompt.kept_tokens:
            kept, given = prompt.kept_tokens, prompt.given_tokens
            yield Notice(kind="prompt_truncated", field=field, kept=kept, given=given)
