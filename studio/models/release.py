"""Release: the film on its way to a file: how it is delivered, what is in its way, and what is being made."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from PySide6.QtCore import QObject, Signal

from engine.protocol.film import Film, FilmSound, film_problems
from engine.protocol.job import Cancelled, Delivery, Done, FilmRequest, Job
from engine.protocol.media import MediaItem
from engine.protocol.problem import Problem
from studio.link.link import Link
from studio.link.trouble import Problems, Trouble
from studio.models.errands import Errands
from studio.models.film import Film as OpenFilm
from studio.models.jobs import JobList
from studio.models.storyboard import Storyboard
from studio.project import edits
from studio.project.errors import StorageError
from studio.project.footage import file_name
from studio.project.presets import Preset, preset, presets
from studio.project.soundtrack import SoundTrack
from studio.project.timeline import NothingSaidError, NothingToShowError, film_of
from studio.project.value import new_id

if TYPE_CHECKING:
    from studio.interchange.timeline_write import Loss  # what it is written with is slow to import

TIMELINES = (".otio", ".xml", ".fcpxml", ".edl")
SUBTITLES = (".srt", ".vtt", ".ass")


@dataclass(frozen=True)
class Choice:
    """How the film is to be delivered; None is what the preset says, or the film itself."""

    preset: str = presets()[0].id
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    fit: Literal["pad", "crop"] | None = None
    loudness_lufs: float | None = None
    retiming: Literal["flow", "nearest"] = "flow"


@dataclass(frozen=True)
class Written:
    """A file that is on the disk: a film, a timeline or subtitles, and what the format has no words for."""

    path: Path
    losses: tuple[Loss, ...] = ()


Hindrance = Literal["no_takes", "nothing_said", "read_only"]
"""Why a film, or a text of it, cannot be made."""
Unwritten: TypeAlias = "StorageError | Hindrance"


class Release(QObject):
    """Films are jobs of the engine's; timelines and subtitles are written here, on a thread of its own.

    Signals:
        changed: the film, its problems, the choice or its jobs are others.
        written: a file is on the disk (Written).
        failed: what kept one from being written (Unwritten).
        refused: what kept a film from being queued or saved, or a sound from being used (Trouble).
    """

    changed = Signal()
    written = Signal(object)
    failed = Signal(object)
    refused = Signal(object)
    _ended = Signal(object)

    def __init__(self, film: OpenFilm, storyboard: Storyboard, jobs: JobList, link: Link, errands: Errands) -> None:
        super().__init__(film)
        self._film = film
        self._storyboard = storyboard
        self._jobs = jobs
        self._link = link
        self._errands = errands
        self._choice = Choice()
        self._saving: set[str] = set()
        self._writer = ThreadPoolExecutor(1, "release")
        self._ended.connect(self._on_ended)
        film.changed.connect(self.changed)
        storyboard.changed.connect(self.changed)
        jobs.changed.connect(self.changed)
        jobs.job_changed.connect(self._on_job)
        jobs.loaded.connect(self._look_at_all)
        self._look_at_all()

    @property
    def choice(self) -> Choice:
        """As it is now."""
        return self._choice

    @property
    def preset(self) -> Preset:
        """The one that is chosen."""
        return preset(self._choice.preset)

    @property
    def film(self) -> Film | None:
        """What would be made now; None while no shot has a take."""
        choice, chosen = self._choice, self.preset
        try:
            made = chosen.applied(film_of(self._film.project, retiming=choice.retiming))
        except NothingToShowError:
            return None
        given = {name: getattr(choice, name) for name in ("width", "height", "fps", "fit", "loudness_lufs")}
        return made.changed(**{name: value for name, value in given.items() if value is not None})

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with it; nothing is sent while there is any."""
        film = self.film
        return film_problems(film) if film else []

    @property
    def jobs(self) -> list[Job]:
        """This project's films that are being made, wait, or were not saved yet, next first."""
        ours = [job for job in self._jobs.all() if self._is_ours(job) and not job.acknowledged]
        return [job for job in ours if not isinstance(job.state, Cancelled)]

    def choose(self, **fields: object) -> None:
        """Other values for some fields of the choice; another preset takes the others back to what it says."""
        if "preset" in fields:
            self._choice = Choice(preset=str(fields["preset"]), retiming=self._choice.retiming)
        else:
            self._choice = replace(self._choice, **fields)  # pyright: ignore[reportArgumentType]
        self.changed.emit()

    def export(self, path: Path) -> None:
        """Queue the film; it is saved at `path` when it is done, also after the window was closed in between."""
        film, found = self.film, self.problems
        if film is None:
            self.failed.emit("no_takes")
            return
        if found:
            self.refused.emit(Problems(tuple(found)))
            return
        request = FilmRequest(
            film=film,
            delivery=Delivery(container=self.preset.container),
            project=self._film.project.id,
            save_as=str(path),
        )
        refused: Callable[[Trouble], None] = self.refused.emit
        self._errands.bring(film.media, lambda: self._submit(request), refused)

    def write(self, path: Path) -> None:
        """Write the film as a timeline or as subtitles, as the path's ending says."""
        project, lengths, find = self._film.project, self._storyboard.planned_s, self._film.folder.media.path

        def text() -> Written:
            from studio.interchange.subtitles import write_subtitles
            from studio.interchange.timeline_write import write_timeline

            if path.suffix.lower() in SUBTITLES:
                said = "dialogue" if any(shot.dialogue for shot in project.shots) else "prompts"
                write_subtitles(project, path, said, lengths)
                return Written(path)
            return Written(path, write_timeline(project, path, find, lengths))

        def work() -> None:
            try:
                self._ended.emit(text())
            except StorageError as error:
                self._ended.emit(error)
            except NothingToShowError:
                self._ended.emit("no_takes")
            except NothingSaidError:
                self._ended.emit("nothing_said")

        self._writer.submit(work)

    def tell_written(self, path: Path) -> None:
        """Somebody else has written a file of the film."""
        self.written.emit(Written(path))

    def add_sound(self, path: Path) -> None:
        """Lay a sound file, or the sound of a clip, under the film from its beginning."""
        refused: Callable[[Trouble], None] = self.refused.emit
        self._errands.import_file(path, functools.partial(self._add_track, file_name(path)), refused)

    def change_sound(self, track_id: str, merge: str | None = None, /, **fields: object) -> None:
        """Other values for fields of a track's `FilmSound`."""
        self._film.edit("change_track", lambda project: edits.change_track(project, track_id, **fields), merge)

    def remove_sound(self, track_id: str) -> None:
        """Take a track away."""
        self._film.edit("remove_track", lambda project: edits.remove_track(project, track_id))

    def close(self) -> None:
        """Let what is being written be written."""
        self._writer.shutdown()

    def _add_track(self, name: str, item: MediaItem) -> None:
        if not item.has_audio:
            problem = Problem(field=name, kind="unsupported", detail="it has no sound")
            self.refused.emit(Problems((problem,)))
            return
        track = SoundTrack(id=new_id(), name=name, length_s=item.duration_s or 0.0, sound=FilmSound(media=item.sha256))
        self._film.edit("add_track", lambda project: edits.add_track(project, track))

    def _submit(self, request: FilmRequest) -> None:
        refused: Callable[[Trouble], None] = self.refused.emit
        self._link.submit(request, None, refused)

    def _is_ours(self, job: Job) -> bool:
        return isinstance(job.request, FilmRequest) and job.request.project == self._film.project.id

    def _look_at_all(self) -> None:
        for job in self._jobs.all():
            self._on_job(job)

    def _on_job(self, job: Job) -> None:
        """One that is done is saved where it was wanted; it counts as seen when it is there."""
        request = job.request
        if not isinstance(request, FilmRequest) or not self._is_ours(job) or request.save_as is None:
            return
        if not isinstance(job.state, Done) or job.acknowledged or job.id in self._saving:
            return
        self._saving.add(job.id)
        self._save(job.id, job.state.take.media, Path(request.save_as))

    def _save(self, job_id: str, media: str, path: Path) -> None:
        def done(_: Path) -> None:
            self._saving.discard(job_id)
            self._link.acknowledge(job_id)
            self.written.emit(Written(path))

        def failed(trouble: Trouble) -> None:
            self.refused.emit(trouble)

        self._link.save(media, path, done, failed)

    def save_again(self, job_id: str, path: Path) -> None:
        """Save a film that is made somewhere else: where it was wanted it could not be written."""
        job = self._jobs.get(job_id)
        if job is not None and isinstance(job.state, Done):
            self._save(job_id, job.state.take.media, path)

    def _on_ended(self, ended: Written | Unwritten) -> None:
        if isinstance(ended, Written):
            self.written.emit(ended)
        else:
            self.failed.emit(ended)


def is_text(path: Path) -> bool:
    """Whether a file of this ending is written by the window itself."""
    return path.suffix.lower() in (*TIMELINES, *SUBTITLES)
