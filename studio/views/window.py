"""The window itself: painted before anything is read that is not needed to paint it, and then furnished.

Python takes longer to read models and panels than Qt takes to start, so this file imports neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QLabel, QMainWindow, QVBoxLayout, QWidget

from engine.protocol.home import home
from studio.style.mark import mark_icon
from studio.style.sheet import sheet
from studio.style.tokens import BAR_PX, LINE_PX, Theme

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QAction

    from studio.models.desk import Desk
    from studio.views import create_page
    from studio.views.interior import Interior
    from studio.views.sheets import Sheets
    from studio.views.toasts import Toasts

SIZE = QSize(1440, 900)
SMALLEST = QSize(960, 600)
KEEP_AFTER_MS = 1000
UNSEEN_MS = 1000
MOST_OF_SCREEN = 0.94
"""The rest is for the frame that the system puts around it."""
WINDOW_FILE = "window.ini"


class Window(QMainWindow):
    """One window; `furnish` it with a desk once it is `seen`.

    Signals:
        seen: it has been painted for the first time, or it is shown where nobody sees it.
    """

    seen = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._interior: Interior | None = None
        self._sizes = QSettings(str(home() / WINDOW_FILE), QSettings.Format.IniFormat, self)
        self._keep_later = QTimer(self, singleShot=True, interval=KEEP_AFTER_MS)
        self._keep_later.timeout.connect(self._keep_sizes)
        self._first_look = QTimer(self, singleShot=True, interval=UNSEEN_MS)
        self._first_look.timeout.connect(self.seen)
        self._is_painted = False
        self.setObjectName("reelwright")
        self.setWindowTitle(self.tr("Reelwright"))
        self.setMinimumSize(SMALLEST)
        self._dress(theme)
        self.setCentralWidget(self._bare())
        self._restore_size()

    def furnish(self, desk: Desk, theme: Theme) -> None:
        """Put everything in: header, the panels of whatever project is open, and what the actions do."""
        from studio.views.interior import Interior

        state = self._sizes.value("splitters")
        self._interior = Interior(self, desk, theme, state if isinstance(state, QByteArray) else None)
        self._interior.arranged.connect(self._keep_later.start)
        self._interior.restyled.connect(self._dress)

    @property
    def sample_name(self) -> str:
        """What the project of a first run is called."""
        return self.tr("My first film")

    @property
    def interior(self) -> Interior:
        """What it is furnished with."""
        assert self._interior is not None
        return self._interior

    @property
    def acts(self) -> Mapping[str, QAction]:
        """Every action, by name."""
        return self.interior.acts

    @property
    def page(self) -> create_page.View | None:
        """The panels of the open project."""
        return self._interior.page if self._interior is not None else None

    @property
    def sheets(self) -> Sheets:
        """What can be laid in front of the page."""
        return self.interior.sheets

    @property
    def toasts(self) -> Toasts:
        """The notes at the bottom."""
        return self.interior.toasts

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Wait for the first paint, but not for ever."""
        super().showEvent(event)
        if not self._is_painted:
            self._first_look.start()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The first one is on the screen as soon as the event loop runs again."""
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            self._first_look.start(0)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Ask while something is being made; else just go."""
        if self._interior is not None and not self._interior.may_close():
            event.ignore()
            return
        self._keep_sizes()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Esc leaves what is in front; out of a text it leads to the picture, where single keys act."""
        if event.key() == Qt.Key.Key_Escape and self._interior is not None:
            self._interior.leave_front()

    def _dress(self, theme: Theme) -> None:
        """Have the colours of a theme."""
        self.setWindowIcon(mark_icon(theme))
        self.setStyleSheet(sheet(theme))

    def _bare(self) -> QWidget:
        """What is there until it is furnished."""
        root = QWidget()
        bar, line = QFrame(), QFrame()
        bar.setProperty("look", "bar")
        bar.setFixedHeight(BAR_PX)
        line.setProperty("look", "line")
        line.setFixedHeight(LINE_PX)
        said = QLabel(self.tr("Opening…"), alignment=Qt.AlignmentFlag.AlignCenter)
        said.setProperty("look", "lead")
        rows = QVBoxLayout(root)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(bar)
        rows.addWidget(line)
        rows.addWidget(said, 1)
        return root

    def _restore_size(self) -> None:
        geometry = self._sizes.value("geometry")
        if not (isinstance(geometry, QByteArray) and self.restoreGeometry(geometry)):
            room = self.screen().availableSize()
            self.resize(SIZE.boundedTo(QSize(int(room.width() * MOST_OF_SCREEN), int(room.height() * MOST_OF_SCREEN))))

    def _keep_sizes(self) -> None:
        """Where that cannot be written they are the usual ones the next time."""
        if not home().is_dir():
            return
        self._sizes.setValue("geometry", self.saveGeometry())
        if self._interior is not None and self._interior.splitters is not None:
            self._sizes.setValue("splitters", self._interior.splitters)
        self._sizes.sync()
