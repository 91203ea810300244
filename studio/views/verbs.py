"""Verbs: what can be made of the clip in view, as buttons under it, and how long what they add is."""

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QAction, QActionGroup, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from studio.models.studio import Studio
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, Theme
from studio.views.actions import plain
from studio.views.words import seconds
from studio.widgets.keys import PRESS, keep_keys

VERBS = ("extend", "extend_backward", "loop", "bridge", "remix", "retake", "use_last_frame")
FIRST = ("finish_draft", "animate")
"""Seen only where they can be done: on a draft, on an image."""
ICON_PX, BUTTON_PX = 2 * GRID_PX, 4 * GRID_PX
GAP_PX = GRID_PX // 4
LENGTHS_S = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
"""Beside what the model makes at once."""


class View(QWidget):
    """Every button is one of the window's actions; those that have no room are in a menu at the end."""

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> None:
        super().__init__()
        self._studio = studio
        self._actions = actions
        self._theme = theme
        self.setAccessibleName(self.tr("What to make of this clip"))
        self.buttons = {name: self._button(name) for name in (*FIRST, *VERBS)}
        self.more = self._more_button()
        self.length = self._length_button()
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID_PX, 0, GRID_PX, GRID_PX // 2)
        row.setSpacing(GAP_PX)
        for button in (*self.buttons.values(), self.more):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.length)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._fit)
        for name in (*FIRST, *VERBS):
            actions[name].changed.connect(self._soon.start)
        studio.composer.changed.connect(self._look)
        studio.film.shot_changed.connect(self._look)
        for signal in (studio.playback.shown_changed, studio.film.changed, studio.jobs.changed):
            signal.connect(self._look)
        self._look()

    def resizeEvent(self, event: QResizeEvent, /) -> None:  # noqa: N802  Qt's name
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:  # noqa: N802  Qt's name
        """As narrow as anybody likes: the menu has everything."""
        return QSize(14 * GRID_PX, BUTTON_PX + GRID_PX // 2)

    def _look(self) -> None:
        """Where there is nothing to see there is nothing to be made of it."""
        playback = self._studio.playback
        self.setVisible(playback.clip is not None or playback.job_id is not None)
        self._soon.start()

    def _fit(self) -> None:
        """As many as there is room for, in their order."""
        wanted = [name for name in FIRST if self._actions[name].isEnabled()] + list(VERBS)
        widths = {name: self.buttons[name].sizeHint().width() + GAP_PX for name in wanted}
        whole = sum(widths.values())
        long = seconds(self._studio.composer.part_seconds)
        self.length.setText(self.tr("New part: {length} ▾").format(length=long))
        room = self.width() - 3 * GRID_PX - self.length.sizeHint().width()
        if whole > room:
            room += self.length.sizeHint().width()
            self.length.setText(self.tr("+ {length} ▾").format(length=long))
            room -= self.length.sizeHint().width()
        if whole > room:
            room -= BUTTON_PX + GAP_PX
        shown: list[str] = []
        for name in wanted:
            room -= widths[name]
            if room < 0:
                break
            shown.append(name)
        for name, button in self.buttons.items():
            button.setVisible(name in shown)
        rest = [self._actions[name] for name in wanted if name not in shown]
        self.more.setVisible(bool(rest))
        if self._menu.actions() != rest:
            self._menu.clear()
            self._menu.addActions(rest)

    def _button(self, name: str) -> QToolButton:
        action = self._actions[name]
        button = QToolButton()
        button.setDefaultAction(action)
        button.setAutoRaise(True)
        button.setProperty("look", "verb")
        button.setIconSize(QSize(ICON_PX, ICON_PX))
        button.setFixedHeight(BUTTON_PX)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setAccessibleName(plain(action))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        keep_keys(button, *PRESS)
        return button

    def _more_button(self) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon("more", self._theme))
        button.setIconSize(QSize(ICON_PX, ICON_PX))
        button.setAutoRaise(True)
        button.setFixedSize(BUTTON_PX, BUTTON_PX)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setToolTip(self.tr("More to make of this clip"))
        button.setAccessibleName(button.toolTip())
        self._menu = QMenu(button)
        button.setMenu(self._menu)
        keep_keys(button, *PRESS)
        return button

    def _length_button(self) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setProperty("look", "quiet")
        button.setFixedHeight(BUTTON_PX)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setToolTip(self.tr("How long what Extend, Loop and Bridge add is"))
        button.setAccessibleName(self.tr("Length of the new part"))
        menu = QMenu(button)
        menu.aboutToShow.connect(lambda: self._offer(menu))
        button.setMenu(menu)
        keep_keys(button, *PRESS)
        return button

    def _offer(self, menu: QMenu) -> None:
        """What the model makes at once, and round lengths."""
        composer = self._studio.composer
        menu.clear()
        group = QActionGroup(menu)
        usual = composer.usual_seconds
        lengths = {usual, composer.part_seconds} | {each for each in LENGTHS_S if abs(each - usual) > 0.05}
        for each in sorted(lengths):
            said = self.tr("{length}, as the model likes it") if each == usual else "{length}"
            action = QAction(said.format(length=seconds(each)), group)
            action.setCheckable(True)
            action.setChecked(each == composer.part_seconds)
            action.triggered.connect(partial(self._choose, None if each == usual else each))
            menu.addAction(action)

    def _choose(self, length: float | None, _checked: bool = False) -> None:
        self._studio.composer.chosen_seconds = length
        self._soon.start()
