"""Switch: something that is on or off, at once."""

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QWidget

from studio.style.tokens import GRID_PX, LINE_PX, Theme
from studio.widgets.keys import PRESS, keep_keys

WIDTH_PX, HEIGHT_PX = 30, 16


class Switch(QCheckBox):
    """A check box that looks like what it does; the words stand behind it."""

    def __init__(self, text: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._theme = theme
        keep_keys(self, *PRESS)

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        words = self.fontMetrics().size(0, self.text())
        return QSize(WIDTH_PX + GRID_PX + words.width() + 2, max(3 * GRID_PX, words.height()))

    def hitButton(self, _: QPoint, /) -> bool:  # noqa: N802  Qt's name
        return True

    def paintEvent(self, _: QPaintEvent, /) -> None:  # noqa: N802  Qt's name
        theme, painter = self._theme, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_on, is_mirrored = self.isChecked(), self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        left = self.width() - WIDTH_PX - 1 if is_mirrored else 1
        track = QRectF(left, (self.height() - HEIGHT_PX) / 2, WIDTH_PX, HEIGHT_PX).adjusted(0.5, 0.5, -0.5, -0.5)
        is_live = self.isEnabled()
        painter.setPen(QPen(QColor(theme.text if self.hasFocus() else theme.muted), LINE_PX))
        painter.setBrush(QColor(theme.accent if is_on and is_live else theme.raised))
        painter.drawRoundedRect(track, track.height() / 2, track.height() / 2)
        knob = HEIGHT_PX - 6
        at_end = is_on != is_mirrored
        x = track.right() - knob - 2.5 if at_end else track.left() + 2.5
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.on_accent if is_on and is_live else theme.muted))
        painter.drawEllipse(QRectF(x, track.center().y() - knob / 2, knob, knob))
        painter.setPen(QColor(theme.text if is_live else theme.muted))
        words = self.rect().adjusted(0, 0, -WIDTH_PX - GRID_PX, 0) if is_mirrored else self.rect()
        words = words if is_mirrored else words.adjusted(WIDTH_PX + GRID_PX, 0, 0, 0)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeading, self.text())
        painter.end()
