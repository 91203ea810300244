"""Rating: one to five stars."""

import math

from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.style.tokens import Theme

STARS = 5
STAR_PX = 14
INNER = 0.45
"""How deep a star is cut."""


class Rating(QWidget):
    """Stars that are given by a click, and taken away by a click on the same one.

    Signals:
        rated: what somebody gives (0 to 5); `stars` is what the owner says it is.
    """

    rated = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._stars = 0
        self._pointed = 0
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @property
    def stars(self) -> int:
        """0 to 5."""
        return self._stars

    def show_stars(self, stars: int) -> None:
        """Show what it has."""
        if stars != self._stars:
            self._stars = stars
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Five stars."""
        return QSize(STARS * STAR_PX, STAR_PX + 2)

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802
        """Paint the given ones, or those that a click would give; the others only while somebody points."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shown = self._pointed or self._stars
        for number in range(1, STARS + 1):
            if number <= shown:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(self._theme.accent))
            else:
                painter.setPen(QPen(QColor(self._theme.muted if self.underMouse() else self._theme.line), 1))
                painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolygon(_star(QPointF(self._x(number), self.height() / 2), STAR_PX * 0.42))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Show what a click would give."""
        self._point(self._star_at(event.position().x()))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Keep the click from what is behind."""
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Give it."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            stars = self._star_at(event.position().x())
            self.rated.emit(0 if stars == self._stars else stars)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """Show what it has."""
        super().leaveEvent(event)
        self._point(0)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Digits give stars."""
        if event.text() in tuple("012345"):
            self.rated.emit(int(event.text()))
        else:
            super().keyPressEvent(event)

    def _point(self, stars: int) -> None:
        self._pointed = stars
        self.update()

    def _star_at(self, x: float) -> int:
        number = max(1, min(STARS, 1 + int(x / STAR_PX)))
        return STARS + 1 - number if self.isRightToLeft() else number

    def _x(self, number: int) -> float:
        x = (number - 0.5) * STAR_PX
        return self.width() - x if self.isRightToLeft() else x


def _star(centre: QPointF, radius: float) -> QPolygonF:
    points: list[QPointF] = []
    for corner in range(10):
        far = radius if corner % 2 == 0 else radius * INNER
        angle = math.pi * (corner / 5 - 0.5)
        points.append(centre + QPointF(far * math.cos(angle), far * math.sin(angle)))
    return QPolygonF(points)
