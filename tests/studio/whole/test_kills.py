"""Kill -9 of the engine, and of window and engine at once, in the middle of a job: nothing is lost."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import psutil
import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from engine.client.attach import attach_running
from engine.protocol.home import read_rendezvous
from engine.protocol.job import Done, Job
from studio.app import Run
from studio.link import keeper
from studio.link.engine_link import EngineLink, attach_to
from studio.link.state import Connected, Failed, LinkState, Lost
from studio.models.studio import Studio
from studio.project.project import Project
from studio.project.recent import projects_folder
from studio.project.shot import Shot
from studio.project.take import Take
from studio.views import header

LIMIT_MS = 60_000
CLIP = {"width": 64, "height": 64, "num_frames": 9, "num_inference_steps": 30, "seed": 7, "seed_locked": True}
FAR_STEP = 5


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Callable[..., None]) -> Iterator[Path]:
    """A folder for an engine of the test's own, which is the user's; the engine and its worker go after the test."""
    path = tmp_path / "mes films é"
    monkeypatch.setenv("REELWRIGHT_HOME", str(path))
    yield path
    left = processes(path)
    client = attach_running(path)
    if client is not None:
        with client:
            client.stop()
    until(lambda: not any(is_alive(process) for process in left))


@pytest.fixture
def started(own_home: Path, qtbot: QtBot) -> Iterator[Callable[[], Run]]:
    """Return a function that opens the window as a user finds it; it is closed after the test."""
    runs: list[Run] = []

    def starting() -> Run:
        run = Run(EngineLink(attach_to(own_home, idle_exit_s=20.0)))
        runs.append(run)
        with qtbot.waitSignals([run.desk.opened, run.link.models_loaded], timeout=LIMIT_MS):
            run.start()
        return run

    yield starting
    for run in runs:
        run.close()


def processes(home: Path) -> list[psutil.Process]:
    """The engine of a folder, and what it has started."""
    found = read_rendezvous(home)
    try:
        engine = psutil.Process(found.pid) if found is not None else None
        return [engine, *engine.children(recursive=True)] if engine is not None else []
    except psutil.NoSuchProcess:
        return []


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def shot_of(studio: Studio) -> Shot:
    assert studio.film.shot is not None
    return studio.film.shot


def job_of(studio: Studio, job_id: str) -> Job:
    job = studio.jobs.get(job_id)
    assert job is not None
    return job


def kill_engine(home: Path) -> list[psutil.Process]:
    """Kill -9 of the engine alone; what it had started ends by itself."""
    found = processes(home)
    assert found
    found[0].kill()
    return found


def studio_of(run: Run) -> Studio:
    assert run.desk.studio is not None
    return run.desk.studio


def until_far(qtbot: QtBot, studio: Studio) -> None:
    """Until a job is in the middle of its steps."""

    def is_far() -> bool:
        known = [studio.jobs.progress(job.id) for job in studio.jobs.active]
        return any(progress is not None and progress.step >= FAR_STEP for progress in known)

    qtbot.waitUntil(is_far, timeout=LIMIT_MS)


def test_an_engine_that_is_killed_ten_times_in_a_row_loses_no_job(
    started: Callable[[], Run],
    own_home: Path,
    qtbot: QtBot,
    until: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keeper, "PAUSES_S", (0.0,) * len(keeper.PAUSES_S))
    run = started()
    studio, link = studio_of(run), run.link
    studio.composer.change(**CLIP)
    states: list[LinkState] = []
    taken: list[Take] = []
    link.state_changed.connect(states.append)
    studio.film.taken.connect(taken.append)
    studio.composer.variations(2)
    qtbot.waitUntil(lambda: len(studio.jobs.active) == 2, timeout=LIMIT_MS)
    queue = [job.id for job in studio.jobs.active]
    until_far(qtbot, studio)
    (head,) = run.window.findChildren(header.View)
    (again,) = (each for each in head.findChildren(QPushButton) if each.text() == "Try again")

    def is_back(times: int) -> bool:
        """The sixth time within a minute it waits until somebody wants it."""
        if isinstance(link.state, Failed):
            assert again.isVisible()
            again.click()
        return states.count(Connected()) == times

    killed: list[psutil.Process] = []
    for number in range(1, 11):
        killed += kill_engine(own_home)
        qtbot.waitUntil(lambda n=number: is_back(n), timeout=LIMIT_MS)
        assert [job.id for job in studio.jobs.active] == queue
    assert isinstance(states[0], Lost)
    assert "The engine had gone and is back. The queue is as it was." in [toast.text for toast in run.window.toasts.all]
    qtbot.waitUntil(lambda: len(taken) == 2, timeout=LIMIT_MS)
    assert [take.id for take in taken] == queue
    assert shot_of(studio).takes == tuple(taken)
    assert studio.playback.job_id is None  # the viewer shows the take, and no preview of before
    media = studio.film.folder.media
    qtbot.waitUntil(lambda: all(media.path(take.media) is not None for take in taken), timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: all(job_of(studio, job).acknowledged for job in queue), timeout=LIMIT_MS)
    client = attach_running(own_home)
    assert client is not None
    with client:
        assert [(job.id, type(job.state), job.worker_deaths) for job in client.jobs()] == [
            (job, Done, 0) for job in queue
        ]
    until(lambda: not any(is_alive(process) for process in killed))


WINDOW = """
import time
from studio.app import Run, application
from studio.link.engine_link import EngineLink, attach_to
from studio.project import edits, files
app = application()
run = Run(EngineLink(attach_to(None, 20.0)))
sent, replace = [], files._flush
def never(file):
    file.write(b"half")
    replace(file)
    print("saving", flush=True)
    time.sleep(600)
def send(studio):
    if studio.composer.recipe is not None and not sent:
        sent.append(1)
        studio.composer.sent.connect(lambda job: print("sent", job.id, flush=True))
        studio.composer.generate()
def on_progress(studio):
    if any(known.step >= FAR_STEP for job in studio.jobs.active if (known := studio.jobs.progress(job.id))):
        if studio.film.saved_state == "saved" and files._flush is not never:
            files._flush = never
            studio.film.edit("rename_project", lambda project: edits.rename_project(project, "Never saved"))
def go(studio):
    studio.film.edit("rename_project", lambda project: edits.rename_project(project, "Küsten"))
    studio.composer.change(**CLIP)
    studio.library.changed.connect(lambda: send(studio))
    studio.jobs.progressed.connect(lambda _: on_progress(studio))
    send(studio)
run.desk.opened.connect(go)
run.start()
app.exec()
"""


def test_window_and_engine_that_are_killed_at_once_lose_nothing(
    started: Callable[[], Run], own_home: Path, qtbot: QtBot, until: Callable[..., None]
) -> None:
    source = WINDOW.replace("CLIP", repr(CLIP)).replace("FAR_STEP", str(FAR_STEP))
    process = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    killed: list[psutil.Process] = []
    assert process.stdout is not None
    try:
        word, job_id = process.stdout.readline().split()
        assert word == "sent"
        assert process.stdout.readline() == "saving\n"
        killed = kill_engine(own_home)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        for each in killed or processes(own_home):
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
    until(lambda: not any(is_alive(each) for each in killed))
    (folder,) = projects_folder().iterdir()
    saved = Project.model_validate_json((folder / "project.json").read_bytes())
    assert saved.name == "Küsten"
    assert list(folder.glob(".reelwright-*"))  # half a file, which the next who opens it clears away
    studio = studio_of(started())
    assert studio.film.read_only is None
    assert (studio.film.project.name, shot_of(studio).draft) == (saved.name, saved.shots[0].draft)
    assert not list(folder.glob(".reelwright-*"))
    qtbot.waitUntil(lambda: studio.film.take is not None, timeout=LIMIT_MS)
    assert [take.id for take in shot_of(studio).takes] == [job_id]
    qtbot.waitUntil(lambda: studio.film.folder.media.path(shot_of(studio).takes[0].media) is not None, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: job_of(studio, job_id).acknowledged, timeout=LIMIT_MS)
    assert isinstance(job_of(studio, job_id).state, Done)
