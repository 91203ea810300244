"""PlayheadLine: where the film is, as a line that lies over the cards."""

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from studio.style.tokens import Theme

WIDTH_PX = 11


class PlayheadLine(QWidget):
    """Only what is under it is painted again when it moves; the mouse does not see it."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def stand_at(self, x: float, height: int) -> None:
        """In the middle of it is `x`."""
        self.setGeometry(round(x) - WIDTH_PX // 2, 0, WIDTH_PX, height)

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802  Qt's name
        """A line with a head."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = WIDTH_PX / 2
        painter.setPen(QPen(QColor(self._theme.accent), 1.5))
        painter.drawLine(QPointF(middle, 8), QPointF(middle, self.height()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.accent))
        painter.drawPolygon(
            QPolygonF(
                [
                    QPointF(0.5, 4),
                    QPointF(WIDTH_PX - 0.5, 4),
                    QPointF(WIDTH_PX - 0.5, 9),
                    QPointF(middle, 15),
                    QPointF(0.5, 9),
                ]
            )
        )
