"""Files as the disk sees them: is this one readable, and replace that one in one step or not at all."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from engine.media.errors import MediaError, write_error


def readable_file(path: str | os.PathLike[str]) -> tuple[Path, int]:
    """Return the absolute path and the size in bytes of an ordinary file that is not empty.

    Raises MediaError "unreadable" for anything else: a pipe or a device would block the reader for ever.
    """
    try:
        absolute = Path(path).absolute()
        status = absolute.stat()
    except (OSError, ValueError) as error:
        code = error.errno if isinstance(error, OSError) else None
        raise MediaError("unreadable", os.strerror(code) if code else "not a usable file name") from error
    if not stat.S_ISREG(status.st_mode):
        raise MediaError("unreadable", "not an ordinary file")
    if status.st_size == 0:
        raise MediaError("unreadable", "the file is empty (0 bytes)")
    return absolute, status.st_size


def first_bytes(path: Path, num_bytes: int) -> bytes:
    """Return at most the first `num_bytes` of a file; MediaError "unreadable" when it cannot be opened."""
    try:
        with path.open("rb") as file:
            return file.read(num_bytes)
    except OSError as error:
        raise MediaError("unreadable", os.strerror(error.errno or 0)) from error


@contextlib.contextmanager
def replacing(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Lend an empty hidden file in the target's folder; at the end flush it to disk and move it over the target.

    When the body raises anything at all, or the move fails, the hidden file goes and the target stays as it was.
    Raises MediaError "disk_full" or "not_writable".
    """
    try:
        final = Path(target).absolute()
        part = final.with_name(f".reelwright-{os.urandom(8).hex()}{final.suffix}")
        if final.is_dir():
            raise MediaError("not_writable", "a folder of that name is in the way")
        # A name that is too long, or none at all, would otherwise fail only when the work is done.
        with contextlib.suppress(FileNotFoundError):
            final.lstat()
        # Not tempfile: its files are 0600 whatever the user's umask says, and the clip would keep that.
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except (OSError, ValueError) as error:
        raise write_error(error) from error
    try:
        yield part
        _publish(part, final)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _publish(part: Path, final: Path) -> None:
    try:
        with part.open("r+b") as file:  # Windows flushes only what is open for writing
            os.fsync(file.fileno())
        part.replace(final)
    except OSError as error:
        raise write_error(error) from error
    if os.name == "posix":
        # The new name itself is durable once the folder is; some network filesystems refuse to say so.
        with contextlib.suppress(OSError):
            folder = os.open(final.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
