"""The only place that builds the window and connects it."""

import os
import signal
import sys

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QMainWindow

from studio.style.mark import mark_icon
from studio.style.sheet import apply_theme
from studio.style.tokens import DARK
from studio.views import welcome

SIZE = QSize(1280, 760)
SMALLEST = QSize(960, 600)
NO_DISPLAY = (
    "Reelwright's window needs a display, and there is none here.\n"
    "Everything that works today works without it: python3 packaging/dev.py run --help\n"
)


def run_window() -> int:
    """Show the window until it is closed.

    Returns:
        The exit code of the process: 1 where no window can be shown.
    """
    if not _has_display():
        sys.stderr.write(NO_DISPLAY)
        return 1
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(sys.argv)
    app.setApplicationName("reelwright")
    app.setApplicationDisplayName("Reelwright")
    app.setDesktopFileName("reelwright")
    apply_theme(app, DARK)
    window = build_window()
    window.show()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Qt's loop runs no Python: Ctrl-C would never be heard
    return app.exec()


def build_window() -> QMainWindow:
    """The window, not yet shown, no larger than the screen."""
    window = QMainWindow()
    window.setWindowTitle("Reelwright")
    window.setWindowIcon(mark_icon(DARK))
    window.setCentralWidget(welcome.View(DARK))
    window.setMinimumSize(SMALLEST)
    window.resize(SIZE.boundedTo(window.screen().availableSize()))
    return window


def _has_display() -> bool:
    """Whether Qt can start: without a display its plugin on Linux aborts the process, and says nothing useful."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
