"""The list of all jobs: seen in rows, ordered by drag or keys, and every deed on keys and in a menu too."""

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QObject, Qt
from PySide6.QtGui import QAction, QContextMenuEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QMenu

from engine.protocol.job import Done, Drafted, Job, Queued, Running
from studio.models.studio import Studio
from studio.style.icons import icon
from studio.style.tokens import Theme
from studio.views.keyed_rows import Index
from studio.views.queue_delegate import ICONS, QueueDelegate
from studio.views.queue_rows import JobRow, QueueRows
from studio.views.queue_words import Deed, deed_words, deeds_for
from studio.widgets.keys import MOVE, PRESS, REMOVE, keep_keys

_key = Qt.Key


class QueueList(QListView):
    """Rows are drawn, not made: two thousand of them cost what ten do."""

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> None:
        super().__init__()
        self._studio = studio
        self._actions = actions
        self._theme = theme
        self._moving: set[str] = set()
        self._current: str | None = None
        self.rows = QueueRows(studio, self)
        self.rows.rowsAboutToBeRemoved.connect(self._remember)  # before the view forgets them, so before `setModel`
        self.setModel(self.rows)
        self._delegate = QueueDelegate(studio, theme, self)
        self._delegate.pressed.connect(self._on_pressed)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName(self.tr("All jobs"))
        self.setMouseTracking(True)
        self.viewport().installEventFilter(self)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.viewport().setAutoFillBackground(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDropIndicatorShown(True)
        keep_keys(self, *PRESS, *MOVE, *REMOVE)
        self.activated.connect(self._show)
        self.rows.rowsInserted.connect(self._come_back)

    def do(self, deed: Deed, job: Job) -> None:
        """One of the things that a row's buttons, its menu and the keys do."""
        jobs = self._studio.jobs
        match deed:
            case "pause":
                jobs.pause(job.id)
            case "resume":
                jobs.resume(job.id)
            case "stop_early":
                jobs.stop_early(job.id)
            case "cancel":
                jobs.cancel(job.id)
            case "again":
                jobs.again(job.id)
            case "delete":
                jobs.delete(job.id)
            case "library":
                self._actions["library"].trigger()

    def selected_jobs(self) -> list[Job]:
        """Those that keys and the menu mean, in the order of the rows."""
        rows = [self.rows.row(index) for index in sorted(self.selectedIndexes(), key=lambda index: index.row())]
        return [row.job for row in rows if isinstance(row, JobRow)]

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  Qt's name
        jobs = self.selected_jobs()
        alt = event.modifiers() == Qt.KeyboardModifier.AltModifier
        if alt and event.key() in (_key.Key_Up, _key.Key_Down):
            if len(jobs) == 1:
                self.rows.move(jobs[0].id, -1 if event.key() == _key.Key_Up else 1)
        elif event.key() in REMOVE:
            self._each(jobs, ("cancel", "delete"))
        elif event.key() == _key.Key_Space:
            self._each(jobs, ("pause", "resume"))
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802  Qt's name
        jobs = self.selected_jobs()
        if not jobs:
            return
        at = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            at = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).center())
        menu = self.menu_for(jobs)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def menu_for(self, jobs: list[Job]) -> QMenu:
        """Everything that can be done with one job, or with all of these."""
        menu = QMenu(self)
        if len(jobs) == 1 and self._can_show(jobs[0]):
            menu.addAction(icon("play", self._theme), self.tr("Show"), lambda: self._show_job(jobs[0]))
            menu.addSeparator()
        for deed in self._deeds(jobs[0]):
            if not all(deed in self._deeds(job) for job in jobs):
                continue
            text = deed_words(deed, jobs[0])
            menu.addAction(icon(ICONS[deed], self._theme), text, partial(self._each, jobs, (deed,)))
        if len(jobs) == 1 and isinstance(jobs[0].state, Queued):
            menu.addSeparator()
            menu.addAction(self.tr("Earlier (Alt+Up)"), lambda: self.rows.move(jobs[0].id, -1))
            menu.addAction(self.tr("Later (Alt+Down)"), lambda: self.rows.move(jobs[0].id, 1))
        return menu

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  Qt's name
        """Where the mouse is. A `mouseMoveEvent` of ours would hold Python's lock while a row is dragged."""
        if watched is self.viewport():
            if event.type() == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
                self._delegate.point_at(event.position().toPoint())
            elif event.type() == QEvent.Type.Leave:
                self._delegate.point_at(None)
        return super().eventFilter(watched, event)

    def _each(self, jobs: list[Job], deeds: tuple[Deed, ...]) -> None:
        """The first of the deeds that each job can take; the last jobs first, or pausing one would start the next."""
        for job in reversed(jobs):
            for deed in self._deeds(job):
                if deed in deeds:
                    self.do(deed, job)
                    break

    def _deeds(self, job: Job) -> tuple[Deed, ...]:
        return deeds_for(job, self._studio)

    def _on_pressed(self, job_id: str, deed: Deed) -> None:
        job = self._studio.jobs.get(job_id)
        if job is not None and deed in self._deeds(job):
            self.do(deed, job)

    def _can_show(self, job: Job) -> bool:
        film = self._studio.film
        if job.request.project != film.project.id:
            return False
        if isinstance(job.state, Running):
            return True
        takes = (take for shot in film.project.shots for take in shot.takes)
        return isinstance(job.state, Done | Drafted) and any(take.job == job.id for take in takes)

    def _show(self, index: QModelIndex) -> None:
        row = self.rows.row(index)
        if isinstance(row, JobRow):
            self._show_job(row.job)

    def _show_job(self, job: Job) -> None:
        """Its preview, or its take, with its shot."""
        studio, shot_id = self._studio, job.request.shot
        if not self._can_show(job):
            return
        if shot_id is not None and studio.film.project.has_shot(shot_id):
            studio.film.open_shot(shot_id)
        if isinstance(job.state, Running):
            studio.show_job(job.id)
            return
        takes = (take for shot in studio.film.project.shots for take in shot.takes)
        studio.show_take(next(take.id for take in takes if take.job == job.id))

    def _remember(self, _parent: Index, first: int, last: int) -> None:
        row = self.rows.row(self.currentIndex())
        if isinstance(row, JobRow) and first <= self.currentIndex().row() <= last:
            self._current = row.job.id
        gone = self.rows.rows[first : last + 1]
        selected = {job.id for job in self.selected_jobs()}
        self._moving |= {row.job.id for row in gone if isinstance(row, JobRow) and row.job.id in selected}

    def _come_back(self) -> None:
        """A row that moved was taken away and put elsewhere: selection and keys stay on it."""
        flag = QItemSelectionModel.SelectionFlag
        current = self.rows.index_of_job(self._current) if self._current else QModelIndex()
        if current.isValid():
            self._current = None
            self.selectionModel().setCurrentIndex(current, flag.NoUpdate)
        for job_id in list(self._moving):
            index = self.rows.index_of_job(job_id)
            if index.isValid():
                self._moving.discard(job_id)
                self.selectionModel().select(index, flag.Select)
