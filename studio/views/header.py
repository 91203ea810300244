"""The header panel: the project's name and menu, whether it is saved, and how the engine is."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QPushButton, QToolButton, QWidget

from engine.protocol.job import Running
from studio.link.state import Connected, Failed, LinkState, Lost, Starting, Stopped
from studio.models.desk import Desk
from studio.models.studio import Studio
from studio.project.recent import recent_projects
from studio.style.icons import icon
from studio.style.tokens import BAR_PX, GRID_PX, ICON_PX, Theme
from studio.views.actions import GROUP, keys_of, plain
from studio.views.pages import PAGES
from studio.views.words import storage_sentence
from studio.widgets.elided_label import ElidedLabel

MOST_RECENT = 8
LONGEST_NAME = 40
DOT_PX = 8


class View(QFrame):
    """One line at the top; the open project may change under it."""

    def __init__(self, desk: Desk, actions: Mapping[str, QAction], theme: Theme) -> None:
        super().__init__()
        self._desk = desk
        self._actions = actions
        self._theme = theme
        self._studio: Studio | None = None
        self.setProperty("look", "bar")
        self.setFixedHeight(BAR_PX)
        self.setAccessibleName(self.tr("Project and engine"))
        self.menu_button = self._menu_button()
        self.project_button = self._project_button()
        self.saved = ElidedLabel(look="secondary")
        self._take_over = QPushButton(self.tr("Take over"))
        self._take_over.clicked.connect(desk.take_over)
        self.engine = self._quiet_button("diagnostics")
        self._again = QPushButton(self.tr("Try again"))
        self._again.clicked.connect(desk.link.retry)
        self._lay_out()
        desk.link.state_changed.connect(self._show_engine)
        desk.busy_changed.connect(self._show_saved)
        self.watch(desk.studio)

    def watch(self, studio: Studio | None) -> None:
        """Follow this project from now on."""
        self._studio = studio
        if studio is not None:
            studio.film.changed.connect(self._show_name)
            studio.film.saved_changed.connect(self._show_saved)
            studio.jobs.changed.connect(self._show_engine)
            studio.workers.changed.connect(self._show_engine)
            studio.library.changed.connect(self._show_engine)
        self._show_name()
        self._show_saved()
        self._show_engine()

    def _lay_out(self) -> None:
        """The pages stand in the middle, and stay there whatever is said beside them."""
        start, end = QHBoxLayout(), QHBoxLayout()
        start.addWidget(self.menu_button)
        start.addWidget(self.project_button)
        start.addWidget(self.saved, 1)
        end.addStretch(1)
        for widget in (self._take_over, self.engine, self._again, self._palette_button()):
            end.addWidget(widget)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID_PX, 0, GRID_PX, 0)
        for each in (row, start, end):
            each.setSpacing(GRID_PX // 2)
        row.addLayout(start, 1)
        row.addWidget(self._pages())
        row.addLayout(end, 1)

    def _menu_button(self) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon("menu", self._theme))
        button.setIconSize(QSize(ICON_PX, ICON_PX))
        button.setToolTip(self.tr("Menu"))
        button.setAccessibleName(self.tr("Menu"))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        groups: dict[str, QMenu] = {}
        for action in self._actions.values():
            group = str(action.property(GROUP))
            if group not in groups:
                groups[group] = menu.addMenu(group)
            groups[group].addAction(action)
        button.setMenu(menu)
        return button

    def _project_button(self) -> QToolButton:
        button = QToolButton()
        button.setProperty("look", "named")
        button.setIcon(icon("chevron_down", self._theme, "muted"))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setLayoutDirection(_opposite(self.layoutDirection()))  # the sign stands behind the name
        button.setToolTip(self.tr("This project and others"))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        menu.setLayoutDirection(self.layoutDirection())
        menu.aboutToShow.connect(self._fill_projects)
        button.setMenu(menu)
        return button

    def _quiet_button(self, action: str) -> QToolButton:
        button = QToolButton()
        button.setProperty("look", "quiet")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(DOT_PX, DOT_PX))
        button.clicked.connect(self._actions[action].trigger)
        return button

    def _pages(self) -> QWidget:
        """The ways to the pages, in the order of the work."""
        held = QWidget()
        held.setAccessibleName(self.tr("Pages"))
        row = QHBoxLayout(held)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID_PX // 2)
        for name in PAGES:
            button = QToolButton()
            button.setDefaultAction(self._actions[f"page_{name}"])
            button.defaultAction().setIconText(plain(button.defaultAction()))  # it stands alone, in the middle
            button.setAccessibleName(plain(button.defaultAction()))
            button.setProperty("look", "page")
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        return held

    def _palette_button(self) -> QToolButton:
        action = self._actions["palette"]
        button = self._quiet_button("palette")
        button.setIcon(icon("search", self._theme, "muted"))
        button.setIconSize(QSize(ICON_PX, ICON_PX))
        button.setText(f" {keys_of(action)}")
        button.setToolTip(action.toolTip())
        button.setAccessibleName(action.text())
        return button

    def _fill_projects(self) -> None:
        menu = self.project_button.menu()
        menu.clear()
        for name in ("rename_project", "export_zip"):
            menu.addAction(self._actions[name])
        menu.addSeparator()
        for name in ("import_script", "import_timeline", "import_clips"):
            menu.addAction(self._actions[name])
        menu.addSeparator()
        for name in ("new_project", "open_project", "import_zip"):
            menu.addAction(self._actions[name])
        here = str(self._studio.film.folder.path.resolve()) if self._studio is not None else ""
        others = [recent for recent in recent_projects() if recent.path != here and recent.is_there]
        if others:
            menu.addSection(self.tr("Opened before"))
        for recent in others[:MOST_RECENT]:
            action = QAction(icon("project", self._theme, "muted"), _short(recent.name).replace("&", "&&"), menu)
            action.setToolTip(recent.path)
            action.triggered.connect(partial(self._open, Path(recent.path)))
            menu.addAction(action)
        menu.setToolTipsVisible(True)

    def _open(self, path: Path, _checked: bool = False) -> None:
        self._desk.open(path)

    def _show_name(self) -> None:
        name = self._studio.film.project.name if self._studio is not None else self.tr("No project")
        self.project_button.setText(_short(name).replace("&", "&&"))
        self.project_button.setAccessibleName(self.tr("Project: {name}").format(name=name))

    def _show_saved(self) -> None:
        studio = self._studio
        look, text = "secondary", ""
        if studio is not None:
            look, text = self._saved_words(studio)
        elif self._desk.is_busy:
            text = self.tr("opening…")
        if self.saved.property("look") != look:
            self.saved.setProperty("look", look)
            self.saved.style().polish(self.saved)
        self.saved.setText(text)
        self._take_over.setVisible(studio is not None and self._desk.can_take_over)

    def _saved_words(self, studio: Studio) -> tuple[str, str]:
        film = studio.film
        match film.saved_state:
            case "saved":
                return "secondary", self.tr("saved")
            case "saving":
                return "secondary", self.tr("saving…")
            case "failed":
                error = film.save_error
                why = storage_sentence(error.kind) if error is not None else ""
                return "bad", self.tr("not saved, trying again: {why}").format(why=why)
            case "read_only":
                return "warn", self._read_only_words(studio)

    def _read_only_words(self, studio: Studio) -> str:
        if studio.film.read_only == "newer_version":
            return self.tr("read-only: a newer Reelwright has written it")
        if studio.film.read_only == "not_writable":
            return self.tr("read-only: its folder cannot be written")
        if self._desk.can_take_over:
            return self.tr("read-only: open on {machine}").format(machine=self._desk.holder)
        return self.tr("read-only: open in another window")

    def _show_engine(self) -> None:
        state = self._desk.link.state
        text, role = self._engine_words(state)
        self.engine.setText(f" {text}")  # Qt puts the words very near to the icon
        self.engine.setIcon(_dot(getattr(self._theme, role), self.devicePixelRatioF()))
        self.engine.setAccessibleName(self.tr("Engine: {state}").format(state=text))
        self.engine.setToolTip(state.reason if isinstance(state, Failed | Lost) else self.tr("How the engine is"))
        self._again.setVisible(isinstance(state, Failed | Stopped))

    def _engine_words(self, state: LinkState) -> tuple[str, str]:
        match state:
            case Starting():
                return self.tr("engine starting…"), "warn"
            case Lost():
                return self.tr("engine gone, coming back…"), "warn"
            case Failed():
                return self.tr("no engine"), "bad"
            case Stopped():
                return self.tr("engine stopped"), "muted"
            case Connected():
                return " · ".join(self._at_work()), "good"

    def _at_work(self) -> list[str]:
        """What is ready, and what it does."""
        studio = self._studio
        if studio is None:
            return [self.tr("ready")]
        card = studio.composer.card
        devices = [worker.found for worker in studio.workers.all() if worker.found]
        if card is None:
            said = self.tr("ready")
        elif devices:
            said = self.tr("{model} on {device}").format(model=card.name, device=device_words(devices[0]))
        else:
            said = card.name
        running = sum(isinstance(job.state, Running) for job in studio.jobs.active)
        waiting = len(studio.jobs.active) - running
        found = [said]
        if running:
            found.append(self.tr("{count} rendering").format(count=running))
        if waiting:
            found.append(self.tr("{count} waiting").format(count=waiting))
        return found


def device_words(found: str) -> str:
    """What a worker has found ("cpu: Intel Xeon", "cuda: NVIDIA H200"), short."""
    kind, _, name = found.partition(":")
    return "CPU" if kind == "cpu" else name.strip() or kind


def _dot(colour: str, ratio: float) -> QIcon:
    pixmap = QPixmap(QSize(DOT_PX, DOT_PX) * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawEllipse(0, 0, DOT_PX, DOT_PX)
    painter.end()
    return QIcon(pixmap)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _opposite(direction: Qt.LayoutDirection) -> Qt.LayoutDirection:
    left, right = Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft
    return right if direction == left else left
