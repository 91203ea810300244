"""Keys: who gets a key first, the actions of the window or the field that has the focus."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
    QTextEdit,
    QWidget,
)

_TEXT = (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox)
_CHOOSING = (QAbstractItemView, QAbstractSlider, QComboBox, QTabBar)
_PRESSING = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Select)
_MOVING = (
    *_PRESSING,
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
    Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown,
)
_PLAIN = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
_EDITING = (
    QKeySequence.StandardKey.Copy,
    QKeySequence.StandardKey.Cut,
    QKeySequence.StandardKey.Paste,
    QKeySequence.StandardKey.SelectAll,
    QKeySequence.StandardKey.MoveToNextWord,
    QKeySequence.StandardKey.MoveToPreviousWord,
    QKeySequence.StandardKey.SelectNextWord,
    QKeySequence.StandardKey.SelectPreviousWord,
    QKeySequence.StandardKey.DeleteStartOfWord,
    QKeySequence.StandardKey.DeleteEndOfWord,
    QKeySequence.StandardKey.MoveToStartOfDocument,
    QKeySequence.StandardKey.MoveToEndOfDocument,
)


class Keys(QObject):
    """Stands before the widget with the focus, which Qt asks before a shortcut fires.

    In text every plain key is typed; a button keeps those that press it, a list those that walk through it. All other
    keys are the actions'. Widgets of our own that want more say so by accepting `ShortcutOverride` themselves.
    """

    def __init__(self, app: QApplication, parent: QObject) -> None:
        super().__init__(parent)
        app.focusChanged.connect(self._follow)  # a filter on the application would hear of every paint and timer

    def _follow(self, old: QWidget | None, new: QWidget | None) -> None:
        if old is not None:
            old.removeEventFilter(self)
        if new is not None:
            new.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() != QEvent.Type.ShortcutOverride or not isinstance(watched, QWidget):
            return False
        assert isinstance(event, QKeyEvent)
        wishes = wants(watched, event)
        if wishes is None:
            return False
        event.setAccepted(wishes)
        return True


def wants(widget: QWidget, event: QKeyEvent) -> bool | None:
    """Whether a widget keeps a key for itself; None lets it decide."""
    plain = not event.modifiers() & ~_PLAIN
    if isinstance(widget, _TEXT):
        return _text_wants(widget, event, plain)
    if isinstance(widget, QAbstractButton):
        return True if plain and event.key() in _PRESSING else None
    if isinstance(widget, _CHOOSING):
        return True if plain and event.key() in _MOVING else None
    return None


def _text_wants(widget: QWidget, event: QKeyEvent, plain: bool) -> bool | None:
    if widget.property("readOnly"):
        return None
    if plain:
        return not _is_function_key(event)
    if any(event.matches(key) for key in _EDITING):
        return True
    # The rest, such as Ctrl+K (cut to the end of the line, on some systems), is the window's.
    return False if event.text() == "" or event.modifiers() & Qt.KeyboardModifier.ControlModifier else None


def _is_function_key(event: QKeyEvent) -> bool:
    return Qt.Key.Key_F1 <= event.key() <= Qt.Key.Key_F35 or event.key() == Qt.Key.Key_Escape
