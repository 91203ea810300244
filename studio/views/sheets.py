"""Sheets: what the window lays in front of its page: palette, keys, settings, models and diagnostics."""

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QObject, QSize, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from studio.models.desk import Desk
from studio.style.tokens import GRID_PX, Theme
from studio.views import palette, settings, shortcuts
from studio.views.actions import plain
from studio.widgets.veil import Veil

WIDE = QSize(120 * GRID_PX, 84 * GRID_PX)
TITLED = ("library", "diagnostics")
"""Those that say themselves what they are."""
NAMES = ("palette", "shortcuts", "settings", "library", "diagnostics")


class Sheets(QObject):
    """One at a time; the key that opens a sheet also closes it."""

    def __init__(self, veil: Veil, desk: Desk, actions: Mapping[str, QAction], theme: Theme) -> None:
        super().__init__(veil)
        self._veil = veil
        self._desk = desk
        self._actions = actions
        self._theme = theme
        self.shown: str | None = None
        veil.left.connect(self._on_left)
        veil.passing = tuple(keys for name in (*NAMES, "quit") for keys in actions[name].shortcuts())

    def toggle(self, name: str) -> None:
        """Lay a sheet in front, or take it away."""
        if name == self.shown:
            self._veil.leave()
            return
        made = self._makers()[name]()
        if made is not None:
            widget, size = made
            self._veil.hold(widget, plain(self._actions[name]), size, is_titled=name not in TITLED)
            self.shown = name

    def leave(self) -> bool:
        """Take away what is in front; False when there was nothing."""
        was_there = self.shown is not None
        self._veil.leave()
        return was_there

    def _on_left(self) -> None:
        self.shown = None

    def _makers(self) -> dict[str, Callable[[], tuple[QWidget, QSize] | None]]:
        return {
            "palette": self._palette,
            "shortcuts": lambda: (shortcuts.View(self._actions), shortcuts.SIZE),
            "settings": lambda: (settings.View(self._desk.preferences, self._theme), settings.SIZE),
            "library": self._library,
            "diagnostics": self._diagnostics,
        }

    def _library(self) -> tuple[QWidget, QSize] | None:
        from studio.views import library

        studio = self._desk.studio
        return (library.View(studio, self._actions, self._theme), WIDE) if studio is not None else None

    def _diagnostics(self) -> tuple[QWidget, QSize] | None:
        from studio.views import diagnostics

        studio = self._desk.studio
        return (diagnostics.View(studio, self._actions, self._theme), WIDE) if studio is not None else None

    def _palette(self) -> tuple[QWidget, QSize]:
        made = palette.View(self._desk.studio, self._actions, self._theme)
        made.chosen.connect(self._carry_out)
        return made, palette.SIZE

    def _carry_out(self, entry: palette.Entry) -> None:
        """First the palette goes, so that the focus is where it was when the deed is done."""
        self._veil.leave()
        studio = self._desk.studio
        if entry.action is not None:
            QTimer.singleShot(0, entry.action, entry.action.trigger)
        elif entry.shot is not None and studio is not None:
            QTimer.singleShot(0, studio, partial(studio.film.open_shot, entry.shot))
