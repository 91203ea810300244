"""Files that appear under their name only when they are whole and on the disk."""

import contextlib
import os
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

from studio.project.errors import write_error

_PART = ".reelwright-"


@contextlib.contextmanager
def replacing(target: Path) -> Generator[BinaryIO]:
    """Lend a new file in the target's folder; at the end flush it to the disk and move it over the target.

    When anything at all is raised the new file goes and the target stays as it was. What the body itself raises
    passes through, but for OSError, which is taken for the disk's.

    Raises:
        StorageError: "disk_full" or "not_writable".
    """
    with _part(target) as (file, part):
        yield file
        _flush(file)
        part.replace(target)
        sync_folder(target.parent)


@contextlib.contextmanager
def waiting(folder: Path) -> Generator[tuple[BinaryIO, Path]]:
    """Lend a new file in `folder`, and its path; it goes unless it has been moved away by `publish`."""
    with _part(folder / "waiting") as found:
        yield found


def publish(file: BinaryIO, part: Path, target: Path) -> None:
    """Flush a waiting file to the disk and give it its name, in a folder that is made for it."""
    _flush(file)
    target.parent.mkdir(parents=True, exist_ok=True)
    part.replace(target)
    sync_folder(target.parent)


def clear_parts(folder: Path) -> None:
    """Delete what a process that died left in a folder. For the one who may write there only."""
    with contextlib.suppress(OSError):
        for part in folder.glob(f"{_PART}*"):
            shutil.rmtree(part) if part.is_dir() else part.unlink()


def part_name() -> str:
    """A name that nobody has, for something that is not whole yet."""
    return _PART + os.urandom(8).hex()


def sync_folder(folder: Path) -> None:
    """Make new names durable; Windows needs no such thing, and some network drives refuse."""
    if os.name == "posix":
        with contextlib.suppress(OSError):
            opened = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(opened)
            finally:
                os.close(opened)


@contextlib.contextmanager
def _part(target: Path) -> Generator[tuple[BinaryIO, Path]]:
    part = target.with_name(part_name())
    try:
        with part.open("xb") as file:
            yield file, part
    except OSError as error:
        raise write_error(error, target) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()  # Windows moves no open file
