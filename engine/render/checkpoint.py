"""Checkpoints: what a render has so far, on disk, so that a pause, a crash or a draft costs next to nothing."""

import contextlib
import hashlib
import logging
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import diffusers
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from engine.memory.device import DeviceReport
from engine.protocol.job import Notice
from engine.protocol.recipe import Recipe
from engine.render.attention import NATIVE, chosen
from engine.render.speed import numbers
from engine.weights.store import Weights

log = logging.getLogger(__name__)

EVERY_S = 5.0
"""Slow steps are kept one by one: losing four of a minute each would hurt."""
STALL_S = 1.0
"""A disk that hangs does not hold up a step for longer."""


@dataclass(frozen=True)
class Key:
    """What a checkpoint was made with; with anything else it is of no use (sha256, hex)."""

    recipe: str
    weights: str
    numeric_plan: str


def key(recipe: Recipe, weights: Weights, device: DeviceReport, carries_tiles: bool = False) -> Key:
    """The key of a render: the numeric plan is everything else that decides a latent's bytes.

    Decoding in tiles does so only where a section carries another one's decoded frames.
    """
    threads = torch.get_num_threads() if device.kind == "cpu" else 0
    plan = (torch.__version__, diffusers.__version__, device.kind, device.name, str(device.dtype), threads)
    kernel = chosen(device, weights.card.family)
    plan = (*plan, *numbers(recipe.speed), *([] if kernel == NATIVE else [kernel]))
    plan = (*plan, "tiled") if carries_tiles else plan
    return Key(recipe.digest, weights.digest(), hashlib.sha256(repr(plan).encode()).hexdigest())


@dataclass(frozen=True)
class Checkpoint:
    """One section's state.

    Attributes:
        step: denoising steps done.
        is_final: the sample is the section's final latents [1, C, F, H, W]; else it is the scheduler's own.
        history: what else the scheduler needs to go on.
    """

    step: int
    is_final: bool
    sample: torch.Tensor
    history: Mapping[str, torch.Tensor] = field(default_factory=dict)


class Checkpoints:
    """The checkpoints of one job: one file a section, replaced atomically on a thread of its own."""

    def __init__(self, folder: Path, made_with: Key, every_steps: int = 4) -> None:
        self.notices: list[Notice] = []
        self._folder = folder
        self._key = made_with
        self._every_steps = every_steps
        self._latest: tuple[int, Checkpoint] | None = None
        self._due: dict[int, tuple[int, Checkpoint]] = {}
        self._taken = 0
        self._kept = 0
        self._finals: dict[int, Checkpoint] = {}
        self._saved_s = time.monotonic()
        self._changed = threading.Condition()
        self._closing = False
        self._writer = threading.Thread(target=self._write, name="checkpoints", daemon=True)
        self._writer.start()

    def read(self, section: int) -> Checkpoint | None:
        """What is there of a section; None when there is nothing, or nothing that fits (`notices` says so then)."""
        with self._changed:
            if section in self._finals:  # on its way to the disk, or there was no room
                return self._finals[section]
        try:
            with safe_open(self._path(section), "pt") as file:
                notes = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  no mapping
            found = Checkpoint(int(notes["step"]), notes["is_final"] == "True", tensors.pop("sample"), tensors)
        except FileNotFoundError:
            return None
        except (OSError, SafetensorError, KeyError, ValueError):
            log.warning("checkpoint %d cannot be read: the section starts again", section)
            return None
        for part, mine in asdict(self._key).items():
            if notes.get(part) != mine:
                self.say_restarted(part, found.step)
                return None
        return found

    def offer(self, section: int, checkpoint: Checkpoint) -> None:
        """Take what there is after a step; it is written when it is due, final latents at once.

        Steps that are faster than the disk wait for it, so that no death costs more than `every_steps` of them.
        """
        with self._changed:
            self._latest = (section, checkpoint)
            self._taken += not checkpoint.is_final  # which is what the last step came to
            is_due = checkpoint.step % self._every_steps == 0 or time.monotonic() - self._saved_s > EVERY_S
            if checkpoint.is_final:
                self._finals[section] = checkpoint
            if is_due or checkpoint.is_final:
                self._saved_s = time.monotonic()
                self._due[section] = (self._taken, checkpoint)
                self._changed.notify_all()
            self._changed.wait_for(lambda: self._taken - self._kept <= self._every_steps, STALL_S)

    def say_restarted(self, field: str, step: int) -> None:
        """A section of which so many steps were made begins again, because of a field of the key or of the recipe."""
        lost = step + sum(notice.given for notice in self.notices)
        self.notices = [Notice(kind="restarted", field=field, kept=0, given=lost)]

    def close(self, *, keep_latest: bool) -> None:
        """Write what waits and the newest state too, or drop it; returns when the disk is left alone."""
        with self._changed:
            if not keep_latest:
                self._due.clear()
            elif self._latest is not None:
                self._due[self._latest[0]] = (self._taken, self._latest[1])
            self._closing = True
            self._changed.notify_all()
        self._writer.join()

    def _write(self) -> None:
        while True:
            with self._changed:
                while not self._due and not self._closing:
                    self._changed.wait()
                if not self._due:
                    return
                section = next(iter(self._due))
                taken, checkpoint = self._due.pop(section)
            is_kept = self._is_saved(section, checkpoint)
            with self._changed:
                self._kept = taken
                self._changed.notify_all()
                if is_kept and self._finals.get(section) is checkpoint:
                    del self._finals[section]
                if is_kept and self._latest is not None and self._latest[1] is checkpoint:
                    self._latest = None

    def _is_saved(self, section: int, checkpoint: Checkpoint) -> bool:
        try:
            self._save(section, checkpoint)
        except OSError as error:  # a full disk: the render itself needs none of this
            log.warning("a checkpoint could not be written: %s", error)
            return False
        return True

    def _save(self, section: int, checkpoint: Checkpoint) -> None:
        notes = {**asdict(self._key), "step": str(checkpoint.step), "is_final": str(checkpoint.is_final)}
        tensors = {"sample": checkpoint.sample, **checkpoint.history}
        content = save({name: tensor.contiguous().cpu() for name, tensor in tensors.items()}, notes)
        path = self._path(section)
        part = path.with_suffix(".part")
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def _path(self, section: int) -> Path:
        return self._folder / f"section-{section:04}.safetensors"
