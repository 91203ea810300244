"""Chip: one small choice with a menu behind it, which can be taken away again."""

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from studio.style.icons import icon
from studio.style.tokens import GRID_PX, LINE_PX, Theme
from studio.widgets.keys import MOVE, PRESS, REMOVE, keep_keys

HEIGHT_PX = 28
SMALL_ICON_PX = 16
CHEVRON_PX = 14
THIN_SPACE = "\u2009"
"""Around the text: styles leave too little there."""


class Chip(QWidget):
    """Shows what it is for while nothing is chosen, else what is.

    Signals:
        removed: the choice is to be taken away.
    """

    removed = Signal()

    def __init__(self, name: str, icon_name: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._icon_name, self._theme = name, icon_name, theme
        self._is_chosen = self._is_shown = False
        self._label: str | None = None
        self._main, self._remove = QToolButton(self), QToolButton(self)
        for button in (self._main, self._remove):
            button.setAutoRaise(True)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.setIconSize(QSize(SMALL_ICON_PX, SMALL_ICON_PX))
            button.installEventFilter(self)
            keep_keys(button, *PRESS, *REMOVE, *MOVE)
        self._main.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._main.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._remove.setIcon(icon("close", theme, "muted"))
        self._remove.clicked.connect(self.removed)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID_PX - 2, 0, GRID_PX - 2, 0)
        row.setSpacing(0)
        row.addWidget(self._main)
        row.addWidget(self._remove)
        self.setFixedHeight(HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setFocusProxy(self._main)
        self.show_choice(None)

    def set_menu(self, menu: QMenu) -> None:
        """What a click opens."""
        self._main.setMenu(menu)

    def show_choice(self, label: str | None) -> None:
        """The label of what is chosen, or None."""
        if (label, True) == (self._label, self._is_shown):
            return
        self._label, self._is_shown, self._is_chosen = label, True, label is not None
        self._main.setText(f"{THIN_SPACE}{label or self._name}{THIN_SPACE}")
        self._main.setIcon(icon(self._icon_name, self._theme, "accent" if self._is_chosen else "muted"))
        self._main.setAccessibleName(f"{self._name}: {label}" if label else self._name)
        taken_away = self.tr("Take {choice} away").format(choice=label or "")
        self._remove.setAccessibleName(taken_away)
        self._remove.setToolTip(taken_away)
        if not self._is_chosen and self._remove.hasFocus():
            self._main.setFocus()
        self._remove.setVisible(self._is_chosen)
        self.update()

    def eventFilter(self, _: object, event: QEvent, /) -> bool:  # noqa: N802  Qt's name
        """The frame shows which button has the focus; Delete takes the choice away."""
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut, QEvent.Type.Enter, QEvent.Type.Leave):
            self.update()
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() in REMOVE:
            if self._is_chosen:
                self.removed.emit()
            return True
        return False

    def paintEvent(self, _: QPaintEvent, /) -> None:  # noqa: N802  Qt's name
        theme = self._theme
        has_focus = self._main.hasFocus() or self._remove.hasFocus()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.accent if has_focus or self._is_chosen else theme.line), LINE_PX))
        ground = theme.tint if self._is_chosen else theme.line if self.underMouse() else theme.raised
        painter.setBrush(QColor(ground))
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(area, area.height() / 2, area.height() / 2)
        if not self._is_chosen:
            self._paint_chevron(painter)
        painter.end()

    def _paint_chevron(self, painter: QPainter) -> None:
        """Where styles leave room for the mark of a menu."""
        room = self._main.geometry()
        is_mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        left = room.left() if is_mirrored else room.right() + 1 - CHEVRON_PX
        place = QRect(left, (self.height() - CHEVRON_PX) // 2, CHEVRON_PX, CHEVRON_PX)
        icon("chevron_down", self._theme, "muted").paint(painter, place)
