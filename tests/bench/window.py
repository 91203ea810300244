"""How soon the window is painted, and how late its thread is: `python tests/bench/window.py`; results: RESULTS.md.

Starts are timed in pairs with a bare QMainWindow, in fresh processes by turns. Lateness is that of a 5 ms timer, with a
film of 200 shots and 1,000 takes open on a real engine; beside it runs a bare Qt process with the same timer, so that
what the machine itself does to a timer can be told from what we do. `--stalls` says where the thread was in the worst
of them (which costs some lateness itself).
"""

import argparse
import contextlib
import gc
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))

import imageio_ffmpeg
import project_size
import psutil
from PySide6.QtCore import QEventLoop, Qt, QTimer

from engine.client.attach import attach_running
from engine.protocol.home import read_rendezvous
from engine.protocol.job import Running
from studio.app import Run, application
from studio.link.engine_link import EngineLink, attach_to
from studio.link.state import Connected
from studio.models.studio import Studio
from studio.project import edits
from studio.project.project import Project
from studio.project.storage import create_project, open_project

ROOT = Path(__file__).parents[2]
TICK_MS = 5
FRAME_MS = 1000 / 60
STALL_MS = 100
LIMIT_S = 60.0
PHASE_S = 3.0
TYPE_EVERY_MS = 100
CLIPS = 40
JOBS = 6
SAMPLE_S = 0.002
JOB = {"width": 128, "height": 96, "num_frames": 17, "fps": 12.0, "num_inference_steps": 100, "guidance_scale": 4.0}

OURS = """
import os, time
from studio import app
from studio.views import window
def tells(view):
    painted = view.paintEvent
    def paintEvent(self, event):
        painted(self, event)
        print(time.monotonic(), time.process_time(), flush=True)
        os._exit(0)
    view.paintEvent = paintEvent
furnished = app._furnished
def furnishing(*arguments):
    from studio.views import header, screen
    tells({"header": header.View, "page": screen.Screen}["WHAT"])
    return furnished(*arguments)
if "WHAT" == "window":
    tells(window.Window)
else:
    app._furnished = furnishing
app.run_window()
"""
BARE = """
import os, time
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow
class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        print(time.monotonic(), time.process_time(), flush=True)
        os._exit(0)
app = QApplication([])
window = Window()
window.setCentralWidget(QLabel("Reelwright"))
window.resize(1440, 900)
window.show()
app.exec()
"""
CONTROL = f"""
import os, time
from PySide6.QtCore import QCoreApplication, Qt, QTimer
app = QCoreApplication([])
last, parent = time.perf_counter(), os.getppid()
def tick():
    global last
    if os.getppid() != parent:
        app.quit()
    now = time.perf_counter()
    print(f"{{time.monotonic()}} {{max(0.0, (now - last) * 1000 - {TICK_MS})}}")
    last = now
timer = QTimer(interval={TICK_MS}, timerType=Qt.TimerType.PreciseTimer)
timer.timeout.connect(tick)
timer.start()
app.exec()
"""


class Stalls:
    """Where the thread of the window is, looked at often; and for how long it collected garbage at most."""

    def __init__(self) -> None:
        self.worst_gc_ms = 0.0
        self._gc_began_s = 0.0
        self._window = threading.get_ident()
        self._seen: deque[tuple[float, str]] = deque(maxlen=5000)
        gc.callbacks.append(self._on_gc)

    def watch(self) -> None:
        """Look from now on, on a thread of its own."""
        threading.Thread(target=self._look, daemon=True).start()

    def since(self, then_s: float) -> list[tuple[str, int]]:
        """The places most often seen since then (perf_counter)."""
        return Counter(place for at_s, place in list(self._seen) if at_s >= then_s).most_common(4)

    def _look(self) -> None:
        while True:
            # no name for the frame: what it holds must not outlive it here, for Qt's things may not die on this thread
            place = _place(sys._current_frames().get(self._window))
            self._seen.append((time.perf_counter(), place))
            time.sleep(SAMPLE_S)

    def _on_gc(self, phase: str, _: object) -> None:
        now_s = time.perf_counter()
        if phase == "start":
            self._gc_began_s = now_s
        elif threading.get_ident() == self._window:
            self.worst_gc_ms = max(self.worst_gc_ms, (now_s - self._gc_began_s) * 1000)


class Ticks:
    """A timer's lateness, in milliseconds, beside that of a process that does nothing."""

    def __init__(self, control: Path, stalls: Stalls) -> None:
        self._control = control
        self._stalls = stalls
        self._late_ms: list[float] = []
        self._worst: list[tuple[str, int]] = []
        self._last_s = time.perf_counter()
        self._began_s = time.monotonic()
        self._timer = QTimer(interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def start(self) -> None:
        """From now on."""
        self._late_ms, self._worst = [], []
        self._stalls.worst_gc_ms = 0.0
        self._last_s, self._began_s = time.perf_counter(), time.monotonic()

    def say(self, what: str) -> None:
        """Print what there was since `start`, the bare process's beside it, and the ratio of the p99."""
        self._tick()
        ended_s = time.monotonic()
        lines = [line.split() for line in self._control.read_text("utf-8").splitlines()]
        bare = [float(line[1]) for line in lines if len(line) == 2 and self._began_s <= float(line[0]) <= ended_s]
        ours_99, bare_99 = _cuts(self._late_ms)[1], _cuts(bare)[1]
        stalls = sum(late > STALL_MS for late in self._late_ms)
        frames = sum(late > FRAME_MS for late in self._late_ms)
        gc_ms, ticks = self._stalls.worst_gc_ms, len(self._late_ms)
        print(f"{what}: p99 ours/bare {ours_99 / max(bare_99, 1e-3):.1f}")
        print(f"    ours {_said(self._late_ms)}; bare {_said(bare)}")
        print(f"    > {FRAME_MS:.1f} ms: {frames} of {ticks}, > {STALL_MS} ms: {stalls}, gc at most {gc_ms:.1f} ms")
        for place, times in self._worst:
            print(f"    worst: {times:3} x {place}")

    def _tick(self) -> None:
        now_s = time.perf_counter()
        late_ms = max(0.0, (now_s - self._last_s) * 1000 - TICK_MS)
        if late_ms > max(FRAME_MS, *self._late_ms, 0.0):
            self._worst = self._stalls.since(self._last_s)
        self._late_ms.append(late_ms)
        self._last_s = now_s


def paint_ratio(pairs: int) -> None:
    """Print how long after the start of the process a window is painted, by turns ours, its parts, and a bare one."""
    sources = {what: OURS.replace("WHAT", what) for what in ("window", "header", "page")} | {"bare": BARE}
    found: dict[str, list[tuple[float, float]]] = {what: [] for what in sources}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for number in range(pairs + 1):
            for what, source in sources.items():
                painted = _painted_s(source, Path(folder))
                if number:  # the first time the disk's cache is filled, modules are compiled, and a project is made
                    found[what].append(painted)
        client = attach_running(Path(folder))
        if client is not None:
            with client:
                client.stop()
    for what in ("window", "header", "page"):
        for place, kind in enumerate(("", ", processor's time")):
            ours, bare = ([each[place] for each in found[name]] for name in (what, "bare"))
            ratios = [one / other for one, other in zip(ours, bare, strict=True)]
            middle = statistics.median
            print(
                f"{what} painted{kind}: ours / bare {middle(ratios):.2f} ({pairs}: {min(ratios):.2f} to "
                f"{max(ratios):.2f}), ours {middle(ours) * 1000:.0f} ms (least {min(ours) * 1000:.0f}), "
                f"bare {middle(bare) * 1000:.0f} ms (least {min(bare) * 1000:.0f})"
            )


def film_of_clips(folder: Path, shots: int, takes: int) -> Path:
    """A project of that size on the disk, whose takes are real clips, so that they can be looked at."""
    project = project_size.film(shots, takes)
    path = folder / "film"
    clip = folder / "clip.mp4"
    with create_project(path, project).folder as lent:
        digests: list[str] = []
        for number in range(CLIPS):
            source = f"testsrc2=size=128x96:rate=12:duration=2.17,hue=h={number * 9}"
            command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", "-f", "lavfi", "-i", source]
            subprocess.run([*command, "-pix_fmt", "yuv420p", str(clip)], check=True, timeout=60)
            digests.append(lent.media.import_media(clip))
        made = tuple(
            shot.changed(
                takes=tuple(take.changed(media=digests[int(take.id, 16) % CLIPS]) for take in shot.takes),
                draft=shot.draft.changed(images=(), seed_locked=True, **JOB),
            )
            for shot in project.shots
        )
        lent.save(project.changed(shots=made))
    return path


def spin(until: Callable[[], object], limit_s: float = LIMIT_S) -> bool:
    """Let the window live until something holds; False when it does not in time."""
    loop, timer, end_s = QEventLoop(), QTimer(interval=20), time.monotonic() + limit_s
    timer.timeout.connect(lambda: loop.quit() if until() or time.monotonic() > end_s else None)
    timer.start()
    loop.exec()
    return bool(until())


def wait(seconds: float) -> None:
    """Let the window live."""
    spin(lambda: False, seconds)


def engine(home: Path) -> psutil.Process:
    """The engine's process."""
    found = read_rendezvous(home)
    assert found is not None
    return psutil.Process(found.pid)


def lateness(run: Run, path: Path, home: Path, ticks: Ticks) -> None:
    """Open the film and say, for everything that happens to it, how late the thread is."""
    spin(lambda: isinstance(run.link.state, Connected))
    wait(1.0)
    ticks.start()
    began_s = time.perf_counter()
    run.desk.open(path)
    spin(lambda: run.desk.studio is not None and run.desk.studio.film.folder.path == path)
    print(f"asked to open, and open: {(time.perf_counter() - began_s) * 1000:.0f} ms")
    wait(2.0)
    ticks.say("opening")
    studio = run.desk.studio
    assert studio is not None
    previews: list[str] = []
    studio.jobs.previewed.connect(previews.append)
    ticks.start()
    wait(PHASE_S)
    ticks.say("at rest")
    typing(studio, ticks)
    for number in range(1, 6):
        studio.film.open_shot(studio.film.project.shots[number * 30].id)
        wait(0.4)
    ticks.say("another shot, five times")
    render(run, studio, home, ticks, previews)


def typing(studio: Studio, ticks: Ticks) -> None:
    """Letters into the prompt, and what that costs until it is saved; then another shot, for the caller to say."""
    typed = [0]

    def letter() -> None:
        typed[0] += 1
        studio.composer.change("prompt", prompt=f"a beach {'x' * typed[0]}")

    timer = QTimer(interval=TYPE_EVERY_MS)
    timer.timeout.connect(letter)
    ticks.start()
    timer.start()
    wait(PHASE_S)
    timer.stop()
    spin(lambda: studio.film.saved_state == "saved")
    ticks.say(f"{typed[0]} letters typed, and saved")
    letters = list[float]()
    for _ in range(20):
        began_s = time.perf_counter()
        letter()
        letters.append((time.perf_counter() - began_s) * 1000)
    print(f"    a letter, on the window's thread: median {statistics.median(letters):.2f} ms, most {max(letters):.2f}")
    began_s = time.perf_counter()
    spin(lambda: studio.film.saved_state == "saved")
    print(f"    edit to saved: {(time.perf_counter() - began_s) * 1000:.0f} ms (of which 250 ms are waited for more)")
    ticks.start()


def render(run: Run, studio: Studio, home: Path, ticks: Ticks, previews: list[str]) -> None:
    """Jobs with previews; in the middle of one the engine is stopped, goes on, and is killed."""
    studio.composer.variations(JOBS)
    if not streams(previews):
        print("no job, no previews:", studio.composer.hindrance, studio.composer.problems)
        return
    previews.clear()
    ticks.start()
    wait(PHASE_S)
    ticks.say(f"a job with {len(previews) / PHASE_S:.0f} previews a second")
    process = engine(home)
    streams(previews)
    ticks.start()
    process.send_signal(signal.SIGSTOP)
    wait(PHASE_S)
    ticks.say(f"the engine is stopped, {where(studio)}")
    ticks.start()
    process.send_signal(signal.SIGCONT)
    streams(previews)
    ticks.say("going on, until there are previews again")
    print(f"    killed, {where(studio)}")
    ticks.start()
    process.send_signal(signal.SIGKILL)
    spin(lambda: not isinstance(run.link.state, Connected))
    spin(lambda: isinstance(run.link.state, Connected))
    ticks.say("killed, until there is another engine")
    ticks.start()
    streams(previews)
    ticks.say("until there are previews again")
    for job in studio.jobs.active[1:]:
        studio.jobs.cancel(job.id)
    ticks.start()
    spin(lambda: not studio.jobs.active)
    ticks.say("until its take is there")


def streams(previews: list[str]) -> bool:
    """Wait until previews arrive, one after another."""
    previews.clear()
    return spin(lambda: len(previews) > 2)


def where(studio: Studio) -> str:
    """How far the running job is."""
    running = next((job for job in studio.jobs.active if isinstance(job.state, Running)), None)
    progress = studio.jobs.progress(running.id) if running is not None else None
    return "with no job" if progress is None else f"at step {progress.step} of {progress.total_steps}"


@contextlib.contextmanager
def controlled(folder: Path) -> Iterator[Path]:
    """A bare Qt process with the same timer, which writes down how late it is."""
    path = folder / "control.txt"
    with path.open("w", encoding="utf-8") as file:
        process = subprocess.Popen([sys.executable, "-u", "-c", CONTROL], stdout=file, stderr=subprocess.DEVNULL)
        try:
            yield path
        finally:
            process.kill()
            process.wait()


def disk(path: Path) -> None:
    """Opening and saving alone, without a window."""
    opened = open_project(path)
    project: list[Project] = [opened.project]

    def save() -> None:
        project[0] = edits.change_draft(project[0], "shot-0", seed=project[0].shots[0].draft.seed + 1)
        opened.folder.save(project[0])

    project_size.said("save (and one edit)", save, 10)
    opened.folder.close()
    project_size.said("open", lambda: open_project(path).folder.close(), 10)


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pairs", type=int, default=11)
    options.add_argument("--shots", type=int, default=200)
    options.add_argument("--takes", type=int, default=1000)
    options.add_argument("--stalls", action="store_true", help="say where the thread was in the worst stall")
    chosen = options.parse_args()
    if chosen.pairs:
        paint_ratio(chosen.pairs)
    app = application()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        home = folder / "home"
        os.environ["REELWRIGHT_HOME"] = str(home)
        path = film_of_clips(folder, chosen.shots, chosen.takes)
        disk(path)
        stalls = Stalls()
        if chosen.stalls:
            stalls.watch()
        run = Run(EngineLink(attach_to(home, 5.0)))
        with controlled(folder) as control:
            try:
                run.start()
                gc.freeze()
                lateness(run, path, home, Ticks(control, stalls))
            finally:
                run.link.stop_engine()
                spin(lambda: not isinstance(run.link.state, Connected), 10.0)
                run.close()
    del app
    return 0


def _painted_s(source: str, home: Path) -> tuple[float, float]:
    """From the start of a process to its window, and the processor's time that took."""
    environment = os.environ | {"REELWRIGHT_HOME": str(home)}
    command = [sys.executable, "-c", source]
    began_s = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True)
    painted_s, processor_s = map(float, done.stdout.split()[-2:])
    return painted_s - began_s, processor_s


def _cuts(late_ms: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(late_ms, n=100, method="inclusive") if len(late_ms) > 1 else [0.0] * 99
    return cuts[49], cuts[98]


def _said(late_ms: list[float]) -> str:
    middle, most = _cuts(late_ms)
    return f"p50 {middle:.2f} p99 {most:.2f} max {max(late_ms, default=0.0):.1f} ms"


def _place(frame: FrameType | None) -> str:
    """The innermost lines of ours."""
    found: list[str] = []
    while frame is not None and len(found) < 4:
        name = frame.f_code.co_filename
        if name.startswith(str(ROOT)) and ".venv" not in name:
            found.append(f"{Path(name).stem}:{frame.f_lineno} {frame.f_code.co_name}")
        frame = frame.f_back
    return " < ".join(found)


if __name__ == "__main__":
    sys.exit(main())
