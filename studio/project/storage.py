"""Storage: a project is a folder that can be moved: project.json, its media and its backups."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from studio.project.backups import Backups
from studio.project.errors import Backup, DamagedError, StorageError, read_error, write_error
from studio.project.files import clear_parts, replacing
from studio.project.lock import HeldError, Holder, Lock
from studio.project.media import MediaFolder
from studio.project.migrations import TooNewError, parsed, stored
from studio.project.project import VERSION, Project

PROJECT_FILE = "project.json"
MEDIA_FOLDER = "media"
BACKUPS_FOLDER = "backups"
LOCK_FILE = ".lock"
ReadOnlyReason = Literal["newer_version", "locked", "not_writable"]
Clock = Callable[[], float]


class ProjectFolder:
    """An open project's folder, held by a lock until it is closed when it may be written.

    For one thread at a time, but for `media`, which any thread may use.
    """

    def __init__(self, path: Path, lock: Lock | None, clock: Clock) -> None:
        self.path = path
        self.media = MediaFolder(path / MEDIA_FOLDER)
        self.backups = Backups(path / BACKUPS_FOLDER)
        self._lock = lock
        self._clock = clock
        self._known: tuple[int, int, int] | None = None
        self._saved: Project | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def file(self) -> Path:
        """The project file."""
        return self.path / PROJECT_FILE

    def save(self, project: Project) -> None:
        """Write the project: whole and on the disk, or as it was.

        What was there before becomes a backup when one is due, and always when somebody else has written it.

        Raises:
            StorageError: "read_only", "disk_full" or "not_writable"; the file is as it was, saving again may work.
        """
        if self._lock is None:
            raise StorageError("read_only", str(self.path))
        if project is self._saved:
            return
        content = stored(project)
        now, on_disk = self._clock(), _stamp(self.file)
        if on_disk is not None and (on_disk != self._known or self.backups.is_due(now)):
            self.backups.add(self.file, now)
        with replacing(self.file) as file:
            file.write(content)
        self._known, self._saved = _stamp(self.file), project

    def close(self) -> None:
        """Let others write it."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def read(self) -> tuple[Project, int]:
        """The project on the disk and its version; `open_project` is the way in.

        Raises:
            StorageError: "not_a_project", "unreadable", "too_new"; DamagedError.
        """
        try:
            known, content = _stamp(self.file), self.file.read_bytes()
            project, version = parsed(content)
        except FileNotFoundError:
            good = self.backups.good()
            if good:
                raise DamagedError(f"{self.file} is gone", good) from None
            raise StorageError("not_a_project", str(self.path)) from None
        except NotADirectoryError:
            raise StorageError("not_a_project", str(self.path)) from None
        except OSError as error:
            raise read_error(error, self.file) from error
        except TooNewError as error:
            raise StorageError("too_new", f"{self.file}: {error}") from error
        except ValueError as error:
            raise DamagedError(f"{self.file}: {_first_line(error)}", self.backups.good()) from error
        self._known, self._saved = known, project if version == VERSION else None
        if version < VERSION and self._lock is not None:
            self.backups.keep_version(self.file, version)
        return project, version

    def clear_parts(self) -> None:
        """Delete what a process that died has left behind."""
        clear_parts(self.path)
        self.media.clear_parts()
        self.backups.clear_parts()


@dataclass(frozen=True)
class Opened:
    """A project and its folder, which the caller closes.

    Attributes:
        reason: why it cannot be saved; None when it can.
        holder: who else has it open, when that is the reason and they said so.
        missing: sha256 of files that should be seen somewhere and are not there.
    """

    project: Project
    folder: ProjectFolder
    reason: ReadOnlyReason | None = None
    holder: Holder | None = None
    missing: tuple[str, ...] = ()

    @property
    def read_only(self) -> bool:
        """True when it can be looked at, and not saved."""
        return self.reason is not None


def create_project(path: Path, project: Project, clock: Clock = time.time) -> Opened:
    """Make a new folder (or use an empty one) and save the project in it.

    Raises:
        StorageError: "exists" when there is something; "disk_full"; "not_writable".
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise StorageError("exists", str(path))
        lock = Lock(path / LOCK_FILE)
    except (FileExistsError, HeldError) as error:
        raise StorageError("exists", str(path)) from error
    except (OSError, ValueError) as error:
        raise write_error(error, path) from error
    folder = ProjectFolder(path, lock, clock)
    try:
        folder.save(project)
    except StorageError:
        folder.close()
        raise
    return Opened(project, folder)


def open_project(path: Path, *, take_over: bool = False, clock: Clock = time.time) -> Opened:
    """Open a project's folder, to write where that is possible and else to look at.

    Args:
        take_over: the user says that the other machine that holds it does not.

    Raises:
        DamagedError: with the backups that are good; `restore` puts one in the project file's place.
        StorageError: "not_a_project", "unreadable", or "too_new" when not even looking is possible.
    """
    path = path.parent if path.name == PROJECT_FILE else path
    if not any(os.path.lexists(path / name) for name in (PROJECT_FILE, BACKUPS_FOLDER)):
        raise StorageError("not_a_project", str(path))  # before a lock is left in it
    lock, reason, holder = _locked(path, take_over)
    folder = ProjectFolder(path, lock, clock)
    try:
        project, version = folder.read()
    except BaseException:
        folder.close()
        raise
    if version > VERSION:
        folder.close()
        reason, holder = "newer_version", None
    elif lock is not None:
        folder.clear_parts()
    return Opened(project, folder, reason, holder, folder.media.missing(project.shown_media))


def restore(path: Path, backup: Backup, clock: Clock = time.time) -> None:
    """Put a backup in the project file's place; the damaged file stays beside it under a name of its own.

    Raises:
        StorageError: "unreadable" for the backup; "read_only" when somebody has the project; "disk_full";
            "not_writable".
    """
    lock, reason, _ = _locked(path, take_over=False)
    if lock is None:
        raise StorageError("read_only" if reason == "locked" else "not_writable", str(path))
    try:
        content = _content(backup.path)
        if (path / PROJECT_FILE).exists():
            with replacing(path / f"damaged-{int(clock())}.json") as aside:
                aside.write(_content(path / PROJECT_FILE))
        with replacing(path / PROJECT_FILE) as file:
            file.write(content)
    finally:
        lock.release()


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise read_error(error, file) from error


def _locked(path: Path, take_over: bool) -> tuple[Lock | None, ReadOnlyReason | None, Holder | None]:
    try:
        if not os.access(path, os.W_OK):
            return None, "not_writable", None
        return Lock(path / LOCK_FILE, take_over), None, None
    except HeldError as error:
        return None, "locked", error.holder
    except (OSError, ValueError):
        return None, "not_writable", None


def _stamp(file: Path) -> tuple[int, int, int] | None:
    """Changes whenever somebody writes the file."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _first_line(error: ValueError) -> str:
    return " ".join(str(error).split("\n")[:3])[:300]
