"""The interior of the window: header and page, what lies in front of them, and what the actions do."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QFrame, QMainWindow, QMessageBox, QStackedWidget, QVBoxLayout, QWidget

from engine.protocol.job import Job, Running
from studio.models.desk import Desk, Stumble
from studio.models.studio import Studio
from studio.project.errors import DamagedError
from studio.style.sheet import apply_colours, chosen_theme
from studio.style.tokens import LINE_PX, Theme
from studio.views import header, notice
from studio.views.actions import build_actions, dress
from studio.views.closing import ask_before_closing
from studio.views.deeds import Deeds
from studio.views.keys import Keys
from studio.views.notes import Notes
from studio.views.pages import PAGES
from studio.views.project_deeds import ProjectDeeds
from studio.views.project_drops import ProjectDrops
from studio.views.rules import Rules
from studio.views.sheets import NAMES, Sheets
from studio.views.storyboard_deeds import StoryboardDeeds
from studio.views.stumbles import stumble_notice
from studio.views.toasts import Toasts
from studio.views.words import storage_sentence
from studio.widgets.page import Page
from studio.widgets.veil import Veil

if TYPE_CHECKING:
    from studio.views import create_page


class Interior(QObject):
    """Everything in one window on one desk; there may be no project and no engine yet.

    Signals:
        arranged: the user has moved a splitter.
        restyled: the user, or the system, wants another Theme.
    """

    arranged = Signal()
    restyled = Signal(object)

    def __init__(self, window: QMainWindow, desk: Desk, theme: Theme, splitters: QByteArray | None) -> None:
        super().__init__(window)
        self._window = window
        self._desk = desk
        self._theme = theme
        self._splitters = splitters
        self._page: create_page.View | None = None
        self._others: dict[str, Page] = {}
        self._may_close = False
        self.acts = build_actions(window, theme)
        self._rules = Rules(self.acts, self)
        Deeds(self.acts, desk, window, lambda: self._theme)
        ProjectDeeds(self.acts, desk, window)
        StoryboardDeeds(self.acts, desk, window)
        self._drops = ProjectDrops(desk, window)
        self._connect()
        self._build()

    @property
    def page(self) -> create_page.View | None:
        """The panels of the open project."""
        return self._page

    @property
    def shown_page(self) -> Page | None:
        """The page of the open project that is looked at."""
        studio = self._desk.studio
        return self._others.get(studio.page, self._page) if studio is not None else None

    @property
    def sheets(self) -> Sheets:
        """What can be laid in front of the page."""
        return self._sheets

    @property
    def toasts(self) -> Toasts:
        """The notes at the bottom."""
        return self._toasts

    @property
    def splitters(self) -> QByteArray | None:
        """Where the splitters of the page stand, or stood; None when nobody has seen any."""
        return self._page.state if self._page is not None else self._splitters

    def may_close(self) -> bool:
        """Whether the window can go now; while something is being made the user is asked, once."""
        jobs = self._active_jobs()
        if not jobs or self._may_close:
            return True
        running = sum(isinstance(job.state, Running) for job in jobs)
        if not self._window.findChildren(QMessageBox):
            ask_before_closing(self._window, running, len(jobs) - running, self._go, self._pause_and_go)
        return False

    def leave_front(self) -> None:
        """Leave the sheet that lies in front; where there is none, go to the picture."""
        if not self._sheets.leave() and self.shown_page is not None:
            self.shown_page.stage.setFocus()

    def _connect(self) -> None:
        desk, app = self._desk, QApplication.instance()
        desk.opened.connect(self._show_project)
        desk.closing.connect(self._drop_project)
        desk.stumbled.connect(self._show_stumble)
        desk.preferences.changed.connect(self._on_preference)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_scheme)
        for name in NAMES:
            self.acts[name].triggered.connect(partial(self._toggle, name))
        for name in PAGES:
            self.acts[f"page_{name}"].triggered.connect(partial(self._turn_to, name))
        self.acts["next_panel"].triggered.connect(self._next_panel)
        self.acts["quit"].triggered.connect(self._window.close)
        if isinstance(app, QApplication):
            Keys(app, self)

    def _toggle(self, name: str, _checked: bool = False) -> None:
        self._sheets.toggle(name)

    def _build(self) -> None:
        """Everything that is seen, in the theme; again when that is another."""
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
        self._notes = Notes(self._desk, self._toasts, self._window)
        veil = Veil(self._theme, self.tr("Close (Esc)"), root)
        self._sheets = Sheets(veil, self._desk, self.acts, self._theme)
        self._window.setCentralWidget(root)
        self._notes.watch(self._desk.studio)
        if self._desk.studio is not None:
            self._add_page(self._desk.studio)

    def _show_project(self, studio: Studio) -> None:
        self._header.watch(studio)
        self._rules.watch(studio)
        self._notes.watch(studio)
        self._notes.tell_missing(len(studio.film.missing))
        studio.film.changed.connect(self._show_title)
        studio.page_changed.connect(self._show_page)
        self._add_page(studio)
        self._show_title()

    def _add_page(self, studio: Studio) -> None:
        from studio.views import create_page  # the header is painted before all panels are read

        self._page = create_page.View(studio, self.acts, self._theme, self._stack)
        if self._splitters is not None:
            self._page.restore(self._splitters)
        self._drops.stand_before(self._page)
        self._page.arranged.connect(self.arranged)
        self._page.foot_changed.connect(self._toasts.stand_above)
        self._toasts.stand_above(self._page.foot_px)
        self._stack.addWidget(self._page)
        self._others.clear()
        self._show_page()
        if studio.page == "create":
            self._page.prompt.focus_prompt()

    def _turn_to(self, name: str, _checked: bool = False) -> None:
        if self._desk.studio is not None:
            self._desk.studio.turn_to(name)

    def _show_page(self) -> None:
        """The one that is wanted; it is built now if nobody has looked at it before."""
        studio = self._desk.studio
        if studio is None or self._page is None:
            return
        if studio.page != "create" and studio.page not in self._others:
            made = PAGES[studio.page](studio, self.acts, self._theme)
            made.foot_changed.connect(self._toasts.stand_above)
            self._stack.addWidget(made)
            self._others[studio.page] = made
        page = self._others.get(studio.page, self._page)
        self._show_only(page)
        self._toasts.stand_above(page.foot_px)
        if page is not self._page:
            page.stage.setFocus()

    def _drop_project(self) -> None:
        """Views go before what they show."""
        self._splitters = self.splitters
        page, self._page = self._page, None
        self._sheets.leave()
        for each in (self._header, self._rules, self._notes):
            each.watch(None)
        for each in (page, *self._others.values()):
            if each is not None:
                self._stack.removeWidget(each)
                each.deleteLater()
        self._others.clear()

    def _show_only(self, widget: QWidget) -> None:
        """Notices that were in its place go."""
        self._stack.setCurrentWidget(widget)
        for index in reversed(range(self._stack.count())):
            other = self._stack.widget(index)
            if other is not None and other not in (widget, self._page, *self._others.values()):
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
            ways.append(notice.Way(self.tr("Back"), self._show_page))
        return ways

    def _show_title(self) -> None:
        studio = self._desk.studio
        if studio is not None:
            self._window.setWindowTitle(self.tr("{project} — Reelwright").format(project=studio.film.project.name))

    def _next_panel(self) -> None:
        """Where the keyboard is leads to the panel behind it; empty ones are passed over."""
        if self.shown_page is None:
            return
        panels, now = self.shown_page.panels, self._window.focusWidget()
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
        QTimer.singleShot(0, self._window, self._window.close)

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
        self._splitters = self.splitters
        app, shown = QApplication.instance(), self._sheets.shown
        if isinstance(app, QApplication):
            apply_colours(app, theme)
        dress(self.acts, theme)
        self.restyled.emit(theme)
        self._build()
        if shown is not None:
            self._sheets.toggle(shown)


def _first_focus(panel: QWidget) -> QWidget | None:
    proxy = panel.focusProxy()
    if proxy is not None and proxy.isVisible() and proxy.isEnabled():
        return proxy
    for widget in (panel, *panel.findChildren(QWidget)):
        by_tab = Qt.FocusPolicy.TabFocus.value & widget.focusPolicy().value
        if by_tab and widget.isVisible() and widget.isEnabled():
            return widget
    return None
