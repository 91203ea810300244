"""KeyedRows: a list model whose rows are told anew every time; what stays where it is stays selected."""

from collections.abc import Sequence
from typing import Generic, Protocol, TypeAlias, TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

Index: TypeAlias = QModelIndex | QPersistentModelIndex
ROW_ROLE = Qt.ItemDataRole.UserRole
"""The row itself."""


class Keyed(Protocol):
    """A row; the same row as long as its key is the same."""

    @property
    def key(self) -> str:
        """Unique among the rows."""
        ...


_Row = TypeVar("_Row", bound=Keyed)


class KeyedRows(QAbstractListModel, Generic[_Row]):
    """What comes between the rows that begin alike and those that end alike is taken away and put there anew."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[_Row] = []

    @property
    def rows(self) -> Sequence[_Row]:
        """All of them, in order."""
        return self._rows

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802  Qt's name
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.row(index)
        if row is None:
            return None
        if role == ROW_ROLE:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.spoken(row)
        return None

    def row(self, index: Index) -> _Row | None:
        """What stands there."""
        return self._rows[index.row()] if 0 <= index.row() < len(self._rows) else None

    def spoken(self, row: _Row) -> str:
        """The row in words."""
        raise NotImplementedError

    def become(self, rows: Sequence[_Row]) -> None:
        """Have these rows from now on."""
        old, new = [row.key for row in self._rows], [row.key for row in rows]
        first = _same(old, new)
        last = min(_same(old[::-1], new[::-1]), len(old) - first, len(new) - first)
        if len(old) - last > first:
            self.beginRemoveRows(QModelIndex(), first, len(old) - last - 1)
            del self._rows[first : len(old) - last]
            self.endRemoveRows()
        if len(new) - last > first:
            self.beginInsertRows(QModelIndex(), first, len(new) - last - 1)
            self._rows[first:first] = rows[first : len(new) - last]
            self.endInsertRows()
        self._rows = list(rows)
        if rows:
            self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))


def _same(one: Sequence[str], other: Sequence[str]) -> int:
    """How many begin alike."""
    count = 0
    for each, its in zip(one, other, strict=False):
        if each != its:
            break
        count += 1
    return count
