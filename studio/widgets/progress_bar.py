"""ProgressBar: a thin line that fills up; where nobody knows how far it is, a piece of it travels."""

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QProgressBar, QSizePolicy, QWidget

from studio.style.tokens import GRID_PX, Theme

HEIGHT_PX = 4
WHOLE = 1000
TRAVEL_MS = 33
TRAVEL_STEPS = 50
PIECE = 0.28


class ProgressBar(QProgressBar):
    """A QProgressBar for those who hear it, drawn as one line for those who see it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._at = 0
        self._timer = QTimer(self, interval=TRAVEL_MS)
        self._timer.timeout.connect(self._travel)
        self.setTextVisible(False)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.show_part(0.0)

    def show_part(self, part: float | None) -> None:
        """From 0 to 1; None is not known."""
        if part is None:
            self.setRange(0, 0)
        else:
            self.setRange(0, WHOLE)
            self.setValue(round(min(1.0, max(0.0, part)) * WHOLE))
        self._move_or_rest()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        return QSize(20 * GRID_PX, HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:  # noqa: N802  Qt's name
        return QSize(6 * GRID_PX, HEIGHT_PX)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  Qt's name
        super().showEvent(event)
        self._move_or_rest()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802  Qt's name
        super().hideEvent(event)
        self._move_or_rest()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        painter = QPainter(self)
        area = QRectF(0, (self.height() - HEIGHT_PX) / 2, self.width(), HEIGHT_PX)
        begin, end = 0.0, self.value() / WHOLE
        if self.maximum() == 0:
            begin = self._at / TRAVEL_STEPS * (1 + PIECE) - PIECE
            end = begin + PIECE
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        paint_progress(painter, area, self._theme, (begin, end), mirrored=mirrored)
        painter.end()

    def _move_or_rest(self) -> None:
        if self.maximum() == 0 and self.isVisible():
            self._timer.start()
        else:
            self._timer.stop()

    def _travel(self) -> None:
        self._at = (self._at + 1) % TRAVEL_STEPS
        self.update()


def paint_progress(
    painter: QPainter, area: QRectF, theme: Theme, part: tuple[float, float], *, mirrored: bool = False
) -> None:
    """The line, filled from one part of it (0 to 1) to another."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    radius = area.height() / 2
    painter.setBrush(QColor(theme.line))
    painter.drawRoundedRect(area, radius, radius)
    begin, end = max(0.0, part[0]), min(1.0, part[1])
    if end > begin:
        left = area.left() + (1 - end if mirrored else begin) * area.width()
        filled = QRectF(left, area.top(), max((end - begin) * area.width(), area.height()), area.height())
        painter.setBrush(QColor(theme.accent))
        painter.drawRoundedRect(filled, radius, radius)
    painter.restore()
