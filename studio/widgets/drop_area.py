"""DropArea: a place where files are dropped; while they hang over it, it says what will become of them."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from studio.style.tokens import GRID_PX, RADIUS_PX, Theme

COVER = 0.9
RING_PX = 2


class DropArea(QWidget):
    """Takes files of this machine from the desktop and from other programs, but nothing that `own` formats say.

    Signals:
        dropped: the files (list[Path]).
        unreachable: what was dropped and lies on no disk of this machine, such as a picture of a web page (list[str]).
    """

    dropped = Signal(object)
    unreachable = Signal(object)

    def __init__(self, promise: str, theme: Theme, own: Sequence[str] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._own = tuple(own)
        self._cover = _Cover(promise, theme, self)
        self._cover.hide()
        self.setAcceptDrops(True)

    @property
    def is_waiting(self) -> bool:
        """Whether something hangs over it that it would take."""
        return not self._cover.isHidden()

    def take(self, mime: QMimeData) -> bool:
        """Files of a drop or of the clipboard; False when there are none."""
        urls = mime.urls()
        paths = [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
        others = [url.toDisplayString() for url in urls if not url.isLocalFile()]
        if paths:
            self.dropped.emit(paths)
        if others:
            self.unreachable.emit(others)
        return bool(urls)

    def dragEnterEvent(self, event: QDragEnterEvent, /) -> None:  # noqa: N802  Qt's name
        mime = event.mimeData()
        if mime.hasUrls() and not any(mime.hasFormat(each) for each in self._own):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self._cover.setGeometry(self.rect())
            self._cover.raise_()
            self._cover.show()

    def dragLeaveEvent(self, _: QDragLeaveEvent, /) -> None:  # noqa: N802  Qt's name
        self._cover.hide()

    def dropEvent(self, event: QDropEvent, /) -> None:  # noqa: N802  Qt's name
        self._cover.hide()
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.take(event.mimeData())

    def resizeEvent(self, event: QResizeEvent, /) -> None:  # noqa: N802  Qt's name
        super().resizeEvent(event)
        self._cover.setGeometry(self.rect())


class _Cover(QWidget):
    """Lies over everything that the area holds."""

    def __init__(self, promise: str, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._promise, self._theme = promise, theme
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, _: QPaintEvent, /) -> None:  # noqa: N802  Qt's name
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QColor(self._theme.tint)
        ground.setAlphaF(COVER)
        painter.setBrush(ground)
        painter.setPen(QPen(QColor(self._theme.accent), RING_PX))
        inset = GRID_PX / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), RADIUS_PX, RADIUS_PX)
        painter.setPen(QColor(self._theme.text))
        inner = self.rect().adjusted(2 * GRID_PX, GRID_PX, -2 * GRID_PX, -GRID_PX)
        painter.drawText(inner, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._promise)
        painter.end()
