"""The application: how it is started, that it reaches nothing heavy, and that nothing depends on a clean end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from engine.client.attach import attach_running
from engine.protocol.home import read_rendezvous
from studio.__main__ import wanted_project
from studio.project.sample import sample_project
from studio.project.storage import create_project, open_project

OPEN_AND_CLOSE = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from studio.app import application, run_window
app = application()
def look():
    window = next(each for each in app.topLevelWidgets() if each.objectName() == "reelwright")
    if window.page is not None:
        print("opened", window.windowTitle(), flush=True)
        %s
timer = QTimer(interval=20)
timer.timeout.connect(look)
timer.start()
code = run_window()
print(code, *({"torch", "cv2", "numpy", "diffusers", "engine.server"} & set(sys.modules)))
"""
CLOSE = "timer.stop(); window.close()"
EDIT = (
    "from studio.project import edits; "
    "film = window.interior._desk.studio.film; "
    "film.saved_changed.connect(lambda: film.saved_state == 'saved' and print('saved', flush=True)); "
    "timer.stop(); film.edit('rename_project', lambda project: edits.rename_project(project, 'Kept'))"
)


def environment() -> dict[str, str]:
    return os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONUNBUFFERED": "1"}


def stop_engine(home: Path) -> None:
    """End the engine of this folder, and see it gone; other tests share another one."""
    rendezvous, client = read_rendezvous(home), attach_running(home)
    if client is None or rendezvous is None:
        return
    engine = psutil.Process(rendezvous.pid)
    with client:
        client.stop()
    engine.wait(20)


@pytest.mark.parametrize(
    ("arguments", "project"),
    [
        ([], None),
        (["--project", "/x/y"], "/x/y"),
        (["--project=/x/y z"], "/x/y z"),
        (["film.zip"], "film.zip"),
        (["FILM.ZIP"], "FILM.ZIP"),
        (["a/project.json"], "a/project.json"),
        (["generate"], None),
        (["generate", "a beach.zip"], None),
        (["--help"], None),
        (["nothing there"], None),
    ],
)
def test_what_the_command_line_asks_for(arguments: list[str], project: str | None) -> None:
    assert wanted_project(arguments) == (Path(project) if project else None)


def test_a_folder_that_is_a_project_is_one(tmp_path: Path) -> None:
    create_project(tmp_path / "film", sample_project("x")).folder.close()
    assert wanted_project([str(tmp_path / "film")]) == tmp_path / "film"
    assert wanted_project([str(tmp_path)]) is None


def test_the_window_opens_and_closes_and_the_engine_lives_on(home: Path) -> None:
    command = [sys.executable, "-c", OPEN_AND_CLOSE % CLOSE]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=100)
    try:
        assert (done.returncode, done.stdout.split("\n")[:2]) == (0, ["opened My first film — Reelwright", "0"]), done
        assert [line for line in done.stderr.splitlines() if "plugin does not support" not in line] == []
        assert (home / "projects" / "My first film" / "project.json").is_file()
    finally:
        stop_engine(home)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_it_has_lost_nothing_that_was_saved(home: Path) -> None:
    command = [sys.executable, "-c", OPEN_AND_CLOSE % EDIT]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert next(process.stdout).startswith("opened")
            assert next(process.stdout) == "saved\n"
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(20)
    opened = open_project(home / "projects" / "My first film")
    try:
        assert (opened.reason, opened.project.name) == (None, "Kept")
    finally:
        opened.folder.close()
        stop_engine(home)


def test_the_first_paint_waits_for_no_models() -> None:
    source = (
        "import sys, studio.app\nprint(*({'pydantic', 'studio.models.desk', 'studio.views.header'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("\n", "")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux may have no display")
def test_without_a_display_it_says_so() -> None:
    hidden = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}
    without = {name: value for name, value in os.environ.items() if name not in hidden}
    command = [sys.executable, "-c", "import sys, studio.app\nsys.exit(studio.app.run_window())"]
    done = subprocess.run(command, env=without, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("Reelwright's window needs a display")
