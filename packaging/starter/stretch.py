"""The whole factory in stretches of some minutes: what is due next is done, on a GPU's machine or on any other.

One command, given again until it says that nothing is left: `stretch OUT --minutes 9`. Tokenizer, pixels, VAE, its
second stage, pool, transformer and export follow each other; renderers run beside the trainers. Each stage is the
command of that name and resumes by itself, so a stretch may be killed at any time.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from starter.state import POINTER

DECAY_SHARE = 0.4
"""Updates with a falling rate, for each one at the full rate."""

SUFFICIENT = 0.9
"""Share of its minutes that a run must have had; the first updates, which compile, are not counted."""

FIRST_CHUNKS = 2
"""Chunks that must be there before a trainer starts."""


@dataclass(frozen=True)
class Budget:
    """Minutes of training at the full rate that each stage gets in all, and what is rendered for it."""

    vae: float = 4.0
    adversarial: float = 1.0
    transformer: float = 14.0
    pixel_chunks: int = 200
    pool_chunks: int = 600
    clips: int = 50
    workers: int = 1
    small_updates: int = 1500


@dataclass(frozen=True)
class Progress:
    """How far a run is; `decay_from` is the update its rate began to fall at, if it has."""

    updates: int = 0
    minutes: float = 0.0
    decay_from: int = -1

    @property
    def decay_updates(self) -> int:
        """For how many updates the rate falls: a share of those before."""
        before = self.updates if self.decay_from < 0 else self.decay_from
        return max(1, round(DECAY_SHARE * before))

    @property
    def ended(self) -> bool:
        """Whether the rate has come to zero; the update in which it began to fall may be counted on either side."""
        return self.decay_from >= 0 and self.updates - self.decay_from >= self.decay_updates - 1


@dataclass
class Factory:
    """One folder with everything in it, and what may be spent."""

    out: Path
    budget: Budget
    more: dict[str, list[str]]
    deadline: float
    program: Path = Path(__file__).parent
    helpers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def left_s(self) -> float:
        """Seconds left of this stretch."""
        return self.deadline - time.monotonic()

    def command(self, stage: str, *arguments: object) -> list[str]:
        """A stage's command line, with what the user adds to it."""
        return [sys.executable, "-u", str(self.program), stage, *map(str, arguments), *self.more[stage]]

    def call(self, stage: str, *arguments: object) -> None:
        """Run a stage to its end."""
        subprocess.run(self.command(stage, *arguments), check=True)

    def beside(self, stage: str, *arguments: object) -> None:
        """Start a stage that runs beside others, and ends with this stretch."""
        self.helpers.append(subprocess.Popen(self.command(stage, *arguments)))

    def wait_for(self, folder: Path, suffix: str, chunks: int) -> None:
        """Wait until this many chunks are there."""
        while len(list(folder.glob(f"*{suffix}"))) < chunks:
            if any(helper.poll() for helper in self.helpers):
                raise RuntimeError(f"what should fill {folder} has failed")
            time.sleep(0.5)

    def progress(self, run: str) -> Progress:
        """How far a run is."""
        pointer = self.out / run / POINTER
        if not pointer.exists():
            return Progress()
        counters = self.out / run / pointer.read_text(encoding="utf-8").strip() / "counters.json"
        values = json.loads(counters.read_text(encoding="utf-8"))
        return Progress(values["updates"], values["seconds"] / 60, values["decay_from"])

    def train(self, stage: str, run: str, minutes: float, *arguments: object) -> bool:
        """Train a run for `minutes` in all, then let its rate fall to zero; whether it has got there."""
        done = self.progress(run)
        if done.decay_from < 0 and done.minutes < minutes and self.left_s > 0:
            now = min(minutes - done.minutes, self.left_s / 60)
            self.call(stage, self.out / run, *arguments, "--minutes", f"{now:.3f}")
            done = self.progress(run)
        if done.decay_from < 0 and done.minutes < SUFFICIENT * minutes:
            return False
        if not done.ended and self.left_s > 0:
            finish = ("--finish", "--decay-updates", done.decay_updates, "--minutes", f"{self.left_s / 60:.3f}")
            self.call(stage, self.out / run, *arguments, *finish)
        return self.progress(run).ended

    def export_vae(self, run: str, name: str, *arguments: object) -> None:
        """Write a run's VAE as a folder of that name, unless it is there."""
        folder, partial = self.out / name, self.out / f"{name}.partial"
        if not folder.exists():
            self.call("train-vae", self.out / run, self.out / "pixels", *arguments, "--export", partial)
            partial.rename(folder)

    def end(self) -> None:
        """End what still runs beside."""
        for helper in self.helpers:
            helper.terminate()
            helper.wait()
        self.helpers.clear()


def vae(factory: Factory) -> bool:
    """Both stages of the VAE; whether its folder is there."""
    out, budget = factory.out, factory.budget
    if (out / "vae").exists():
        return True
    chunks = ("--chunks", budget.pixel_chunks, "--clips", budget.clips, "--workers", budget.workers)
    factory.beside("render", out / "pixels", *chunks)
    factory.wait_for(out / "pixels", ".npy", min(FIRST_CHUNKS, budget.pixel_chunks))
    first = ("--small-updates", budget.small_updates)
    if not factory.train("train-vae", "run-vae", budget.vae, out / "pixels", *first):
        return False
    factory.export_vae("run-vae", "vae-first")
    second = ("--adversarial", "--start-from", out / "vae-first")
    if not factory.train("train-vae", "run-judged", budget.adversarial, out / "pixels", *second):
        return False
    factory.export_vae("run-judged", "vae", *second)
    factory.end()
    return True


def transformer(factory: Factory) -> bool:
    """The pool and the transformer; whether its training has ended."""
    out, budget = factory.out, factory.budget
    chunks = ("--chunks", budget.pool_chunks, "--clips", budget.clips, "--workers", budget.workers)
    factory.beside("produce", out / "pool", "--vae", out / "vae", *chunks)
    factory.wait_for(out / "pool", ".safetensors", min(FIRST_CHUNKS, budget.pool_chunks))
    ready = factory.train("train", "run", budget.transformer, out / "pool", "--tokenizer", out / "tokenizer")
    if factory.progress("run").updates:
        factory.call("export", out / "run", out / "model", "--vae", out / "vae", "--tokenizer", out / "tokenizer")
    return ready


def advance(factory: Factory) -> bool:
    """Do what is due, for as long as there is time; whether nothing is left."""
    if not (factory.out / "tokenizer" / "tokenizer.json").exists():
        factory.call("tokenizer", factory.out / "tokenizer")
    try:
        return vae(factory) and transformer(factory)
    finally:
        factory.end()


STAGES = ("tokenizer", "render", "train-vae", "produce", "train", "export")


def parsed(arguments: Sequence[str]) -> Factory:
    """The factory of a command line."""
    parser = argparse.ArgumentParser(prog="stretch", description=__doc__)
    parser.add_argument("out", type=Path, help="folder for everything")
    parser.add_argument("--minutes", type=float, default=9.0, help="length of this stretch, without the export")
    for name, usual in vars(Budget()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(usual), default=usual)
    for stage in STAGES:
        parser.add_argument(f"--with-{stage}", default="", help=f"more options of `{stage}`, in one word with =")
    options = parser.parse_args(arguments)
    budget = Budget(**{name: getattr(options, name) for name in vars(Budget())})
    more = {stage: getattr(options, f"with_{stage.replace('-', '_')}").split() for stage in STAGES}
    return Factory(options.out, budget, more, time.monotonic() + options.minutes * 60)


def main(arguments: list[str]) -> None:
    """Command line of this stage."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exception ends what runs beside, too
    factory = parsed(arguments)
    factory.out.mkdir(parents=True, exist_ok=True)
    print("nothing is left" if advance(factory) else "not at the end yet: give the same command again", flush=True)
