"""Number fields: spin boxes, a slider and a picker that leave the wheel to the page and say when a number is meant."""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QMenu,
    QPushButton,
    QSizePolicy,
    QSlider,
    QStyle,
    QStyleOptionSpinBox,
    QWidget,
)

from studio.style.icons import icon
from studio.style.tokens import GRID_PX, Theme
from studio.widgets.keys import MOVE, PRESS, keep_keys

CHEVRON_PX = 16
ARROW_PX = 3.0


class NumberField(QDoubleSpinBox):
    """A number with its unit; a value that is shown is no value that is chosen.

    Signals:
        chosen: somebody typed, stepped or rolled to another number.
    """

    chosen = Signal(float)

    def __init__(self, name: str, theme: Theme, decimals: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._origin = 0.0
        self._is_showing = False
        self.setDecimals(decimals)
        self.setAccessibleName(name)
        self.setKeyboardTracking(False)
        self.lineEdit().setTextMargins(GRID_PX - 2, 0, GRID_PX // 2, 0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.valueChanged.connect(self._on_value)
        keep_keys(self.lineEdit(), *MOVE)

    def set_grid(self, low: float, high: float, step: float) -> None:
        """Allowed are `low` to `high`; the arrows go to low + k * step."""
        self._origin = low
        self._quietly(lambda: self.setRange(low, high))
        self.setSingleStep(step)

    def show_value(self, value: float) -> None:
        """What is true now; a number that is out of range, too, so that it can be seen and mended."""
        if self.hasFocus() and self.lineEdit().isModified():
            return
        self.setSpecialValueText("")
        if value != self.value():
            self._quietly(lambda: self._widen(value))

    def show_nothing(self) -> None:
        """The number is not known now."""
        self.setSpecialValueText("–")
        self._quietly(lambda: self.setValue(self.minimum()))

    def stepBy(self, steps: int) -> None:  # noqa: N802  Qt's name
        """To the next number on the grid, also from one that is not on it."""
        step = self.singleStep()
        place = (self.value() - self._origin) / step
        near = round(place)
        rounding = min(0.49, 0.6 * 10.0 ** -self.decimals() / step)
        if abs(place - near) > rounding:
            near = int(place // 1) + (1 if steps < 0 else 0)
        self.setValue(self._origin + (near + steps) * step)
        self.selectAll()

    def paintEvent(self, event: QPaintEvent, /) -> None:  # noqa: N802  Qt's name
        """A style sheet leaves the arrows out."""
        super().paintEvent(event)
        option = QStyleOptionSpinBox()
        self.initStyleOption(option)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = QColor(self._theme.muted)
        colour.setAlphaF(1.0 if self.isEnabled() else 0.4)
        painter.setPen(QPen(colour, 1.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        for arrow, up in ((QStyle.SubControl.SC_SpinBoxUp, 1), (QStyle.SubControl.SC_SpinBoxDown, -1)):
            area = self.style().subControlRect(QStyle.ComplexControl.CC_SpinBox, option, arrow, self)
            middle = QRectF(area).center() + QPointF(0, up * ARROW_PX / 2)
            tip = QPointF(0, -up * ARROW_PX)
            painter.drawPolyline([middle + QPointF(-ARROW_PX, 0), middle + tip, middle + QPointF(ARROW_PX, 0)])
        painter.end()

    def wheelEvent(self, event: QWheelEvent, /) -> None:  # noqa: N802  Qt's name
        """Only when it has the focus: a page that is rolled must not change numbers on its way."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def _widen(self, value: float) -> None:
        self.setRange(min(self.minimum(), value), max(self.maximum(), value))
        self.setValue(value)

    def _quietly(self, change: Callable[[], None]) -> None:
        self._is_showing = True
        try:
            change()
        finally:
            self._is_showing = False

    def _on_value(self, value: float) -> None:
        if not self._is_showing:
            self.lineEdit().setModified(False)
            self.chosen.emit(value)


class StepSlider(QSlider):
    """A slider over the numbers 0 to `count` - 1 of a grid.

    Signals:
        chosen: somebody moved it to another place.
        settled: the handle was let go.
    """

    chosen = Signal(int)
    settled = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setPageStep(4)
        self.setMinimumWidth(5 * GRID_PX)
        self.actionTriggered.connect(self._on_action)
        self.sliderReleased.connect(self.settled)
        keep_keys(self, *MOVE)

    def show_place(self, place: int, count: int) -> None:
        """Where it stands, of how many places; beyond the last one it stands there."""
        blocked = self.blockSignals(True)
        self.setRange(0, max(0, count - 1))
        if not self.isSliderDown():
            self.setValue(place)
        self.blockSignals(blocked)
        self.update()

    def wheelEvent(self, event: QWheelEvent, /) -> None:  # noqa: N802  Qt's name
        """Only when it has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def _on_action(self, _: int) -> None:
        self.chosen.emit(self.sliderPosition())


class Picker(QPushButton):
    """A line that shows what is chosen, and opens a menu to choose something else."""

    def __init__(self, name: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._theme, self._text = name, theme, ""
        self.setProperty("look", "picker")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMenu(QMenu(self))
        keep_keys(self, *PRESS, Qt.Key.Key_Down, Qt.Key.Key_Up)

    @property
    def choice(self) -> str:
        """What is shown."""
        return self._text

    def show_choice(self, text: str) -> None:
        """What is chosen; shortened where it does not fit."""
        if text != self._text:
            self._text = text
            self.setAccessibleName(f"{self._name}: {text}")
            self.setToolTip(text)
            self.update()

    def keyPressEvent(self, event: QKeyEvent, /) -> None:  # noqa: N802  Qt's name
        """Down and up open it as well."""
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.showMenu()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent, /) -> None:  # noqa: N802  Qt's name
        super().paintEvent(event)
        is_mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        left = GRID_PX if is_mirrored else self.width() - GRID_PX - CHEVRON_PX
        place = QRect(left, (self.height() - CHEVRON_PX) // 2, CHEVRON_PX, CHEVRON_PX)
        painter = QPainter(self)
        icon("chevron_down", self._theme, "muted").paint(painter, place)
        before, behind = GRID_PX + 1, 2 * GRID_PX + CHEVRON_PX
        room = self.rect().adjusted(behind if is_mirrored else before, 0, -before if is_mirrored else -behind, 0)
        shown = self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, room.width())
        painter.setPen(QColor(self._theme.text if self.isEnabled() else self._theme.muted))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeading, shown)
        painter.end()

    def minimumSizeHint(self) -> QSize:  # noqa: N802  Qt's name
        return QSize(8 * GRID_PX, super().minimumSizeHint().height())
