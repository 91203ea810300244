"""Strip: a row of as many widgets as there is room for, however many things they stand for."""

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from studio.style.tokens import GRID_PX
from studio.widgets.keys import keep_keys

_W = TypeVar("_W", bound=QWidget)
_KEYS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Strip(QAbstractScrollArea, Generic[_W]):
    """Widgets that leave at one side come back at the other, bound to another thing.

    Signals:
        walked: the keys have gone to this thing (0-based).
        entered: Enter was pressed on it.
    """

    walked = Signal(int)
    entered = Signal(int)

    def __init__(
        self,
        make: Callable[[], _W],
        bind: Callable[[_W, int], None],
        size_in: Callable[[int], QSize],
        parent: QWidget | None = None,
    ) -> None:
        """`make` a widget, `bind` it to a thing, and the size of one in a strip of that height."""
        super().__init__(parent)
        self._make = make
        self._bind = bind
        self._size_in = size_in
        self._count = 0
        self._current = 0
        self._alive: dict[int, _W] = {}
        self._spare: list[_W] = []
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        keep_keys(self, *_KEYS)
        self.horizontalScrollBar().valueChanged.connect(self._place)

    @property
    def alive(self) -> dict[int, _W]:
        """The widgets that there are, by the thing they stand for."""
        return self._alive

    @property
    def current(self) -> int:
        """The thing that keys act on."""
        return self._current

    def show_things(self, count: int) -> None:
        """So many things, all of which may be others than before."""
        self._count = count
        self._current = max(0, min(self._current, count - 1))
        self._measure()
        for index in [index for index in self._alive if index >= count]:
            self._put_away(index)
        for index, widget in self._alive.items():
            self._bind(widget, index)
        self._place()

    def rebind(self, index: int) -> None:
        """This thing has changed."""
        if index in self._alive:
            self._bind(self._alive[index], index)

    def go_to(self, index: int, *, scrolls: bool = True) -> None:
        """Let the keys act on it, and have it seen, unless nothing is to move."""
        before, self._current = self._current, max(0, min(index, self._count - 1))
        if before != self._current:  # only one shows that the keys are on it
            self.rebind(before)
            self.rebind(self._current)
        if not scrolls:
            return
        bar, size = self.horizontalScrollBar(), self._size
        first = self._current * (size.width() + GRID_PX)
        if first < bar.value():
            bar.setValue(first)
        elif first + size.width() > bar.value() + self._room:
            bar.setValue(first + size.width() + 2 * GRID_PX - self._room)
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  Qt's name
        """More or fewer of them; the one that keys act on stays in sight, as it was before the first layout, too."""
        was_seen = self._current in self._alive or not event.oldSize().isValid()
        super().resizeEvent(event)
        self._measure()
        if was_seen and self._count:
            self.go_to(self._current)
        else:
            self._place()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802  Qt's name
        """Every wheel scrolls it sideways."""
        moved = event.pixelDelta() if not event.pixelDelta().isNull() else event.angleDelta()
        by = moved.x() if abs(moved.x()) > abs(moved.y()) else moved.y()
        self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() - by)
        event.accept()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802  Qt's name
        """Another direction, other places."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._place()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  Qt's name
        """Walk."""
        key, along = event.key(), -1 if self.isRightToLeft() else 1
        steps = {Qt.Key.Key_Right: along, Qt.Key.Key_Left: -along, Qt.Key.Key_Home: -self._count}
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit(self._current)
        elif key in steps or key == Qt.Key.Key_End:
            self.go_to(self._current + steps.get(Qt.Key(key), self._count))
            self.walked.emit(self._current)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802  Qt's name
        """Show where the keys are."""
        super().focusInEvent(event)
        self.rebind(self._current)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802  Qt's name
        """They are elsewhere."""
        super().focusOutEvent(event)
        self.rebind(self._current)

    @property
    def _size(self) -> QSize:
        """As if the scroll bar were there: cards that grow when it goes would bring it back."""
        return self._size_in(self.height() - self.horizontalScrollBar().sizeHint().height() - GRID_PX)

    @property
    def _room(self) -> int:
        return self.viewport().width() - 2 * GRID_PX

    def _measure(self) -> None:
        width = self._size.width()
        bar = self.horizontalScrollBar()
        bar.setRange(0, max(0, self._count * (width + GRID_PX) - GRID_PX - self._room))
        bar.setSingleStep(width + GRID_PX)
        bar.setPageStep(max(1, self._room))

    def _place(self, *_: int) -> None:
        """Put each where it belongs, and give those that are out of sight to those that came into it."""
        size = self._size
        pitch, offset = size.width() + GRID_PX, self.horizontalScrollBar().value()
        first = max(0, (offset - GRID_PX) // pitch)
        end = min(self._count, (offset + self.viewport().width()) // pitch + 1)
        for index in [index for index in self._alive if not first <= index < end]:
            self._put_away(index)
        for index in range(first, end):
            widget = self._alive.get(index) or self._take_out(index)
            x = GRID_PX + index * pitch - offset
            if self.isRightToLeft():
                x = self.viewport().width() - x - size.width()
            widget.setGeometry(x, GRID_PX // 2, size.width(), size.height())

    def _put_away(self, index: int) -> None:
        widget = self._alive.pop(index)
        widget.hide()
        self._spare.append(widget)

    def _take_out(self, index: int) -> _W:
        widget = self._spare.pop() if self._spare else self._make()
        if widget.parentWidget() is not self.viewport():
            widget.setParent(self.viewport())
        self._alive[index] = widget
        self._bind(widget, index)
        widget.show()
        return widget
