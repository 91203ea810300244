"""Imports: files on their way into the bin, one after another, and those that could not be used."""

import functools
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.protocol.media import MediaItem
from studio.link.trouble import Trouble
from studio.models.errands import Errands
from studio.models.film import Film
from studio.project import edits
from studio.project.footage import Footage, file_name


@dataclass(frozen=True)
class Unusable:
    """A file that is not in the bin, and why."""

    name: str
    trouble: Trouble


class Imports(QObject):
    """What is dropped together arrives as one step of undo; what is dropped meanwhile joins the rest.

    Signals:
        changed: `done` or `total` is another.
        kept: this file (Path) is in the bin now, as this Footage.
        finished: all have been tried; those that could not be used (tuple[Unusable, ...]).
    """

    changed = Signal()
    kept = Signal(object, object)
    finished = Signal(object)

    def __init__(self, film: Film, errands: Errands, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._film = film
        self._errands = errands
        self._left: deque[Path] = deque()
        self._unusable: list[Unusable] = []
        self._is_busy = False
        self._batch = 0
        self.done = 0
        self.total = 0

    @property
    def is_busy(self) -> bool:
        """Whether files are on their way."""
        return self._is_busy

    def add(self, paths: Iterable[Path]) -> None:
        """Copy files into the bin."""
        paths = list(paths)
        self._left.extend(paths)
        self.total += len(paths)
        if paths and not self._is_busy:
            self._is_busy = True
            self._batch += 1
            self._next()
        self.changed.emit()

    def stop(self) -> None:
        """Leave out what has not begun; what has arrived stays."""
        self.total -= len(self._left)
        self._left.clear()
        self.changed.emit()

    def _next(self) -> None:
        if self._left:
            path = self._left.popleft()
            name = file_name(path)
            self._errands.import_file(path, functools.partial(self._keep, path), functools.partial(self._refuse, name))
            return
        unusable, self._unusable = tuple(self._unusable), []
        self._is_busy, self.done, self.total = False, 0, 0
        self.changed.emit()
        self.finished.emit(unusable)

    def _keep(self, path: Path, item: MediaItem) -> None:
        footage = Footage(item=item, name=file_name(path))
        self._film.edit("add_footage", lambda project: edits.add_footage(project, footage), f"import {self._batch}")
        self.kept.emit(path, footage)
        self._go_on()

    def _refuse(self, name: str, trouble: Trouble) -> None:
        self._unusable.append(Unusable(name, trouble))
        self._go_on()

    def _go_on(self) -> None:
        self.done += 1
        self.changed.emit()
        self._next()
