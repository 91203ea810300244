"""The line at the window's bottom: what renders now, how far it is, what comes next, and how the engine is."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from engine.protocol.job import Job, Paused, Queued, Running
from studio.link.state import Connected, Failed, Lost, Stopped
from studio.models.studio import Studio
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, ICON_PX, LINE_PX, Theme
from studio.views.queue_delegate import ICONS
from studio.views.queue_words import (
    Deed,
    deed_words,
    deeds_for,
    part_done,
    place_words,
    running_words,
    what_words,
)
from studio.views.words import number
from studio.widgets.elided_label import ElidedLabel
from studio.widgets.progress_bar import ProgressBar

BAR_PX = 5 * GRID_PX
PLACE_PX = 24 * GRID_PX
WHAT_PX = 56 * GRID_PX
NEXT_PX = 40 * GRID_PX
OFFERED: tuple[Deed, ...] = ("pause", "resume", "stop_early", "cancel")


class QueueBar(QWidget):
    """Signals: `asked`: somebody wants a deed done to a job (id). `opened`: the list is to be seen, or not."""

    asked = Signal(str, str)
    opened = Signal(bool)

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__()
        self._studio = studio
        self._theme = theme
        self._job: Job | None = None
        self.setFixedHeight(BAR_PX)
        self._place = ElidedLabel(look="heading", least_px=PLACE_PX // 2)
        self._what = ElidedLabel()
        self._progress = ProgressBar(theme)
        self._progress.setFixedWidth(18 * GRID_PX)
        self._steps = _tabular(QLabel())
        self._next = ElidedLabel(look="secondary", least_px=NEXT_PX // 2)
        self._waiting = _tabular(QLabel())
        self._waiting.setProperty("look", "secondary")
        self._note = ElidedLabel(look="secondary")
        self._again = QPushButton()
        self._again.clicked.connect(studio.link.retry)
        self._deeds = {deed: self._deed_button(deed) for deed in OFFERED}
        self._all = self._all_button()
        self._line = QFrame()
        self._line.setProperty("look", "line")
        self._line.setFixedSize(LINE_PX, 2 * GRID_PX)
        self._lay_out()
        self.refresh()

    def refresh(self) -> None:
        """Say what is."""
        state = self._studio.link.state
        active = self._studio.jobs.active if isinstance(state, Connected) else []
        running = [job for job in active if isinstance(job.state, Running)]
        self._job = self._foremost(running)
        self._show_job(self._job)
        self._show_next([job for job in active if isinstance(job.state, Queued)], len(running))
        self._show_note(len(running))

    def set_open(self, is_open: bool) -> None:
        """The list is seen, or not."""
        self._all.setChecked(is_open)
        self._all.setIcon(icon("chevron_down" if is_open else "history", self._theme, "muted"))

    def _foremost(self, running: list[Job]) -> Job | None:
        """Of several, the one that is being watched, else the first."""
        watched = self._studio.playback.job_id
        return next((job for job in running if job.id == watched), running[0] if running else None)

    def _show_job(self, job: Job | None) -> None:
        for widget in (self._place, self._what, self._progress, self._steps):
            widget.setVisible(job is not None)
        deeds = deeds_for(job, self._studio) if job else ()
        for deed, button in self._deeds.items():
            button.setVisible(deed in deeds)
        if job is None:
            return
        progress = self._studio.jobs.progress(job.id)
        self._place.setText(place_words(job, self._studio))
        self._what.setText(what_words(job))
        said = running_words(job, self._studio)
        self._steps.setText(said)
        self._progress.show_part(part_done(progress) if job.wish is None else None)
        self._progress.setAccessibleName(self.tr("Progress: {state}").format(state=said))
        for deed in deeds:
            if deed in self._deeds:
                self._explain(self._deeds[deed], deed_words(deed, job), place_words(job, self._studio))

    def _show_next(self, waiting: list[Job], running: int) -> None:
        more = [self.tr("%n more rendering", "", running - 1)] if running > 1 else []
        if waiting:
            first = waiting[0]
            words = f"{place_words(first, self._studio)} · {what_words(first)}"
            more.append(self.tr("next: {job}").format(job=words))
            self._waiting.setText(self.tr("+{count}").format(count=number(len(waiting) - 1)))
        self._waiting.setVisible(len(waiting) > 1)
        self._next.setText("   ".join(more))
        self._next.setVisible(bool(more))
        self._line.setVisible(bool(more) and self._job is not None)

    def _show_note(self, running: int) -> None:
        words, button = self._engine_words()
        if not words and not running:
            words = self._idle_words()
        self._note.setText(words)
        self._note.setVisible(bool(words))
        self._again.setText(button)
        self._again.setVisible(bool(button))

    def _engine_words(self) -> tuple[str, str]:
        """What is to be known about the engine, and what a button about it says."""
        match self._studio.link.state:
            case Connected():
                return "", ""
            case Lost(_, attempt) if attempt > 1:
                said = self.tr("The engine went away and is coming back, attempt {number}. The queue is kept.")
                return said.format(number=number(attempt)), ""
            case Lost():
                return self.tr("The engine went away and is coming back. The queue is kept."), ""
            case Failed(reason):
                said = self.tr("The engine cannot be started: {reason}").format(reason=reason)
                return said, self.tr("Try again")
            case Stopped():
                return self.tr("The engine is stopped. The queue is kept."), self.tr("Start it")
            case _:
                return self.tr("The engine is starting…"), ""

    def _idle_words(self) -> str:
        jobs = self._studio.jobs.all()
        paused = sum(isinstance(job.state, Paused) for job in jobs)
        if any(isinstance(job.state, Queued) for job in jobs):
            starting = any(worker.state == "starting" for worker in self._studio.workers.all())
            return self.tr("The renderer is starting…") if starting else self.tr("About to begin…")
        if paused:
            return self.tr("%n paused", "", paused)
        return self.tr("Nothing is rendering")

    def _deed_button(self, deed: Deed) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(ICONS[deed], self._theme))
        button.setIconSize(QSize(ICON_PX, ICON_PX))
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        ask: Callable[[], None] = lambda: self._ask(deed)  # noqa: E731  bound to this deed
        button.clicked.connect(ask)
        return button

    def _ask(self, deed: Deed) -> None:
        if self._job is not None:
            self.asked.emit(self._job.id, deed)

    def _explain(self, button: QToolButton, text: str, place: str) -> None:
        button.setToolTip(text)
        button.setAccessibleName(f"{text}: {place}")

    def _all_button(self) -> QToolButton:
        button = QToolButton()
        button.setText(f" {self.tr('All jobs')}")
        button.setCheckable(True)
        button.setAutoRaise(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setIcon(icon("history", self._theme, "muted"))
        button.setToolTip(self.tr("Every job: waiting, stopped and finished"))
        button.toggled.connect(self.opened)
        return button

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * GRID_PX, 0, GRID_PX, 0)
        row.setSpacing(GRID_PX + GRID_PX // 2)
        heading = QLabel(self.tr("QUEUE"))
        heading.setProperty("look", "section")
        row.addWidget(heading)
        self._place.setMaximumWidth(PLACE_PX)
        self._what.setMaximumWidth(WHAT_PX)
        self._next.setMaximumWidth(NEXT_PX)
        row.addWidget(self._place)
        row.addWidget(self._what)
        row.addWidget(self._progress)
        row.addWidget(self._steps)
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        for button in self._deeds.values():
            buttons.addWidget(button)
        row.addLayout(buttons)
        row.addWidget(self._note)
        row.addWidget(self._again)
        row.addWidget(self._line)
        row.addWidget(self._next)
        row.addWidget(self._waiting)
        row.addStretch(1)
        row.addWidget(self._all)


def _tabular(label: QLabel) -> QLabel:
    """With figures that do not jump."""
    font = QFont(label.font())
    font.setFeature(QFont.Tag("tnum"), 1)
    label.setFont(font)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
