"""What tests of the window stand on: all of it, on an engine that says what the test says."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.protocol.model_card import ModelCard
from studio.app import Run
from studio.link.scripted import ScriptedLink
from studio.models.studio import Studio
from studio.style.sheet import apply_colours
from studio.style.tokens import DARK

LIMIT_MS = 10_000


@pytest.fixture
def themed(qapp: QApplication) -> Iterator[QApplication]:
    """The application in the dark theme; as it was, afterwards."""
    apply_colours(qapp, DARK)
    yield qapp
    qapp.setStyleSheet("")
    qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


@pytest.fixture
def make_run(themed: QApplication, qtbot: QtBot) -> Iterator[Callable[[], Run]]:
    """Return a function that makes the window with everything behind it, not started; it is closed after the test."""
    made: list[Run] = []

    def making() -> Run:
        made.append(Run(ScriptedLink()))
        return made[-1]

    yield making
    for run in made:
        run.close()


@pytest.fixture
def opened(make_run: Callable[[], Run], qtbot: QtBot, starter_card: ModelCard) -> Run:
    """The window on the sample project of a first run, with the starter and no jobs."""
    run = make_run()
    start(run, qtbot)
    connect(run, starter_card)
    return run


def start(run: Run, qtbot: QtBot, path: Path | None = None) -> Studio:
    """Show it, and wait for its project."""
    with qtbot.waitSignal(run.desk.opened, timeout=LIMIT_MS) as heard:
        run.start(path)
    run.window.activateWindow()
    assert heard.args is not None
    return heard.args[0]


def connect(run: Run, card: ModelCard) -> None:
    """The engine is there, and has this model."""
    assert isinstance(run.link, ScriptedLink)
    run.link.connect_with([], [(card, [])])
