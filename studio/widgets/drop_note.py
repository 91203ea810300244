"""DropNote: what a drop would do, drawn over its place; or one sentence about what it has done."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from studio.style.tokens import GRID_PX, RADIUS_PX, Theme

VEIL = 0.72
WIDEST_PX = 80 * GRID_PX


class DropNote(QWidget):
    """Lets the mouse through."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._sentence = ""
        self._invites = False
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    @property
    def sentence(self) -> str:
        """What it says; empty while it says nothing."""
        return self._sentence

    def invite(self, sentence: str) -> None:
        """Say what a drop would do, with a frame around the place."""
        self._show(sentence, invites=True)

    def say(self, sentence: str) -> None:
        """Say what has been done, at the top."""
        self._show(sentence, invites=False)

    def clear(self) -> None:
        """Say nothing."""
        self._sentence = ""
        self.hide()

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802  Qt's name
        """Paint it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        veil = QColor(self._theme.stage)
        veil.setAlphaF(VEIL)
        whole = QRectF(self.rect()).adjusted(GRID_PX, GRID_PX, -GRID_PX, -GRID_PX)
        flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
        if self._invites:
            painter.fillRect(self.rect(), veil)
            painter.setPen(QPen(QColor(self._theme.accent), 2, Qt.PenStyle.DashLine))
            painter.drawRoundedRect(whole, RADIUS_PX, RADIUS_PX)
            place = whole
        else:
            inner = QRectF(0, 0, min(WIDEST_PX, whole.width() - 4 * GRID_PX), whole.height())
            place = QRectF(painter.boundingRect(inner, flags, self._sentence))
            place.moveTo((self.width() - place.width()) / 2, 3 * GRID_PX)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(veil)
            painter.drawRoundedRect(place.adjusted(-12, -8, 12, 8), RADIUS_PX, RADIUS_PX)
        painter.setPen(QColor(self._theme.on_stage))
        painter.drawText(place, flags, self._sentence)

    def _show(self, sentence: str, invites: bool) -> None:
        self._sentence, self._invites = sentence, invites
        self.setVisible(bool(sentence))
        self.raise_()
        self.update()
