"""What can go wrong with a project on the disk: closed lists of kinds, which views turn into sentences."""

import errno
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

StorageErrorKind = Literal[
    "not_a_project",
    "exists",
    "unreadable",
    "damaged",
    "too_new",
    "read_only",
    "not_writable",
    "disk_full",
    "unsafe",
    "too_large",
]
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


class StorageError(Exception):
    """Something could not be read or written; what was there before still is.

    Attributes:
        kind: what is wrong.
        detail: names the file, and what the system said.
    """

    def __init__(self, kind: StorageErrorKind, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind: StorageErrorKind = kind
        self.detail = detail


@dataclass(frozen=True)
class Backup:
    """A copy of the project file, as it was at `saved_at` (Unix seconds)."""

    path: Path
    saved_at: float


class DamagedError(StorageError):
    """The project file is there no more or cannot be understood; `backups` are the good ones, newest first."""

    def __init__(self, detail: str, backups: tuple[Backup, ...]) -> None:
        super().__init__("damaged", detail)
        self.backups = backups


def write_error(error: OSError | ValueError, path: Path) -> StorageError:
    """The typed form of what writing raised."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return StorageError("disk_full", f"{path}: {error.strerror}")
    return StorageError("not_writable", f"{path}: {_said(error)}")


def read_error(error: OSError | ValueError, path: Path) -> StorageError:
    """The typed form of what reading raised."""
    return StorageError("unreadable", f"{path}: {_said(error)}")


def _said(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
