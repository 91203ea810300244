"""The sheet of keys: every action that has one, in its group."""

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from studio.style.tokens import GRID_PX
from studio.views.actions import GROUP, key_words, plain

SIZE = QSize(128 * GRID_PX, 86 * GRID_PX)
COLUMNS = 3


class View(QScrollArea):
    """Columns of groups, filled so that they are about equally long."""

    def __init__(self, actions: Mapping[str, QAction]) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setAccessibleName(self.tr("Keys"))
        groups: dict[str, list[QAction]] = {}
        for action in actions.values():
            if not action.shortcut().isEmpty():
                groups.setdefault(str(action.property(GROUP)), []).append(action)
        page = QWidget()
        columns = QHBoxLayout(page)
        columns.setContentsMargins(0, 0, GRID_PX, 0)
        columns.setSpacing(5 * GRID_PX)
        filled = [0] * COLUMNS
        stacks = [QVBoxLayout() for _ in range(COLUMNS)]
        for group, members in groups.items():
            shortest = filled.index(min(filled))
            stacks[shortest].addLayout(_group(group, members))
            stacks[shortest].addSpacing(2 * GRID_PX)
            filled[shortest] += len(members) + 2
        for stack in stacks:
            stack.addStretch(1)
            columns.addLayout(stack, 1)
        self.setWidget(page)


def _group(name: str, actions: list[QAction]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(2 * GRID_PX)
    grid.setVerticalSpacing(GRID_PX // 2)
    grid.setColumnStretch(1, 1)
    grid.addWidget(_label(name, "section"), 0, 0, 1, 2)
    for row, action in enumerate(actions, 1):
        keys = "  ".join(key_words(keys) for keys in _shown(action))
        grid.addWidget(_label(keys, "keys"), row, 0, Qt.AlignmentFlag.AlignLeading)
        text = _label(plain(action), "")
        text.setWordWrap(True)
        text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        grid.addWidget(text, row, 1)
    return grid


def _shown(action: QAction) -> list[QKeySequence]:
    """The keypad's Enter is Enter to most people."""
    return [keys for keys in action.shortcuts() if "Enter" not in keys.toString()][:2]


def _label(text: str, look: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("look", look)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
