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

from engine.memory.device import DeviceReport, available, find
from engine.protocol.events import Preview, Progress
from engine.protocol.job import Device
from engine.protocol.work import Broke, Finished, Ready, Render, Report, Stopped
from engine.render import take
from engine.render.interrupt import Interrupt, InterruptedRenderError
from engine.render.loaded import Loaded, PromptCache, load
from engine.render.render import Render as Rendering
from engine.render.render import Task
from engine.weights.store import verified
from engine.worker.failures import failure_of
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
        self._cache = cache
        self._outbox = outbox
        self._interrupt = interrupt
        self._shelf: tuple[str, Loaded] | None = None
        self._prompts = PromptCache()
        self._step = 0

    def ready(self) -> Ready:
        """What the engine is told first."""
        found = self._device
        return Ready(device=found.kind, device_name=found.name, total_bytes=found.total_bytes, available=available())

    def run(self, work: Render) -> Report:
        """Make one take; whatever happens, the desk is fit for the next job afterwards."""
        try:
            with self._interrupt.watching(work.job_id):
                return self._take(work)
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
        self._step = progress.step
        self._outbox.put(progress)

    def on_preview(self, preview: Preview, jpegs: list[bytes]) -> None:
        """Pass the render's preview on."""
        self._outbox.put(preview, b"".join(jpegs))

    def _take(self, work: Render) -> Finished:
        output = Path(work.output)
        began_s = time.monotonic()
        total = work.recipe.steps_per_section
        self.on_progress(Progress(job_id=work.job_id, stage="load", step=0, total_steps=total, elapsed_s=0.0))
        loaded = self._loaded(work)
        load_s = time.monotonic() - began_s
        media_files = {sha256: Path(path) for sha256, path in work.media_files.items()}
        task = Task(work.job_id, work.recipe, media_files, Path(work.checkpoints), work.until_step, work.habits)
        with Rendering(task, loaded, self, self._interrupt) as rendering:
            rendering.denoise()
            num_frames = take.write(rendering, work.delivery, output)
        with output.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        return Finished(
            job_id=work.job_id,
            sha256=digest,
            size_bytes=output.stat().st_size,
            num_frames=num_frames,
            stage_s={"load": load_s, **rendering.stage_s},
            notices=rendering.notices,
            draft_step=rendering.step if rendering.ended_early and work.until_step is not None else None,
        )

    def _loaded(self, work: Render) -> Loaded:
        key = f"{work.model_folder}\n{work.card.model_dump_json()}"
        if self._shelf is None or self._shelf[0] != key:
            self._clear_shelf()
            self._shelf = (key, self._load(work))
        return self._shelf[1]

    def _load(self, work: Render) -> Loaded:
        check = self._interrupt.check
        weights = verified(work.card, Path(work.model_folder), check, self._cache)
        return load(weights, self._device, self._cache, self._prompts, check)

    def _clear_shelf(self) -> None:
        self._shelf = None
        gc.collect()
        if self._device.kind == "cuda":
            torch.cuda.empty_cache()
