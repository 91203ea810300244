"""The films that are being made: how far each is, where it goes, and what can be done about it."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from engine.protocol.job import Done, FilmRequest, Job
from studio.models.studio import Studio
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, ICON_PX, Theme
from studio.views.film_words import film_summary
from studio.views.queue_words import part_done, state_words
from studio.widgets.elided_label import ElidedLabel
from studio.widgets.keys import PRESS, keep_keys
from studio.widgets.progress_bar import ProgressBar

SaveAs = Callable[[Job], None]


class FilmJobs(QWidget):
    """A row for each; one that is made and could not be saved offers to save it elsewhere."""

    def __init__(self, studio: Studio, theme: Theme, save_as: SaveAs) -> None:
        super().__init__()
        self._studio = studio
        self._theme = theme
        self._save_as = save_as
        self.rows: dict[str, FilmJob] = {}
        self._listed = QVBoxLayout(self)
        self._listed.setContentsMargins(0, 0, 0, 0)
        self._listed.setSpacing(GRID_PX)
        studio.release.changed.connect(self.refresh)
        studio.jobs.progressed.connect(self._on_progress)
        self.refresh()

    def refresh(self) -> None:
        """Say what is."""
        jobs = {job.id: job for job in self._studio.release.jobs}
        for gone in self.rows.keys() - jobs.keys():
            row = self.rows.pop(gone)
            self._listed.removeWidget(row)
            row.hide()
            row.deleteLater()
        for job in jobs.values():
            if job.id not in self.rows:
                self.rows[job.id] = FilmJob(self._studio, self._theme, job, self._save_as)
                self._listed.addWidget(self.rows[job.id])
                self.rows[job.id].show()
            self.rows[job.id].refresh(job)
        self.setVisible(bool(jobs))

    def _on_progress(self, job_id: str) -> None:
        job = self._studio.jobs.get(job_id)
        if job is not None and job_id in self.rows:
            self.rows[job_id].refresh(job)


class FilmJob(QWidget):
    """One film on its way."""

    def __init__(self, studio: Studio, theme: Theme, job: Job, save_as: SaveAs) -> None:
        super().__init__()
        self._studio = studio
        self._job = job
        self.name = ElidedLabel()
        self.state = QLabel()
        self.state.setProperty("look", "secondary")
        self.state.setWordWrap(True)
        self.state.setTextFormat(Qt.TextFormat.PlainText)
        self.bar = ProgressBar(theme)
        self.cancel = self._button("cancel", self.tr("Cancel"), theme)
        self.cancel.clicked.connect(self._cancel)
        self.save = self._button("save", self.tr("Save it elsewhere…"), theme)
        self.save.clicked.connect(lambda: save_as(self._job))
        head = QHBoxLayout()
        head.setSpacing(GRID_PX // 2)
        head.addWidget(self.name, 1)
        head.addWidget(self.save)
        head.addWidget(self.cancel)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GRID_PX // 2)
        rows.addLayout(head)
        rows.addWidget(self.bar)
        rows.addWidget(self.state)

    def refresh(self, job: Job) -> None:
        """Say how it is."""
        self._job = job
        request = job.request
        if isinstance(request, FilmRequest):
            self.name.setText(Path(request.save_as).name if request.save_as else film_summary(request.film))
            self.name.setToolTip(request.save_as or "")
        is_made = isinstance(job.state, Done)
        self.state.setText(self.tr("Made; it is being saved") if is_made else state_words(job, self._studio))
        self.save.setVisible(is_made)
        self.cancel.setVisible(not is_made)
        running = job.state.kind == "running"
        self.bar.setVisible(running)
        if running:
            self.bar.show_part(part_done(self._studio.jobs.progress(job.id)))

    def _cancel(self) -> None:
        """One that failed cannot be cancelled any more: it is taken off the list."""
        if self._job.is_over and self._job.state.kind != "paused":
            self._studio.jobs.delete(self._job.id)
        else:
            self._studio.jobs.cancel(self._job.id)

    def _button(self, name: str, said: str, theme: Theme) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name, theme, "muted"))
        button.setIconSize(QSize(ICON_PX, ICON_PX))
        button.setAutoRaise(True)
        button.setToolTip(said)
        button.setAccessibleName(said)
        keep_keys(button, *PRESS)
        return button
