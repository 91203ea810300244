"""The only place that builds the window and connects it."""

import gc
import os
import signal
import sys
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication

from studio.link.engine_link import EngineLink, attach_to
from studio.link.link import Link
from studio.models.desk import Desk
from studio.models.preferences import Preferences
from studio.style.icons import icon
from studio.style.sheet import apply_colours
from studio.views.window import Window, chosen_theme

UNSEEN_MS = 1000
NO_DISPLAY = (
    "Reelwright's window needs a display, and there is none here.\n"
    "The command line works without one: python3 packaging/dev.py run --help\n"
)


class Run:
    """The window with everything behind it, from the first paint to the last save."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.preferences = Preferences()
        self.desk = Desk(link, self.preferences)
        self.window = Window(self.desk)
        self._path: Path | None = None

    def start(self, path: Path | None = None) -> None:
        """Show the window; once it is painted, find the engine and open a project: this one, or the last one."""
        self._path = path
        later = QTimer(self.window, singleShot=True, interval=UNSEEN_MS)  # it may be shown where nobody sees it
        later.timeout.connect(self._open)
        self.window.painted.connect(lambda: later.start(0))
        later.start()
        self.window.show()

    def _open(self) -> None:
        self.link.start()
        if self._path is not None:
            self.desk.open(self._path)
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
    run = Run(EngineLink(attach_to(None)))
    run.start(path)
    gc.freeze()  # what the imports made stays: no collection has to walk it while a clip plays
    code = app.exec()
    run.close()
    icon.cache_clear()  # pictures have to go before the application does
    return code


def application() -> QApplication:
    """The application, looking as the user has chosen."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(sys.argv[:1])
    app.setApplicationName("reelwright")
    app.setApplicationDisplayName("Reelwright")
    app.setDesktopFileName("reelwright")
    apply_colours(app, chosen_theme(str(Preferences().value("theme"))))
    return app


def _has_display() -> bool:
    """Whether Qt can start: without a display its plugin on Linux aborts the process, and says nothing useful."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
