"""The Storyboard page in the window: how one gets there, what keys do there, and that all of it goes and comes back."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from engine.protocol.events import JobChanged
from engine.protocol.job import Done, Job, JobRequest, TakeFile
from studio.app import Run
from studio.link.scripted import ScriptedLink
from studio.models.studio import Studio
from studio.project import edits
from studio.project.draft import Draft
from studio.project.planned import planned
from studio.project.shot import Shot
from studio.views import header, storyboard_page

SHOTS = "abc"


class Hands:
    """The window on three shots of 17 frames at the film's rate, on the Storyboard page."""

    def __init__(self, run: Run, qtbot: QtBot) -> None:
        assert run.desk.studio is not None
        self.run, self.qtbot, self.window = run, qtbot, run.window
        self.studio: Studio = run.desk.studio
        card = self.studio.library.card("starter")
        assert card is not None
        shots = tuple(Shot(id=name, name=f"Shot {name}", draft=Draft(prompt=name)) for name in SHOTS)
        film = self.studio.film
        film.amend(lambda project: project.changed(shots=shots, last_open_shot="a"))
        film.amend(lambda project: edits.change_settings(project, fps=12.0))
        for name in SHOTS:
            recipe = planned(film.project, film.project.shot(name), card)
            media = name.encode().hex().ljust(64, "0")
            take = TakeFile(media=media, container="mp4", size_bytes=1, num_frames=17)
            state = Done(finished_at=2.0, take=take, stage_s={}, build="x")
            request = JobRequest(recipe=recipe, project=film.project.id, shot=name)
            link = run.link
            assert isinstance(link, ScriptedLink)
            link.tell(JobChanged(job=Job(id=f"take-{name}", request=request, created_at=1.0, state=state)))
        self.press(Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
        assert isinstance(self.page, storyboard_page.View)
        self.page.board.setFocus()

    @property
    def page(self) -> Any:
        return self.window.interior.shown_page

    @property
    def order(self) -> str:
        return "".join(shot.id for shot in self.studio.film.project.shots if shot.id in SHOTS)

    def press(self, key: Qt.Key, *modifiers: Qt.KeyboardModifier) -> None:
        QApplication.processEvents()
        held = Qt.KeyboardModifier.NoModifier
        for each in modifiers:
            held |= each
        self.qtbot.keyClick(self.window.focusWidget() or self.window, key, held)
        QApplication.processEvents()


@pytest.fixture
def hands(opened: Run, qtbot: QtBot) -> Hands:
    return Hands(opened, qtbot)


def test_pages_are_built_when_they_are_looked_at(opened: Run, qtbot: QtBot) -> None:
    window = opened.window
    assert window.findChildren(storyboard_page.View) == []
    (head,) = window.findChildren(header.View)
    button = next(each for each in head.findChildren(QToolButton) if each.text() == "Storyboard")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert isinstance(window.interior.shown_page, storyboard_page.View)
    assert window.acts["page_storyboard"].isChecked()
    assert not window.acts["page_create"].isChecked()
    first = window.interior.shown_page
    for name in ("page_create", "page_storyboard"):
        window.acts[name].trigger()
        QApplication.processEvents()
    assert window.interior.shown_page is first
    assert first.isVisible()


def test_keys_play_and_step_through_the_film(hands: Hands) -> None:
    screening = hands.studio.screening
    hands.press(Qt.Key.Key_Right)
    hands.press(Qt.Key.Key_Right)
    assert screening.index == 2
    hands.press(Qt.Key.Key_End)
    assert screening.index == 50
    hands.press(Qt.Key.Key_Home)
    hands.press(Qt.Key.Key_Space)
    assert screening.speed == 1.0
    assert hands.studio.playback.speed == 0.0
    assert hands.window.acts["play"].isChecked()
    hands.press(Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert screening.speed == 0.0  # nothing goes on playing behind another page


def test_every_drag_has_its_keys(hands: Hands) -> None:
    film, screening = hands.studio.film, hands.studio.screening
    hands.press(Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert hands.order == "bac"
    hands.press(Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert hands.order == "abc"
    screening.seek(17 + 5)
    hands.press(Qt.Key.Key_I)
    assert film.project.shot("b").in_frame == 5
    screening.seek(17 + 6)
    hands.press(Qt.Key.Key_O)
    assert (film.project.shot("b").in_frame, film.project.shot("b").out_frame) == (5, 12)
    for _ in range(2):
        hands.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (film.project.shot("b").in_frame, film.project.shot("b").out_frame) == (0, None)
    screening.seek(4)
    hands.press(Qt.Key.Key_S)
    assert [shot.out_frame for shot in film.project.shots] == [4, None, None, None]
    assert film.project.shots[1].in_frame == 4
    hands.press(Qt.Key.Key_Delete)
    assert len(film.project.shots) == 3
    hands.press(Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier)
    assert len(film.project.shots) == 4


def test_the_selected_shot_is_walked_and_continued_by_keys(hands: Hands) -> None:
    hands.press(Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
    assert hands.studio.film.shot.id == "b"
    hands.press(Qt.Key.Key_C, Qt.KeyboardModifier.ShiftModifier)
    assert hands.studio.film.shot.continues
    assert hands.window.acts["continue_shot"].isChecked()
    hands.press(Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier)
    assert [wish.shot for wish in hands.studio.film.project.wishes] == ["b"]
    hands.press(Qt.Key.Key_B, Qt.KeyboardModifier.ShiftModifier)
    assert [shot.is_bridge for shot in hands.studio.film.project.shots] == [False, False, True, False]


def test_e_extends_the_selected_shot(hands: Hands) -> None:
    link = hands.run.link
    assert isinstance(link, ScriptedLink)
    hands.press(Qt.Key.Key_E)
    assert [wish.shot for wish in hands.studio.film.project.wishes] == ["a"]
    assert link.waiting("media_item")


def test_enter_opens_a_shot_on_the_create_page(hands: Hands) -> None:
    hands.press(Qt.Key.Key_Return)
    assert hands.studio.page == "create"
    assert hands.window.page is not None
    assert hands.window.page.isVisible()


def test_what_is_for_the_create_page_says_so(hands: Hands) -> None:
    for name in ("delete_take", "compare", "retake"):
        assert not hands.window.acts[name].isEnabled()
        assert "Create page" in hands.window.acts[name].toolTip()
    assert "last" not in hands.window.acts["insert_bridge"].toolTip()
    hands.studio.film.open_shot("c")
    QApplication.processEvents()
    assert "It is the last shot" in hands.window.acts["insert_bridge"].toolTip()


def test_the_page_stays_in_another_theme_and_goes_with_the_project(hands: Hands) -> None:
    hands.run.preferences.choose("theme", "light")
    hands.qtbot.waitUntil(lambda: isinstance(hands.page, storyboard_page.View) and hands.page.isVisible())
    hands.window.acts["zoom_in"].trigger()
    hands.run.desk.close()
    assert hands.window.interior.shown_page is None


def test_f6_goes_through_its_panels_and_esc_to_the_cards(hands: Hands) -> None:
    hands.press(Qt.Key.Key_F6)
    focus = hands.window.focusWidget()
    assert focus is not None
    assert hands.page.tools.isAncestorOf(focus)
    hands.press(Qt.Key.Key_Escape)
    assert hands.page.board.hasFocus()


@pytest.fixture
def watched(hands: Hands) -> Callable[[], int]:
    """Return a function that tells how often the cards were looked at since."""
    seen: list[int] = []
    hands.page.board.cards["a"].show_shot = lambda *_, **__: seen.append(1)
    return lambda: len(seen)


def test_a_page_that_nobody_sees_does_nothing(hands: Hands, watched: Callable[[], int]) -> None:
    hands.studio.turn_to("create")
    before = watched()
    hands.studio.composer.change(prompt="written elsewhere")
    assert watched() == before
    hands.studio.turn_to("storyboard")
    assert watched() > before
