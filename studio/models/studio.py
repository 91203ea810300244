"""Studio: everything the window shows of one open project, connected; and what can be done with the clip in view."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Signal

from engine.protocol.job import Cancelled, Done, Job
from engine.protocol.media import MediaItem
from studio.link.ask import Ticket
from studio.link.link import Link
from studio.link.state import Connected
from studio.link.trouble import Refused, Trouble
from studio.models.adviser import Adviser
from studio.models.arrivals import Arrivals
from studio.models.batches import Batches
from studio.models.composer import Composer
from studio.models.errands import Errands
from studio.models.film import Film
from studio.models.imports import Imports
from studio.models.jobs import JobList
from studio.models.library import Library
from studio.models.playback import Clip, Playback
from studio.models.playhead import Playhead
from studio.models.reel import Reel
from studio.models.release import Release
from studio.models.screening import Screening
from studio.models.storyboard import Storyboard
from studio.models.wishes import Wishes
from studio.models.workers import Workers
from studio.project import edits
from studio.project.footage import Footage
from studio.project.storage import Opened
from studio.project.take import Take

VerbName = Literal["extend", "extend_backward", "loop", "bridge", "remix", "retake"]


class Studio(QObject):
    """The models of one open project; `close` it before it is deleted. The link outlives it.

    Signals:
        trouble: what could not be done (Trouble), for a note to the user.
        page_changed: another page is to be looked at.
    """

    trouble = Signal(object)
    page_changed = Signal()

    def __init__(self, link: Link, opened: Opened, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.link = link
        self.film = Film(opened, self)
        self.library = Library(link, self)
        self.jobs = JobList(link, self)
        self.workers = Workers(link, self)
        self.errands = Errands(link, self.film, self)
        self.imports = Imports(self.film, self.errands, self)
        self.batches = Batches(self.film, link, self.errands, self.jobs, self)
        self.composer = Composer(self.film, self.library, link, self.batches, self)
        bring = self._bring
        self.playback = Playback(
            self.jobs, Reel(link, bring, "viewer", self), Reel(link, bring, "compared", self), self
        )
        self.wishes = Wishes(self.film, self.jobs, self.composer, self.batches, (link, self.library, self.errands))
        self.storyboard = Storyboard(self.film, self.library, self.wishes)
        self.screening = Screening(self.film, self.storyboard, self.reel)
        self.adviser = Adviser(self)
        self.arrivals = Arrivals(self.film, self.errands)
        self.release = Release(self.film, self.storyboard, self.jobs, link, self.errands)
        self.page = "create"
        self._unsaved: set[str] = set()
        self._followed: str | None = None
        self.jobs.changed.connect(self._on_jobs)
        self.jobs.job_changed.connect(self._on_job)
        self.jobs.loaded.connect(self.errands.keep_missing)
        self.film.saved_changed.connect(self._acknowledge)
        self.film.shot_changed.connect(self.show_selected)
        self.film.changed.connect(self._look_again)
        self.film.taken.connect(self._on_taken)
        self.composer.sent.connect(self._follow)
        self.composer.refused.connect(self.trouble)
        self.wishes.refused.connect(self.trouble)
        self.release.refused.connect(self.trouble)
        self.link.trouble.connect(self._on_trouble)
        self.show_selected()

    def catch_up(self, jobs: JobList, library: Library) -> None:
        """Know what the engine told before this project was opened."""
        if isinstance(self.link.state, Connected):
            self.library.catch_up(library)
            self.jobs.catch_up(jobs)
            self.workers.ask()

    def close(self) -> None:
        """Save, and let go of the folder."""
        self.playback.pause()
        self.screening.pause()
        self.release.close()
        self.arrivals.close()
        self.adviser.close()
        self.film.close()

    @property
    def player(self) -> Playhead:
        """What keys and buttons of playing move: the clip in the viewer, or on the other pages the film."""
        return self.playback if self.page == "create" else self.screening

    def turn_to(self, page: str) -> None:
        """Look at another page of the window; nothing goes on playing behind it."""
        if page != self.page:
            self.player.pause()
            self.page = page
            self.page_changed.emit()

    def reel(self, viewer: str) -> Reel:
        """Frames for somebody else than the viewer, such as a thumbnail; `viewer` has to be unique."""
        return Reel(self.link, self._bring, viewer, self)

    def show_selected(self) -> None:
        """Look at the open shot's selected take."""
        self._followed = None
        self._view_selected()

    def _view_selected(self) -> None:
        shot, take = self.film.shot, self.film.take
        if shot is None or take is None:
            self.playback.show(None)
        else:
            self.playback.show(clip_of_take(take), shot.in_frame, shot.out_frame)

    def show_take(self, take_id: str) -> None:
        """Select a take, and look at it."""
        self.film.edit("select_take", lambda project: edits.select_take(project, take_id))
        self.show_selected()

    def show_footage(self, sha256: str) -> None:
        """Look at a file of the bin; a sound has nothing to look at."""
        footage = next((each for each in self.film.project.bin if each.sha256 == sha256), None)
        if footage is not None and footage.item.kind != "sound":
            self.playback.show(clip_of_footage(footage))

    def show_job(self, job_id: str) -> None:
        """Look at a job's preview, or at how it is, until its take is there."""
        self._followed = job_id
        self.playback.show_job(job_id)

    def set_in_out(self, in_frame: int, out_frame: int | None) -> None:
        """Move the range of what is looked at; that of the selected take is kept. An out at the clip's end is none."""
        clip, shot, frames = self.playback.clip, self.film.shot, self.playback.num_frames
        in_frame = max(0, min(in_frame, frames - 1))
        out_frame = None if out_frame is None or out_frame >= frames else max(out_frame, in_frame + 1)
        self.playback.set_range(in_frame, out_frame)
        if clip is not None and shot is not None and clip.key == shot.selected:
            self.film.edit(
                "set_in_out", lambda project: edits.set_in_out(project, shot.id, in_frame, out_frame), "in_out"
            )

    def add_files(self, paths: list[Path]) -> None:
        """Copy files into the bin; what cannot be used is told by `imports.finished`, all at once."""
        self.imports.add(paths)

    def clear_finished(self) -> None:
        """Take jobs that are done or cancelled off the list, but for those whose files are nowhere else yet."""
        for job in self.jobs.all():
            if isinstance(job.state, Done | Cancelled) and self.errands.may_forget(job):
                self.jobs.delete(job.id)

    def do(
        self, verb: VerbName, *, seconds: float | None = None, strength: float | None = None, behind: Clip | None = None
    ) -> None:
        """Apply a verb to the clip in view: from the playhead (extend), or to the range (retake).

        Extending from the first or last frame means the whole clip, and so does a playhead that runs: nobody has put
        it where it happens to be. `behind` is the clip a bridge leads to.
        """
        clip, playback, composer = self.playback.clip, self.playback, self.composer
        if clip is None:
            return
        index = 0 if playback.speed else playback.index
        seconds = composer.part_seconds if seconds is None else seconds
        far = composer.strength if strength is None else strength

        def act(item: MediaItem) -> None:
            match verb:
                case "extend":
                    composer.extend(item, seconds, at=index if 0 < index < item.num_frames - 1 else None)
                case "extend_backward":
                    composer.extend(item, seconds, backward=True, at=index if 0 < index < item.num_frames - 1 else None)
                case "loop":
                    composer.loop(item, seconds)
                case "remix":
                    composer.remix(item, far)
                case "retake":
                    composer.retake(item, playback.in_frame / clip.fps, playback.out_frame / clip.fps)
                    self.set_in_out(0, None)  # the range said what to make anew, not what to show
                case "bridge":
                    if behind is not None:
                        self._item(behind, lambda other: composer.bridge(item, other, seconds))

        self._item(clip, act)

    def _item(self, clip: Clip, then: Callable[[MediaItem], None]) -> None:
        """What the engine finds in a clip, which may have to be brought to it first."""
        failed: Callable[[Trouble], None] = self.trouble.emit

        def look() -> None:
            self.link.media_item(clip.media, then, failed)

        self.errands.bring([clip.media], look, failed)

    def _bring(self, media: str, done: Callable[[], None], failed: Callable[[Trouble], None]) -> None:
        self.errands.bring([media], done, failed)

    def _follow(self, job: Job) -> None:
        """What was just sent is what somebody wants to see, unless something is being watched already."""
        followed = self.jobs.get(self._followed) if self._followed is not None else None
        if followed is None or followed.is_over:
            self._followed = job.id
            known = self.jobs.get(job.id)
            if known is not None and known.state.kind == "running":  # which was told before the answer came
                self.show_job(job.id)

    def _on_job(self, job: Job) -> None:
        if job.state.kind == "running" and (job.id == self._followed or self._has_nothing_else(job)):
            self.show_job(job.id)
        if not job.acknowledged and self.film.adopt(job):
            self._unsaved.add(job.id)
            self._acknowledge()
        if isinstance(job.state, Cancelled) and job.id == self._followed:
            self.show_selected()
        elif job.is_over and job.id == self.playback.job_id:
            self.playback.pause()

    def _on_jobs(self) -> None:
        """One that was looked at may be gone."""
        if self.playback.job_id is not None and self.jobs.get(self.playback.job_id) is None:
            self.show_selected()

    def _has_nothing_else(self, job: Job) -> bool:
        """Whether the viewer is empty, and this job is at work for the open shot."""
        request, shot, playback = job.request, self.film.shot, self.playback
        ours = shot is not None and (request.project, request.shot) == (self.film.project.id, shot.id)
        return ours and playback.clip is None and playback.job_id is None

    def _look_again(self) -> None:
        """After an edit or its undoing: what is in view may be gone, finished, unselected, or have another range."""
        clip, shot, take = self.playback.clip, self.film.shot, self.film.take
        if self.playback.job_id is not None or (clip is None and take is None):
            return
        if shot is not None and take is not None and clip is not None and clip_of_take(take) == clip:
            self.playback.set_range(shot.in_frame, shot.out_frame)
        elif clip is None or all(footage.sha256 != clip.key for footage in self.film.project.bin):
            self._view_selected()

    def _on_trouble(self, _: Ticket, trouble: Trouble) -> None:
        self.trouble.emit(trouble)

    def _on_taken(self, take: Take) -> None:
        self.errands.keep(take)
        if take.job == self._followed:
            self.film.amend(lambda project: edits.select_take(project, take.id))
            self.show_selected()
            if self.page == "create":
                self.playback.play()

    def _acknowledge(self) -> None:
        """A job's end counts as seen once its take is on the disk."""
        if self.film.saved_state == "saved":
            for job_id in self._unsaved:
                self.link.acknowledge(job_id, failed=_ignore)
            self._unsaved.clear()


def clip_of_take(take: Take) -> Clip:
    """A take for the viewer."""
    return Clip(take.id, take.media, take.num_frames, take.fps, take.width, take.height)


def clip_of_footage(footage: Footage) -> Clip:
    """Footage for the viewer."""
    item = footage.item
    return Clip(item.sha256, item.sha256, max(1, item.num_frames), item.fps or 24.0, item.width, item.height)


def _ignore(_: Trouble | Refused) -> None:
    """The job is gone: nobody has to be told of its end any more."""
