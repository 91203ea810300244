"""The command palette: everything that can be done, and every shot, found by typing a few letters."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QAction, QIcon, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from studio.models.studio import Studio
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, ICON_PX, Theme
from studio.views.actions import GROUP, keys_of, plain

SIZE = QSize(72 * GRID_PX, 56 * GRID_PX)
ROW_PX = 4 * GRID_PX
_ENTRY = Qt.ItemDataRole.UserRole
_WALKING = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


@dataclass(frozen=True)
class Entry:
    """A line of the palette: an action, or a shot to go to."""

    text: str
    group: str
    keys: str
    picture: QIcon
    is_enabled: bool
    action: QAction | None = None
    shot: str | None = None


class View(QWidget):
    """Signals: `chosen`: the Entry that is to be done; the palette is to go first."""

    chosen = Signal(object)

    def __init__(self, studio: Studio | None, actions: Mapping[str, QAction], theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._entries = list(self._of_actions(actions))
        if studio is not None:
            self._entries += self._of_shots(studio)
        self.line = QLineEdit()
        self.line.setPlaceholderText(self.tr("What do you want to do?"))
        self.line.setAccessibleName(self.tr("Find a command or a shot"))
        self.line.setClearButtonEnabled(True)
        self.line.textChanged.connect(self._show_found)
        self.line.returnPressed.connect(self._choose)
        self.line.installEventFilter(self)
        self.list = QListWidget()
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setIconSize(QSize(ICON_PX, ICON_PX))
        self.list.setAccessibleName(self.tr("Commands found"))
        self.list.itemClicked.connect(self._choose)
        self._nothing = QLabel(self.tr("Nothing is called that"))
        self._nothing.setProperty("look", "secondary")
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GRID_PX)
        for widget in (self.line, self.list, self._nothing):
            rows.addWidget(widget)
        self.setFocusProxy(self.line)
        self._show_found("")

    def found(self) -> list[Entry]:
        """What is listed now."""
        return [self.list.item(row).data(_ENTRY) for row in range(self.list.count())]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """The list is walked through from the line."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() in _WALKING:
            self.list.keyPressEvent(event)
            return True
        return super().eventFilter(watched, event)

    def _of_actions(self, actions: Mapping[str, QAction]) -> Iterable[Entry]:
        for name, action in actions.items():
            if name != "palette":
                group = str(action.property(GROUP))
                yield Entry(plain(action), group, keys_of(action), action.icon(), action.isEnabled(), action)

    def _of_shots(self, studio: Studio) -> Iterable[Entry]:
        picture, group = icon("shot", self._theme), self.tr("Shot")
        for shot in studio.film.project.shots:
            yield Entry(self.tr("Go to {shot}").format(shot=shot.name), group, "", picture, True, shot=shot.id)

    def _show_found(self, typed: str) -> None:
        self.list.clear()
        for entry in ranked(self._entries, typed):
            item = QListWidgetItem()
            item.setData(_ENTRY, entry)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{entry.text}, {entry.group} {entry.keys}")
            item.setSizeHint(QSize(0, ROW_PX))
            self.list.addItem(item)
            self.list.setItemWidget(item, self._row(entry))
        self.list.setCurrentRow(0)
        self.list.setVisible(self.list.count() > 0)
        self._nothing.setVisible(self.list.count() == 0)

    def _row(self, entry: Entry) -> QWidget:
        row = QWidget()
        row.setEnabled(entry.is_enabled)
        row.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        line = QHBoxLayout(row)
        line.setContentsMargins(GRID_PX, 0, GRID_PX, 0)
        line.setSpacing(GRID_PX + GRID_PX // 2)
        mode = QIcon.Mode.Normal if entry.is_enabled else QIcon.Mode.Disabled
        picture = QLabel()
        picture.setFixedWidth(ICON_PX)
        picture.setPixmap(entry.picture.pixmap(QSize(ICON_PX, ICON_PX), self.devicePixelRatioF(), mode))
        line.addWidget(picture)
        line.addWidget(_label(entry.text, ""), 1)
        why_not = entry.action.toolTip().partition("\n")[2] if entry.action and not entry.is_enabled else ""
        line.addWidget(_label(why_not or entry.group, "secondary"))
        if entry.keys:
            line.addWidget(_label(entry.keys, "keys"))
        return row

    def _choose(self, _: object = None) -> None:
        found, row = self.found(), self.list.currentRow()
        if 0 <= row < len(found) and found[row].is_enabled:
            self.chosen.emit(found[row])


def ranked(entries: Iterable[Entry], typed: str) -> list[Entry]:
    """Entries that have every word that was typed: those that begin with the first one, then those that can be done."""
    words = typed.casefold().split()
    found = [entry for entry in entries if all(word in f"{entry.text} {entry.group}".casefold() for word in words)]
    if not words:
        return sorted(found, key=lambda entry: not entry.is_enabled)
    return sorted(found, key=lambda entry: (not entry.is_enabled, not entry.text.casefold().startswith(words[0])))


def _label(text: str, look: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("look", look)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
