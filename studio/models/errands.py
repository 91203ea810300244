"""Errands: files on their way between the project's folder and the engine."""

from collections.abc import Callable, Iterable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from engine.protocol.job import Cancelled, Done, Drafted, FilmRequest, Job, SetAside, suffix
from engine.protocol.job import Failed as JobFailed
from engine.protocol.media import MediaItem
from engine.protocol.problem import Problem
from studio.link.link import Link
from studio.link.trouble import Problems, Refused, Trouble
from studio.models.film import Film
from studio.project.take import Take

OnTrouble = Callable[[Trouble], None]


class Errands(QObject):
    """Brings what a recipe is made from to the engine, and what it made into the project."""

    def __init__(self, link: Link, film: Film, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._film = film
        self._here: set[str] = set()

    def bring(self, media: Iterable[str], done: Callable[[], None], failed: OnTrouble) -> None:
        """Let the engine have all of these (sha256), then go on; only what it lacks is sent."""
        left = sorted(media)

        def next_one() -> None:
            if not left:
                done()
                return
            sha256 = left.pop()
            self._link.media_item(sha256, lambda _: next_one(), lambda trouble: send(sha256, trouble))

        def send(sha256: str, trouble: Trouble) -> None:
            path = self._film.folder.media.path(sha256)
            if not isinstance(trouble, Refused | Problems):
                failed(trouble)
            elif path is None:
                failed(Problems((Problem(field="media", kind="missing", value=sha256[:12]),)))
            else:
                self._link.upload(path, lambda _: next_one(), failed)

        next_one()

    def import_file(self, path: Path, done: Callable[[MediaItem], None], failed: OnTrouble) -> None:
        """Copy a file of the user's into the project, if the engine can read it; a project that is only looked at
        takes none ("not_writable").
        """
        if self._film.read_only is not None:
            problem = Problem(field=str(self._film.folder.path), kind="not_writable")
            QTimer.singleShot(0, self, lambda: failed(Problems((problem,))))
            return

        def keep(item: MediaItem) -> None:
            self._fetch(item.sha256, item.format, lambda: done(item), failed)

        self._link.upload(path, keep, failed)

    def keep(self, take: Take) -> None:
        """Bring a take's file into the project, if it is not there."""
        if self._film.read_only is None:
            self._fetch(take.media, suffix(take.container), _nothing, _later)

    def keep_missing(self) -> None:
        """Bring the files of takes that were not there when the project was opened; the engine may have them."""
        missing = set(self._film.missing)
        for shot in self._film.project.shots if missing else ():
            for take in shot.takes:
                if take.media in missing:
                    self.keep(take)

    def may_forget(self, job: Job) -> bool:
        """Whether the engine can forget a job that is over without losing anything that somebody still wants.

        The engine deletes a job's file with it. Ours is in the project's folder by then, and the command line's where
        it was to go; what other projects have not fetched is nobody's to delete here.
        """
        state = job.state
        if isinstance(state, Cancelled | JobFailed | SetAside):
            return True
        if not isinstance(state, Done | Drafted) or not job.acknowledged:
            return False
        if job.request.project is None or isinstance(job.request, FilmRequest):  # fetched to where it was to go
            return True
        ours = job.request.project == self._film.project.id
        return ours and self._is_here(state.take.media)

    def _is_here(self, sha256: str) -> bool:
        """Whether the project has the file; asked for every row that is drawn, so the disk is asked until it has."""
        if sha256 not in self._here and self._film.folder.media.path(sha256) is not None:
            self._here.add(sha256)
        return sha256 in self._here

    def _fetch(self, sha256: str, suffix: str, done: Callable[[], None], failed: OnTrouble) -> None:
        """A file of the engine's, unless the project has it."""
        media = self._film.folder.media
        if media.path(sha256) is not None:
            done()
        else:
            self._link.fetch(sha256, suffix, media, lambda _: done(), failed)


def _nothing() -> None:
    """It is where it belongs; nobody waits for that."""


def _later(_: Trouble) -> None:
    """The engine keeps the file; it is fetched when the project is opened the next time."""
