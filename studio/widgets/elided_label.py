"""ElidedLabel: one line of text that ends in … where there is no room, and is whole in its tooltip."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QStyleOption, QWidget

from studio.style.tokens import GRID_PX

LEAST_PX = 4 * GRID_PX


class ElidedLabel(QLabel):
    """Gives way to everything beside it, down to `least_px`; `look` is one of the style sheet's."""

    def __init__(self, text: str = "", look: str = "", least_px: int = LEAST_PX, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._least_px = least_px
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        if look:
            self.setProperty("look", look)

    def minimumSizeHint(self) -> QSize:  # noqa: N802  Qt's name
        hint = super().minimumSizeHint()
        return QSize(min(self._least_px, hint.width()), hint.height())

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        painter = QPainter(self)
        option = QStyleOption()
        option.initFrom(self)
        line = " ".join(self.text().split())
        shown = self.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, self.width())
        leading = Qt.AlignmentFlag.AlignRight if self.isRightToLeft() else Qt.AlignmentFlag.AlignLeft
        flags = (leading | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute).value
        self.style().drawItemText(
            painter, self.rect(), flags, option.palette, self.isEnabled(), shown, self.foregroundRole()
        )
        painter.end()
        whole = self.text() if shown != line else ""
        if self.toolTip() != whole:
            self.setToolTip(whole)
