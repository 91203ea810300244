"""The verbs under the viewer: what can be made of the clip in view, in the room that there is."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication

from studio.models.studio import Studio, clip_of_footage
from studio.style.tokens import Theme
from studio.views.rules import Rules
from studio.views.verbs import FIRST, VERBS, View

Show = Callable[..., None]
WIDE, NARROW = 1000, 380


@pytest.fixture
def view(studio: Studio, actions: dict[str, QAction], theme: Theme) -> View:
    rules = Rules(actions)
    rules.watch(studio)
    made = View(studio, actions, theme)
    rules.setParent(made)
    return made


def settle() -> None:
    for _ in range(3):
        QApplication.processEvents()


def seen(view: View) -> list[str]:
    return [name for name, button in view.buttons.items() if not button.isHidden()]


def test_with_nothing_in_view_they_are_not_there(view: View, scene: Any) -> None:
    settle()
    assert view.isHidden()
    scene.finish("a")
    assert not view.isHidden()


def test_all_of_a_clip_in_a_wide_window(view: View, scene: Any, look: Show) -> None:
    scene.finish("a")
    look(view, "verbs_wide", WIDE, 36)
    settle()
    assert seen(view) == list(VERBS)
    assert view.more.isHidden()
    assert view.buttons["extend"].isEnabled()
    assert not view.buttons["retake"].isEnabled(), "there is no range"


def test_those_without_room_are_in_the_menu(view: View, scene: Any, actions: dict[str, QAction], look: Show) -> None:
    scene.finish("a")
    look(view, "verbs_narrow", NARROW, 36)
    settle()
    shown = seen(view)
    assert 0 < len(shown) < len(VERBS)
    assert not view.more.isHidden()
    assert view.more.menu().actions() == [actions[name] for name in VERBS if name not in shown]
    edges = [button.geometry().right() for button in view.buttons.values() if not button.isHidden()]
    assert max(*edges, view.more.geometry().right()) < view.length.geometry().left()


def test_a_draft_can_be_finished_and_an_image_animated(view: View, scene: Any, studio: Studio, show: Show) -> None:
    show(view, WIDE, 36)
    scene.draft("a")
    settle()
    assert "finish_draft" in seen(view)
    studio.playback.show(clip_of_footage(scene.footage("still.png")))
    settle()
    assert [name for name in seen(view) if name in FIRST] == ["animate"]
    assert view.buttons["animate"].isEnabled()


def test_every_button_has_a_name_and_a_tooltip(view: View) -> None:
    for button in (*view.buttons.values(), view.more, view.length):
        assert button.accessibleName().strip()
        assert button.toolTip()


def test_the_new_part_is_as_long_as_chosen(view: View, scene: Any, studio: Studio, show: Show) -> None:
    scene.finish("a")
    show(view, WIDE, 36)
    menu = view.length.menu()
    menu.aboutToShow.emit()
    text = next(action.text() for action in menu.actions() if action.isChecked())
    assert studio.composer.part_seconds == studio.composer.usual_seconds
    next(action for action in menu.actions() if action.text().startswith("3")).trigger()
    assert studio.composer.part_seconds == 3.0
    settle()
    assert "3" in view.length.text()
    studio.do("extend")
    while scene.serve():
        settle()
    sent = next(ticket for ticket in scene.link.asked if ticket.ask.name == "submit").ask.arguments[0]
    assert sent.recipe.take_frames == 17 + 36
    menu.aboutToShow.emit()
    next(action for action in menu.actions() if action.text() == text).trigger()
    assert studio.composer.part_seconds == studio.composer.usual_seconds
