"""The worker's desk: one model on the shelf, one job at a time, every end of it reported."""

import contextlib
import ctypes
import gc
import hashlib
import logging
import sys
import time
from pathlib import Path

import diffusers
import torch
import transformers

from engine.media.containers import CODINGS
from engine.memory.device import DeviceReport, available, find
from engine.memory.offload import machine_with, part_bytes, placement
from engine.protocol.events import Preview, Progress, Stage
from engine.protocol.job import Delivery, Device, Notice
from engine.protocol.memory_plan import PLACEMENTS, Placement
from engine.protocol.model_card import ModelCard
from engine.protocol.work import Broke, Export, Finished, Ready, Render, Report, Stopped
from engine.render import take
from engine.render.film import write_film
from engine.render.interrupt import Interrupt, InterruptedRenderError
from engine.render.loaded import Loaded, PromptCache, load
from engine.render.render import Render as Rendering
from engine.render.render import Task
from engine.weights.store import verified
from engine.worker.failures import failure_of, ran_out
from engine.worker.ladder import Ladder, Means, smaller
from engine.worker.pipe import Outbox

log = logging.getLogger(__name__)


class Desk:
    """Renders jobs on one device; keeps the last model loaded."""

    def __init__(self, device: Device, cache: Path, outbox: Outbox, interrupt: Interrupt) -> None:
        """Find the device.

        Raises:
            NoDeviceError: when there is none of the requested kind.
        """
        for library in (diffusers, transformers):
            library.utils.logging.set_verbosity_error()
            library.utils.logging.disable_progress_bar()
        self._device: DeviceReport = find(device)
        self._machine = machine_with(self._device)
        self._cache = cache
        self._outbox = outbox
        self._interrupt = interrupt
        self._shelf: tuple[str, Loaded, Placement] | None = None
        self._ladder = Ladder(self._machine, cache)
        self._stage: Stage = "load"
        self._prompts = PromptCache()
        self._step = 0

    def ready(self) -> Ready:
        """What the engine is told first."""
        found = self._device
        return Ready(
            device=found.kind,
            device_name=found.name,
            total_bytes=found.total_bytes,
            machine_bytes=self._machine.machine_bytes,
            value_bytes=self._machine.value_bytes,
            available=available(),
        )

    def run(self, work: Render | Export) -> Report:
        """Make one take, or one film; whatever happens, the desk is fit for the next job afterwards."""
        try:
            with self._interrupt.watching(work.job_id):
                self._step = 0
                return self._climb(work) if isinstance(work, Render) else self._film(work)
        except InterruptedRenderError as stop:
            return Stopped(job_id=work.job_id, wish=stop.wish, step=self._step)
        except Exception as error:  # noqa: BLE001  the boundary: every failure becomes a report
            failure = failure_of(error)
        if failure.kind in ("out_of_memory", "device_lost"):
            self._clear_shelf()  # out here: while the error lives, its traceback holds the model
        return Broke(job_id=work.job_id, failure=failure)

    def rest(self) -> None:
        """With nothing to do: give freed memory back to the system, which glibc alone would keep."""
        gc.collect()
        if sys.platform == "linux":
            with contextlib.suppress(OSError, AttributeError):  # another libc
                ctypes.CDLL("libc.so.6").malloc_trim(0)

    def on_progress(self, progress: Progress) -> None:
        """Pass the render's progress on."""
        self._step, self._stage = progress.step, progress.stage
        self._outbox.put(progress)

    def on_preview(self, preview: Preview, jpegs: list[bytes]) -> None:
        """Pass the render's preview on."""
        self._outbox.put(preview, b"".join(jpegs))

    def _climb(self, work: Render) -> Finished:
        """Make the take; where memory runs out, again with less, from its checkpoint, as long as there is less."""
        means, tries = self._ladder.first(work.card, work.recipe), 1
        while True:
            try:
                made = self._take(work, means)
                break
            except Exception as error:
                less = smaller(self._resolved(means), self._stage, self._device.kind) if ran_out(error) else None
                if less is None:
                    raise
                log.info("memory ran out in %s with %s: once more with %s", self._stage, means, less)
            self._clear_shelf()  # out here, where the error is gone
            means, tries = less, tries + 1
        if tries == 1:
            return made
        self._ladder.remember(work.card, work.recipe, means)
        field = "tiled" if means.placement == "none" else means.placement
        return made.changed(notices=(*made.notices, Notice(kind="smaller_plan", field=field, kept=1, given=tries)))

    def _resolved(self, means: Means) -> Means:
        """The means as they came to be: a card whose anatomy is not known is placed when it is loaded."""
        return means.and_(Means(self._shelf[2])) if self._shelf else means

    def _take(self, work: Render, means: Means) -> Finished:
        output = Path(work.output)
        began_s = time.monotonic()
        total = work.recipe.steps_per_section
        self.on_progress(Progress(job_id=work.job_id, stage="load", step=0, total_steps=total, elapsed_s=0.0))
        loaded = self._loaded(work, means.placement)
        load_s = time.monotonic() - began_s
        media_files = {sha256: Path(path) for sha256, path in work.media_files.items()}
        task = Task(
            job_id=work.job_id,
            recipe=work.recipe,
            media_files=media_files,
            checkpoints=Path(work.checkpoints),
            until_step=work.until_step,
            habits=work.habits,
            tiled=means.tiled,
        )
        with Rendering(task, loaded, self, self._interrupt) as rendering:
            rendering.denoise()
            num_frames = take.write(rendering, work.delivery, output)
        return Finished(
            job_id=work.job_id,
            sha256=_sha256(output),
            size_bytes=output.stat().st_size,
            num_frames=num_frames,
            stage_s={"load": load_s, **rendering.stage_s},
            notices=(*rendering.notices, *rate_notices(work.delivery, work.recipe.take_fps)),
            draft_step=rendering.step if rendering.ended_early and work.until_step is not None else None,
        )

    def _film(self, work: Export) -> Finished:
        output = Path(work.output)
        began_s = time.monotonic()
        num_frames = write_film(work, self.on_progress, self._interrupt)
        return Finished(
            job_id=work.job_id,
            sha256=_sha256(output),
            size_bytes=output.stat().st_size,
            num_frames=num_frames,
            stage_s={"write": time.monotonic() - began_s},
            notices=tuple(rate_notices(work.delivery, work.film.fps)),
        )

    def _loaded(self, work: Render, at_least: Placement) -> Loaded:
        """The model; the one on the shelf, where it is the same one and takes no more of the device's memory."""
        key = f"{work.model_folder}\n{work.card.model_dump_json()}"
        found = self._shelf
        if found is None or found[0] != key or PLACEMENTS.index(found[2]) < PLACEMENTS.index(at_least):
            self._clear_shelf()
            card = work.card if at_least == "none" else work.card.changed(offload=at_least)
            loaded = self._load(card, Path(work.model_folder))
            how = placement(card.offload, part_bytes(loaded.pipeline), self._device)
            self._shelf = found = (key, loaded, how)
        return found[1]

    def _load(self, card: ModelCard, folder: Path) -> Loaded:
        check = self._interrupt.check
        weights = verified(card, folder, check, self._cache)
        return load(weights, self._device, self._cache, self._prompts, check)

    def _clear_shelf(self) -> None:
        self._shelf = None
        gc.collect()
        if self._device.kind == "cuda":
            torch.cuda.empty_cache()


def rate_notices(delivery: Delivery, fps: float) -> list[Notice]:
    """What a container left out that holds fewer frames a second."""
    most = CODINGS[delivery.container].max_fps if delivery.container in CODINGS else fps
    if fps <= most:
        return []
    return [Notice(kind="rate_limited", field="container", kept=round(most), given=round(fps))]


def _sha256(file: Path) -> str:
    with file.open("rb") as written:
        return hashlib.file_digest(written, "sha256").hexdigest()
