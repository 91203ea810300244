"""Archive: a whole project as one zip file, to keep or to hand on."""

import contextlib
import hashlib
import os
import re
import shutil
import stat
import zipfile
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from studio.project.errors import StorageError, read_error, write_error
from studio.project.files import part_name, replacing, sync_folder
from studio.project.media import CHUNK_BYTES, MEDIA_FILE
from studio.project.migrations import TooNewError, parsed, stored
from studio.project.project import Project
from studio.project.storage import MEDIA_FOLDER, PROJECT_FILE, ProjectFolder

LARGEST_BYTES = 256 * 2**30
LARGEST_PROJECT_BYTES = 256 * 2**20
MOST_ENTRIES = 200_000
_OLDEST = (1980, 1, 1, 0, 0, 0)  # a zip knows no time before, and the same project makes the same bytes
_UNIX = 3
_ENCRYPTED = 0x1
OnBytes = Callable[[int], None]
"""Hears how many bytes were copied since it was last called; it may raise to stop."""


def export_zip(
    folder: ProjectFolder, project: Project, target: Path, on_bytes: OnBytes = lambda _: None
) -> tuple[str, ...]:
    """Write the project and all its media to a zip file, and return the sha256 of those that are not there.

    The file appears under its name only when it is whole. Media is not compressed: it is already.

    Raises:
        StorageError: "unreadable" for media; "disk_full"; "not_writable".
    """
    paths = folder.media.paths()
    with replacing(target) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_entry(PROJECT_FILE, zipfile.ZIP_DEFLATED), stored(project))
        for sha256 in sorted(project.all_media & paths.keys()):
            name = f"{MEDIA_FOLDER}/{sha256[:2]}/{paths[sha256].name}"
            with _opened(paths[sha256]) as source, archive.open(_entry(name), "w", force_zip64=True) as entry:
                _copy(source, entry, on_bytes)
    return tuple(sorted(project.shown_media - paths.keys()))


def import_zip(
    archive: Path, target: Path, on_bytes: OnBytes = lambda _: None, largest_bytes: int = LARGEST_BYTES
) -> Path:
    """Unpack an exported project, or the zip of a project's folder, into the new folder `target`; open it after that.

    Only the project file and media by their right names and content are unpacked; nothing is overwritten, and the
    folder appears under its name only when it is whole.

    Raises:
        StorageError: "unreadable", "not_a_project", "damaged", "too_new"; "unsafe" for paths that lead out of the
            folder, links, encrypted or double entries; "too_large"; "exists"; "disk_full"; "not_writable".
    """
    if os.path.lexists(target):
        raise StorageError("exists", str(target))
    with _reading(archive) as source:
        wanted = _wanted(source, largest_bytes)
        with _new_folder(target, sum(each.entry.file_size for each in wanted)) as folder:
            for each in wanted:
                _unpack(source, each, folder / each.path, on_bytes)
    return target


@dataclass(frozen=True)
class _Wanted:
    """An entry of the archive, and where it belongs below the project's folder."""

    entry: zipfile.ZipInfo
    path: str


def _wanted(source: zipfile.ZipFile, largest_bytes: int) -> list[_Wanted]:
    """What of the archive is unpacked, once all of it is found harmless."""
    entries = source.infolist()
    names = [entry.filename for entry in entries]
    if len(names) > MOST_ENTRIES:
        raise StorageError("too_large", f"{len(names)} entries")
    if len({name.casefold() for name in names}) != len(names):
        raise StorageError("unsafe", "two entries have the same name")
    for entry in entries:
        _check(entry)
    root = _root(names)
    wanted = [_Wanted(entry, entry.filename.removeprefix(root)) for entry in entries if entry.filename.startswith(root)]
    wanted = [each for each in wanted if each.path == PROJECT_FILE or _media(each.path)]
    size = sum(each.entry.file_size for each in wanted)
    if size > largest_bytes or source.getinfo(root + PROJECT_FILE).file_size > LARGEST_PROJECT_BYTES:
        raise StorageError("too_large", f"{size} bytes")
    return wanted


def _check(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename  # `filename` is cut at a NUL and has its backslashes turned
    if "\0" in name or "\\" in name or ":" in name or name.startswith("/") or ".." in name.split("/"):
        raise StorageError("unsafe", f"{name!r} leads out of the folder")
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise StorageError("unsafe", f"{name!r} is a link, or no file at all")
    if entry.flag_bits & _ENCRYPTED:
        raise StorageError("unsafe", f"{name!r} is encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise StorageError("unreadable", f"{name!r} is compressed in a way that few programs know")


def _root(names: list[str]) -> str:
    """The folder within the archive that is the project's: the archive itself, or one in it."""
    found = [name for name in names if re.fullmatch(rf"([^/]+/)?{re.escape(PROJECT_FILE)}", name)]
    if PROJECT_FILE not in found and len(found) != 1:
        raise StorageError("not_a_project", "there is no project file in it")
    return "" if PROJECT_FILE in found else found[0].removesuffix(PROJECT_FILE)


def _media(path: str) -> re.Match[str] | None:
    return MEDIA_FILE.fullmatch(path.removeprefix(f"{MEDIA_FOLDER}/")) if path.startswith(f"{MEDIA_FOLDER}/") else None


def _unpack(source: zipfile.ZipFile, wanted: _Wanted, target: Path, on_bytes: OnBytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with _broken_is_damaged(wanted.path), source.open(wanted.entry) as entry, target.open("xb") as file:
        digest = _copy(entry, file, on_bytes, wanted.entry.file_size)
        file.flush()
        os.fsync(file.fileno())
    media = _media(wanted.path)
    if media is None:
        _check_project(target)
    elif media[2] != digest:
        raise StorageError("damaged", f"{wanted.path} has other content than its name says")


def _check_project(file: Path) -> None:
    try:
        parsed(file.read_bytes())
    except TooNewError as error:
        raise StorageError("too_new", str(error)) from error
    except ValueError as error:
        raise StorageError("damaged", f"{PROJECT_FILE} in the archive: {error}"[:300]) from error


def _copy(source: IO[bytes], target: IO[bytes], on_bytes: OnBytes, most_bytes: int | None = None) -> str:
    """Copy all of it and return its sha256."""
    digest, copied = hashlib.sha256(), 0
    for chunk in iter(lambda: source.read(CHUNK_BYTES), b""):
        copied += len(chunk)
        if most_bytes is not None and copied > most_bytes:
            raise StorageError("unsafe", "an entry is larger than it says")
        digest.update(chunk)
        target.write(chunk)
        on_bytes(len(chunk))
    return digest.hexdigest()


def _entry(name: str, compression: int = zipfile.ZIP_STORED) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _OLDEST)
    entry.create_system, entry.external_attr, entry.compress_type = _UNIX, 0o100644 << 16, compression
    return entry


@contextlib.contextmanager
def _opened(path: Path) -> Generator[IO[bytes]]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise read_error(error, path) from error
    with file:
        yield file


@contextlib.contextmanager
def _reading(path: Path) -> Generator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, ValueError) as error:
        raise read_error(error, path) from error
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise StorageError("damaged", f"{path}: {error}") from error
    with archive:
        yield archive


@contextlib.contextmanager
def _broken_is_damaged(name: str) -> Generator[None]:
    import zlib

    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise StorageError("damaged", f"{name}: {error}") from error


@contextlib.contextmanager
def _new_folder(target: Path, size_bytes: int) -> Generator[Path]:
    """Lend a folder beside `target` which gets its name at the end, or goes."""
    part = target.with_name(part_name())
    try:
        part.mkdir(parents=True)
        if shutil.disk_usage(part).free < size_bytes:
            raise StorageError("disk_full", f"{target}: {size_bytes} bytes are needed")
        yield part
        if os.path.lexists(target):
            raise StorageError("exists", str(target))
        part.rename(target)
        sync_folder(target.parent)
    except (OSError, ValueError) as error:
        raise write_error(error, target) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
