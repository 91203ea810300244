"""Arrivals: shots on their way into the film, from a script, a timeline of another program or a folder of clips."""

from __future__ import annotations

import functools
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QObject, Signal

from engine.protocol.media import MediaItem
from studio.link.trouble import Trouble
from studio.models.errands import Errands
from studio.models.film import Film
from studio.project import edits
from studio.project.errors import StorageError, read_error
from studio.project.footage import Footage, file_name
from studio.project.project import Project

if TYPE_CHECKING:  # what reads them is slow to import
    from studio.interchange.timeline_read import FoundTimeline, Left
    from studio.reading.plan import Plan
    from studio.reading.script import ScriptError

SCRIPTS = (".fountain", ".spmd", ".md", ".markdown", ".txt")
TIMELINES = (".otio", ".xml", ".fcpxml", ".edl")


@dataclass(frozen=True)
class Arrived:
    """What came of a script, a timeline or a folder.

    Attributes:
        entries: how many names are new in the bible.
        unusable: names of clips that are not in the film, for their files are not there or cannot be used.
        left: what else the timeline holds, and the film does not.
    """

    shots: int
    unusable: tuple[str, ...] = ()
    left: tuple[Left, ...] = ()
    entries: int = 0


Unread: TypeAlias = "StorageError | ScriptError"
_Read: TypeAlias = "FoundTimeline | Plan | StorageError | ScriptError"


class Arrivals(QObject):
    """One at a time; files are read on a thread of its own, and become the project's one after another.

    Signals:
        arrived: the shots are in the film, as one step of undo (Arrived).
        failed: the file or folder could not be read (Unread).
        busy_changed: `is_busy` is another.
    """

    arrived = Signal(object)
    failed = Signal(object)
    busy_changed = Signal()
    _read = Signal(object)

    def __init__(self, film: Film, errands: Errands) -> None:
        super().__init__(film)
        self._film = film
        self._errands = errands
        self._reader = ThreadPoolExecutor(1, "arrivals")
        self._found: FoundTimeline | None = None
        self._left: deque[Path] = deque()
        self._footage: dict[Path, Footage] = {}
        self._is_busy = False
        self._read.connect(self._on_read)

    @property
    def is_busy(self) -> bool:
        """Something is on its way."""
        return self._is_busy

    def bring(self, path: Path) -> None:
        """Put the shots of a script, a timeline's clips, or all clips of a folder, behind the film's shots."""
        if not self._is_busy:
            self._set_busy(True)
            self._reader.submit(self._look, path)

    def close(self) -> None:
        """Leave what has not begun."""
        self._reader.shutdown(cancel_futures=True)

    def _look(self, path: Path) -> None:
        self._read.emit(_found(path))

    def _on_read(self, found: _Read) -> None:
        from studio.reading.plan import Plan

        if isinstance(found, Exception):
            self._set_busy(False)
            self.failed.emit(found)
            return
        if isinstance(found, Plan):
            self._tell(found)
            return
        self._found, self._footage = found, {}
        wanted = [clip.path for clip in found.clips if clip.path is not None and clip.shot is None]
        wanted += [clip.path for clip in found.clips if clip.path is not None and clip.shot is not None]
        self._left = deque(dict.fromkeys(wanted))
        self._next()

    def _tell(self, plan: Plan) -> None:
        from studio.reading.storyboard import add_storyboard

        before = self._film.project
        self._film.edit("import_shots", lambda project: add_storyboard(project, plan))
        now = self._film.project
        self._set_busy(False)
        self.arrived.emit(Arrived(len(now.shots) - len(before.shots), entries=len(now.bible) - len(before.bible)))

    def _next(self) -> None:
        if not self._left:
            self._place()
            return
        path = self._left.popleft()
        self._errands.import_file(path, functools.partial(self._keep, path), self._refuse)

    def _keep(self, path: Path, item: MediaItem) -> None:
        self._footage[path] = Footage(item=item, name=file_name(path))
        self._next()

    def _refuse(self, _: Trouble) -> None:
        """It is told of with the others that cannot be used."""
        self._next()

    def _place(self) -> None:
        from studio.interchange.placing import placed_shots

        found, self._found = self._found, None
        assert found is not None
        placed = placed_shots(self._film.project, found.clips, self._footage, time.time())
        known = {track.id for track in self._film.project.soundtrack}
        tracks = [track for track in found.soundtrack if track.id not in known]

        def add(project: Project) -> Project:
            for shot in placed.shots:
                project = edits.add_shot(project, shot)
            for track in tracks:
                project = edits.add_track(project, track)
            return project

        if placed.shots or tracks:
            self._film.edit("import_shots", add)
        self._set_busy(False)
        self.arrived.emit(Arrived(len(placed.shots), placed.unusable, found.left))

    def _set_busy(self, busy: bool) -> None:
        self._is_busy = busy
        self.busy_changed.emit()


def _found(path: Path) -> _Read:
    from studio.interchange.placing import clips_in, clips_of
    from studio.interchange.timeline_read import FoundTimeline, read_timeline
    from studio.reading.script import ScriptError, read_script
    from studio.reading.storyboard import planned

    try:
        if path.is_dir():
            return FoundTimeline(path.name, tuple(clips_of(clips_in(path))))
        if path.suffix.lower() in SCRIPTS:
            return planned(read_script(path))
        return read_timeline(path)
    except KeyError:
        return StorageError("unreadable", f"{path.name} is no timeline")
    except OSError as error:
        return read_error(error, path)
    except (StorageError, ScriptError) as error:
        return error
