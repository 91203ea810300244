"""Combo: a combo box whose arrow is one of our icons, which a style sheet cannot draw in a theme's colour."""

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QStyle, QWidget

from studio.style.icons import icon
from studio.style.tokens import GRID_PX, Theme

ARROW_PX = 2 * GRID_PX


class Combo(QComboBox):
    """At the end of the line, on the right or on the left."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        super().paintEvent(event)
        place = QRect(self.width() - ARROW_PX - GRID_PX // 2, (self.height() - ARROW_PX) // 2, ARROW_PX, ARROW_PX)
        painter = QPainter(self)
        shown = QStyle.visualRect(self.layoutDirection(), self.rect(), place)
        icon("chevron_down", self._theme, "muted").paint(painter, shown)
        painter.end()
