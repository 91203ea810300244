"""Kill -9 of worker and engine at random instants: `python tests/bench/kills.py`; results: RESULTS.md.

Every job that is disturbed is made once more in peace, and the two takes are compared; they are lossless, so that
equal bytes mean equal frames. A cold worker start of its own process is timed every few jobs, for comparison.
"""

import argparse
import contextlib
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # for all workers alike, whatever the load is as they start
sys.path.insert(0, str(Path(__file__).parents[2]))

import psutil
from PIL import Image

from engine.client.api import EngineClient, EventStream
from engine.client.attach import attach
from engine.client.errors import EngineGoneError
from engine.client.process import child_environment, module_command
from engine.protocol.condition import Condition
from engine.protocol.events import JobChanged, Progress, WorkerChanged
from engine.protocol.home import RESOURCES, read_rendezvous
from engine.protocol.job import Delivery, Done, Job, JobRequest, Running
from engine.protocol.model_card import read_card
from engine.protocol.recipe import Recipe
from engine.protocol.wire import framed, pack, read_framed, unpack
from engine.protocol.work import Ready, Render, report_adapter

LIMIT_S = 120.0
COLD_EVERY_JOBS = 6
SHAPES = (
    {"num_frames": 9, "num_inference_steps": 24},
    {"num_frames": 17, "num_inference_steps": 16},
    {"num_frames": 65, "num_inference_steps": 6},  # two sections
    {"num_frames": 97, "num_inference_steps": 5},  # three
)
FIRST, SECOND = ("encode", "denoise", "denoise", "denoise", "decode", "write"), ("start", "load", "encode", "denoise")


@dataclass(frozen=True)
class Instant:
    """When to kill whom: a while after a stage (and a step of it) was heard of."""

    stage: str
    step: int
    delay_s: float
    engine: bool


@dataclass
class Tally:
    """What came of it; times in seconds."""

    kills: int = 0
    engine_kills: int = 0
    jobs: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)
    redone: list[int] = field(default_factory=list)
    hit: dict[str, int] = field(default_factory=dict)
    noticed_s: list[float] = field(default_factory=list)
    next_step_s: list[float] = field(default_factory=list)
    next_step_by_cold: list[float] = field(default_factory=list)
    engine_next_step_s: list[float] = field(default_factory=list)
    cold_s: list[float] = field(default_factory=list)

    def said(self) -> dict[str, object]:
        """The numbers that count."""

        def of(times_s: list[float]) -> dict[str, float]:
            return {"median": round(statistics.median(times_s), 3), "worst": round(max(times_s), 3)} if times_s else {}

        return {
            "kills": self.kills,
            "of them of the engine": self.engine_kills,
            "what the killed job was last heard doing": self.hit,
            "jobs": self.jobs,
            "jobs lost": self.lost,
            "jobs with two outputs": self.doubled,
            "takes with other bytes": self.different,
            "left behind": self.left_behind,
            "steps redone, most": max(self.redone, default=0),
            "steps redone, how often": {n: self.redone.count(n) for n in sorted(set(self.redone))},
            "deaths of workers heard of": len(self.noticed_s),
            "kill to `died`, s": of(self.noticed_s),
            "cold worker start to its first step, s": of(self.cold_s),
            "kill to the next step, s": of(self.next_step_s),
            "the same / cold start, median": round(statistics.median(self.next_step_by_cold or [0]), 3),
            "engine kill to the next step, s": of(self.engine_next_step_s),
        }


class Victim:
    """An engine on a folder, which is started again when it was killed."""

    def __init__(self, folder: Path, tally: Tally) -> None:
        self._folder = folder
        self._tally = tally
        self.client: EngineClient = attach(folder, idle_exit_s=None)

    def engine(self) -> psutil.Process:
        """The engine's process."""
        found = read_rendezvous(self._folder)
        assert found is not None
        return psutil.Process(found.pid)

    def worker(self) -> psutil.Process:
        """The worker's process, as soon as there is one."""
        while True:
            for child in self.engine().children():
                try:
                    if "engine.worker" in child.cmdline():
                        return child
                except psutil.Error:
                    continue
            time.sleep(0.005)

    def disturbed(self, request: JobRequest, instants: list[Instant]) -> Job:
        """Submit a job, kill at all the instants that come, and wait for its end."""
        watch = _Watch(self.client.submit(request), self._tally)
        waiting = list(instants)
        while True:
            is_gone = False
            with self.client.events() as stream, contextlib.suppress(EngineGoneError):
                watch.stands(self.client.job(watch.job.id))
                while not watch.job.is_over:
                    event = _next(stream)
                    watch.see(event)
                    if waiting and watch.is_now(waiting[0], event):
                        instant = waiting.pop(0)
                        watch.sleep(stream, instant.delay_s)
                        watch.killing(by_engine=instant.engine)
                        is_gone = instant.engine
                        (self.engine if instant.engine else self.worker)().kill()
            if not is_gone:
                assert watch.ends <= 1
                return watch.job
            self.client.close()
            self.client = attach(self._folder, idle_exit_s=None)


class _Watch:
    """One job, seen through the engine's events."""

    def __init__(self, job: Job, tally: Tally) -> None:
        self.job = job
        self.ends = 0
        self._tally = tally
        self._step = 0
        self._stage = "queued"
        self._started_at = 0.0
        self._resumed_at: int | None = 0
        self._is_dying = False
        self._killed_s: float | None = None
        self._unnoticed_s: float | None = None
        self._by_engine = False

    def stands(self, job: Job) -> None:
        """Take in how the job is."""
        self.job, state = job, job.state
        if isinstance(state, Running) and state.started_at != self._started_at:
            self._started_at, self._resumed_at, self._is_dying = state.started_at, None, False

    def see(self, event: object) -> None:
        """Take in what the engine says."""
        now_s = time.perf_counter()
        match event:
            case WorkerChanged(state="died") if self._unnoticed_s is not None:
                self._tally.noticed_s.append(now_s - self._unnoticed_s)
                self._unnoticed_s = None
            case JobChanged() if event.job.id == self.job.id:
                self.ends += event.job.is_over
                self.stands(event.job)
            case Progress() if event.job_id == self.job.id:
                self._stage = event.stage
                if event.stage != "load":
                    self._went_on(event, now_s)

    def is_now(self, instant: Instant, event: object) -> bool:
        """Whether the event is the one that the instant comes after."""
        if instant.stage == "start":
            return isinstance(event, WorkerChanged) and event.state == "died"
        reached = instant.stage != "denoise" or self._step >= instant.step
        mine = isinstance(event, Progress) and event.job_id == self.job.id and not self._is_dying
        return mine and event.stage == instant.stage and reached

    def sleep(self, stream: EventStream, duration_s: float) -> None:
        """Let time go by, and take in what is said meanwhile."""
        end_s = time.perf_counter() + duration_s
        while (left_s := end_s - time.perf_counter()) > 0:
            found = stream.next(left_s)
            if found is not None:
                self.see(found[0])

    def killing(self, *, by_engine: bool) -> None:
        """Note that it happens now."""
        stage = "over" if self.job.is_over else "waiting" if self.job.state.kind == "queued" else self._stage
        self._tally.kills += 1
        self._tally.engine_kills += by_engine
        self._tally.hit[stage] = self._tally.hit.get(stage, 0) + 1
        self._is_dying = self.job.state.kind == "running"  # what it said before may still be on its way
        self._killed_s, self._by_engine = time.perf_counter(), by_engine
        self._unnoticed_s = None if by_engine else self._killed_s

    def _went_on(self, event: Progress, now_s: float) -> None:
        if self._is_dying:
            self._step = max(self._step, event.step)
            return
        if self._resumed_at is None:
            self._resumed_at = event.step
            if self._killed_s is not None:
                self._tally.redone.append(max(0, self._step - event.step))
            self._step = event.step
        if event.stage == "denoise" and event.step > self._resumed_at and self._killed_s is not None:
            (self._tally.engine_next_step_s if self._by_engine else self._tally.next_step_s).append(
                now_s - self._killed_s
            )
            if not self._by_engine:
                self._tally.next_step_by_cold.append((now_s - self._killed_s) / self._tally.cold_s[-1])
            self._killed_s = None
        self._step = max(self._step, event.step)


def _next(stream: EventStream) -> object:
    found = stream.next(LIMIT_S)
    assert found is not None, "nothing happens any more"
    return found[0]


def instants(rng: random.Random, recipe: Recipe) -> list[Instant]:
    """One kill, or a second one while the job starts again."""
    chosen = [rng.choice(FIRST)]
    if rng.random() < 0.8:
        chosen.append(rng.choice(SECOND))
    total_steps = recipe.num_inference_steps * (1 + (recipe.num_frames > 49) + (recipe.num_frames > 89))
    found, step = [], 0
    for stage in chosen:
        step = rng.randrange(step, total_steps) if step < total_steps else step
        longest_s = {"start": 2.5, "load": 1.5, "denoise": 0.15, "write": 0.3}.get(stage, 0.08)
        found.append(Instant(stage, step, rng.random() * longest_s, rng.random() < 0.12))
    return found


def cold_start_s(folder: Path, recipe: Recipe) -> float:
    """From starting a worker process to the end of its job's first step, sent as soon as it is ready."""
    with tempfile.TemporaryDirectory() as name:
        work = Render(
            job_id="cold",
            recipe=recipe,
            delivery=Delivery(container="mkv"),
            card=read_card(RESOURCES / "models" / "starter.toml"),
            model_folder=str(RESOURCES / "models" / "starter"),
            media_files={},
            output=f"{name}/take.mkv",
            checkpoints=name,
        )
        began_s = time.perf_counter()
        command = module_command("engine.worker", "--home", str(folder))
        with subprocess.Popen(
            command,
            cwd=RESOURCES.parent,
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                while True:
                    report = report_adapter.validate_json(unpack(read_framed(process.stdout) or b"")[0])
                    if isinstance(report, Ready):
                        process.stdin.write(framed(pack(work)))
                        process.stdin.flush()
                    if isinstance(report, Progress) and report.stage == "denoise" and report.step >= 1:
                        return time.perf_counter() - began_s
            finally:
                process.kill()


def request(rng: random.Random, number: int, media: str) -> JobRequest:
    """A job unlike all others; some begin with a picture, for which noise is drawn in every step."""
    shape = rng.choice(SHAPES)
    pinned = [Condition(media=media, frame_index=0)] if rng.random() < 0.3 else []
    recipe = Recipe(
        model="starter",
        prompt=f"a beach at sunset, number {number}",
        width=64,
        height=64,
        fps=12,
        guidance_scale=3.0,
        seed=number,
        conditions=tuple(pinned),
        **shape,
    )
    return JobRequest(recipe=recipe, delivery=Delivery(container="mkv"))


def takes(folder: Path) -> list[str]:
    """The takes in the media store."""
    return [path.stem for path in (folder / "media").rglob("*.mkv")]


def checked(victim: Victim, folder: Path, job: Job, tally: Tally) -> str | None:
    """Look at everything a job left; returns its take's sha256 and forgets the job."""
    tally.jobs += 1
    found = takes(folder)
    if not isinstance(job.state, Done):
        tally.lost.append(f"{job.id}: {job.state}")
        return None
    sha256 = job.state.take.media
    if found != [sha256]:
        tally.doubled.append(f"{job.id}: {found}")
    left = [*(folder / "media" / "incoming").iterdir(), *(folder / "checkpoints").iterdir()]
    tally.left_behind += [str(path.relative_to(folder)) for path in left]
    victim.client.delete(job.id)
    return sha256


def run(folder: Path, kills: int, seed: int, end_s: float) -> Tally:
    """Disturb jobs until so many kills were made, or until the time is up."""
    rng = random.Random(seed)
    tally = Tally()
    victim = Victim(folder, tally)
    picture = folder / "known.png"
    Image.new("RGB", (64, 64), (200, 60, 20)).save(picture)
    try:
        for number in itertools.count():
            media = victim.client.upload(picture).sha256
            wanted = request(rng, number, media)
            if number == 0:  # what is cached on disk is cached for all, then
                victim.client.delete(victim.disturbed(wanted, []).id)
            if number % COLD_EVERY_JOBS == 0:
                tally.cold_s.append(cold_start_s(folder, wanted.recipe.changed(conditions=())))
            victim.client.upload(picture)
            sha256 = checked(victim, folder, victim.disturbed(wanted, instants(rng, wanted.recipe)), tally)
            victim.client.upload(picture)
            again = victim.disturbed(wanted, [])
            assert isinstance(again.state, Done), again.state
            if sha256 != again.state.take.media:
                tally.different.append(str(number))
            victim.client.delete(again.id)
            if tally.kills >= kills or time.monotonic() > end_s:
                break
            if number % 10 == 9:
                print(json.dumps(tally.said()), flush=True)
        tally.left_behind += strays(folder, victim)
    finally:
        engine = victim.engine()
        victim.client.stop()
        victim.client.close()
        engine.wait(10)
    return tally


def strays(folder: Path, victim: Victim) -> list[str]:
    """Processes that work on the folder and belong to nobody."""
    family = {victim.engine().pid, *(child.pid for child in victim.engine().children(recursive=True))}
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(folder) in line and process.pid not in family:
            found.append(line)
    return found


def main() -> None:
    """Kill, and print what came of it as one JSON object a line, the last one of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=60)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        tally = run(Path(name), arguments.kills, arguments.seed, time.monotonic() + 60 * arguments.minutes)
    print(json.dumps(tally.said(), indent=1))


if __name__ == "__main__":
    main()
