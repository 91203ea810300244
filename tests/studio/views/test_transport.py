"""The transport: where the playhead is, told and moved exact to the frame."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from studio.models.studio import Studio, clip_of_footage
from studio.style.tokens import Theme
from studio.views.transport import View
from studio.widgets.scrubber import Scrubber

Show = Callable[..., None]


@pytest.fixture
def view(studio: Studio, actions: dict[str, QAction], theme: Theme, look: Show) -> View:
    made = View(studio, actions, theme)
    look(made, "transport_empty", 900, 72)
    return made


def at(scrubber: Scrubber, x: float, *, low: bool = False) -> QPoint:
    """A place of the scrubber; handles are held in its lower half."""
    return QPoint(round(x), scrubber.height() * 3 // 4 if low else 6)


def drag(qtbot: QtBot, scrubber: Scrubber, start: QPoint, end: QPoint) -> None:
    qtbot.mousePress(scrubber, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(scrubber, end)
    qtbot.mouseRelease(scrubber, Qt.MouseButton.LeftButton, pos=end)


def test_empty_there_is_nothing_to_move(view: View) -> None:
    assert view.timecode.text() == ""
    assert not view.scrubber.isEnabled()


def test_timecode_at_the_clips_own_rate(view: View, scene: Any, studio: Studio, look: Show) -> None:
    scene.finish("a", num_frames=49)
    studio.playback.seek(17)
    assert view.timecode.text() == "00:00:01:05 / 00:00:04:01"
    clip = scene.footage("clip.mp4")
    studio.playback.show(clip_of_footage(clip))
    studio.playback.seek(23)
    assert view.timecode.text() == "00:00:00:23 / 00:00:01:00"
    look(view, "transport_clip", 900, 72)


def test_every_button_is_an_action_with_a_name_and_its_key(view: View, actions: dict[str, QAction]) -> None:
    for name, button in view.buttons.items():
        assert button.defaultAction() is actions[name]
        assert button.accessibleName()
        assert button.toolTip().startswith(actions[name].text().replace("&", "").removesuffix("…"))
    assert view.buttons["step_back"].toolTip() == actions["step_back"].toolTip()


def test_the_play_button_shows_what_it_would_do(view: View, scene: Any, studio: Studio) -> None:
    scene.finish("a")
    still = view.buttons["play"].icon().cacheKey()
    studio.playback.play()
    assert view.buttons["play"].accessibleName() == "Pause"
    assert view.buttons["play"].icon().cacheKey() != still
    studio.playback.pause()
    assert view.buttons["play"].accessibleName() == "Play"
    assert view.buttons["play"].icon().cacheKey() == still


def test_the_icon_stays_when_the_action_changes(view: View, scene: Any, studio: Studio, actions: Any) -> None:
    scene.finish("a")
    studio.playback.play()
    shown = view.buttons["play"].icon().cacheKey()
    actions["play"].setChecked(True)
    actions["play"].setToolTip("other")
    assert view.buttons["play"].icon().cacheKey() == shown
    assert view.buttons["play"].accessibleName() == "Pause"


def test_the_speed_is_shown_while_it_is_no_usual_one(view: View, scene: Any, studio: Studio, look: Show) -> None:
    scene.finish("a")
    said: list[str] = []
    for direction in (1, 1, 1, -1, -1):
        studio.playback.shuttle(direction)
        said.append(view.speed.text())
    assert said == ["", "2×", "4×", "−1×", "−2×"]
    look(view, "transport_shuttle", 900, 72)
    studio.playback.pause()
    assert view.speed.text() == ""


def test_scrubbing_is_exact_to_the_frame(view: View, scene: Any, studio: Studio, qtbot: QtBot) -> None:
    scene.finish("a")
    studio.playback.play()
    scrubber = view.scrubber
    for index in (0, 5, 16, 9):
        qtbot.mouseClick(scrubber, Qt.MouseButton.LeftButton, pos=at(scrubber, scrubber.x_of(index)))
        assert studio.playback.index == index
    assert studio.playback.speed == 0.0
    drag(qtbot, scrubber, at(scrubber, scrubber.x_of(3)), at(scrubber, 5000))
    assert studio.playback.index == 16
    drag(qtbot, scrubber, at(scrubber, scrubber.x_of(3)), at(scrubber, -50))
    assert studio.playback.index == 0


def test_in_and_out_are_dragged_and_kept_as_one_step_of_undo(
    view: View, scene: Any, studio: Studio, qtbot: QtBot, look: Show
) -> None:
    scene.finish("a")
    scrubber = view.scrubber
    for start, end in ((0, 4), (17, 12)):
        edge = scrubber.x_of_edge(start) + (4 if start == 0 else -4)
        drag(qtbot, scrubber, at(scrubber, edge, low=True), at(scrubber, scrubber.x_of_edge(end), low=True))
    shot = studio.film.shot
    assert shot is not None
    assert (shot.in_frame, shot.out_frame) == (4, 12)
    assert (studio.playback.in_frame, studio.playback.out_frame, studio.playback.index) == (4, 12, 0)
    look(view, "transport_range", 900, 72)
    studio.film.undo()
    assert (studio.playback.in_frame, studio.playback.out_frame) == (4, 17)
    studio.film.undo()
    assert (studio.playback.in_frame, studio.playback.out_frame) == (0, 17)


def test_in_does_not_pass_out(view: View, scene: Any, studio: Studio, qtbot: QtBot) -> None:
    scene.finish("a")
    studio.set_in_out(4, 8)
    scrubber = view.scrubber
    drag(qtbot, scrubber, at(scrubber, scrubber.x_of_edge(4) + 4, low=True), at(scrubber, 800, low=True))
    assert (studio.playback.in_frame, studio.playback.out_frame) == (7, 8)


def test_what_has_arrived_is_marked(view: View, scene: Any, studio: Studio) -> None:
    scene.finish("a", num_frames=49)
    studio.playback.picture()
    before = view.scrubber.grab().toImage()
    scene.serve()
    assert view.scrubber.grab().toImage() != before


def test_a_preview_can_be_scrubbed_and_has_no_range(view: View, scene: Any, studio: Studio, qtbot: QtBot) -> None:
    scene.run("a", previews=9)
    assert studio.playback.job_id == "a"
    scrubber = view.scrubber
    qtbot.mouseClick(scrubber, Qt.MouseButton.LeftButton, pos=at(scrubber, scrubber.x_of(0) + 4, low=True))
    assert (studio.playback.in_frame, studio.playback.index, studio.playback.speed) == (0, 0, 0.0)
    qtbot.mouseClick(scrubber, Qt.MouseButton.LeftButton, pos=at(scrubber, scrubber.x_of(6)))
    assert studio.playback.index == 6


def test_time_runs_from_left_to_right_in_every_language(
    qapp: QApplication, studio: Studio, actions: dict[str, QAction], theme: Theme, look: Show, scene: Any
) -> None:
    qapp.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    view = View(studio, actions, theme)
    scene.finish("a")
    look(view, "transport_rtl", 900, 72)
    assert view.scrubber.x_of(0) < view.scrubber.x_of(16)
    x = [view.buttons[name].mapTo(view, QPoint()).x() for name in ("to_in", "step_back", "play", "to_out")]
    assert x == sorted(x)
    assert view.timecode.mapTo(view, QPoint()).x() > x[-1]


def test_a_frame_says_its_timecode(view: View, scene: Any) -> None:
    scene.finish("a")
    assert view.scrubber.describe(13) == "00:00:01:01 · frame 14"


def test_in_a_narrow_window_every_button_has_its_place(view: View, scene: Any, look: Show) -> None:
    scene.finish("a", num_frames=49)
    look(view, "transport_narrow", 484, 72)
    for _ in range(5):
        QApplication.processEvents()
    places = sorted(button.mapTo(view, QPoint()).x() for button in view.buttons.values())
    assert min(after - before for before, after in itertools.pairwise(places)) >= 32, places
    assert places[-1] + 32 <= view.width()
    assert view.timecode.text() == "00:00:00:00"
    assert "00:00:04:01" in view.timecode.toolTip()
