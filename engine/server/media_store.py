"""Images, clips and sounds by content hash: written once, never changed."""

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from tempfile import mkdtemp, mkstemp

from engine.media.formats import SOUND_SUFFIXES
from engine.protocol.problem import Problem, ProblemsError

LARGEST_UPLOAD_BYTES = 64 * 2**30
UNNEEDED_S = 24 * 3600.0
TOUCHED_S = 3600.0


def is_sound(path: Path) -> bool:
    """Whether a file of the store is a sound, as the ending says that `inspect` gave it."""
    return path.suffix.removeprefix(".") in SOUND_SUFFIXES


class MediaStore:
    """`media/ab/abcd….png` below the user's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "media"
        self._incoming = folder / "media" / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)
        for left_over in self._incoming.iterdir():
            _delete(left_over)

    def path(self, sha256: str) -> Path | None:
        """Where the media with this hash lies, or None."""
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            return None
        return next(iter((self._folder / sha256[:2]).glob(f"{sha256}.*")), None)

    def room(self, name: str) -> Path:
        """A new folder for files that are not whole yet, until `clear_room`, or at the latest the next start."""
        return Path(mkdtemp(prefix=f"{name}.", dir=self._incoming))

    def clear_room(self, room: Path) -> None:
        """Delete the folder and what a dead worker left in it."""
        _delete(room)

    async def receive(self, chunks: AsyncIterator[bytes]) -> tuple[Path, str]:
        """Write an upload to a temporary file; returns it and its sha256. The caller moves or deletes it."""
        digest = hashlib.sha256()
        fd, name = mkstemp(dir=self._incoming)
        path = Path(name)
        try:
            with os.fdopen(fd, "wb") as file:
                async for chunk in chunks:
                    digest.update(chunk)
                    file.write(chunk)
                    if file.tell() > LARGEST_UPLOAD_BYTES:
                        raise ProblemsError([Problem(field="media", kind="too_large", value=file.tell())])
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path, digest.hexdigest()

    def adopt(self, path: Path, sha256: str, suffix: str) -> Path:
        """Move a whole file into the store under its hash."""
        target = self._folder / sha256[:2] / f"{sha256}.{suffix}"
        target.parent.mkdir(exist_ok=True)
        path.replace(target)
        return target

    def touch(self, sha256: str) -> Path | None:
        """Where the media lies, or None; somebody is about to need it, so that it counts as new."""
        path = self.path(sha256)
        if path is not None:
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < time.time() - TOUCHED_S:  # rarely: what is measured of a clip is kept by it
                    path.touch()
        return path

    def drop_unneeded(self, is_needed: Callable[[str], bool]) -> None:
        """Delete files that no job needs and nobody has touched for a day; clients send them again where they do."""
        before = time.time() - UNNEEDED_S
        for path in self._folder.glob("??/*.*"):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < before and not is_needed(path.stem):
                    path.unlink()

    def remove(self, sha256: str) -> None:
        """Delete a file that nothing needs any more."""
        path = self.path(sha256)
        if path is not None:
            with contextlib.suppress(OSError):  # somebody reads it (Windows): it stays
                path.unlink()


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
