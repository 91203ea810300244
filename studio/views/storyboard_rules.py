"""Storyboard rules: which of its actions can be done now, and why the others cannot."""

from collections.abc import Iterator

from PySide6.QtCore import QCoreApplication

from studio.link.state import Connected
from studio.models.studio import Studio
from studio.project.shot import Shot
from studio.views.storyboard_mark import can_bridge

_translate = QCoreApplication.translate
ARRANGING = ("split_shot", "move_back", "move_on", "continue_shot", "insert_bridge")
MAKING = ("generate_missing", "refresh_stale")
ZOOMING = ("zoom_in", "zoom_out", "zoom_fit")
ACTIONS = (*ARRANGING, *MAKING, *ZOOMING, "transition", "play_from_shot")


def why_not(name: str, studio: Studio) -> str:
    """Why the action cannot be done now; empty when it can."""
    if name in MAKING:
        return _making(name, studio)
    if name in (*ZOOMING, "transition") and studio.page != "storyboard":
        return _translate("storyboard", "This is done on the Storyboard page")
    shot = studio.film.shot
    if shot is None:
        return "" if name in ZOOMING else _translate("storyboard", "Make a shot first")
    return next(_reasons(name, studio, shot), "")


def _reasons(name: str, studio: Studio, shot: Shot) -> Iterator[str]:
    shots = studio.film.project.shots
    place = studio.film.project.place(shot.id)
    if name in ("transition", "insert_bridge", "move_on") and place + 1 == len(shots):
        yield _translate("storyboard", "It is the last shot")
    if name in ("continue_shot", "move_back") and place == 0:
        yield _translate("storyboard", "It is the first shot")
    if name == "continue_shot" and shot.is_bridge:
        yield _translate("storyboard", "A bridge starts from the shot before as it is")
    if name == "insert_bridge" and not can_bridge(shot, shots[place + 1]):
        yield _translate("storyboard", "There is a bridge already")
    if name == "split_shot" and studio.player.num_frames < 2:
        yield _translate("storyboard", "Show a clip first")


def _making(name: str, studio: Studio) -> str:
    if not isinstance(studio.link.state, Connected):
        return _translate("storyboard", "The engine is not there yet")
    if studio.page == "create":
        return ""  # whether there is anything to make is worked out where it is seen
    if name == "generate_missing":
        return "" if studio.storyboard.missing else _translate("storyboard", "Every shot has a take, or is being made")
    there = studio.storyboard.to_refresh
    return "" if there else _translate("storyboard", "Nothing has changed since the takes were made")
