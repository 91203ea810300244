"""Toasts: short notes at the bottom of the window, that go by themselves."""

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QEasingCurve, QEvent, QObject, QPropertyAnimation, QSize, Qt, QTimer
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsOpacityEffect,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.style.icons import icon
from studio.style.tokens import GRID_PX, ICON_PX, Theme

MOST = 3
FADE_MS = 120
LONG_MS, SHORT_MS = 15_000, 7_000
WIDTH_PX = 56 * GRID_PX
Tone = Literal["good", "muted", "warn", "bad"]
_MARKS: dict[Tone, str] = {"good": "done", "muted": "info", "warn": "warning", "bad": "error"}


class Toast(QFrame):
    """One note; it stays while the pointer is on it."""

    def __init__(self, text: str, tone: Tone, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.text = text
        self.setProperty("look", "toast")
        self.setAccessibleName(text)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(GRID_PX + GRID_PX // 2, GRID_PX, GRID_PX, GRID_PX)
        mark = QLabel()
        mark.setPixmap(icon(_MARKS[tone], theme, tone).pixmap(QSize(ICON_PX, ICON_PX), self.devicePixelRatioF()))
        said = QLabel(text)
        said.setWordWrap(True)
        said.setTextFormat(Qt.TextFormat.PlainText)
        said.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        self._row.addWidget(said, 1)
        self._close_button(theme)
        self._life = QTimer(self, singleShot=True, interval=SHORT_MS if tone in ("good", "muted") else LONG_MS)
        self._life.timeout.connect(self.leave)
        self._life.start()
        self._fade_in()

    def offer(self, words: str, act: Callable[[], object]) -> None:
        """A button; the note goes when it is pressed."""
        button = QPushButton(words)
        button.clicked.connect(self.leave)
        button.clicked.connect(lambda: act())
        self._row.insertWidget(2, button, 0, Qt.AlignmentFlag.AlignVCenter)

    def again(self) -> None:
        """The same was said once more."""
        self._life.start()

    def leave(self) -> None:
        """Go."""
        self._life.stop()
        self.hide()
        self.deleteLater()

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        self._life.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        self._life.start()
        super().leaveEvent(event)

    def _close_button(self, theme: Theme) -> None:
        button = QToolButton()
        button.setIcon(icon("close", theme, "muted"))
        button.setToolTip(self.tr("Close"))
        button.setAccessibleName(self.tr("Close"))
        button.clicked.connect(self.leave)
        self._row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)

    def _fade_in(self) -> None:
        effect = QGraphicsOpacityEffect(self)
        self.setGraphicsEffect(effect)
        fade = QPropertyAnimation(effect, b"opacity", self)
        fade.setDuration(FADE_MS)
        fade.setStartValue(0.0)
        fade.setEndValue(1.0)
        fade.setEasingCurve(QEasingCurve.Type.OutQuad)
        fade.finished.connect(lambda: effect.setEnabled(False))
        fade.start()


class Toasts(QWidget):
    """The notes in front of a page, newest at the bottom, at most three."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._over = parent
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(GRID_PX)
        self._rest_px = 0
        parent.installEventFilter(self)
        self.hide()

    @property
    def all(self) -> list[Toast]:
        """Those that can be seen, oldest first."""
        return [toast for toast in self.findChildren(Toast) if not toast.isHidden()]

    def stand_above(self, rest_px: int) -> None:
        """Leave so much free at the bottom."""
        self._rest_px = rest_px
        self._place()

    def say(self, text: str, tone: Tone = "muted") -> Toast:
        """Show a note; one that is there already stays longer."""
        for toast in self.all:
            if toast.text == text:
                toast.again()
                return toast
        for toast in self.all[: max(0, len(self.all) - MOST + 1)]:
            toast.leave()
        toast = Toast(text, tone, self._theme, self)
        self._rows.addWidget(toast)
        toast.destroyed.connect(self._tidy)
        toast.show()
        self.show()
        self.raise_()
        self._place()
        return toast

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize and watched is self._over:
            self._place()
        return False

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._place()
        return super().event(event)

    def _tidy(self) -> None:
        if not self.all:
            self.hide()

    def _place(self) -> None:
        room = self._over.rect()
        width = min(WIDTH_PX, room.width() - 4 * GRID_PX)
        height = self._rows.heightForWidth(width) if self._rows.hasHeightForWidth() else self.sizeHint().height()
        top = room.height() - self._rest_px - height - 2 * GRID_PX
        self.setGeometry((room.width() - width) // 2, top, width, height)
