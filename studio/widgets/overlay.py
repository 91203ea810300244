"""Overlay: something that lies over the window for a moment, and goes when one turns elsewhere."""

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QFrame, QWidget

from studio.style.tokens import GRID_PX, LINE_PX, RADIUS_PX, Theme


class Overlay(QFrame):
    """Part of the window it lies over, not a window of its own: it grabs nothing, and input methods go on working."""

    def __init__(self, owner: QWidget, theme: Theme) -> None:
        super().__init__(owner)
        self._owner = owner
        self._is_listening = False
        self.setProperty("look", "popup")
        self.setStyleSheet(overlay_sheet(theme))
        owner.destroyed.connect(self.deleteLater)
        self.hide()

    def open_at(self, place: QRect, size: QSize, *, from_end: bool = False) -> None:
        """Show it under a place of its owner (over it where there is no room), inside of the window."""
        window = self._owner.window()
        if self.parentWidget() is not window:
            self.setParent(window)
        room = window.rect().adjusted(GRID_PX // 2, GRID_PX // 2, -GRID_PX // 2, -GRID_PX // 2)
        size = size.boundedTo(room.size())
        near = QRect(self._owner.mapTo(window, place.topLeft()), place.size())
        left = near.right() + 1 - size.width() if from_end else near.left()
        top = near.bottom() + 1
        if top + size.height() > room.bottom() and near.top() - size.height() >= room.top():
            top = near.top() - size.height()
        left = max(room.left(), min(left, room.right() + 1 - size.width()))
        top = max(room.top(), min(top, room.bottom() + 1 - size.height()))
        self.setGeometry(QRect(QPoint(left, top), size))
        self.show()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  Qt's name
        """A click elsewhere closes it, and still does what it does there."""
        if event.type() == QEvent.Type.MouseButtonPress and self._is_outside(watched):
            self.hide()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent, /) -> None:  # noqa: N802  Qt's name
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
            self._owner.setFocus(Qt.FocusReason.PopupFocusReason)
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent, /) -> None:  # noqa: N802  Qt's name
        super().showEvent(event)
        self._listen(is_open=True)

    def hideEvent(self, event: QHideEvent, /) -> None:  # noqa: N802  Qt's name
        super().hideEvent(event)
        self._listen(is_open=False)

    def _listen(self, *, is_open: bool) -> None:
        app = QApplication.instance()
        if not isinstance(app, QApplication) or is_open == self._is_listening:
            return
        self._is_listening = is_open
        if is_open:
            app.installEventFilter(self)
            app.focusChanged.connect(self._on_focus)
        else:
            app.removeEventFilter(self)
            app.focusChanged.disconnect(self._on_focus)

    def _on_focus(self, _: QWidget | None, now: QWidget | None) -> None:
        if now is not self._owner and self._is_outside(now):
            self.hide()

    def _is_outside(self, where: QObject | None) -> bool:
        return isinstance(where, QWidget) and where is not self and not self.isAncestorOf(where)


def overlay_sheet(theme: Theme) -> str:
    """A raised panel, and lists in it."""
    return f"""
QFrame[look="popup"] {{
    background: {theme.raised}; border: {LINE_PX}px solid {theme.line}; border-radius: {RADIUS_PX}px;
}}
QListWidget {{ background: transparent; border: none; outline: none; }}
QListWidget::item {{ padding: {GRID_PX // 2}px {GRID_PX}px; border-radius: {RADIUS_PX - 2}px; color: {theme.text}; }}
QListWidget::item:selected {{ background: {theme.tint}; color: {theme.text}; }}
"""
