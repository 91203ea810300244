"""The notice panel: what stands in the place of a project that could not be opened, and the ways on from there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from studio.style.tokens import GRID_PX

COLUMN_PX = 60 * GRID_PX


@dataclass(frozen=True)
class Way:
    """A button; the first one is the usual way."""

    words: str
    act: Callable[[], object]


class View(QWidget):
    """A heading, a sentence and buttons in the middle of the window."""

    def __init__(self, heading: str, sentence: str, ways: Sequence[Way]) -> None:
        super().__init__()
        column = QWidget()
        column.setMaximumWidth(COLUMN_PX)
        rows = QVBoxLayout(column)
        rows.setSpacing(GRID_PX)
        for text, look in ((heading, "name"), (sentence, "lead")):
            label = QLabel(text)
            label.setProperty("look", look)
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            rows.addWidget(label)
        rows.addSpacing(2 * GRID_PX)
        for index, way in enumerate(ways):
            button = QPushButton(way.words)
            button.setAutoDefault(True)
            if index == 0:
                button.setProperty("look", "primary")
                self.setFocusProxy(button)
            button.clicked.connect(partial(_go, way))
            rows.addWidget(button)
        outer = QVBoxLayout(self)
        outer.addStretch(2)
        outer.addWidget(column, 0, Qt.AlignmentFlag.AlignHCenter)
        outer.addStretch(3)


def _go(way: Way, _checked: bool = False) -> None:
    way.act()
