"""The bible panel: characters, places, props and looks that come back, and their names as chips for the prompt."""

import itertools
from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.models.studio import Studio
from studio.project import edits
from studio.project.bible import BibleEntry, EntryKind, bible_key
from studio.project.value import new_id
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, ICON_PX, Theme
from studio.views.bible_entry import KINDS, EntryRow, kind_words
from studio.views.material_style import material_sheet
from studio.widgets.keys import PRESS, keep_keys

AT_ONCE = 30
"""Rows that are made in one turn of the event loop."""


class View(QWidget):
    """Signals: `mention`: a name, with its @, is to go into the prompt where the cursor is."""

    mention = Signal(str)

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> None:  # noqa: ARG002  as all
        super().__init__()
        self._studio = studio
        self._theme = theme
        self._bible: tuple[BibleEntry, ...] | None = None
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._grow)
        self.rows: dict[str, EntryRow] = {}
        self.setAccessibleName(self.tr("Bible"))
        self.setStyleSheet(material_sheet(theme))
        self.add_button = self._add_button()
        self.add_button.setEnabled(studio.film.read_only is None)
        self._captions = {kind: self._caption(words) for kind, words in self._caption_words().items()}
        self._empty = self._empty_page()
        self._listed = QVBoxLayout()
        self._lay_out()
        studio.film.changed.connect(self.refresh)
        self.refresh()

    def add(self, kind: EntryKind) -> EntryRow:
        """A new entry, open and ready for its name."""
        entry = BibleEntry(id=new_id(), kind=kind, name=self._free_name(kind_words()[kind]))
        self._studio.film.edit("add_entry", lambda project: edits.add_entry(project, entry))
        while entry.id not in self.rows:
            self._grow()
        row = self.rows[entry.id]
        row.open()
        return row

    def refresh(self) -> None:
        """Say what is."""
        bible = self._studio.film.project.bible
        if bible is self._bible:
            return
        self._bible = bible
        for entry_id in self.rows.keys() - {entry.id for entry in bible}:
            gone = self.rows.pop(entry_id)
            self._listed.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        for entry in bible:
            if entry.id in self.rows:
                self.rows[entry.id].refresh(entry)
        self._grow()
        self._empty.setVisible(not bible)
        self._area.setVisible(bool(bible))

    def _grow(self) -> None:
        """Make rows that are not there yet, but no more than nobody has to wait for."""
        bible = self._bible or ()
        new = [entry for entry in bible if entry.id not in self.rows]
        for entry in new[:AT_ONCE]:
            self.rows[entry.id] = self._row(entry)
        self._arrange(bible)
        if len(new) > AT_ONCE:
            self._later.start()

    def _row(self, entry: BibleEntry) -> EntryRow:
        row = EntryRow(self._studio, self._theme, entry)
        row.mentioned.connect(self.mention)
        row.opened.connect(lambda: self._close_others(row))
        row.opened.connect(self._order)
        row.fold.setEnabled(self._studio.film.read_only is None)
        return row

    def _close_others(self, row: EntryRow) -> None:
        for each in self.rows.values():
            if each is not row:
                each.close_fields()

    def _arrange(self, bible: tuple[BibleEntry, ...]) -> None:
        """By kind, in the order in which they were made."""
        wanted: list[QWidget] = []
        for kind in KINDS:
            of_kind = [self.rows[each.id] for each in bible if each.kind == kind and each.id in self.rows]
            self._captions[kind].setVisible(bool(of_kind))
            wanted += [self._captions[kind], *of_kind]
        for place, widget in enumerate(wanted):
            item = self._listed.itemAt(place)
            if item is None or item.widget() is not widget:
                self._listed.insertWidget(place, widget)
                if isinstance(widget, EntryRow):
                    widget.show()
        self._order()

    def _order(self) -> None:
        """Let Tab go as it is seen: rows by kind, an open one through its fields."""
        items = [self._listed.itemAt(place) for place in range(self._listed.count())]
        shown = [item.widget() for item in items if item is not None]
        stops = [stop for row in shown if isinstance(row, EntryRow) for stop in row.tab_stops]
        for before, stop in itertools.pairwise([self.add_button, *stops]):
            QWidget.setTabOrder(before, stop)

    def _free_name(self, name: str) -> str:
        taken = {bible_key(entry.name) for entry in self._studio.film.project.bible}
        number, free = 1, name
        while bible_key(free) in taken:
            number += 1
            free = f"{name} {number}"
        return free

    def _caption_words(self) -> dict[EntryKind, str]:
        return {
            "character": self.tr("Characters"),
            "place": self.tr("Places"),
            "prop": self.tr("Props"),
            "look": self.tr("Looks, added to every prompt"),
        }

    def _caption(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setProperty("look", "secondary")
        label.setContentsMargins(0, GRID_PX // 2, 0, 0)
        return label

    def _add_button(self) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon("add", self._theme))
        button.setIconSize(QSize(ICON_PX, ICON_PX))
        button.setAutoRaise(True)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setToolTip(self.tr("New character, place, prop or look"))
        button.setAccessibleName(button.toolTip())
        button.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        menu = QMenu(button)
        for kind, words in kind_words().items():
            menu.addAction(words, lambda kind=kind: self.add(kind))
        button.setMenu(menu)
        keep_keys(button, *PRESS)
        return button

    def _empty_page(self) -> QWidget:
        page = QWidget()
        words = QLabel(
            self.tr("Who and what comes back in several shots. Write @name in a prompt, and the model knows.")
        )
        words.setProperty("look", "secondary")
        words.setWordWrap(True)
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        begin = QPushButton(self.tr("New character"))
        begin.clicked.connect(lambda: self.add("character"))
        begin.setEnabled(self._studio.film.read_only is None)
        keep_keys(begin, *PRESS)
        rows = QVBoxLayout(page)
        rows.setSpacing(GRID_PX)
        rows.addStretch(1)
        rows.addWidget(words)
        rows.addWidget(begin, 0, Qt.AlignmentFlag.AlignCenter)
        rows.addStretch(1)
        return page

    def _lay_out(self) -> None:
        heading = QLabel(self.tr("BIBLE"))
        heading.setProperty("look", "section")
        head = QHBoxLayout()
        head.setContentsMargins(GRID_PX // 2, 0, GRID_PX, 0)
        head.addWidget(heading)
        head.addStretch(1)
        head.addWidget(self.add_button)
        inside = QWidget()
        self._listed.setContentsMargins(GRID_PX // 2, 0, GRID_PX, 0)
        self._listed.setSpacing(GRID_PX // 2)
        whole = QVBoxLayout(inside)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addLayout(self._listed)
        whole.addStretch(1)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setWidget(inside)
        inside.setAutoFillBackground(False)
        self._area.viewport().setAutoFillBackground(False)
        rows = QVBoxLayout(self)
        left, right = (0, GRID_PX) if self.isRightToLeft() else (GRID_PX, 0)  # where the scroll bar is there is no gap
        rows.setContentsMargins(left, GRID_PX, right, GRID_PX)
        rows.setSpacing(GRID_PX)
        rows.addLayout(head)
        rows.addWidget(self._empty, 1)
        rows.addWidget(self._area, 1)
