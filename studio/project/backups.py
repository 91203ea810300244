"""Backups: older project files, many of the last hour and a few of the last days."""

import contextlib
import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

from studio.project.errors import Backup
from studio.project.files import clear_parts, part_name, sync_folder
from studio.project.migrations import TooNewError, parsed

TIERS = ((600.0, 6), (3600.0, 8), (86400.0, 5))
"""For each, how long a stretch of time in seconds, and of how many such stretches the newest backup is kept."""
_NAME = re.compile(r"project-(\d{8}T\d{6})Z\.json")
_STAMP = "%Y%m%dT%H%M%S"


class Backups:
    """`backups/project-20260718T101500Z.json` and so on, below a project's folder; the stamp is UTC.

    Nothing here raises OSError: saving must not fail because a backup does.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> tuple[Backup, ...]:
        """Every backup, newest first; good or not."""
        found: list[Backup] = []
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                match = _NAME.fullmatch(path.name)
                with contextlib.suppress(ValueError):
                    if match and path.is_file():
                        found.append(Backup(path, datetime.strptime(f"{match[1]}Z", f"{_STAMP}%z").timestamp()))
        return tuple(sorted(found, key=lambda backup: -backup.saved_at))

    def good(self) -> tuple[Backup, ...]:
        """Those that this build can open, newest first; reads them all."""
        return tuple(backup for backup in self.all() if _is_good(backup.path))

    def is_due(self, now: float) -> bool:
        """Whether the last one is older than the shortest stretch; a clock set back makes none of the future count."""
        return all(not 0 <= now - backup.saved_at < TIERS[0][0] for backup in self.all())

    def add(self, file: Path, now: float) -> bool:
        """Keep the file as it is, and no more than the tiers ask for; False when that did not work."""
        kept = self._keep(file, f"project-{datetime.fromtimestamp(now, UTC).strftime(_STAMP)}Z.json")
        if kept:
            for backup in set(self.all()) - set(_worth_keeping(self.all())):
                with contextlib.suppress(OSError):
                    backup.path.unlink()
        return kept

    def keep_version(self, file: Path, version: int) -> bool:
        """Keep the file of an older version for good, beside the backups; False when that did not work."""
        return self._keep(file, f"version-{version}.json")

    def clear_parts(self) -> None:
        """Delete what never became whole."""
        clear_parts(self._folder)

    def _keep(self, file: Path, name: str) -> bool:
        """A second name for the file, which is replaced and never written into; a copy where there is no such thing."""
        part, target = self._folder / part_name(), self._folder / name
        try:
            self._folder.mkdir(exist_ok=True)
            if target.exists():
                return True
            try:
                os.link(file, target)
            except OSError:
                shutil.copyfile(file, part)
                part.replace(target)
            sync_folder(self._folder)
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            return False
        return True


def _is_good(path: Path) -> bool:
    try:
        parsed(path.read_bytes())
    except (OSError, ValueError, TooNewError):
        return False
    return True


def _worth_keeping(backups: tuple[Backup, ...]) -> list[Backup]:
    """The newest of each of the latest stretches in which there is one."""
    kept: list[Backup] = []
    for length_s, count in TIERS:
        newest: dict[int, Backup] = {}
        for backup in backups:
            newest.setdefault(int(backup.saved_at // length_s), backup)
        kept += list(newest.values())[:count]
    return kept
