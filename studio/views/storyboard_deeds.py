"""Storyboard deeds: what the actions of the storyboard do to the open project."""

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from studio.models.desk import Desk
from studio.models.studio import Studio
from studio.project.shot import Shot


class StoryboardDeeds(QObject):
    """Connects the actions, once for a window; each acts on the project that is open then, and on its open shot."""

    def __init__(self, actions: Mapping[str, QAction], desk: Desk, window: QWidget) -> None:
        super().__init__(window)
        self._desk = desk
        deeds: dict[str, Callable[[Studio], None]] = {
            "generate_missing": lambda studio: studio.storyboard.generate_missing(),
            "refresh_stale": lambda studio: studio.storyboard.refresh(),
            "play_from_shot": _play_from,
            "split_shot": _split,
            "move_back": partial(_move, -1),
            "move_on": partial(_move, 1),
            "continue_shot": _continue,
            "insert_bridge": self._bridge,
        }
        for name, deed in deeds.items():
            actions[name].triggered.connect(partial(self._act, deed))

    def _act(self, deed: Callable[[Studio], None], _checked: bool = False) -> None:
        if self._desk.studio is not None:
            deed(self._desk.studio)

    def _bridge(self, studio: Studio) -> None:
        if studio.film.shot is not None:
            seconds = studio.composer.part_seconds
            studio.storyboard.insert_bridge(studio.film.shot.id, self.tr("Bridge"), seconds)


def shown_frame(studio: Studio) -> tuple[Shot, int] | None:
    """The shot at the playhead, and the frame of its take there; None where no take is seen."""
    if studio.page == "create":
        shot, clip, index = studio.film.shot, studio.playback.clip, studio.playback.index
        return (shot, index) if shot is not None and clip is not None and clip.key == shot.selected else None
    index = studio.screening.index
    shot = studio.screening.shot_at(index)
    if shot is None or shot.selected is None:
        return None
    return shot, studio.screening.take_frame(shot, index)


def trim_at_playhead(studio: Studio, *, is_in: bool) -> None:
    """In is the frame at the playhead; out is behind it, which is still seen."""
    shown = shown_frame(studio)
    if shown is not None:
        shot, frame = shown
        first, out = (frame, shot.out_frame) if is_in else (shot.in_frame, frame + 1)
        studio.storyboard.trim(shot.id, first, out)
        studio.screening.go_to(shot.id)


def _play_from(studio: Studio) -> None:
    if studio.film.shot is not None:
        studio.turn_to("storyboard")
        studio.screening.play_from(studio.film.shot.id)


def _split(studio: Studio) -> None:
    shown = shown_frame(studio)
    if shown is not None:
        studio.storyboard.split(shown[0].id, shown[1])


def _move(places: int, studio: Studio) -> None:
    shot = studio.film.shot
    if shot is not None:
        studio.storyboard.move(shot.id, max(0, studio.film.project.place(shot.id) + places))


def _continue(studio: Studio) -> None:
    shot = studio.film.shot
    if shot is not None:
        studio.storyboard.set_continues(shot.id, not shot.continues)
