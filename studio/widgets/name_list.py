"""NameList: what a name that is being typed may become, under the cursor; the focus stays in the text."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from studio.style.tokens import GRID_PX, Theme
from studio.widgets.overlay import Overlay

WIDTH_PX, ROW_PX = 30 * GRID_PX, 4 * GRID_PX
MOST_ROWS = 8
_HINT = Qt.ItemDataRole.UserRole


class NameList(Overlay):
    """Signals: `chosen`: the name that was clicked."""

    chosen = Signal(str)

    def __init__(self, owner: QWidget, theme: Theme) -> None:
        super().__init__(owner, theme)
        self._list = QListWidget(self)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setUniformItemSizes(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setItemDelegate(_HintDelegate(theme, self._list))
        self._list.itemClicked.connect(self._choose)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(GRID_PX // 2, GRID_PX // 2, GRID_PX // 2, GRID_PX // 2)
        rows.addWidget(self._list)

    @property
    def names(self) -> list[str]:
        """What is offered."""
        return [self._list.item(row).text() for row in range(self._list.count())]

    @property
    def current(self) -> str:
        """The one that Enter takes."""
        return self._list.currentItem().text()

    def offer(self, names: Sequence[tuple[str, str]], place: QRect) -> None:
        """Show names, each with a hint, under a place of the owner."""
        if [name for name, _ in names] != self.names:
            self._list.clear()
            for name, hint in names:
                item = QListWidgetItem(name)
                item.setData(_HINT, hint)
                item.setSizeHint(QSize(0, ROW_PX))
                item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{name}, {hint}")
                self._list.addItem(item)
            self._list.setCurrentRow(0)
        height = min(len(names), MOST_ROWS) * ROW_PX + GRID_PX + 2
        self.open_at(place, QSize(WIDTH_PX, height))

    def step(self, rows: int) -> None:
        """Up or down, and around."""
        self._list.setCurrentRow((self._list.currentRow() + rows) % max(1, self._list.count()))

    def _choose(self, item: QListWidgetItem) -> None:
        self.chosen.emit(item.text())


class _HintDelegate(QStyledItemDelegate):
    """A name, and in muted text at the other side what it is."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex, /
    ) -> None:
        super().paint(painter, option, index)
        area: QRect = option.rect  # pyright: ignore
        painter.save()
        painter.setPen(QColor(self._theme.muted))
        side = Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(area.adjusted(GRID_PX, 0, -GRID_PX, 0), side, str(index.data(_HINT) or ""))
        painter.restore()
