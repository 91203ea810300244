"""Small windows that hang in front of the window for one answer: a list, a slider, a line of text; Esc leaves them."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QKeyEvent, QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from studio.style.tokens import GRID_PX, ICON_PX

WIDTH_PX = 40 * GRID_PX
ROW_PX = 4 * GRID_PX
TALLEST_PX = 10 * ROW_PX
ICON_SIZE = QSize(ICON_PX, ICON_PX)


@dataclass(frozen=True)
class Option:
    """A line of a list; `value` is what choosing it tells."""

    text: str
    value: object
    icon: QIcon | None = None


class Popup(QFrame):
    """Goes by itself when something else is clicked; `parent` is what it hangs in front of."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("look", "popup")
        self.setAccessibleName(title)
        self.setFixedWidth(WIDTH_PX)
        self.rows = QVBoxLayout(self)
        self.rows.setContentsMargins(GRID_PX, GRID_PX, GRID_PX, GRID_PX)
        self.rows.setSpacing(GRID_PX)
        heading = QLabel(title)
        heading.setProperty("look", "heading")
        heading.setWordWrap(True)
        self.rows.addWidget(heading)

    def open_over(self, place: QWidget) -> None:
        """Show it in the middle of a widget, a little above."""
        self.adjustSize()
        middle = place.mapToGlobal(place.rect().center())
        self.move(middle - QPoint(self.width() // 2, self.height() // 2 + place.height() // 8))
        self.show()


class ListPopup(Popup):
    """Signals: `chosen`: the value of the option."""

    chosen = Signal(object)

    def __init__(self, title: str, options: Sequence[Option], parent: QWidget, icon_size: QSize = ICON_SIZE) -> None:
        super().__init__(title, parent)
        self._values = [option.value for option in options]
        row_px = max(ROW_PX, icon_size.height() + GRID_PX)
        self.list = QListWidget()
        self.list.setIconSize(icon_size)
        self.list.setAccessibleName(title)
        for option in options:
            item = QListWidgetItem(option.text)
            if option.icon is not None:
                item.setIcon(option.icon)
            item.setSizeHint(QSize(0, row_px))
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.setFixedHeight(min(len(options) * row_px, TALLEST_PX) + GRID_PX)
        self.list.itemActivated.connect(self._choose)
        self.list.itemClicked.connect(self._choose)
        self.rows.addWidget(self.list)
        self.setFocusProxy(self.list)
        self.list.setFocus()

    def show_picture(self, place: int, picture: QPixmap) -> None:
        """Put a picture in the place of an option's icon."""
        self.list.item(place).setIcon(QIcon(picture))

    def _choose(self, item: QListWidgetItem) -> None:
        row = self.list.row(item)
        if not self.isVisible():  # a click may be an activation as well
            return
        self.close()
        self.chosen.emit(self._values[row])


class SliderPopup(Popup):
    """Signals: `accepted`: the value, from 0 to 1."""

    accepted = Signal(float)

    def __init__(self, title: str, accept: str, value: float, parent: QWidget) -> None:
        super().__init__(title, parent)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(5, 100)
        self.slider.setPageStep(10)
        self.slider.setAccessibleName(title)
        self._shown = QLabel()
        self._shown.setMinimumWidth(self.fontMetrics().horizontalAdvance("100 %"))
        self._shown.setAlignment(Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)
        self.slider.valueChanged.connect(self._show_value)
        self.slider.setValue(round(value * 100))
        self._show_value(self.slider.value())
        button = QPushButton(accept)
        button.setProperty("look", "primary")
        button.setAutoDefault(True)
        button.clicked.connect(self._accept)
        row = QHBoxLayout()
        row.addWidget(self.slider, 1)
        row.addWidget(self._shown)
        self.rows.addLayout(row)
        self.rows.addWidget(button)
        self.setFocusProxy(self.slider)
        self.slider.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._accept()
        else:
            super().keyPressEvent(event)

    def _show_value(self, percent: int) -> None:
        self._shown.setText(f"{percent} %")

    def _accept(self) -> None:
        value = self.slider.value() / 100
        self.close()
        self.accepted.emit(value)


class TextPopup(Popup):
    """Signals: `accepted`: what was typed, without blanks around it; nothing is told of an empty line."""

    accepted = Signal(str)

    def __init__(self, title: str, accept: str, text: str, parent: QWidget) -> None:
        super().__init__(title, parent)
        self.line = QLineEdit(text)
        self.line.setAccessibleName(title)
        self.line.selectAll()
        self.line.returnPressed.connect(self._accept)
        button = QPushButton(accept)
        button.setProperty("look", "primary")
        button.clicked.connect(self._accept)
        self.rows.addWidget(self.line)
        self.rows.addWidget(button)
        self.setFocusProxy(self.line)
        self.line.setFocus()

    def _accept(self) -> None:
        text = self.line.text().strip()
        if text:
            self.close()
            self.accepted.emit(text)
