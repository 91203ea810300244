"""The shots panel: the film's shots in their order, one of them open."""

from collections.abc import Mapping

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QTabBar, QToolButton

from studio.models.studio import Studio
from studio.project import edits
from studio.project.shot import Shot
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, ICON_PX, LINE_PX, RADIUS_PX, SECONDARY_PX, Theme
from studio.views.words import seconds

HEIGHT_PX = 5 * GRID_PX
MENU = ("rename_shot", "duplicate_shot", "delete_shot")


class View(QFrame):
    """A row of tabs that can be dragged into another order."""

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> None:
        super().__init__()
        self._studio = studio
        self._actions = actions
        self._theme = theme
        self._ids: list[str] = []
        self._shown: tuple[Shot, ...] = ()
        self.setProperty("look", "bar")
        self.setFixedHeight(HEIGHT_PX)
        self.setAccessibleName(self.tr("Shots"))
        self.tabs = QTabBar()
        self.tabs.setMovable(True)
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.tabs.setElideMode(Qt.TextElideMode.ElideRight)
        self.tabs.setUsesScrollButtons(True)
        self.tabs.setIconSize(QSize(ICON_PX, ICON_PX))
        self.tabs.setStyleSheet(_sheet(theme))
        self.tabs.setAccessibleName(self.tr("Shots"))
        self.tabs.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.tabs.customContextMenuRequested.connect(self._show_menu)
        self.tabs.currentChanged.connect(self._open)
        self.tabs.tabMoved.connect(self._move)
        self.tabs.tabBarDoubleClicked.connect(self._rename)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID_PX, 0, GRID_PX, 0)
        row.setSpacing(GRID_PX // 2)
        row.addWidget(self.tabs)
        row.addWidget(self._add_button())
        row.addStretch(1)
        self.setFocusProxy(self.tabs)
        studio.film.changed.connect(self._refresh)
        studio.film.shot_changed.connect(self._refresh)
        self._refresh()

    def _add_button(self) -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(self._actions["new_shot"])
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        button.setAccessibleName(self.tr("New shot"))
        return button

    def _refresh(self) -> None:
        """Only what is another: a tab that is being dragged must stay where it is."""
        film = self._studio.film
        shots = film.project.shots
        self.tabs.blockSignals(True)
        while self.tabs.count() > len(shots):
            self.tabs.removeTab(self.tabs.count() - 1)
        for index, shot in enumerate(shots):
            if index == self.tabs.count():
                self.tabs.addTab("")
            if index >= len(self._shown) or self._shown[index] is not shot:  # with each letter one of them is another
                self._show_shot(index, shot)
        self._shown = shots
        self._ids = [shot.id for shot in shots]
        if film.shot is not None:
            self.tabs.setCurrentIndex(self._ids.index(film.shot.id))
        self.tabs.blockSignals(False)

    def _show_shot(self, index: int, shot: Shot) -> None:
        words = f"{index + 1}  {shot.name}".replace("&", "&&")
        if shot.selected_take is not None:
            words += f"   {seconds(shot.duration_s)}"
        if self.tabs.tabText(index) != words:
            self.tabs.setTabText(index, words)
            self.tabs.setTabToolTip(index, shot.name)
        role = "accent" if shot.takes else "muted"
        if self.tabs.tabData(index) != role:
            self.tabs.setTabData(index, role)
            self.tabs.setTabIcon(index, icon("shot", self._theme, role))

    def _open(self, index: int) -> None:
        if 0 <= index < len(self._ids):
            self._studio.film.open_shot(self._ids[index])

    def _rename(self, index: int) -> None:
        if index >= 0:
            self._actions["rename_shot"].trigger()

    def _move(self, source: int, target: int) -> None:
        """A drag moves tab by tab: all of it is one step of undo."""
        shot_id = self._ids.pop(source)
        self._ids.insert(target, shot_id)
        self._shown = ()
        self._studio.film.edit(
            "move_shot", lambda project: edits.move_shot(project, shot_id, target), f"move {shot_id}"
        )

    def _show_menu(self, place: QPoint) -> None:
        index = self.tabs.tabAt(place)
        if index >= 0:
            self.tabs.setCurrentIndex(index)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in MENU:
            menu.addAction(self._actions[name])
        menu.addSeparator()
        menu.addAction(self._actions["new_shot"])
        menu.popup(self.tabs.mapToGlobal(place))


def _sheet(theme: Theme) -> str:
    return f"""
QTabBar::tab {{
    background: transparent; color: {theme.muted}; border: {LINE_PX}px solid transparent;
    border-radius: {RADIUS_PX}px; padding: 0 {GRID_PX + 4}px; height: {4 * GRID_PX - 4}px; margin: 2px;
    max-width: {30 * GRID_PX}px; font-size: {SECONDARY_PX}px;
}}
QTabBar::tab:hover {{ color: {theme.text}; background: {theme.raised}; }}
QTabBar::tab:selected {{ color: {theme.text}; background: {theme.tint}; }}
QTabBar::tab:focus {{ border-color: {theme.accent}; }}
QTabBar::tear {{ width: 0; }}
QTabBar QToolButton {{ background: {theme.panel}; border-radius: {RADIUS_PX}px; }}
"""
