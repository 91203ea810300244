"""Page: what fills the window below its header."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QWidget

from studio.style.tokens import LINE_PX


class Page(QWidget):
    """It knows its panels, so that the window can go through them.

    Signals:
        foot_changed: so much at the bottom is not to be covered now, in pixels.
    """

    foot_changed = Signal(int)

    @property
    def panels(self) -> tuple[QWidget, ...]:
        """In the order in which F6 goes through them."""
        raise NotImplementedError

    @property
    def stage(self) -> QWidget:
        """Where the keyboard goes when everything else is left: single keys act there."""
        raise NotImplementedError

    @property
    def foot_px(self) -> int:
        """How much at the bottom is not to be covered by notes."""
        return 0


def splitter(orientation: Qt.Orientation, *widgets: QWidget) -> QSplitter:
    """What a page is divided by: a hairline that can be dragged, and never quite over a panel."""
    made = QSplitter(orientation)
    made.setChildrenCollapsible(False)
    made.setHandleWidth(LINE_PX)
    for widget in widgets:
        made.addWidget(widget)
    return made
