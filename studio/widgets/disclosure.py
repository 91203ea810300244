"""Disclosure: a line that opens and closes what lies under it."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from studio.style.icons import icon
from studio.style.tokens import GRID_PX, Theme
from studio.widgets.keys import PRESS, keep_keys

CHEVRON_PX = 16


class Fold(QToolButton):
    """The line: a chevron and a name; checked while it is open."""

    def __init__(self, name: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setText(name)
        self.setCheckable(True)
        self.setAutoRaise(True)
        self.setProperty("look", "fold")
        self.setMinimumWidth(6 * GRID_PX)
        self.setIconSize(QSize(CHEVRON_PX, CHEVRON_PX))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.toggled.connect(self._turn)
        keep_keys(self, *PRESS)
        self._turn()

    def _turn(self) -> None:
        closed = "chevron_left" if self.layoutDirection() == Qt.LayoutDirection.RightToLeft else "chevron_right"
        self.setIcon(icon("chevron_down" if self.isChecked() else closed, self._theme, "muted"))


class Disclosure(QWidget):
    """A fold and its body.

    Signals:
        toggled: it was opened (True) or closed.
    """

    toggled = Signal(bool)

    def __init__(self, name: str, body: QWidget, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._body = body
        self.fold = Fold(name, theme, self)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GRID_PX // 2)
        rows.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignLeft)
        rows.addWidget(body)
        body.hide()
        self.fold.toggled.connect(self._open)

    @property
    def is_open(self) -> bool:
        """Whether the body is to be seen."""
        return self.fold.isChecked()

    def _open(self, is_open: bool) -> None:
        self._body.setVisible(is_open)
        self.toggled.emit(is_open)
