"""Sha256 of files, and which large ones have been read before and are unchanged since."""

import contextlib
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

CHUNK_BYTES = 4 << 20
REMEMBERED_BYTES = 64 << 20
"""Smaller files are read every time: that takes no time, and finds what a stamp cannot."""
SETTLED_S = 2.0
"""A file changed within this time may change again under the same time stamp."""
LARGEST_MEMORY_BYTES = 4 << 20


def sha256_of(path: Path, on_bytes: Callable[[int], None] = lambda _: None) -> str:
    """Hex sha256 of a file; `on_bytes` hears of every chunk's length and may raise to stop."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as content:
        while chunk := content.read(CHUNK_BYTES):
            digest.update(chunk)
            on_bytes(len(chunk))
    return digest.hexdigest()


class Hashes:
    """Hashes of large files, remembered by path, size, time of change and inode in a file below `cache`."""

    def __init__(self, cache: Path, smallest_bytes: int = REMEMBERED_BYTES) -> None:
        self._file = cache / "hashes.json"
        self._smallest_bytes = smallest_bytes

    def sha256(self, path: Path, on_bytes: Callable[[int], None] = lambda _: None) -> str:
        """Hex sha256 of a file, from memory where it is large and has not changed."""
        before = _stamp(path)
        if before[0] < self._smallest_bytes:
            return sha256_of(path, on_bytes)
        known = self._read().get(str(path))
        if known is not None and tuple(known[:-1]) == before:
            on_bytes(before[0])
            return str(known[-1])
        digest = sha256_of(path, on_bytes)
        if _stamp(path) == before and time.time() - before[1] / 1e9 > SETTLED_S:
            self._remember(path, [*before, digest])
        return digest

    def again(self, path: Path, on_bytes: Callable[[int], None] = lambda _: None) -> str:
        """Hex sha256 of a file, read whatever is remembered of it."""
        digest = sha256_of(path, on_bytes)
        self.note(path, digest)
        return digest

    def note(self, path: Path, digest: str) -> None:
        """Remember the hash of a file that was just written and proved."""
        stamp = _stamp(path)
        if stamp[0] >= self._smallest_bytes:
            self._remember(path, [*stamp, digest])

    def _read(self) -> dict[str, list[int | str]]:
        """What is remembered; nothing where the file is missing or damaged."""
        try:
            if self._file.stat().st_size > LARGEST_MEMORY_BYTES:
                return {}
            rows = json.loads(self._file.read_text("utf-8"))
            return {path: row for path, row in rows.items() if _is_row(row)}
        except (OSError, ValueError, AttributeError, RecursionError):
            return {}

    def _remember(self, path: Path, row: list[int | str]) -> None:
        """Best effort: another process that writes at the same moment may win, and the file is read once more."""
        rows = {known: stamp for known, stamp in self._read().items() if os.path.lexists(known)} | {str(path): row}
        part = self._file.with_name(f".{self._file.name}.{os.getpid()}.{threading.get_ident()}")
        with contextlib.suppress(OSError, UnicodeError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(rows), "utf-8")
            part.replace(self._file)


def _stamp(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


def _is_row(row: object) -> bool:
    return isinstance(row, list) and len(row) == 4 and isinstance(row[3], str) and len(row[3]) == 64
