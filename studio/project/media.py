"""The project's own media: files by content hash, written once and never changed."""

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Callable, Collection, Generator
from pathlib import Path
from typing import BinaryIO

from studio.project.errors import StorageError, read_error
from studio.project.files import clear_parts, publish, waiting

CHUNK_BYTES = 1 << 20
MEDIA_FILE = re.compile(r"([0-9a-f]{2})/(\1[0-9a-f]{62})\.([a-z0-9]{1,8})")
"""A file's place below `media`: two digits of its sha256, the whole of it, and its ending."""


class MediaFolder:
    """`media/ab/abcd….mp4` below a project's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str) -> Path | None:
        """Where the file with this hash lies, or None."""
        try:
            with os.scandir(self._folder / sha256[:2]) as found:
                return next((Path(e.path) for e in found if e.name.partition(".")[0] == sha256 and _is_ours(e)), None)
        except (OSError, ValueError):
            return None

    def paths(self) -> dict[str, Path]:
        """Every file by its hash."""
        found: dict[str, Path] = {}
        for folder in _entries(self._folder):
            if len(folder.name) == 2 and folder.is_dir(follow_symlinks=False):
                for file in _entries(Path(folder.path)):
                    if _is_ours(file):
                        found[file.name.partition(".")[0]] = Path(file.path)
        return found

    def missing(self, wanted: Collection[str]) -> tuple[str, ...]:
        """Those hashes that have no file, sorted."""
        return tuple(sorted(set(wanted) - self.paths().keys()))

    def import_media(self, path: Path) -> str:
        """Copy a file into the folder and return its sha256; one that is there is not copied again.

        Raises:
            StorageError: "unreadable", also for what is no ordinary file or empty; "disk_full"; "not_writable".
        """
        with _source(path) as source, self._incoming() as (file, part):
            digest = hashlib.sha256()
            for chunk in iter(lambda: _read(source, path), b""):
                digest.update(chunk)
                file.write(chunk)
            self._keep(file, part, digest.hexdigest(), path.suffix)
        return digest.hexdigest()

    def receive(self, sha256: str, suffix: str, fetch: Callable[[BinaryIO], None]) -> Path:
        """Write a file with a known hash by calling `fetch` with an open file, such as the engine client's.

        Raises:
            StorageError: "damaged" when something else arrived; "disk_full"; "not_writable".
        """
        known = self.path(sha256)
        if known is not None:
            return known
        with self._incoming() as (file, part):
            fetch(file)
            file.flush()
            with part.open("rb") as written:
                arrived = hashlib.file_digest(written, "sha256").hexdigest()
            if arrived != sha256:
                raise StorageError("damaged", f"{sha256} was asked for, {arrived} arrived")
            return self._keep(file, part, sha256, suffix)

    def clear_parts(self) -> None:
        """Delete what never became whole."""
        clear_parts(self._folder)

    @contextlib.contextmanager
    def _incoming(self) -> Generator[tuple[BinaryIO, Path]]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError("not_writable", f"{self._folder}: {error.strerror}") from error
        with waiting(self._folder) as found:
            yield found

    def _keep(self, file: BinaryIO, part: Path, sha256: str, suffix: str) -> Path:
        known = self.path(sha256)
        if known is not None:
            return known
        ending = suffix.lower().lstrip(".")
        ending = ending if re.fullmatch(r"[a-z0-9]{1,8}", ending) else "bin"
        target = self._folder / sha256[:2] / f"{sha256}.{ending}"
        publish(file, part, target)
        return target


def _entries(folder: Path) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def _is_ours(entry: "os.DirEntry[str]") -> bool:
    return MEDIA_FILE.fullmatch(f"{entry.name[:2]}/{entry.name}") is not None and entry.is_file(follow_symlinks=False)


@contextlib.contextmanager
def _source(path: Path) -> Generator[BinaryIO]:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or not status.st_size:
            raise StorageError("unreadable", f"{path}: no ordinary file, or empty")
        file = path.open("rb")
    except (OSError, ValueError) as error:
        raise read_error(error, path) from error
    with file:
        yield file


def _read(file: BinaryIO, path: Path) -> bytes:
    try:
        return file.read(CHUNK_BYTES)
    except OSError as error:
        raise read_error(error, path) from error
