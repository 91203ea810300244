"""MentionEdit: a text field that grows with its text and completes and marks names behind an @."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QInputMethodEvent,
    QKeyEvent,
    QKeySequence,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import QWidget

from studio.style.tokens import Theme
from studio.widgets.growing_text import GrowingText, utf16_length
from studio.widgets.name_list import NameList

LONGEST_NAME = 80
_WINDOWS_OWN = {QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo, QKeySequence.StandardKey.DeleteEndOfLine}


_STEERING = {
    Qt.Key.Key_Down: "next",
    Qt.Key.Key_Up: "previous",
    Qt.Key.Key_Return: "take",
    Qt.Key.Key_Enter: "take",
    Qt.Key.Key_Tab: "take",
    Qt.Key.Key_Escape: "leave",
}


@dataclass(frozen=True)
class Mark:
    """A name behind an @: `start` and `length` in characters (code points), the @ included."""

    start: int
    length: int
    is_known: bool


class MentionEdit(GrowingText):
    """Undo is the window's, not its own: every edit is told, and the text is what was told back.

    Signals:
        edited: the whole text, after somebody changed it.
        left: the focus has gone elsewhere.
    """

    edited = Signal(str)
    left = Signal()

    def __init__(self, theme: Theme, lines: tuple[int, int] = (3, 12), parent: QWidget | None = None) -> None:
        super().__init__(lines, parent)
        self._names: list[tuple[str, str]] = []
        self._marker = _Marker(self.document(), theme)
        self._popup = NameList(self, theme)
        self._popup.chosen.connect(self._insert_name)
        self.textChanged.connect(self._on_text)

    def set_names(self, names: Sequence[tuple[str, str]], marks: Callable[[str], Sequence[Mark]]) -> None:
        """Names that can be completed, each with a hint, and what finds names in a line of text."""
        self._marker.find = marks
        self._names = list(names)
        self._marker.rehighlight()

    @property
    def completions(self) -> list[str]:
        """What the popup offers now; empty while it is closed."""
        return self._popup.names if self._popup.isVisible() else []

    @property
    def name_in_work(self) -> str | None:
        """What stands between an @ and the cursor while somebody writes there."""
        return self._behind_at() if self.hasFocus() else None

    def event(self, event: QEvent, /) -> bool:
        """Undo, redo and Ctrl+K belong to the window; what steers the names belongs to them while they are there."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if any(event.matches(key) for key in _WINDOWS_OWN):
                event.ignore()
                return False
            if self._popup.isVisible() and event.key() in _STEERING and not _has_modifiers(event):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent, /) -> None:  # noqa: N802  Qt's name
        if self._popup.isVisible() and event.key() in _STEERING and not _has_modifiers(event):
            self._steer(_STEERING[Qt.Key(event.key())])
            return
        before = self.toPlainText()
        super().keyPressEvent(event)
        if self.toPlainText() != before or self._popup.isVisible():
            self._complete()

    def inputMethodEvent(self, event: QInputMethodEvent, /) -> None:  # noqa: N802  Qt's name
        super().inputMethodEvent(event)
        if event.commitString():
            self._complete()

    def focusOutEvent(self, event: QFocusEvent, /) -> None:  # noqa: N802  Qt's name
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.left.emit()

    def _on_text(self) -> None:
        if not self._is_showing:
            self.edited.emit(self.toPlainText())

    def _behind_at(self) -> str | None:
        """What stands between the last @ of the line and the cursor, unless the @ is part of a word."""
        cursor = self.textCursor()
        before = (
            cursor.block().text().encode("utf-16-le")[: 2 * cursor.positionInBlock()].decode("utf-16-le", "replace")
        )
        ahead, at, typed = before.rpartition("@")
        if not at or len(typed) > LONGEST_NAME or (ahead and ahead[-1].isalnum()):
            return None
        return typed

    def _typed_name(self) -> str | None:
        """What stands behind the @, if a longer name begins that way."""
        typed = self._behind_at()
        if typed is None:
            return None
        key = typed.casefold()
        found = [name for name, _ in self._names if name.casefold().startswith(key)]
        return typed if found and [name.casefold() for name in found] != [key] else None

    def _complete(self) -> None:
        typed = self._typed_name()
        if typed is None or self.isReadOnly():
            self._popup.hide()
            return
        key = typed.casefold()
        found = [(name, hint) for name, hint in self._names if name.casefold().startswith(key)]
        place: QRect = self.cursorRect()
        place.translate(self.viewport().pos())
        self._popup.offer(found, place)

    def _steer(self, how: str) -> None:
        if how == "take":
            self._insert_name(self._popup.current)
        elif how == "leave":
            self._popup.hide()
        else:
            self._popup.step(1 if how == "next" else -1)

    def _insert_name(self, name: str) -> None:
        self._popup.hide()
        typed = self._typed_name()
        if typed is None:
            return
        cursor = self.textCursor()
        cursor.movePosition(QTextCursor.MoveOperation.Left, QTextCursor.MoveMode.KeepAnchor, len(typed))
        rest = cursor.block().text().encode("utf-16-le")[2 * self.textCursor().positionInBlock() :]
        cursor.insertText(name if rest[:1] in (b" ", b",", b".") else f"{name} ")
        self.setTextCursor(cursor)


class _Marker(QSyntaxHighlighter):
    """Known names in the accent, unknown ones with a wave under them."""

    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        super().__init__(document)
        self.find: Callable[[str], Sequence[Mark]] = lambda _: ()
        self._known, self._unknown = QTextCharFormat(), QTextCharFormat()
        self._known.setForeground(QColor(theme.accent))
        self._unknown.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        self._unknown.setUnderlineColor(QColor(theme.warn))

    def highlightBlock(self, text: str, /) -> None:  # noqa: N802  Qt's name
        for mark in self.find(text):
            start, end = utf16_length(text[: mark.start]), utf16_length(text[: mark.start + mark.length])
            self.setFormat(start, end - start, self._known if mark.is_known else self._unknown)


def _has_modifiers(event: QKeyEvent) -> bool:
    return bool(event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier)
