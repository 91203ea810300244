"""Files of models that are on this machine already, found by what is in them: what is here is not fetched again."""

import os
import shutil
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from engine.weights.fetch import Ear, part_of
from engine.weights.hashes import Hashes
from engine.weights.source import HubFile

SMALLEST_BYTES = 1 << 20
MOST_FILES = 100_000


class Shelf:
    """The large files below some folders: other models here (many share a text encoder), other programs' downloads."""

    def __init__(self, folders: Sequence[Path], hashes: Hashes) -> None:
        self._folders = folders
        self._hashes = hashes

    def take(self, file: HubFile, path: Path, ear: Ear) -> bool:
        """Have the file at `path` if it is here under another name; as a second name of it where that can be.

        Raises:
            OSError: when it cannot be copied.
            StoppedError: when that is wished.
        """
        found = self._find(file, path, ear)
        if found is None:
            return False
        part = part_of(path)
        part.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        try:
            os.link(found.resolve(), part)
        except OSError:  # another disk, or one that knows no second names
            shutil.copyfile(found, part)
            if self._hashes.sha256(part, lambda _: ear.check()) != file.sha256:
                part.unlink()
                return False
        part.replace(path)
        return True

    def _find(self, file: HubFile, path: Path, ear: Ear) -> Path | None:
        if file.sha256 is None or file.size_bytes < SMALLEST_BYTES:
            return None
        for candidate in self._by_size.get(file.size_bytes, ()):
            if candidate == path:
                continue
            ear.on_read(candidate.name)
            try:
                if self._hashes.sha256(candidate, lambda _: ear.check()) == file.sha256:
                    return candidate
            except OSError:  # it is gone, or not for us
                continue
        return None

    @cached_property
    def _by_size(self) -> dict[int, list[Path]]:
        found: dict[int, list[Path]] = {}
        seen: set[tuple[int, int]] = set()
        for folder in self._folders:
            for room, _, names in os.walk(folder):
                for name in names:
                    path = Path(room) / name
                    try:
                        stat = path.stat()
                    except OSError:
                        continue
                    if stat.st_size >= SMALLEST_BYTES and (stat.st_dev, stat.st_ino) not in seen:
                        seen.add((stat.st_dev, stat.st_ino))
                        found.setdefault(stat.st_size, []).append(path)
                if len(seen) > MOST_FILES:
                    return found
        return found
