"""GrowingText: plain text that is as tall as what is written in it, and breaks words that are too long."""

import math

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFontMetricsF, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from studio.style.tokens import GRID_PX

SPARE_PX = 4
"""Without it Qt thinks that the last line does not fit."""


class GrowingText(QPlainTextEdit):
    """Between the fewest and the most lines; beyond them it scrolls."""

    def __init__(self, lines: tuple[int, int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines = lines
        self._is_showing = False
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(GRID_PX)
        self.document().documentLayout().documentSizeChanged.connect(self._grow)

    def show_text(self, text: str) -> None:
        """What is true now; only what differs is changed, so that the cursor stays where it is."""
        old = self.toPlainText()
        if text == old:
            return
        first = 0
        while first < min(len(old), len(text)) and old[first] == text[first]:
            first += 1
        behind = 0
        while behind < min(len(old), len(text)) - first and old[-1 - behind] == text[-1 - behind]:
            behind += 1
        cursor = QTextCursor(self.document())
        cursor.setPosition(utf16_length(old[:first]))
        cursor.setPosition(utf16_length(old[: len(old) - behind]), QTextCursor.MoveMode.KeepAnchor)
        self._is_showing = True
        cursor.insertText(text[first : len(text) - behind])
        self._is_showing = False

    def resizeEvent(self, event: QResizeEvent, /) -> None:  # noqa: N802  Qt's name
        super().resizeEvent(event)
        self._grow()

    def changeEvent(self, event: QEvent, /) -> None:  # noqa: N802  Qt's name
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._grow()

    def _grow(self, _: object = None) -> None:
        least, most = self._lines
        lines = max(least, min(most, round(self.document().size().height())))
        frame = 2 * (self.frameWidth() + int(self.document().documentMargin()))
        height = math.ceil(lines * QFontMetricsF(self.font()).lineSpacing()) + frame + SPARE_PX
        if height != self.height() or height != self.minimumHeight():
            self.setFixedHeight(height)


def utf16_length(text: str) -> int:
    """Length as Qt counts."""
    return len(text) + sum(character > "\uffff" for character in text)
