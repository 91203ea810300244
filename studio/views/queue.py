"""The queue panel: a bar at the window's bottom, and the list of all jobs that unfolds above it."""

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from engine.protocol.job import Cancelled, Done, Failed, Job, Paused, Queued, Running, SetAside
from studio.models.studio import Studio
from studio.style.tokens import GRID_PX, LINE_PX, Theme
from studio.views.queue_bar import BAR_PX, QueueBar
from studio.views.queue_list import QueueList
from studio.views.queue_words import Deed

LIST_PX = 33 * GRID_PX
LEAST_LIST_PX = 14 * GRID_PX
TICK_MS = 1000


class View(QWidget):
    """Signals: `unfolded`: the list is seen now, or not any more."""

    unfolded = Signal(bool)

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> None:
        super().__init__()
        self._studio = studio
        self.setAccessibleName(self.tr("Queue"))
        self.bar = QueueBar(studio, theme)
        self.list = QueueList(studio, actions, theme)
        self._counts = QLabel()
        self._empty = QLabel(self.tr("What you generate waits, renders and ends here."))
        self._pause_all = QPushButton(self.tr("Pause all"))
        self._resume_all = QPushButton(self.tr("Go on with all"))
        self._clear = QPushButton(self.tr("Clear finished"))
        self._panel = QWidget()
        self._later = QTimer(self, singleShot=True, interval=0)
        self._tick = QTimer(self, interval=TICK_MS)
        self._lay_out()
        self._connect()
        self.unfold(False)
        self.refresh()

    def unfold(self, is_open: bool) -> None:
        """Show the list, or only the bar."""
        self._panel.setVisible(is_open)
        self.bar.set_open(is_open)
        vertical = QSizePolicy.Policy.Preferred if is_open else QSizePolicy.Policy.Fixed
        self.setSizePolicy(QSizePolicy.Policy.Preferred, vertical)
        self.setMaximumHeight(16777215 if is_open else BAR_PX + LINE_PX)
        self.updateGeometry()
        if is_open:
            self.list.setFocus()
        self.unfolded.emit(is_open)

    @property
    def is_unfolded(self) -> bool:
        """Whether the list is to be seen."""
        return not self._panel.isHidden()

    def sizeHint(self) -> QSize:  # noqa: N802  Qt's name
        return QSize(80 * GRID_PX, BAR_PX + LINE_PX + (LIST_PX if self.is_unfolded else 0))

    def refresh(self) -> None:
        """Say what is."""
        jobs = self._studio.jobs.all()
        self.bar.refresh()
        self._counts.setText(self._count_words(jobs))
        self._empty.setVisible(not jobs)
        self.list.setVisible(bool(jobs))
        self._pause_all.setEnabled(any(isinstance(job.state, Queued | Running) and job.wish is None for job in jobs))
        self._resume_all.setVisible(any(isinstance(job.state, Paused) for job in jobs))
        self._clear.setEnabled(any(isinstance(job.state, Done | Cancelled) for job in jobs))
        if any(isinstance(job.state, Running) for job in jobs):
            if not self._tick.isActive():
                self._tick.start()
        else:
            self._tick.stop()

    def _connect(self) -> None:
        studio = self._studio
        self._later.timeout.connect(self.refresh)
        self._tick.timeout.connect(self._on_tick)
        for changed in (studio.jobs.changed, studio.film.changed, studio.workers.changed, studio.link.state_changed):
            changed.connect(self._later.start)
        studio.jobs.progressed.connect(self._later.start)
        studio.playback.shown_changed.connect(self._later.start)
        self.bar.asked.connect(self._do)
        self.bar.opened.connect(self.unfold)
        self._pause_all.clicked.connect(studio.jobs.pause_all)
        self._resume_all.clicked.connect(studio.jobs.resume_all)
        self._clear.clicked.connect(studio.clear_finished)
        fold = QShortcut(QKeySequence(Qt.Key.Key_Escape), self._panel)
        fold.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        fold.activated.connect(lambda: self.unfold(False))

    def _on_tick(self) -> None:
        """Seconds go by, whether the engine says something or not."""
        self.bar.refresh()
        self.list.rows.touch_times()

    def _do(self, job_id: str, deed: Deed) -> None:
        job = self._studio.jobs.get(job_id)
        if job is not None:
            self.list.do(deed, job)

    def _count_words(self, jobs: list[Job]) -> str:
        running = sum(isinstance(job.state, Running) for job in jobs)
        waiting = sum(isinstance(job.state, Queued) for job in jobs)
        paused = sum(isinstance(job.state, Paused) for job in jobs)
        failed = sum(isinstance(job.state, Failed | SetAside) for job in jobs)
        said = [
            self.tr("%n rendering", "", running) if running else "",
            self.tr("%n waiting", "", waiting) if waiting else "",
            self.tr("%n paused", "", paused) if paused else "",
            self.tr("%n failed", "", failed) if failed else "",
        ]
        return " · ".join(words for words in said if words)

    def _lay_out(self) -> None:
        line = QFrame()
        line.setProperty("look", "line")
        line.setFixedHeight(LINE_PX)
        self._counts.setProperty("look", "secondary")
        self._empty.setProperty("look", "secondary")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        head = QHBoxLayout()
        head.setContentsMargins(2 * GRID_PX, GRID_PX, GRID_PX, 0)
        head.setSpacing(GRID_PX)
        head.addWidget(self._counts, 1)
        for button in (self._resume_all, self._pause_all, self._clear):
            head.addWidget(button)
        inside = QVBoxLayout(self._panel)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addLayout(head)
        inside.addWidget(self._empty, 1)
        inside.addWidget(self.list, 1)
        self._panel.setMinimumHeight(LEAST_LIST_PX)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(line)
        rows.addWidget(self._panel, 1)
        rows.addWidget(self.bar)
