"""One stretch of training: counts, logs, saves, and stops when it is told to; the same for every stage."""

import json
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from starter.masters import Masters
from starter.state import load_state, save_state

PAUSE_S = 60.0
"""An update that took longer was stopped (SIGSTOP) meanwhile; its time is not counted as training."""


@dataclass
class Counters:
    """Where a run is."""

    updates: int = 0
    clips_seen: int = 0
    images_seen: int = 0
    seconds: float = 0.0
    decay_from: int = -1
    start_clips: int = 0
    start_images: int = 0
    numpy_state: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Schedule:
    """A rate that warms up, stays constant, and falls to zero once the end is announced."""

    warmup_updates: int = 100
    decay_updates: int = 400

    def rate(self, counters: Counters) -> float:
        """Share of the full learning rate; 0 when the decay has ended."""
        warm = min(1.0, (counters.updates + 1) / self.warmup_updates)
        if counters.decay_from < 0:
            return warm
        return warm * max(0.0, 1.0 - (counters.updates - counters.decay_from) / self.decay_updates)


class Trainer(Protocol):
    """What a session trains."""

    counters: Counters
    weights: Masters
    rng: np.random.Generator
    schedule: Schedule

    def update(self) -> dict[str, float]:
        """One update; returns what is worth a log, by name."""
        ...

    def refresh(self) -> int:
        """Look for more material; returns how much there is."""
        ...


def save(run: Path, trainer: Trainer, more: dict[str, torch.Tensor] | None = None) -> Path:
    """Write a checkpoint: weights, optimizers, counters and random states."""
    trainer.counters.numpy_state = dict(trainer.rng.bit_generator.state)
    tensors = {**trainer.weights.tensors(), "torch_rng": torch.get_rng_state(), **(more or {})}
    return save_state(run, trainer.counters.updates, tensors, vars(trainer.counters))


def resume(run: Path, trainer: Trainer) -> dict[str, torch.Tensor] | None:
    """Take up the newest checkpoint and return its tensors; None where there is none."""
    found = load_state(run)
    if found is None:
        return None
    tensors, counters = found
    trainer.weights.load(tensors)
    torch.set_rng_state(tensors["torch_rng"])
    trainer.counters = Counters(**counters)
    trainer.rng.bit_generator.state = trainer.counters.numpy_state
    return tensors


class Session:
    """Trains until the time is over, a signal comes, or the decay has ended.

    A file named `finish` in the run's folder announces the end: the rate decays from then on.
    """

    save_every_s = 240.0
    log_every_s = 60.0

    def __init__(self, run: Path, trainer: Trainer, save_: Callable[[], Path]) -> None:
        self.run, self.trainer, self.save = run, trainer, save_
        self.stopped = False
        self.notes: dict[str, list[float]] = {}
        self.busy_s = 0.0
        self.began = self.last = self.saved = self.logged = time.monotonic()
        self.material = trainer.refresh()

    def train(self, minutes: float) -> None:
        """Train for at most this long."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        while not self.stopped and time.monotonic() - self.began < minutes * 60:
            counters = self.trainer.counters
            if self.trainer.schedule.rate(counters) <= 0:
                break
            self._note(self.trainer.update())
            if counters.decay_from < 0 and (self.run / "finish").exists():
                counters.decay_from = counters.updates
            self._keep()
        self._log()
        self.save()

    def _stop(self, *_: object) -> None:
        self.stopped = True

    def _note(self, values: dict[str, float]) -> None:
        now = time.monotonic()
        took, self.last = now - self.last, now
        if took < PAUSE_S:
            self.trainer.counters.seconds += took
            self.busy_s += took
        for name, value in values.items():
            self.notes.setdefault(name, []).append(value)

    def _keep(self) -> None:
        now = time.monotonic()
        if now - self.logged > self.log_every_s:
            self._log()
            self.material = self.trainer.refresh()
        if now - self.saved > self.save_every_s:
            self.save()
            self.saved = time.monotonic()

    def _log(self) -> None:
        counters = self.trainer.counters
        done = max((len(values) for values in self.notes.values()), default=0)
        line = {
            "at": time.strftime("%H:%M:%S"),
            "updates": counters.updates,
            "clips_seen": counters.clips_seen,
            "images_seen": counters.images_seen,
            "hours": round(counters.seconds / 3600, 3),
            "material": self.material,
            "rate": round(self.trainer.schedule.rate(counters), 3),
            "updates_per_s": round(done / max(self.busy_s, 1e-9), 3),
            **{name: round(float(np.mean(values)), 4) for name, values in self.notes.items()},
        }
        with (self.run / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)
        self.notes, self.busy_s, self.logged = {}, 0.0, time.monotonic()
