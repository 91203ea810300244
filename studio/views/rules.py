"""Rules: which actions can be done now, and why the others cannot."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction

from engine.protocol.job import Drafted, Job
from studio.link.state import Connected
from studio.models.composer import Hindrance
from studio.models.studio import Studio
from studio.project.take import Take
from studio.views import storyboard_rules
from studio.views.actions import explain
from studio.views.edit_words import edit_words

PAGES = ("page_create", "page_storyboard", "page_film")
ALWAYS = ("new_project", "open_project", "import_zip", "palette", "shortcuts", "next_panel", "settings", "quit")
MAKING = ("generate", "variations", "draft_board")
VERBS = ("extend", "extend_backward", "loop", "bridge", "remix", "retake")
PLAYING = ("play", "shuttle_back", "shuttle_stop", "shuttle_forward", "repeat")
STEPPING = ("step_back", "step_forward", "to_in", "to_out", "set_in", "set_out")
TAKE = ("rate_0", "rate_1", "rate_2", "rate_3", "rate_4", "rate_5", "delete_take", "save_take_as", "reveal_file")
SHOT = ("rename_shot", "duplicate_shot", "delete_shot")
ON_CREATE = ("delete_take", "retake", "compare", "full_screen", "clear_range", "use_last_frame", "animate")
"""Those that are for the clip in the viewer of the Create page."""
CHANGING = (
    *storyboard_rules.ARRANGING,
    *storyboard_rules.MAKING,
    *MAKING,
    *VERBS,
    *SHOT,
    "new_shot",
    "rename_project",
    "import_files",
    "use_last_frame",
    "animate",
)


def take_in_view(studio: Studio) -> Take | None:
    """The take that the viewer shows; None with footage, a preview or nothing."""
    clip = studio.playback.clip
    if clip is None:
        return None
    takes = (take for shot in studio.film.project.shots for take in shot.takes)
    return next((take for take in takes if take.id == clip.key), None)


def drafted_job(studio: Studio) -> Job | None:
    """The job of the draft in view, if it can go on."""
    take = take_in_view(studio)
    job = studio.jobs.get(take.job) if take is not None and take.job is not None else None
    return job if job is not None and isinstance(job.state, Drafted) else None


def running_job(studio: Studio) -> Job | None:
    """The running job that is looked at, else one of the open shot."""
    seen, shot = studio.playback.job_id, studio.film.shot
    running = [job for job in studio.jobs.active if job.state.kind == "running"]
    wanted = [job for job in running if job.id == seen]
    return next(iter(wanted + [job for job in running if shot is not None and job.request.shot == shot.id]), None)


class Rules(QObject):
    """Keeps the actions of a window as the open project allows; `watch` the next one when it opens."""

    def __init__(self, actions: Mapping[str, QAction], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._studio: Studio | None = None
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.look)
        self.look()

    def watch(self, studio: Studio | None) -> None:
        """Follow this project from now on; the one before is on its way out, and says nothing any more."""
        self._studio = studio
        if studio is not None:
            film, playback = studio.film, studio.playback
            film.steps_changed.connect(self._soon.start)
            for signal in (film.changed, film.shot_changed, studio.jobs.changed, studio.composer.changed):
                signal.connect(self._soon.start)
            for signal in (playback.shown_changed, playback.range_changed, playback.playing_changed):
                signal.connect(self._soon.start)
            studio.page_changed.connect(self._soon.start)
            studio.storyboard.changed.connect(self._soon.start)
            studio.screening.playing_changed.connect(self._soon.start)
            studio.library.changed.connect(self._soon.start)
            studio.link.state_changed.connect(self._soon.start)
        self.look()

    def look(self) -> None:
        """Set every action as it is now."""
        self._say_undo()
        for name, action in self._actions.items():
            explain(action, self.why_not(name))
        if self._studio is not None:
            playback = self._studio.playback
            for name in PAGES:
                self._actions[name].setChecked(name == f"page_{self._studio.page}")
            shot = self._studio.film.shot
            self._actions["continue_shot"].setChecked(shot is not None and shot.continues)
            self._actions["play"].setChecked(self._studio.player.speed != 0)
            self._actions["repeat"].setChecked(self._studio.player.repeats)
            self._actions["compare"].setChecked(playback.compared is not None)

    def why_not(self, name: str) -> str:
        """Why the action cannot be done now; empty when it can."""
        if name in ALWAYS:
            return ""
        studio = self._studio
        if studio is None:
            return self.tr("No project is open")
        if name in CHANGING and studio.film.read_only is not None:
            return self.tr("This project is open read-only")
        if name in ON_CREATE and studio.page != "create":
            return self.tr("This is done on the Create page")
        if name in (*MAKING, *VERBS) and studio.composer.hindrance is not None:
            found = self._hindrance(studio.composer.hindrance, name)
            if found:
                return found
        return self._of_group(name, studio)

    def _of_group(self, name: str, studio: Studio) -> str:
        for names, ask in self._groups():
            if name in names:
                return ask(name, studio)
        return ""

    def _groups(self) -> tuple[tuple[tuple[str, ...], Callable[[str, Studio], str]], ...]:
        return (
            (VERBS, self._verb),
            (PLAYING, self._moving),
            (STEPPING, self._moving),
            (TAKE, self._take),
            (SHOT, self._shot),
            (storyboard_rules.ACTIONS, self._board),
            (("previous_shot", "next_shot"), self._other_shot),
            (("undo", "redo"), self._undo),
            (("use_last_frame", "animate", "compare", "clear_range"), self._view),
            (("finish_draft", "stop_early", "import_files"), self._engine),
        )

    def _hindrance(self, hindrance: Hindrance, name: str) -> str:
        if hindrance == "no_shot":
            return self.tr("Make a shot first")
        if hindrance == "problems":  # of the draft's own size and images, which a verb does not use
            return self.tr("Mend what is marked beside the prompt first") if name in MAKING else ""
        if hindrance == "needs_take":
            return self.tr("It starts from a shot beside it that has no take yet") if name in MAKING else ""
        if hindrance in ("model_unknown", "model_incomplete"):
            return self.tr("The model is not there")
        return self.tr("The engine is not there yet")

    def _verb(self, name: str, studio: Studio) -> str:
        clip, card = studio.playback.clip, studio.composer.card
        if clip is None:
            return self.tr("Show a clip first")
        if clip.num_frames < 2:
            return self.tr("This is an image: animate it")
        needed = "source" if name == "remix" else "keyframes"
        if card is not None and needed not in card.conditions:
            return self.tr("The model cannot do this")
        if name == "retake" and (studio.playback.in_frame, studio.playback.out_frame) == (0, clip.num_frames):
            return self.tr("Set in and out around what is to be made anew")
        if name == "bridge" and not has_other_clip(studio):
            return self.tr("There is no other clip to lead to")
        return ""

    def _board(self, name: str, studio: Studio) -> str:
        return storyboard_rules.why_not(name, studio)

    def _moving(self, _: str, studio: Studio) -> str:
        return "" if studio.player.num_frames > 1 else self.tr("Show a clip first")

    def _take(self, name: str, studio: Studio) -> str:
        take = take_in_view(studio)
        if take is None:
            return self.tr("Show a take first")
        if name in ("save_take_as", "reveal_file"):
            there = studio.film.folder.media.path(take.media) is not None
            return "" if there else self.tr("Its file is still with the engine")
        return self.tr("This project is open read-only") if studio.film.read_only is not None else ""

    def _shot(self, _: str, studio: Studio) -> str:
        return "" if studio.film.shot is not None else self.tr("Make a shot first")

    def _other_shot(self, name: str, studio: Studio) -> str:
        shot, shots = studio.film.shot, studio.film.project.shots
        if shot is None:
            return self.tr("Make a shot first")
        end = shots[0] if name == "previous_shot" else shots[-1]
        return "" if shot is not end else self.tr("There is none")

    def _undo(self, name: str, studio: Studio) -> str:
        label = studio.film.undo_label if name == "undo" else studio.film.redo_label
        return "" if label is not None else self.tr("There is nothing")

    def _view(self, name: str, studio: Studio) -> str:
        playback = studio.playback
        clip = playback.clip
        if clip is None:
            return self.tr("Show a clip first")
        if name == "animate":
            return "" if clip.num_frames == 1 else self.tr("This is a clip: extend it")
        if name == "compare" and playback.compared is None and not has_other_clip(studio):
            return self.tr("There is no other take")
        if name == "clear_range" and (playback.in_frame, playback.out_frame) == (0, clip.num_frames):
            return self.tr("All of it is in already")
        return ""

    def _engine(self, name: str, studio: Studio) -> str:
        if not isinstance(studio.link.state, Connected):
            return self.tr("The engine is not there yet")
        if name == "finish_draft" and drafted_job(studio) is None:
            return self.tr("Show a draft first")
        if name == "stop_early" and running_job(studio) is None:
            return self.tr("Nothing is being made")
        return ""

    def _say_undo(self) -> None:
        film = self._studio.film if self._studio is not None else None
        undo, redo = (film.undo_label, film.redo_label) if film is not None else (None, None)
        self._actions["undo"].setText(
            self.tr("Undo: {what}").format(what=edit_words(undo)) if undo else self.tr("Undo")
        )
        self._actions["redo"].setText(
            self.tr("Redo: {what}").format(what=edit_words(redo)) if redo else self.tr("Redo")
        )


def has_other_clip(studio: Studio) -> bool:
    """Whether `other_clips` has any; asked with every change, and putting a thousand takes in order takes 10 ms."""
    clip = studio.playback.clip
    takes = (take for shot in studio.film.project.shots for take in shot.takes)
    return any(take.num_frames > 1 and (clip is None or take.id != clip.key) for take in takes)


def other_clips(studio: Studio) -> list[tuple[str, Take]]:
    """Takes that a bridge can lead to or a comparison can show, with their shot's name: first those of the next shot,
    then of the open one, then the rest."""
    clip, film = studio.playback.clip, studio.film
    shots = list(film.project.shots)
    if film.shot is not None:
        at = film.project.place(film.shot.id)
        ahead = shots[at + 1 : at + 2]
        shots = ahead + [film.shot] + [shot for shot in shots if shot not in ahead and shot is not film.shot]
    found: list[tuple[str, Take]] = []
    for shot in shots:
        ordered = sorted(shot.takes, key=lambda take, chosen=shot.selected: (take.id != chosen, -take.created_at))
        found += [(shot.name, take) for take in ordered if take.num_frames > 1 and (not clip or take.id != clip.key)]
    return found
