"""The prompt panel as a whole: what it sends, why it cannot, and that it never takes the focus or the cursor."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from engine.protocol.model_card import ModelCard
from engine.protocol.problem import Problem
from studio.link.scripted import ScriptedLink
from studio.link.state import Connected, Failed, LinkState, Lost, Starting, Stopped
from studio.link.trouble import Problems
from studio.models.studio import Studio
from studio.project import edits
from studio.style.tokens import LIGHT, Theme
from studio.views.prompt import View
from studio.widgets.notice import Notice

Actions = dict[str, QAction]


@pytest.fixture
def view(studio: Studio, actions: Actions, theme: Theme, show: Callable[..., None]) -> View:
    made = View(studio, actions, theme)
    show(made, 340, 720)
    made.window().activateWindow()
    made.focus_prompt()
    return made


def notes(view: View) -> list[str]:
    return [note.sentence for note in view.findChildren(Notice) if note.isVisibleTo(view)]


def fix(view: View, label: str) -> QAbstractButton:
    return next(button for button in view.findChildren(QAbstractButton) if button.text() == label)


def test_it_opens_on_the_prompt_of_the_open_shot(view: View, studio: Studio) -> None:
    assert studio.film.shot is not None
    assert view.text.field.toPlainText() == studio.film.shot.draft.prompt
    assert view.text.field.hasFocus()
    assert view.send.button.isEnabled()
    assert notes(view) == []


def test_generate_is_the_action(view: View, actions: Actions, qtbot: QtBot) -> None:
    with qtbot.waitSignal(actions["generate"].triggered):
        qtbot.mouseClick(view.send.button, Qt.MouseButton.LeftButton)
    assert view.send.button.keys.text() == "Ctrl ⏎"
    assert [action.objectName() for action in view.send.more.menu().actions()] == ["variations", "draft_board"]


@pytest.mark.parametrize(
    ("state", "said", "offer"),
    [
        (Starting(), "starting", None),
        (Lost("gone", 1), "coming back", None),
        (Lost("gone", 4), "attempt 4", None),
        (Failed("no port is free"), "no port is free", "Try again"),
        (Stopped(), "stopped", "Start the engine"),
    ],
)
def test_without_an_engine_it_says_why_and_stays_editable(
    view: View, studio: Studio, link: ScriptedLink, qtbot: QtBot, state: LinkState, said: str, offer: str | None
) -> None:
    link.become(state)
    assert not view.send.button.isEnabled()
    assert said in view.send.note.sentence
    assert view.send.button.accessibleDescription() == view.send.note.sentence
    assert view.send.note.offer == offer
    assert view.text.field.hasFocus()
    qtbot.keyClicks(view.text.field, "!")
    assert studio.composer.draft is not None
    assert studio.composer.draft.prompt.endswith("!")
    if offer is not None:
        fix(view, offer).click()
        assert link.retries == 1
    link.become(Connected())
    assert view.send.button.isEnabled()
    assert notes(view) == []


def test_problems_stand_beside_their_field_and_a_click_mends_them(view: View, studio: Studio) -> None:
    studio.composer.change(num_frames=24)
    assert [note.sentence for note in view.frame.problems.notes] == ["Length: this model cannot make 24 frames."]
    assert not view.send.button.isEnabled()
    assert "marked" in view.send.note.sentence
    fix(view, "24 frames → 25 frames, 2.1 s").click()
    assert studio.composer.recipe is not None
    assert studio.composer.recipe.num_frames == 25
    assert view.send.button.isEnabled()
    assert notes(view) == []


def test_a_problem_of_an_advanced_field_is_seen_while_that_is_closed(view: View, studio: Studio) -> None:
    studio.composer.change(guidance_scale=99.0)
    assert view.advanced.isVisible()
    assert not view.advanced.body.isVisible()
    fix(view, "99 → 20").click()
    assert not view.advanced.isVisible()


def test_a_problem_without_a_nearest_value_is_a_sentence_only(view: View, studio: Studio) -> None:
    studio.composer.change(prompt="x" * 5000)
    (note,) = view.text.problems.notes
    assert "5000 characters" in note.sentence
    assert note.offer is None


def test_what_only_the_engine_knew_is_shown_until_the_recipe_changes(view: View, studio: Studio) -> None:
    studio.composer.refused.emit(Problems((Problem(field="device", kind="unsupported", value="cuda"),)))
    assert [note.sentence for note in view.send.problems.notes] == ["Device: cuda is not possible here."]
    studio.composer.change(prompt="another")
    assert view.send.problems.notes == []


def test_a_model_that_is_not_there_offers_one_that_is(view: View, studio: Studio) -> None:
    studio.composer.change(model="huge")
    assert view.model.picker.choice == "huge"
    assert "“huge” is not on this machine" in view.model.note.sentence
    assert not view.send.button.isEnabled()
    fix(view, "Use Starter").click()
    assert view.model.picker.choice == "Starter"
    assert view.send.button.isEnabled()


def test_a_model_without_its_files_leads_to_the_library(
    view: View, link: ScriptedLink, starter_card: ModelCard, actions: Actions, qtbot: QtBot
) -> None:
    link.models_loaded.emit([(starter_card, ["vae/config.json"])])
    assert view.model.note.sentence == "Files of Starter are missing."
    with qtbot.waitSignal(actions["library"].triggered):
        fix(view, "Open the models").click()


def test_the_models_menu_ticks_the_chosen_one(view: View, link: ScriptedLink, starter_card: ModelCard) -> None:
    other = starter_card.changed(id="other", name="Other")
    newer = starter_card.changed(id="newer", name="Newer", family="cinema_9")
    far = starter_card.changed(id="far", name="Far", files=(), repository={"id": "studio/far"})
    link.models_loaded.emit([(starter_card, []), (other, ["x"]), (newer, []), (far, ["studio/far"])])
    view.model.picker.menu().aboutToShow.emit()
    found = {action.text(): (action.isChecked(), action.isEnabled()) for action in view.model.picker.menu().actions()}
    assert found["Starter"] == (True, True)
    assert found["Other (files are missing)"] == found["Newer"] == (False, False)
    assert not [name for name in found if "Far" in name]  # the library has what can be downloaded


def test_a_film_without_shots_offers_one(view: View, studio: Studio, actions: Actions, qtbot: QtBot) -> None:
    for shot in studio.film.project.shots:
        studio.film.edit("delete_shot", lambda project, shot=shot: edits.delete_shot(project, shot.id))
    assert view.text.field.isReadOnly()
    assert view.send.note.sentence == "There is no shot yet."
    with qtbot.waitSignal(actions["new_shot"].triggered):
        fix(view, "New shot").click()
    studio.film.undo()
    assert not view.text.field.isReadOnly()


def test_events_of_the_engine_leave_focus_and_cursor_alone(
    view: View, studio: Studio, scene: Any, qtbot: QtBot
) -> None:
    field = view.text.field
    cursor = field.textCursor()
    cursor.setPosition(5)
    field.setTextCursor(cursor)
    scene.run("job-1", previews=4)
    scene.finish("job-1")
    scene.fail("job-2")
    assert field.hasFocus()
    assert field.textCursor().position() == 5


def test_every_field_and_button_has_a_name(view: View, studio: Studio, scene: Any) -> None:
    studio.composer.show_advanced(True)
    studio.composer.pin("start", scene.footage().sha256)
    studio.composer.change(num_frames=24, style="noir", fps=24.0)
    buddies = {label.buddy() for label in view.findChildren(QLabel) if label.buddy() is not None}
    for widget in view.findChildren(QWidget):
        takes_focus = widget.focusPolicy() != Qt.FocusPolicy.NoFocus and widget.isVisibleTo(view)
        if takes_focus and widget.objectName() != "qt_spinbox_lineedit" and widget not in buddies:
            named = widget.accessibleName() or getattr(widget, "text", str)()
            assert named, f"{widget} has no name"


def test_all_of_it_is_reached_with_tab(view: View, qtbot: QtBot) -> None:
    reached: list[QWidget] = []
    while (now := QApplication.focusWidget()) not in reached:
        assert now is not None
        reached.append(now)
        qtbot.keyClick(now, Qt.Key.Key_Tab)
    frame, seed = view.frame, view.seed
    for widget in (view.text.opener, view.images.wells["start"].well, view.model.picker, frame.size_picker):
        assert widget in reached
    for widget in (frame.slider, frame.seconds, frame.loop, seed.seed, seed.dice, seed.lock, seed.advanced):
        assert widget in reached
    assert reached.index(view.send.button) < reached.index(view.send.more)
    assert reached[0] is view.text.field


def test_it_fits_its_narrowest_width(view: View, studio: Studio, show: Callable[..., None]) -> None:
    studio.composer.show_advanced(True)
    studio.composer.change(style="documentary", camera="pan_left", num_frames=4001)
    show(view, 300, 700)
    QApplication.processEvents()
    content = view.page.widget()
    assert content.minimumSizeHint().width() <= view.page.viewport().width()


def test_it_can_be_deleted_while_the_film_goes_on(studio: Studio, actions: Actions, theme: Theme) -> None:
    view = View(studio, actions, LIGHT)
    view.text.history.open()
    view.deleteLater()
    QApplication.sendPostedEvents(None, 52)  # QEvent::DeferredDelete
    studio.composer.change(prompt="nobody looks")
    studio.link.become(Starting())


def test_one_change_is_shown_once(view: View, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(view.model, "refresh", lambda: shown.append("model"))
    studio.composer.change(prompt="another", num_frames=25)
    assert shown == ["model"]
