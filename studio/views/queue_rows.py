"""The rows of the queue: headings and jobs, kept by what has changed; waiting jobs can be put elsewhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from PySide6.QtCore import QByteArray, QMimeData, QModelIndex, QObject, Qt, QTimer

from engine.protocol.job import Cancelled, Done, Drafted, Job, Queued, Running
from studio.models.studio import Studio
from studio.views.keyed_rows import Index, KeyedRows
from studio.views.queue_words import place_words, section_words, state_words, what_words

Section = Literal["running", "waiting", "stopped", "over"]
ORDER: tuple[Section, ...] = ("running", "waiting", "stopped", "over")
TIMED: tuple[Section, ...] = ("running", "waiting")
JOB_MIME = "application/x-reelwright-job"
_flag = Qt.ItemFlag


@dataclass(frozen=True)
class Heading:
    """Above the jobs of a section."""

    section: Section
    count: int

    @property
    def key(self) -> str:
        """The same row as long as this is the same."""
        return f"heading {self.section}"


@dataclass(frozen=True)
class JobRow:
    """A job; `number` is its place among those that wait, from 1."""

    job: Job
    section: Section
    number: int = 0

    @property
    def key(self) -> str:
        """The same row as long as this is the same; another section is another row."""
        return f"{self.section} {self.job.id}"


Row: TypeAlias = Heading | JobRow


class QueueRows(KeyedRows[Row]):
    """Follows the job list of a studio; changes that come in a burst are taken in together."""

    def __init__(self, studio: Studio, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self.refresh)
        studio.jobs.changed.connect(self._later.start)
        studio.film.changed.connect(self._later.start)
        studio.jobs.progressed.connect(self._on_progress)
        studio.workers.changed.connect(self.touch_times)
        self.refresh()

    def flags(self, index: Index) -> Qt.ItemFlag:
        row = self.row(index)
        if row is None:
            return _flag.ItemIsDropEnabled
        if isinstance(row, Heading):
            return _flag.ItemIsEnabled
        movable = _flag.ItemIsDragEnabled if row.section == "waiting" else _flag.NoItemFlags
        return _flag.ItemIsEnabled | _flag.ItemIsSelectable | movable

    def index_of_job(self, job_id: str) -> QModelIndex:
        """Where the job stands; an invalid index when it does not."""
        for number, row in enumerate(self.rows):
            if isinstance(row, JobRow) and row.job.id == job_id:
                return self.index(number)
        return QModelIndex()

    def spoken(self, row: Row) -> str:
        if isinstance(row, Heading):
            return f"{section_words()[row.section]} {row.count}"
        said = (place_words(row.job, self._studio), what_words(row.job), state_words(row.job, self._studio))
        return ", ".join(said)

    def mimeTypes(self) -> list[str]:  # noqa: N802  Qt's name
        return [JOB_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:  # noqa: N802  Qt's name
        carried = QMimeData()
        rows = [self.row(index) for index in indexes]
        ids = [row.job.id for row in rows if isinstance(row, JobRow)]
        carried.setData(JOB_MIME, QByteArray("\n".join(ids).encode()))
        return carried

    def supportedDropActions(self) -> Qt.DropAction:  # noqa: N802  Qt's name
        return Qt.DropAction.MoveAction

    def canDropMimeData(  # noqa: N802  Qt's name
        self,
        data: QMimeData,
        action: Qt.DropAction,  # noqa: ARG002  as Qt calls it
        row: int,
        column: int,  # noqa: ARG002  as Qt calls it
        parent: Index,
    ) -> bool:
        """Between waiting jobs, and behind the last of them."""
        return data.hasFormat(JOB_MIME) and not parent.isValid() and self._is_place(row)

    def dropMimeData(  # noqa: N802  Qt's name
        self,
        data: QMimeData,
        action: Qt.DropAction,
        row: int,
        column: int,
        parent: Index,
    ) -> bool:
        """Ask for the new order; the rows move when the engine says so."""
        if self.canDropMimeData(data, action, row, column, parent):
            carried = bytes(data.data(JOB_MIME).data()).decode().split("\n")
            before = next((each.job.id for each in self._waiting(row) if each.job.id not in carried), None)
            for job_id in carried:
                self._studio.jobs.move(job_id, before)
        return False

    def move(self, job_id: str, by: int) -> None:
        """Put a waiting job one place nearer to the front (-1) or to the end (1)."""
        waiting = [row.job.id for row in self._waiting(0)]
        if job_id not in waiting:
            return
        to = waiting.index(job_id) + by
        if 0 <= to < len(waiting):
            behind = to if by < 0 else to + 1
            self._studio.jobs.move(job_id, waiting[behind] if behind < len(waiting) else None)

    def refresh(self) -> None:
        """Become what the job list is."""
        self.become(list(_rows(self._studio.jobs.all())))

    def touch_times(self) -> None:
        """The times of those that run and wait have gone on."""
        timed = [at for at, row in enumerate(self.rows) if isinstance(row, JobRow) and row.section in TIMED]
        if timed:
            self.dataChanged.emit(self.index(timed[0]), self.index(timed[-1]))

    def _on_progress(self, job_id: str) -> None:
        index = self.index_of_job(job_id)
        if index.isValid():
            self.dataChanged.emit(index, index)

    def _waiting(self, behind: int) -> list[JobRow]:
        """The waiting jobs at and behind a row."""
        rows = self.rows[behind:]
        return [row for row in rows if isinstance(row, JobRow) and row.section == "waiting"]

    def _is_place(self, row: int) -> bool:
        around = self.rows[max(0, row - 1) : row + 1]
        return row >= 0 and any(isinstance(each, JobRow) and each.section == "waiting" for each in around)


def _rows(jobs: Iterable[Job]) -> Iterable[Row]:
    """Running ones, waiting ones in their order, what stopped and needs somebody, then the ended ones, newest first."""
    found: dict[Section, list[Job]] = {section: [] for section in ORDER}
    for job in jobs:
        found[_section(job)].append(job)
    found["over"].sort(key=lambda job: -getattr(job.state, "finished_at", 0.0))
    for section in ORDER:
        if found[section]:
            yield Heading(section, len(found[section]))
        for number, job in enumerate(found[section], 1):
            yield JobRow(job, section, number if section == "waiting" else 0)


def _section(job: Job) -> Section:
    match job.state:
        case Running():
            return "running"
        case Queued():
            return "waiting"
        case Done() | Cancelled() | Drafted():
            return "over"
        case _:
            return "stopped"
