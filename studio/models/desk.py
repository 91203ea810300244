"""Desk: which project lies open, and how others are opened, made, packed and unpacked."""

import functools
import logging
import platform
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from studio.link.link import Link
from studio.models.jobs import JobList
from studio.models.library import Library
from studio.models.preferences import Preferences
from studio.models.studio import Studio
from studio.project.archive import export_zip, import_zip
from studio.project.errors import Backup, StorageError, read_error
from studio.project.files import replacing
from studio.project.project import Project
from studio.project.recent import forget_project, new_folder, recent_projects, remember_project
from studio.project.sample import sample_project
from studio.project.settings import Settings
from studio.project.shot import Shot
from studio.project.storage import PROJECT_FILE, Opened, create_project, open_project, restore
from studio.project.value import new_id

ZIP = ".zip"
log = logging.getLogger(__name__)
_T = TypeVar("_T")


@dataclass(frozen=True)
class Stumble:
    """What could not be done with a project, and which one it was about."""

    path: Path
    error: StorageError


class _StoppedError(Exception):
    """The desk was closed while something was copied."""


class Desk(QObject):
    """Opens one project at a time; files are read and written on a thread of its own. The link outlives it.

    Signals:
        opened: another project is open (Studio); the one before is closed already.
        closing: this one (Studio) is about to go.
        stumbled: a Stumble; what was open still is.
        exported: a zip file (Path) is whole, and lacks so many media files (int).
        busy_changed: `is_busy` is another.
    """

    opened = Signal(object)
    closing = Signal(object)
    stumbled = Signal(object)
    exported = Signal(object, int)
    busy_changed = Signal()
    _finished = Signal(object, object, object, object)

    def __init__(self, link: Link, preferences: Preferences, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.link = link
        self.preferences = preferences
        self._jobs = JobList(link, self)
        self._library = Library(link, self)
        self._studio: Studio | None = None
        self._opened: Opened | None = None
        self._worker = ThreadPoolExecutor(1, "desk")
        self._stop = Event()
        self._under_way = 0
        self._finished.connect(self._on_finished)
        preferences.changed.connect(self._apply_preferences)

    @property
    def studio(self) -> Studio | None:
        """The open project; None before the first one is."""
        return self._studio

    @property
    def is_busy(self) -> bool:
        """Something is being opened, packed or unpacked."""
        return self._under_way > 0

    @property
    def can_take_over(self) -> bool:
        """The open project is held by another machine, which may have gone long ago; only the user can know."""
        held = self._opened
        return held is not None and held.holder is not None and held.holder.host != platform.node()

    @property
    def holder(self) -> str | None:
        """Name of the machine that holds the open project, where it can be written by nobody else."""
        held = self._opened
        return held.holder.host if held is not None and held.holder is not None else None

    def open(self, path: Path, *, take_over: bool = False) -> None:
        """Open a project's folder, its project file, or a zip of it, which is unpacked into the projects folder."""
        if path.suffix.lower() == ZIP and path.is_file():
            self.import_zip(path)
            return
        path = path.parent if path.name == PROJECT_FILE else path
        if not take_over and self._is_open(path):
            return
        self._do(path, lambda: open_project(path, take_over=take_over), self._show)

    def take_over(self) -> None:
        """Open the project to write, although another machine says that it holds it."""
        if self._studio is not None:
            self.open(self._studio.film.folder.path, take_over=True)

    def open_last(self, sample_name: str) -> None:
        """Open what was open last; on a first run, or when all of that is gone, a sample project."""
        last = next((recent for recent in recent_projects() if recent.is_there), None)
        if last is not None:
            self.open(Path(last.path))
        else:
            self._create(sample_project(sample_name))

    def create(self, name: str, shot_name: str) -> None:
        """Make a project with one empty shot in the projects folder, and open it."""
        shot, settings = Shot(id=new_id(), name=shot_name), Settings()
        if self._studio is not None:
            settings = self._studio.film.project.settings
        self._create(sample_project(name).changed(settings=settings, shots=(shot,), last_open_shot=shot.id))

    def restore(self, path: Path, backup: Backup) -> None:
        """Put a backup in the place of a damaged project file, and open it."""

        def mend() -> Opened:
            restore(path, backup)
            return open_project(path)

        self._do(path, mend, self._show)

    def import_zip(self, archive: Path) -> None:
        """Unpack a project into the projects folder, and open it."""
        target = new_folder(self.preferences.projects_folder, archive.stem)
        self._do(archive, lambda: _opened_copy(import_zip(archive, target, self._check)), self._show)

    def export_zip(self, target: Path) -> None:
        """Pack the open project as it is now."""
        if self._studio is not None:
            film = self._studio.film
            folder, project = film.folder, film.project
            pack = functools.partial(export_zip, folder, project, target, self._check)

            def tell(missing: tuple[str, ...]) -> None:
                self.exported.emit(target, len(missing))

            self._do(target, pack, tell)

    def copy(self, source: Path, target: Path) -> None:
        """Copy a file of the project to a place of the user's."""

        def tell(_: object) -> None:
            self.exported.emit(target, 0)

        self._do(target, functools.partial(_copy, source, target), tell)

    def forget(self, path: Path) -> None:
        """Take a project off the list of recent ones."""
        forget_project(path)

    def close(self) -> None:
        """Save the open project and let go of it."""
        self._stop.set()
        self._worker.shutdown(cancel_futures=True)
        self._leave()

    def _create(self, project: Project) -> None:
        folder = new_folder(self.preferences.projects_folder, project.name)
        self._do(folder, lambda: create_project(folder, project), self._show)

    def _is_open(self, path: Path) -> bool:
        return self._studio is not None and self._studio.film.folder.path.resolve() == path.resolve()

    def _do(self, path: Path, call: Callable[[], _T], done: Callable[[_T], None]) -> None:
        """Call on the thread, then `done` with the result on this one; errors of the disk become a Stumble."""
        if self._stop.is_set():
            return

        def run() -> None:
            result, error = None, None
            try:
                result = call()
            except StorageError as failed:
                error = failed
            except _StoppedError:
                return
            except Exception as bug:
                log.exception("a project could not be handled")
                error = StorageError("unreadable", f"{path}: {type(bug).__name__}: {bug}")
            if isinstance(result, Opened) and self._stop.is_set():
                result.folder.close()
                return
            self._finished.emit(path, done, result, error)

        self._under_way += 1
        self._worker.submit(run)
        self.busy_changed.emit()

    def _on_finished(
        self, path: Path, done: Callable[[object], None], result: object, error: StorageError | None
    ) -> None:
        self._under_way -= 1
        if self._stop.is_set():
            if isinstance(result, Opened):
                result.folder.close()
            return
        if error is not None:
            self.stumbled.emit(Stumble(path, error))
        else:
            done(result)
        self.busy_changed.emit()

    def _show(self, opened: Opened) -> None:
        self._leave()
        self._opened, self._studio = opened, Studio(self.link, opened, self)
        self._studio.catch_up(self._jobs, self._library)
        self._apply_preferences()
        self._studio.composer.advanced_changed.connect(self._on_advanced)
        remember_project(opened.folder.path, opened.project.name)
        self.opened.emit(self._studio)

    def _apply_preferences(self) -> None:
        if self._studio is not None:
            self._studio.composer.device = self.preferences.device
            self._studio.composer.habits = self.preferences.habits
            self._studio.adviser.ask_at(self.preferences.language_model)
            self._studio.composer.show_advanced(bool(self.preferences.value("shows_advanced")))

    def _on_advanced(self, is_shown: bool) -> None:
        self.preferences.choose("shows_advanced", is_shown)

    def _leave(self) -> None:
        studio, self._studio = self._studio, None
        if studio is not None:
            self.closing.emit(studio)
            remember_project(studio.film.folder.path, studio.film.project.name)
            studio.close()
            studio.deleteLater()

    def _check(self, _: int) -> None:
        if self._stop.is_set():
            raise _StoppedError


def _copy(source: Path, target: Path) -> None:
    try:
        with source.open("rb") as content, replacing(target) as file:
            shutil.copyfileobj(content, file)
    except OSError as error:
        raise read_error(error, source) from error


def _opened_copy(path: Path) -> Opened:
    """A copy is a project of its own: jobs of the one it was packed from are not its jobs."""
    opened = open_project(path)
    if opened.read_only:
        return opened
    copy = opened.project.changed(id=new_id())
    opened.folder.save(copy)
    return replace(opened, project=copy)
