"""FullScreen: the picture on the whole screen, with the transport at its bottom while the mouse moves."""

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QCursor, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from studio.models.studio import Studio
from studio.style.tokens import GRID_PX, Theme
from studio.views import transport
from studio.views.screen import Screen

REST_MS = 2500
"""After so long without a move of the mouse only the picture is left."""
WIDEST_PX = 120 * GRID_PX


class FullScreen(QWidget):
    """A window of its own, in which all the actions' keys work; Esc leaves, or doing again what brought it.

    Signals:
        left: it is closed.
    """

    left = Signal()

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], theme: Theme, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Full screen"))
        self.addActions(list(actions.values()))
        self.screen_view = Screen(studio, theme, self)
        self.screen_view.double_clicked.connect(self.close)
        self.screen_view.installEventFilter(self)
        self.bar = QFrame(self)
        self.bar.setProperty("look", "panel")
        rows = QVBoxLayout(self.bar)
        rows.setContentsMargins(GRID_PX, 0, GRID_PX, 0)
        rows.addWidget(transport.View(studio, actions, theme))
        self._rests = QTimer(self, singleShot=True, interval=REST_MS)
        self._rests.timeout.connect(self.rest)
        self._seen = QPoint()
        self._wake()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  Qt's name
        """The picture everywhere, the transport at the bottom."""
        super().resizeEvent(event)
        self.screen_view.setGeometry(self.rect())
        width, height = min(self.width() - 4 * GRID_PX, WIDEST_PX), self.bar.sizeHint().height()
        self.bar.setGeometry((self.width() - width) // 2, self.height() - height - 3 * GRID_PX, width, height)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  Qt's name
        """Esc leaves."""
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802  Qt's name
        """Tell that it is left."""
        super().closeEvent(event)
        self.left.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  Qt's name
        """Wake when the mouse moves; some systems say that it moves when it stands still."""
        if watched is self.screen_view and isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseMove:
            place = event.globalPosition().toPoint()
            if place != self._seen:
                self._seen = place
                self._wake()
        return False

    def rest(self) -> None:
        """Leave only the picture, unless the mouse is upon the transport."""
        if self.bar.isVisible() and self.bar.geometry().contains(self.mapFromGlobal(QCursor.pos())):
            self._rests.start()
            return
        self.bar.hide()
        self.screen_view.setCursor(Qt.CursorShape.BlankCursor)

    def _wake(self) -> None:
        self.bar.show()
        self.screen_view.unsetCursor()
        self._rests.start()
