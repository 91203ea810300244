"""The only place that builds the window and connects it.

Nothing is imported above that the first paint of an empty window does not need.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from studio.models.preferences import Preferences
from studio.style.sheet import apply_colours, chosen_theme
from studio.style.tokens import Theme
from studio.views.window import Window

if TYPE_CHECKING:
    from pathlib import Path

    from studio.link.link import Link

NO_DISPLAY = (
    "Reelwright's window needs a display, and there is none here.\n"
    "The command line works without one: python3 packaging/dev.py run --help\n"
)


class Run:
    """Everything behind a window (by default one of its own), from the first look at a project to the last save."""

    def __init__(self, link: Link, window: Window | None = None) -> None:
        from studio.models.desk import Desk

        self.link = link
        self.preferences = Preferences()
        theme = _theme(self.preferences)
        self.desk = Desk(link, self.preferences)
        self.window = window or Window(theme)
        self.window.furnish(self.desk, theme)

    def start(self, path: Path | None = None) -> None:
        """Show the window, find the engine and open a project: this one, or the last one."""
        self.window.show()
        self.link.start()
        if path is not None:
            self.desk.open(path)
        else:
            self.desk.open_last(self.window.sample_name)

    def close(self) -> None:
        """Save, and let go of the project and the engine, which lives on."""
        self.desk.close()
        self.link.close()
        self.window.deleteLater()
        self.desk.deleteLater()
        self.link.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def run_window(path: Path | None = None) -> int:
    """Show the window until it is closed; on this project (a folder, its file or a zip), else on the last one.

    Returns:
        The exit code of the process: 1 where no window can be shown.
    """
    if not _has_display():
        sys.stderr.write(NO_DISPLAY)
        return 1
    app = application()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Qt's loop runs no Python: Ctrl-C would never be heard
    window = Window(_theme(Preferences()))
    runs: list[Run] = []

    def go_on() -> None:
        try:
            runs.append(_furnished(window, path))
        except Exception:  # as it would end before the loop runs
            app.exit(1)
            raise

    window.seen.connect(go_on)
    window.show()
    code = app.exec()
    for run in runs:
        run.close()
    _forget_icons()
    return code


def _furnished(window: Window, path: Path | None) -> Run:
    """The rest, once the window is on the screen."""
    gc.disable()
    from studio.link.engine_link import EngineLink, attach_to

    run = Run(EngineLink(attach_to(None)), window)
    run.start(path)
    gc.freeze()  # what the imports made stays: no collection has to walk it, now or while a clip plays
    gc.enable()
    return run


def _forget_icons() -> None:
    """Pictures have to go before the application does."""
    from studio.style.icons import icon

    icon.cache_clear()


def application() -> QApplication:
    """The application, looking as the user has chosen."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(sys.argv[:1])
    app.setApplicationName("reelwright")
    app.setApplicationDisplayName("Reelwright")
    app.setDesktopFileName("reelwright")
    _leave_sources_unread()
    apply_colours(app, _theme(Preferences()))
    return app


def _leave_sources_unread() -> None:
    """Keep PySide from reading the source of every module that is imported after it.

    It looks for its own name there, for the sake of `from __feature__ import ...`, which nothing here uses; that takes
    a sixth of the time in which the window is furnished. PySide 6.11; may go when imports are not slower behind PySide.
    """
    feature = sys.modules["shibokensupport.feature"]
    assert hasattr(feature, "_mod_uses_pyside")
    vars(feature)["_mod_uses_pyside"] = _does_not


def _does_not(_module: object) -> bool:
    return False


def _theme(preferences: Preferences) -> Theme:
    return chosen_theme(str(preferences.value("theme")))


def _has_display() -> bool:
    """Whether Qt can start: without a display its plugin on Linux aborts the process, and says nothing useful."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
