"""The window: header and page, what lies in front of them, and what happens when it is opened and closed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QFrame, QMainWindow, QMessageBox, QStackedWidget, QVBoxLayout, QWidget

from engine.protocol.home import home
from engine.protocol.job import Job, Running
from studio.models.desk import Desk, Stumble
from studio.models.studio import Studio
from studio.project.errors import DamagedError
from studio.style.mark import mark_icon
from studio.style.sheet import apply_colours, sheet
from studio.style.tokens import DARK, LIGHT, LINE_PX, Theme
from studio.views import header, notice
from studio.views.actions import build_actions, dress
from studio.views.closing import ask_before_closing
from studio.views.deeds import Deeds
from studio.views.keys import Keys
from studio.views.notes import Notes
from studio.views.project_deeds import ProjectDeeds
from studio.views.project_drops import ProjectDrops
from studio.views.rules import Rules
from studio.views.sheets import NAMES, Sheets
from studio.views.stumbles import stumble_notice
from studio.views.toasts import Toasts
from studio.views.words import storage_sentence
from studio.widgets.veil import Veil

if TYPE_CHECKING:
    from studio.views import create_page

SIZE = QSize(1440, 900)
SMALLEST = QSize(960, 600)
KEEP_AFTER_MS = 1000
MOST_OF_SCREEN = 0.94
"""The rest is for the frame that the system puts around it."""
WINDOW_FILE = "window.ini"


class Window(QMainWindow):
    """One window on one desk; it may be shown before a project is open, and before there is an engine.

    Signals:
        painted: it has been seen for the first time.
    """

    painted = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._theme = chosen_theme(str(desk.preferences.value("theme")))
        self._page: create_page.View | None = None
        self._may_close = False
        self._is_painted = False
        self._sizes = QSettings(str(home() / WINDOW_FILE), QSettings.Format.IniFormat, self)
        self._keep_later = QTimer(self, singleShot=True, interval=KEEP_AFTER_MS)
        self._keep_later.timeout.connect(self._keep_sizes)
        self.setObjectName("reelwright")
        self.setWindowTitle(self.tr("Reelwright"))
        self.setMinimumSize(SMALLEST)
        self.acts = build_actions(self, self._theme)
        self._rules = Rules(self.acts, self)
        Deeds(self.acts, desk, self, lambda: self._theme)
        ProjectDeeds(self.acts, desk, self)
        self._connect()
        self._build()
        self._restore_size()

    @property
    def page(self) -> create_page.View | None:
        """The panels of the open project."""
        return self._page

    @property
    def sheets(self) -> Sheets:
        """What can be laid in front of the page."""
        return self._sheets

    @property
    def toasts(self) -> Toasts:
        """The notes at the bottom."""
        return self._toasts

    @property
    def sample_name(self) -> str:
        """What the project of a first run is called."""
        return self.tr("My first film")

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Ask while something is being made; else just go."""
        jobs = self._active_jobs()
        if jobs and not self._may_close:
            event.ignore()
            running = sum(isinstance(job.state, Running) for job in jobs)
            if not self.findChildren(QMessageBox):
                ask_before_closing(self, running, len(jobs) - running, self._go, self._pause_and_go)
            return
        self._keep_sizes()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Esc leaves what is in front; out of a text it leads to the picture, where single keys act."""
        if event.key() == Qt.Key.Key_Escape and not self._sheets.leave() and self._page is not None:
            self._page.viewer.setFocus()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Tell of the first one."""
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            self.painted.emit()

    def _connect(self) -> None:
        desk, app = self._desk, QApplication.instance()
        desk.opened.connect(self._show_project)
        desk.closing.connect(self._drop_project)
        desk.stumbled.connect(self._show_stumble)
        desk.preferences.changed.connect(self._on_preference)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_scheme)
        for name in NAMES:
            self.acts[name].triggered.connect(partial(self._toggle, name))
        self.acts["next_panel"].triggered.connect(self._next_panel)
        self.acts["quit"].triggered.connect(self.close)
        if isinstance(app, QApplication):
            Keys(app, self)
        self._drops = ProjectDrops(desk, self)

    def _toggle(self, name: str, _checked: bool = False) -> None:
        self._sheets.toggle(name)

    def _build(self) -> None:
        """Everything that is seen, in the theme; again when that is another."""
        self.setWindowIcon(mark_icon(self._theme))
        self.setStyleSheet(sheet(self._theme))
        root = QWidget()
        self._header = header.View(self._desk, self.acts, self._theme)
        line = QFrame()
        line.setProperty("look", "line")
        line.setFixedHeight(LINE_PX)
        self._stack = QStackedWidget()
        rows = QVBoxLayout(root)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self._header)
        rows.addWidget(line)
        rows.addWidget(self._stack, 1)
        self._toasts = Toasts(self._theme, root)
        self._notes = Notes(self._desk, self._toasts, self)
        veil = Veil(self._theme, self.tr("Close (Esc)"), root)
        self._sheets = Sheets(veil, self._desk, self.acts, self._theme)
        self.setCentralWidget(root)
        self._notes.watch(self._desk.studio)
        if self._desk.studio is not None:
            self._add_page(self._desk.studio)

    def _show_project(self, studio: Studio) -> None:
        self._header.watch(studio)
        self._rules.watch(studio)
        self._notes.watch(studio)
        self._notes.tell_missing(len(studio.film.missing))
        studio.film.changed.connect(self._show_title)
        self._add_page(studio)
        self._show_title()

    def _add_page(self, studio: Studio) -> None:
        from studio.views import create_page  # the header is painted before all panels are read

        self._page = create_page.View(studio, self.acts, self._theme)
        state = self._sizes.value("splitters")
        if isinstance(state, QByteArray):
            self._page.restore(state)
        self._drops.stand_before(self._page)
        self._page.arranged.connect(self._keep_later.start)
        self._page.foot_changed.connect(self._toasts.stand_above)
        self._toasts.stand_above(self._page.foot_px)
        self._stack.addWidget(self._page)
        self._show_only(self._page)
        self._page.prompt.focus_prompt()

    def _drop_project(self) -> None:
        """Views go before what they show."""
        page, self._page = self._page, None
        self._sheets.leave()
        for each in (self._header, self._rules, self._notes):
            each.watch(None)
        if page is not None:
            self._stack.removeWidget(page)
            page.deleteLater()

    def _show_only(self, widget: QWidget) -> None:
        """Notices that were in its place go."""
        self._stack.setCurrentWidget(widget)
        for index in reversed(range(self._stack.count())):
            other = self._stack.widget(index)
            if other is not None and other is not widget and other is not self._page:
                self._stack.removeWidget(other)
                other.deleteLater()

    def _show_stumble(self, stumble: Stumble) -> None:
        """Beside an open project a note is enough, but where there are backups to choose from."""
        if self._page is not None and not isinstance(stumble.error, DamagedError):
            said = self.tr("{name}: {why}").format(name=stumble.path.name, why=storage_sentence(stumble.error.kind))
            self._toasts.say(said, "bad")
            return
        shown = stumble_notice(stumble, self._desk, self._ways_on())
        self._stack.addWidget(shown)
        self._show_only(shown)
        shown.setFocus()

    def _ways_on(self) -> list[notice.Way]:
        page = self._page
        ways = [
            notice.Way(self.tr("Open another project…"), self.acts["open_project"].trigger),
            notice.Way(self.tr("Begin a new one…"), self.acts["new_project"].trigger),
        ]
        if page is not None:
            ways.append(notice.Way(self.tr("Back"), lambda: self._show_only(page)))
        return ways

    def _show_title(self) -> None:
        studio = self._desk.studio
        if studio is not None:
            self.setWindowTitle(self.tr("{project} — Reelwright").format(project=studio.film.project.name))

    def _next_panel(self) -> None:
        """Where the keyboard is leads to the panel behind it; empty ones are passed over."""
        if self._page is None:
            return
        panels, now = self._page.panels, self.focusWidget()
        here = next(
            (index for index, panel in enumerate(panels) if now and (panel is now or panel.isAncestorOf(now))), -1
        )
        for step in range(1, len(panels) + 1):
            target = _first_focus(panels[(here + step) % len(panels)])
            if target is not None:
                target.setFocus(Qt.FocusReason.TabFocusReason)
                return

    def _active_jobs(self) -> list[Job]:
        """Those that came from a project; what the command line asked for is its own business."""
        studio = self._desk.studio
        return [job for job in studio.jobs.active if job.request.project is not None] if studio is not None else []

    def _go(self) -> None:
        self._may_close = True
        QTimer.singleShot(0, self, self.close)

    def _pause_and_go(self) -> None:
        studio = self._desk.studio
        for job in self._active_jobs():
            if studio is not None:
                studio.jobs.pause(job.id)
        self._go()

    def _on_preference(self, key: str) -> None:
        if key == "theme":
            self._restyle()

    def _on_scheme(self) -> None:
        if self._desk.preferences.value("theme") == "system":
            self._restyle()

    def _restyle(self) -> None:
        theme = chosen_theme(str(self._desk.preferences.value("theme")))
        if theme is self._theme:
            return
        self._theme = theme
        self._keep_sizes()
        app, shown = QApplication.instance(), self._sheets.shown
        if isinstance(app, QApplication):
            apply_colours(app, theme)
        dress(self.acts, theme)
        self._build()
        if shown is not None:
            self._sheets.toggle(shown)

    def _restore_size(self) -> None:
        geometry = self._sizes.value("geometry")
        if not (isinstance(geometry, QByteArray) and self.restoreGeometry(geometry)):
            room = self.screen().availableSize()
            self.resize(SIZE.boundedTo(QSize(int(room.width() * MOST_OF_SCREEN), int(room.height() * MOST_OF_SCREEN))))

    def _keep_sizes(self) -> None:
        """Where that cannot be written they are the usual ones the next time."""
        if not home().is_dir():
            return
        self._sizes.setValue("geometry", self.saveGeometry())
        if self._page is not None:
            self._sizes.setValue("splitters", self._page.state)
        self._sizes.sync()


def chosen_theme(choice: str) -> Theme:
    """The theme by its name; that of the system where it has one, else the dark one."""
    if choice == "system":
        light = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light
        return LIGHT if light else DARK
    return LIGHT if choice == "light" else DARK


def _first_focus(panel: QWidget) -> QWidget | None:
    proxy = panel.focusProxy()
    if proxy is not None and proxy.isVisible() and proxy.isEnabled():
        return proxy
    for widget in (panel, *panel.findChildren(QWidget)):
        by_tab = Qt.FocusPolicy.TabFocus.value & widget.focusPolicy().value
        if by_tab and widget.isVisible() and widget.isEnabled():
            return widget
    return None
