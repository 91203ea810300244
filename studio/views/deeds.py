"""Deeds: what the actions of making, playing, takes and shots do to the open project."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QDir, QObject, QTemporaryFile, QUrl
from PySide6.QtGui import QAction, QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from engine.protocol.clip_frames import ClipFrames
from engine.protocol.job import suffix
from engine.protocol.media import MediaItem
from studio.models.desk import Desk
from studio.models.playback import Clip
from studio.models.studio import Studio, VerbName, clip_of_take
from studio.project import edits
from studio.project.footage import Footage
from studio.project.shot import Shot
from studio.project.take import Take
from studio.project.value import new_id
from studio.style.tokens import Theme
from studio.views.rules import drafted_job, running_job, take_in_view
from studio.views.storyboard_deeds import trim_at_playhead
from studio.views.take_popup import TakePopup
from studio.widgets.popup import SliderPopup, TextPopup

VARIATIONS = 4
DRAFTS = 6
LONGEST_NAME = 200
DRAFT_PART = 0.4
"""Of the steps: enough to see what it will be."""

Deed = Callable[[Studio], object]


class Deeds(QObject):
    """Connects the actions, once for a window; each acts on the project that is open then."""

    def __init__(self, actions: Mapping[str, QAction], desk: Desk, window: QWidget, theme: Callable[[], Theme]) -> None:
        super().__init__(window)
        self._desk = desk
        self._window = window
        self._theme = theme
        for name, deed in (self._making() | self._playing() | self._takes() | self._shots()).items():
            actions[name].triggered.connect(functools.partial(self._act, deed))

    def _act(self, deed: Deed, _checked: bool = False) -> None:
        studio = self._desk.studio
        if studio is not None:
            deed(studio)

    def _making(self) -> dict[str, Deed]:
        whole: tuple[VerbName, ...] = ("extend", "extend_backward", "loop", "retake")
        verbs: dict[str, Deed] = {verb: functools.partial(_do, verb) for verb in whole}
        return verbs | {
            "generate": _generate,
            "variations": _variations,
            "draft_board": _draft_board,
            "finish_draft": _finish_draft,
            "stop_early": _stop_early,
            "bridge": self._bridge,
            "remix": self._remix,
            "use_last_frame": _use_last_frame,
            "animate": _animate,
        }

    def _playing(self) -> dict[str, Deed]:
        return {
            "play": lambda studio: studio.player.toggle(),
            "step_back": lambda studio: studio.player.step(-1),
            "step_forward": lambda studio: studio.player.step(1),
            "shuttle_back": lambda studio: studio.player.shuttle(-1),
            "shuttle_stop": lambda studio: studio.player.pause(),
            "shuttle_forward": lambda studio: studio.player.shuttle(1),
            "repeat": lambda studio: studio.player.set_repeats(not studio.player.repeats),
            "compare": self._compare,
            "to_in": lambda studio: studio.player.seek(studio.player.in_frame),
            "to_out": lambda studio: studio.player.seek(studio.player.out_frame - 1),
            "set_in": _set_in,
            "set_out": _set_out,
            "clear_range": lambda studio: studio.set_in_out(0, None),
        }

    def _takes(self) -> dict[str, Deed]:
        rating: dict[str, Deed] = {f"rate_{stars}": functools.partial(_rate, stars) for stars in range(6)}
        return rating | {
            "delete_take": _delete_take,
            "reveal_file": _reveal,
            "save_take_as": self._save_as,
        }

    def _shots(self) -> dict[str, Deed]:
        return {
            "new_shot": self._new_shot,
            "previous_shot": functools.partial(_go, -1),
            "next_shot": functools.partial(_go, 1),
            "rename_shot": self._rename_shot,
            "duplicate_shot": self._duplicate_shot,
            "delete_shot": _delete_shot,
        }

    def _bridge(self, studio: Studio) -> None:
        def lead(take: object) -> None:
            if isinstance(take, Take):
                studio.do("bridge", behind=clip_of_take(take))

        self._choose(self.tr("Bridge to"), studio, lead)

    def _compare(self, studio: Studio) -> None:
        playback = studio.playback
        if playback.compared is not None:
            playback.compare(None)
            return

        def show(take: object) -> None:
            if isinstance(take, Take):
                playback.compare(clip_of_take(take))

        self._choose(self.tr("Compare with"), studio, show)

    def _choose(self, title: str, studio: Studio, chosen: Callable[[object], None]) -> None:
        """Let the user choose another take than the one in view."""
        popup = TakePopup(title, studio, self._theme(), self._window)
        popup.chosen.connect(chosen)
        popup.open_over(self._window)

    def _remix(self, studio: Studio) -> None:
        strength = studio.composer.strength

        def remix(far: float) -> None:
            studio.composer.change(strength=far)
            studio.do("remix", strength=far)

        popup = SliderPopup(self.tr("How far from this clip?"), self.tr("Remix"), strength, self._window)
        popup.accepted.connect(remix)
        popup.open_over(self._window)

    def _save_as(self, studio: Studio) -> None:
        take = take_in_view(studio)
        source = studio.film.folder.media.path(take.media) if take else None
        if take is None or source is None:
            return
        shot = studio.film.project.shot_of(take.id)
        name = f"{shot.name} {shot.takes.index(take) + 1}.{suffix(take.container)}".replace("/", "-")
        dialog = QFileDialog(self._window, self.tr("Save a copy"), QDir.homePath())
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix(take.container))
        dialog.selectFile(name)

        def copy(path: str) -> None:
            self._desk.copy(source, Path(path))

        dialog.fileSelected.connect(copy)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _new_shot(self, studio: Studio) -> None:
        number = len(studio.film.project.shots) + 1
        studio.film.add_shot(self.tr("Shot {number}").format(number=number))

    def _rename_shot(self, studio: Studio) -> None:
        shot = studio.film.shot
        if shot is None:
            return

        def rename(name: str) -> None:
            studio.film.edit("rename_shot", lambda project: edits.rename_shot(project, shot.id, name))

        popup = TextPopup(self.tr("Name of the shot"), self.tr("Rename"), shot.name, self._window)
        popup.line.setMaxLength(LONGEST_NAME)
        popup.accepted.connect(rename)
        popup.open_over(self._window)

    def _duplicate_shot(self, studio: Studio) -> None:
        shot, film = studio.film.shot, studio.film
        if shot is not None:
            copy, name = new_id(), self.tr("{name} copy").format(name=shot.name)
            film.edit("duplicate_shot", lambda project: edits.duplicate_shot(project, shot.id, copy, name))
            film.open_shot(copy)


def _do(verb: VerbName, studio: Studio) -> None:
    """To the clip in view; where the whole film is in view, an extension is of the selected shot."""
    shot = studio.film.shot
    if studio.page != "create" and shot is not None and verb in ("extend", "extend_backward"):
        studio.storyboard.extend(shot.id, studio.composer.part_seconds, backward=verb == "extend_backward")
    else:
        studio.do(verb)


def _generate(studio: Studio) -> None:
    studio.composer.generate()


def _variations(studio: Studio) -> None:
    studio.composer.variations(VARIATIONS)


def _draft_board(studio: Studio) -> None:
    recipe = studio.composer.recipe
    if recipe is not None:
        studio.composer.variations(DRAFTS, max(1, round(recipe.num_inference_steps * DRAFT_PART)))


def _finish_draft(studio: Studio) -> None:
    job = drafted_job(studio)
    if job is not None:
        studio.jobs.resume(job.id)
        studio.show_job(job.id)


def _stop_early(studio: Studio) -> None:
    job = running_job(studio)
    if job is not None:
        studio.jobs.stop_early(job.id)


def _animate(studio: Studio) -> None:
    clip = studio.playback.clip
    if clip is not None:
        studio.composer.animate(clip.media)


def _use_last_frame(studio: Studio) -> None:
    """The clip's last frame becomes an image of the bin, and what the open shot starts from."""
    clip, film = studio.playback.clip, studio.film
    if clip is None or film.shot is None:
        return
    shot_id, failed = film.shot.id, studio.trouble.emit

    def bring(frames: ClipFrames) -> None:
        if not frames.jpegs:
            return
        file = QTemporaryFile(str(Path(QDir.tempPath()) / "reelwright-XXXXXX.jpg"), studio)
        file.open()
        file.write(frames.jpegs[0])
        file.close()

        def keep(item: MediaItem) -> None:
            file.deleteLater()
            footage = Footage(item=item, name=_frame_name(film.project.shot(shot_id), clip))
            film.edit("add_footage", lambda project: edits.add_footage(project, footage))
            studio.composer.pin("start", item.sha256, shot_id)

        studio.errands.import_file(Path(file.fileName()), keep, failed)

    studio.link.frames("last frame", clip.media, clip.num_frames - 1, 1, done=bring, failed=failed)


def _frame_name(shot: Shot, clip: Clip) -> str:
    return f"{shot.name} {clip.num_frames}.jpg"


def _set_in(studio: Studio) -> None:
    if studio.page != "create":
        trim_at_playhead(studio, is_in=True)
        return
    playback = studio.playback
    out = playback.out_frame if playback.out_frame > playback.index else None
    studio.set_in_out(playback.index, None if out == playback.num_frames else out)


def _set_out(studio: Studio) -> None:
    """Out is behind the frame at the playhead, which is still seen."""
    if studio.page != "create":
        trim_at_playhead(studio, is_in=False)
        return
    playback = studio.playback
    out = playback.index + 1
    in_frame = playback.in_frame if playback.in_frame < out else 0
    studio.set_in_out(in_frame, None if out == playback.num_frames else out)


def _rate(stars: int, studio: Studio) -> None:
    take = take_in_view(studio)
    if take is not None:
        studio.film.edit("rate_take", lambda project: edits.rate_take(project, take.id, stars))


def _delete_take(studio: Studio) -> None:
    take = take_in_view(studio)
    if take is not None:
        studio.film.edit("delete_take", lambda project: edits.delete_take(project, take.id))
        studio.show_selected()


def _reveal(studio: Studio) -> None:
    take = take_in_view(studio)
    path = studio.film.folder.media.path(take.media) if take else None
    if path is not None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))


def _go(places: int, studio: Studio) -> None:
    shot, project = studio.film.shot, studio.film.project
    if shot is not None:
        at = project.place(shot.id) + places
        if 0 <= at < len(project.shots):
            studio.film.open_shot(project.shots[at].id)


def _delete_shot(studio: Studio) -> None:
    """The one behind it is opened then, else the one before; undo brings it back."""
    shot, film = studio.film.shot, studio.film
    if shot is None:
        return
    at = film.project.place(shot.id)
    rest = [each for each in film.project.shots if each is not shot]
    film.edit("delete_shot", lambda project: edits.delete_shot(project, shot.id))
    if rest:
        film.open_shot(rest[min(at, len(rest) - 1)].id)
