"""Veil: dims a page and holds one thing in front of it, until Esc or a click beside it."""

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from studio.style.icons import icon
from studio.style.tokens import GRID_PX, ICON_PX, Theme

DIM = 150
"""Of 255: how much of the page behind is taken away."""


class Veil(QWidget):
    """Covers its parent while it holds something; what had the focus gets it back.

    Signals:
        left: what it held is gone.
    """

    left = Signal()
    passing: tuple[QKeySequence, ...] = ()
    """Shortcuts of the window that work all the same."""

    def __init__(self, theme: Theme, close_words: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._over = parent
        self._theme = theme
        self._before: QWidget | None = None
        self._held: QWidget | None = None
        self._wanted = QSize()
        self._panel = QFrame(self)
        self._panel.setProperty("look", "sheet")
        self._title = QLabel()
        self._title.setProperty("look", "name")
        self._close = QToolButton()
        self._close.setIcon(icon("close", theme, "muted"))
        self._close.setIconSize(QSize(ICON_PX, ICON_PX))
        self._close.setToolTip(close_words)
        self._close.setAccessibleName(close_words)
        self._close.clicked.connect(self.leave)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._close)
        self._rows = QVBoxLayout(self._panel)
        self._rows.setContentsMargins(2 * GRID_PX, GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        self._rows.addLayout(head)
        parent.installEventFilter(self)
        self.hide()

    @property
    def held(self) -> QWidget | None:
        """What lies in front."""
        return self._held

    def hold(self, widget: QWidget, title: str, size: QSize, *, is_titled: bool = True) -> None:
        """Show a widget, no larger than there is room; the one before goes. Some have a title of their own."""
        if self._held is None:
            self._before = self.window().focusWidget()
        self._drop()
        self._held, self._wanted = widget, size
        self._title.setText(title if is_titled else "")
        self._panel.setAccessibleName(title)
        self._rows.addWidget(widget, 1)
        self._place()
        self.show()
        self.raise_()
        widget.show()
        (widget.focusProxy() or self._close).setFocus()

    def leave(self) -> None:
        """Let go of it."""
        if self._held is None:
            return
        self._drop()
        self.hide()
        before, self._before = self._before, None
        if before is not None and isValid(before):
            before.setFocus()
        self.left.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """As large as what it covers."""
        if event.type() == QEvent.Type.Resize and watched is self._over:
            self._place()
        return False

    def event(self, event: QEvent) -> bool:
        """Shortcuts of the window are not meant for what lies in front of it."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            event.setAccepted(QKeySequence(event.keyCombination()) not in self.passing)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Esc leaves, and nothing behind it hears a key."""
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """A click beside what it holds leaves."""
        if not self._panel.geometry().contains(event.position().toPoint()):
            self.leave()

    def focusNextPrevChild(self, forward: bool) -> bool:  # noqa: N802
        """Tab stays in front."""
        found = [each for each in self._panel.findChildren(QWidget) if _takes_tab(each)]
        now = self.window().focusWidget()
        if now in found:
            found[(found.index(now) + (1 if forward else -1)) % len(found)].setFocus(Qt.FocusReason.TabFocusReason)
        elif found:
            found[0].setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """The page behind, dimmed."""
        veil = QColor(self._theme.ground)
        veil.setAlpha(DIM)
        painter = QPainter(self)
        painter.fillRect(self.rect(), veil)
        painter.end()

    def _drop(self) -> None:
        if self._held is not None:
            self._rows.removeWidget(self._held)
            self._held.hide()
            self._held.deleteLater()
            self._held = None

    def _place(self) -> None:
        room = self._over.rect()
        self.setGeometry(room)
        size = self._wanted.boundedTo(room.size() - QSize(4 * GRID_PX, 4 * GRID_PX))
        left, top = (room.width() - size.width()) // 2, max(2 * GRID_PX, (room.height() - size.height()) // 3)
        self._panel.setGeometry(left, top, size.width(), size.height())


def _takes_tab(widget: QWidget) -> bool:
    by_tab = Qt.FocusPolicy.TabFocus.value & widget.focusPolicy().value
    return bool(by_tab) and widget.isVisible() and widget.isEnabled()
