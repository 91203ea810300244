"""Follow a job to its end: progress on the terminal, previews to a folder, Ctrl-C cancels or pauses."""

import contextlib
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Literal, Protocol, get_args

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, TextColumn
from rich.progress import Progress as Bars

from engine.client.api import EngineClient, EventStream
from engine.client.attach import attach
from engine.client.errors import EngineGoneError, RefusedError
from engine.protocol.events import JobChanged, JobRemoved, Preview, Progress, Stage, WorkerChanged
from engine.protocol.job import AnyRequest, Job
from studio.cli.words import seconds, silence_words

CANCEL_WAIT_S = 15.0
LARGEST_RESTARTS = 3
PLAIN_INTERVAL_S = 5.0
NARROW_COLUMNS = 72


class Display(Protocol):
    """Shows where a job is."""

    def show(self, text: str, done: float) -> None:
        """One line and a fraction from 0 to 1."""
        ...


class _Bar:
    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task = bars.add_task("starting", total=1.0)

    def show(self, text: str, done: float) -> None:
        self._bars.update(self._task, description=text, completed=done)


class _Lines:
    """For logs and pipes: a line for each new stage (a long clip has them again and again), and now and then."""

    def __init__(self) -> None:
        self._said: set[str] = set()
        self._at_s = 0.0

    def show(self, text: str, done: float) -> None:
        stage = text.split()[0]
        if stage not in self._said or time.monotonic() - self._at_s > PLAIN_INTERVAL_S:
            with contextlib.suppress(OSError):  # nobody listens any more: the clip matters more
                sys.stderr.write(f"{text} ({done:.0%})\n")
                sys.stderr.flush()
            self._said = {stage} | (self._said if stage in get_args(Stage) else set())
            self._at_s = time.monotonic()


@contextlib.contextmanager
def display() -> Generator[Display]:
    """A progress bar on a terminal, plain lines elsewhere; both on stderr, results go to stdout."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines()
        return
    columns: list[ProgressColumn] = [TextColumn("{task.description}", markup=False)]
    if console.width >= NARROW_COLUMNS:
        columns += [BarColumn(bar_width=32), TextColumn("{task.percentage:>3.0f} %")]
    with Bars(*columns, console=console, transient=True) as bars:
        yield _Bar(bars)


class Follower:
    """Stays with one job; if the engine dies it is started again and the job goes on."""

    def __init__(
        self, client: EngineClient, previews: Path | None, on_interrupt: Literal["cancel", "pause"] = "cancel"
    ) -> None:
        self._client = client
        self._previews = previews
        self._on_interrupt: Literal["cancel", "pause"] = on_interrupt
        self._last = ("starting", 0.0)
        self._silent_since_s: float | None = None

    def run(self, request: AnyRequest, shown: Display) -> Job:
        """Submit a job; returns it when it is over.

        Raises:
            ProblemsError: when the engine refuses it.
            EngineGoneError: when the engine went away too often.
        """
        return self._follow(lambda client: client.submit(request), shown)

    def go_on(self, job: Job, shown: Display) -> Job:
        """Resume a job that stopped, or follow one that did not; returns it when it is over.

        Raises:
            EngineGoneError: when the engine went away too often.
        """
        return self._follow(lambda client: client.resume(job.id) if job.can_resume else client.job(job.id), shown)

    @property
    def client(self) -> EngineClient:
        """The connection in use, which a restart may have replaced."""
        return self._client

    def _follow(self, begin: Callable[[EngineClient], Job], shown: Display) -> Job:
        job_id: str | None = None
        for attempt in range(LARGEST_RESTARTS + 1):
            try:
                with self._client.events() as stream:
                    job = begin(self._client) if job_id is None else self._client.job(job_id)
                    job_id = job.id
                    return self._until_over(job, stream, shown)
            except EngineGoneError:
                if job_id is None or attempt == LARGEST_RESTARTS:
                    raise
                self._show(shown, "restarting the engine", 0.0)
                self._client.close()
                self._client = attach()
            except KeyboardInterrupt:
                if job_id is not None:
                    self._stop(job_id)
                raise
        raise AssertionError  # the loop returns or raises

    def _stop(self, job_id: str) -> Job:
        return self._client.pause(job_id) if self._on_interrupt == "pause" else self._client.cancel(job_id)

    def _until_over(self, job: Job, stream: EventStream, shown: Display) -> Job:
        waiting_s: float | None = None
        self._show(shown, self._waiting_words(job), 0.0)
        self._look_at_workers(job)
        while not job.is_over:
            try:
                if waiting_s is not None and time.monotonic() - waiting_s > CANCEL_WAIT_S:
                    return self._client.job(job.id)
                found = stream.next(0.5)
                if found is not None:
                    job = self._take_in(found[0], found[1], job, shown)
                self._show_silence(shown)
            except KeyboardInterrupt:
                if waiting_s is not None:
                    raise
                self._show(shown, "pausing" if self._on_interrupt == "pause" else "cancelling", 0.0)
                waiting_s = time.monotonic()
                job = self._stop(job.id)
        return job

    def _take_in(self, event: object, jpegs: list[bytes], job: Job, shown: Display) -> Job:
        match event:
            case JobChanged() if event.job.id == job.id:
                return event.job
            case Progress() if event.job_id == job.id:
                self._show_progress(shown, event)
            case Preview() if event.job_id == job.id and self._previews is not None:
                self._save_preview(self._previews, event, jpegs)
            case JobRemoved() if event.job_id == job.id:
                raise RefusedError(404, "somebody deleted the job")
            case WorkerChanged():
                if event.state == "died":
                    self._show(shown, f"worker died and is started again: {event.detail}", 0.0)
                self._look_at_workers(job)
            case _:
                pass
        return job

    def _look_at_workers(self, job: Job) -> None:
        """Whether the job's worker is silent, or one that this job may be waiting for."""
        silent = [
            worker.silent_s
            for worker in self._client.workers()
            if worker.silent_s is not None and (worker.job_id == job.id or job.state.kind == "queued")
        ]
        self._silent_since_s = time.monotonic() - max(silent) if silent else None

    def _show(self, shown: Display, text: str, done: float) -> None:
        self._last = (text, done)
        shown.show(text, done)

    def _show_progress(self, shown: Display, progress: Progress) -> None:
        """Where it is; sections of a long clip that are decoded while it is written are part of the writing."""
        text, done = self._last
        if progress.stage != "decode" or text != "write" or not done:
            text, done = _progress_words(progress), _fraction(progress)
        self._show(shown, text, done)

    def _show_silence(self, shown: Display) -> None:
        if self._silent_since_s is not None:
            text, done = self._last
            shown.show(f"{text} · {silence_words(time.monotonic() - self._silent_since_s)}", done)

    def _waiting_words(self, job: Job) -> str:
        """Read once, at the start: what runs, and the first page of what waits in front of this job."""
        waiting = [j.id for j in self._client.jobs("queued")]
        running = [j for j in self._client.jobs("running") if j.id != job.id]
        ahead = len(running) + (waiting.index(job.id) if job.id in waiting else 0)
        return f"waiting behind {ahead} other job{'s' if ahead > 1 else ''}" if ahead else "starting"

    def _save_preview(self, folder: Path, preview: Preview, jpegs: list[bytes]) -> None:
        target = folder / f"step-{preview.step:03d}"
        try:
            target.mkdir(parents=True, exist_ok=True)
            for index, jpeg in enumerate(jpegs):
                (target / f"{index:04d}.jpg").write_bytes(jpeg)
        except OSError as error:
            sys.stderr.write(f"no more previews: {error.strerror}\n")
            self._previews = None


def _progress_words(progress: Progress) -> str:
    left = f" · {seconds(progress.eta_s)} left" if progress.eta_s is not None and progress.stage == "denoise" else ""
    if progress.stage == "denoise":
        return f"denoise {progress.step}/{progress.total_steps}{left}"
    return progress.stage


def _fraction(progress: Progress) -> float:
    """Of the stage that takes long: denoising, then writing."""
    if progress.stage == "write":
        return progress.frame / max(progress.total_frames, 1)
    return progress.step / max(progress.total_steps, 1)


def save(client: EngineClient, sha256: str, output: Path, part: Path) -> None:
    """Fetch a take into a file, whole or not at all.

    Raises:
        OSError: when it cannot be written; the take stays in the engine.
    """
    try:
        with part.open("wb") as file:
            client.fetch(sha256, file)
        part.replace(output)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
