"""One job, once for all families: encode, denoise, decode; section by section, and on from its checkpoints."""

import contextlib
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

import numpy as np
import torch

from engine.families.family import Embedding, Inputs, Known
from engine.media.frames import Frame
from engine.memory.offload import tiling
from engine.protocol.events import Preview, Progress, Stage
from engine.protocol.job import Habits, Notice
from engine.protocol.recipe import Recipe
from engine.protocol.rules import LARGEST_SEED
from engine.protocol.sections import Section, is_backward, sections
from engine.render.checkpoint import Checkpoint, Checkpoints, key
from engine.render.footage import Footage
from engine.render.interrupt import Interrupt, InterruptedRenderError
from engine.render.loaded import Loaded
from engine.render.loras import applied
from engine.render.preview import PreviewSender
from engine.render.speed import cached
from engine.render.steps import Resume, Step, observed

PROGRESS_INTERVAL_S = 0.1


class Observer(Protocol):
    """Who hears of a render's progress; called from the rendering thread and from the preview thread."""

    def on_progress(self, progress: Progress) -> None:
        """A stage began, a step ended, or frames were written."""
        ...

    def on_preview(self, preview: Preview, jpegs: list[bytes]) -> None:
        """The predicted clean clip, every frame of it (of the section that is being made)."""
        ...


@dataclass(frozen=True)
class Task:
    """What to render.

    Attributes:
        media_files: everything the recipe is made from, by sha256.
        checkpoints: the job's folder for them; what lies there is gone on from.
        until_step: end the first section after so many steps, for a draft.
        tiled: decode in tiles.
    """

    job_id: str
    recipe: Recipe
    media_files: Mapping[str, Path]
    checkpoints: Path
    until_step: int | None = None
    habits: Habits = field(default_factory=Habits)
    tiled: bool = False


class _EndEarly(BaseException):
    def __init__(self, clean: torch.Tensor) -> None:
        super().__init__()
        self.clean = clean


class Render:
    """One job on a loaded model; a context manager that leaves its checkpoints whole. Call `denoise`, then `decoded`.

    Attributes:
        recipe: what is rendered.
        footage: what it is made from.
        backward: sections are made from the last to the first.
        stage_s: the seconds of each stage.
        step: denoising steps done, of all sections.
        ended_early: a wish or a draft ended it before its last step.
    """

    def __init__(self, task: Task, loaded: Loaded, observer: Observer, interrupt: Interrupt) -> None:
        recipe = task.recipe
        self.stage_s: dict[str, float] = {}
        self.step = 0
        self.ended_early = False
        self.recipe = recipe
        self.footage = Footage(task.media_files, recipe)
        self._task = task
        self._loaded = loaded
        self._observer = observer
        self._interrupt = interrupt
        self._parts = sections(recipe, loaded.weights.card)
        self.backward = is_backward(recipe)
        self._early: dict[Section, torch.Tensor] = {}
        self._decoded: tuple[Section, np.ndarray] | None = None
        self._notices: list[Notice] = []
        self._started_s = time.monotonic()
        self._steps_s: list[float] = []
        self._checkpoints = Checkpoints(
            task.checkpoints,
            key(recipe, loaded.weights, loaded.device, carries_tiles=task.tiled and len(self._parts) > 1),
            task.habits.checkpoint_steps,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        cancelled = isinstance(error, InterruptedRenderError) and error.wish == "cancel"
        self._checkpoints.close(keep_latest=not cancelled)

    @property
    def total_steps(self) -> int:
        """Denoising steps of all sections."""
        return self.recipe.steps_per_section * len(self._parts)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What a user should know of the result."""
        early = Notice(kind="stopped_early", field="num_inference_steps", kept=self.step, given=self.total_steps)
        stopped = [early] if self.ended_early and self._task.until_step is None else []
        return (*self._notices, *self._checkpoints.notices, *stopped)

    def denoise(self) -> None:
        """Bring every section to its final latents, or as far as it goes.

        Raises:
            MediaError: for an image or clip that cannot be read.
            InterruptedRenderError: within one module's forward after a cancel or pause was requested.
        """
        parts = reversed(self._parts) if self.backward else self._parts
        for done, part in enumerate(parts):
            self._section(part, done * self.recipe.steps_per_section)
            if self.ended_early:
                break

    @property
    def made(self) -> Sequence[Section]:
        """The sections that have final latents, or the best there is, in the order of time."""
        if not self.ended_early:
            return self._parts
        (last,) = self._early
        index = self._parts.index(last)
        return self._parts[index:] if self.backward else self._parts[: index + 1]

    def latents(self, part: Section) -> torch.Tensor:
        """The final latents [1, C, F, H, W] of a section that was made, in model scale."""
        if part in self._early:
            return self._early[part]
        found = self._checkpoints.read(self._parts.index(part))
        assert found is not None
        assert found.is_final
        return found.sample.to(self._loaded.device.kind)

    @torch.inference_mode()
    def decoded(self, part: Section) -> np.ndarray:
        """The frames [F, H, W, 3] uint8 sRGB of a section that was made; those of the latest one are remembered."""
        if self._decoded is None or self._decoded[0] != part:
            self._decoded = None
            loaded = self._loaded
            tiled = tiling(loaded.pipeline.vae, self._task.tiled)
            with self.stage("decode"), self._interrupt.guarding(loaded.pipeline), tiled:
                frames = loaded.family.decode(loaded.pipeline, self.latents(part))
                loaded.pipeline.maybe_free_model_hooks()
            self._decoded = (part, frames[: part.num_frames])
        return self._decoded[1]

    def watched(self, frames: Iterator[Frame], total_frames: int) -> Iterator[Frame]:
        """The same, with an interrupt noticed and progress told between any two."""
        told_s = time.monotonic()
        for number, frame in enumerate(frames):
            self._interrupt.check()
            if time.monotonic() - told_s > PROGRESS_INTERVAL_S:
                told_s = time.monotonic()
                self._progress("write", number, total_frames)
            yield frame

    @contextlib.contextmanager
    def stage(self, stage: Stage) -> Generator[None]:
        """Tell that a stage begins, and add up its time."""
        self._interrupt.check()
        self._progress(stage)
        began_s = time.monotonic()
        yield
        self.stage_s[stage] = self.stage_s.get(stage, 0.0) + time.monotonic() - began_s

    @torch.inference_mode()
    def _section(self, part: Section, steps_before: int) -> None:
        found = self._checkpoints.read(self._parts.index(part))
        if found is not None and not found.is_final and self.recipe.speed != "full":
            self._checkpoints.say_restarted("speed", found.step)  # its cache is larger than anybody would keep
            found = None
        self.step = steps_before + (found.step if found else 0)
        if found is None or not found.is_final:
            with self._interrupt.guarding(self._loaded.pipeline):
                self._make(part, found, steps_before)

    def _make(self, part: Section, found: Checkpoint | None, steps_before: int) -> None:
        loaded = self._loaded
        recipe = self.recipe.changed(
            num_frames=part.num_frames,
            seed=(self.recipe.seed + self._parts.index(part)) % (LARGEST_SEED + 1),
            conditions=part.conditions,
            splice=None,
            loop=False,
        )
        carried = self._carried(part)
        with self.stage("encode"):
            inputs = self._inputs(part, recipe, carried)
        sender = PreviewSender(loaded.preview, self._send_preview, self._task.habits.preview_px)
        resume = None
        if found is not None:
            resume = Resume(found.step, found.sample, loaded.family.denoisers(loaded.pipeline), found.history)
        try:
            with self.stage("denoise"), self._observed(part, recipe, steps_before, sender, resume):
                final = loaded.family.denoise(loaded.pipeline, loaded.weights, inputs)
            self._checkpoints.offer(self._parts.index(part), Checkpoint(recipe.steps_per_section, True, final))
        except _EndEarly as end:
            self.ended_early = True
            self._early[part] = loaded.family.unpack(loaded.pipeline, recipe, end.clean)[None].float()
        finally:
            sender.close()
            loaded.pipeline.maybe_free_model_hooks()

    @contextlib.contextmanager
    def _observed(
        self, part: Section, recipe: Recipe, steps_before: int, sender: PreviewSender, resume: Resume | None
    ) -> Generator[None]:
        loaded, index = self._loaded, self._parts.index(part)
        step_began_s = time.monotonic()

        def on_step(step: Step) -> None:
            nonlocal step_began_s
            now = time.monotonic()
            self._steps_s.append(now - step_began_s)
            step_began_s = now
            self.step = steps_before + step.index
            self._checkpoints.offer(index, Checkpoint(step.index, False, step.after, step.history))
            self._interrupt.check()
            self._progress("denoise")
            wanted = self._ends_at(step.index, recipe.steps_per_section)
            if sender.is_due() or wanted:
                sender.offer(self.step, loaded.family.unpack(loaded.pipeline, recipe, step.clean()))
            if wanted:
                raise _EndEarly(step.clean())

        denoisers = loaded.family.denoisers(loaded.pipeline)
        with (
            applied(loaded.pipeline, recipe.loras, self._task.media_files),
            observed(loaded.pipeline.scheduler, on_step, resume),
            cached(denoisers, recipe.speed),
        ):
            yield

    def _ends_at(self, step: int, total: int) -> bool:
        until = self._task.until_step
        return step < total and (self._interrupt.stops_early or (until is not None and step >= until))

    @property
    def _prompt(self) -> str:
        """As it was written; where there is nothing at all to go by, what the card says."""
        prompt, recipe = self.recipe.prompt, self.recipe
        is_given = bool(prompt.strip() or recipe.conditions or recipe.source)
        return prompt if is_given else self._loaded.weights.card.empty_prompt or prompt

    def _inputs(self, part: Section, recipe: Recipe, carried: list[Known]) -> Inputs:
        positive = self._loaded.embed(self._prompt)
        negative = self._loaded.embed(recipe.negative_prompt) if recipe.guidance_scale > 1 else None
        if not self._notices:
            self._notices += _truncations(positive, negative)
        return Inputs(
            recipe=recipe,
            known=[*carried, *(self.footage.known(condition) for condition in part.conditions)],
            source=self.footage.source(part),
            positive=positive,
            negative=negative,
            generator=torch.Generator("cpu").manual_seed(recipe.seed),
        )

    def _carried(self, part: Section) -> list[Known]:
        """The frames that the neighbours of a section have made for it."""
        index = self._parts.index(part)
        if self.backward:
            if index + 1 == len(self._parts):
                return []
            behind = self._parts[index + 1]
            frames = self.decoded(behind)[: behind.overlap]
            return [Known(frames, part.num_frames - behind.overlap, 1.0)]
        if index == 0:
            return []
        carried = [Known(self.decoded(self._parts[index - 1])[-part.overlap :], 0, 1.0)]
        if part.closes:
            head = self.decoded(self._parts[0])[: part.overlap]
            carried.append(Known(head, part.num_frames - part.overlap, 1.0))
        return carried

    def _progress(self, stage: Stage, frame: int = 0, total_frames: int = 0) -> None:
        eta_s = None
        if len(self._steps_s) >= 2:  # the first step pays for warming up
            eta_s = (self.total_steps - self.step) * sum(self._steps_s[1:]) / (len(self._steps_s) - 1)
        self._observer.on_progress(
            Progress(
                job_id=self._task.job_id,
                stage=stage,
                step=self.step,
                total_steps=self.total_steps,
                frame=frame,
                total_frames=total_frames,
                elapsed_s=time.monotonic() - self._started_s,
                eta_s=eta_s,
            )
        )

    def _send_preview(self, step: int, width: int, height: int, jpegs: list[bytes]) -> None:
        preview = Preview(
            job_id=self._task.job_id,
            step=step,
            total_steps=self.total_steps,
            fps=self.recipe.fps,
            width=width,
            height=height,
            frame_sizes_bytes=tuple(len(jpeg) for jpeg in jpegs),
        )
        self._observer.on_preview(preview, jpegs)


def _truncations(positive: Embedding, negative: Embedding | None) -> Iterator[Notice]:
    for name, prompt in (("prompt", positive), ("negative_prompt", negative)):
        if prompt is not None and prompt.given_tokens > prompt.kept_tokens:
            kept, given = prompt.kept_tokens, prompt.given_tokens
            yield Notice(kind="prompt_truncated", field=name, kept=kept, given=given)
