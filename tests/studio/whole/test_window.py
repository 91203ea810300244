"""The window as somebody uses it, with mouse and keys, on the real engine; and what is left after it is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from engine.client.api import EngineClient
from engine.protocol.job import Done
from studio.app import Run
from studio.link.engine_link import EngineLink, attach_to
from studio.models.studio import Studio
from studio.project.project import Project
from studio.project.recent import projects_folder

LIMIT_MS = 60_000
QUICK = {"width": 64, "height": 64, "num_frames": 9, "num_inference_steps": 8, "seed": 7}


@pytest.fixture
def home_of_both(shared_engine: EngineClient, shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The shared engine's folder; the window's own files in it go after the test."""
    monkeypatch.setenv("REELWRIGHT_HOME", str(shared_home))
    yield shared_home
    subprocess.run(["rm", "-rf", str(shared_home / "projects"), str(shared_home / "recent.json")], check=True)
    for job in shared_engine.jobs(limit=1000):
        if job.request.project and not job.is_over:
            shared_engine.cancel(job.id)
        if job.request.project:
            shared_engine.delete(job.id)


@pytest.fixture
def started(home_of_both: Path, qtbot: QtBot) -> Iterator[Callable[[], Run]]:
    """Return a function that opens the window as a user finds it; it is closed after the test."""
    runs: list[Run] = []

    def starting() -> Run:
        run = Run(EngineLink(attach_to(home_of_both)))
        runs.append(run)
        with qtbot.waitSignals([run.desk.opened, run.link.models_loaded], timeout=LIMIT_MS):
            run.start()
        with qtbot.waitActive(run.window, timeout=LIMIT_MS):
            run.window.activateWindow()
        return run

    yield starting
    for run in runs:
        run.close()


def studio_of(run: Run) -> Studio:
    assert run.desk.studio is not None
    return run.desk.studio


def test_from_a_prompt_to_a_longer_take(started: Callable[[], Run], qtbot: QtBot) -> None:
    run = started()
    studio, window = studio_of(run), run.window
    studio.composer.change(**QUICK)
    page = window.page
    assert page is not None
    field = page.prompt.text.field
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "snow over a lake, jkl e")
    assert studio.film.shot.draft.prompt == "snow over a lake, jkl e"  # no key of these did anything else
    assert studio.jobs.active == []
    previews: list[str] = []
    studio.jobs.previewed.connect(previews.append)
    button = next(button for button in page.prompt.findChildren(QPushButton) if button.text() == "Generate")
    qtbot.waitUntil(lambda: button.isEnabled() and window.acts["generate"].isEnabled(), timeout=LIMIT_MS)
    with qtbot.waitSignal(studio.film.taken, timeout=LIMIT_MS) as first:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert previews
    take = first.args[0]
    assert take.recipe.prompt.startswith("snow over a lake")
    qtbot.waitUntil(lambda: studio.playback.picture() is not None, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: studio.playback.index > 2, timeout=LIMIT_MS)  # it plays by itself
    qtbot.mouseClick(page.viewer.screen_view, Qt.MouseButton.LeftButton)
    assert page.viewer.hasFocus()
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert studio.playback.speed == 0
    studio.playback.seek(0)
    with qtbot.waitSignal(studio.film.taken, timeout=LIMIT_MS) as second:
        qtbot.keyClick(window, Qt.Key.Key_E)
    longer = second.args[0]
    assert (longer.verb, longer.parents) == ("extend", (take.id,))
    assert longer.num_frames > take.num_frames


WINDOW = """
import os, sys
from PySide6.QtCore import QTimer
from studio.app import Run, application
from studio.link.engine_link import EngineLink, attach_to
app = application()
run = Run(EngineLink(attach_to(None)))
def go(studio):
    studio.composer.change(width=64, height=64, num_frames=17, num_inference_steps=40, prompt="a beach, killed")
    studio.library.changed.connect(lambda: send(studio))
    send(studio)
sent = []
def send(studio):
    if studio.composer.recipe is not None and not sent:
        sent.append(1)
        studio.composer.sent.connect(lambda job: print("sent", job.id, flush=True))
        studio.composer.generate()
run.desk.opened.connect(go)
run.start()
app.exec()
"""


def test_a_window_that_is_killed_has_lost_nothing(
    home_of_both: Path, started: Callable[[], Run], shared_engine: EngineClient, qtbot: QtBot
) -> None:
    process = subprocess.Popen([sys.executable, "-c", WINDOW], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        word, job_id = process.stdout.readline().split()
        assert word == "sent"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    qtbot.waitUntil(lambda: isinstance(shared_engine.job(job_id).state, Done), timeout=LIMIT_MS)
    (folder,) = projects_folder().iterdir()
    Project.model_validate_json((folder / "project.json").read_bytes())
    run = started()
    studio = studio_of(run)
    qtbot.waitUntil(lambda: studio.film.take is not None, timeout=LIMIT_MS)
    assert studio.film.take.id == job_id
    assert studio.film.read_only is None
    assert studio.film.take.recipe.prompt == "a beach, killed"
    qtbot.waitUntil(lambda: studio.film.folder.media.path(studio.film.take.media) is not None, timeout=LIMIT_MS)
