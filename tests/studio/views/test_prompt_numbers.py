"""What is chosen beside the words: looks, size, length, seed and the advanced numbers."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QMenu, QToolButton
from pytestqt.qtbot import QtBot

from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe
from engine.protocol.rules import problems
from studio.models.studio import Studio
from studio.project.draft import Draft
from studio.project.settings import Settings
from studio.style.tokens import Theme
from studio.views.prompt import View
from studio.views.prompt_sizes import lengths, sizes
from studio.widgets.chip import Chip

Actions = dict[str, QAction]


@pytest.fixture
def view(studio: Studio, actions: Actions, theme: Theme, show: Callable[..., None]) -> View:
    studio.composer.show_advanced(True)
    made = View(studio, actions, theme)
    show(made, 340, 1200)
    made.window().activateWindow()
    made.focus_prompt()
    return made


def draft(studio: Studio) -> Draft:
    assert studio.composer.draft is not None
    return studio.composer.draft


def recipe(studio: Studio) -> Recipe:
    assert studio.composer.recipe is not None
    return studio.composer.recipe


def choose(menu: QMenu, text: str) -> None:
    menu.aboutToShow.emit()
    next(action for action in menu.actions() if action.text() == text).trigger()


def menu_of(chip: Chip) -> QMenu:
    return chip.findChildren(QToolButton)[0].menu()


def test_a_look_is_chosen_shown_and_taken_away(view: View, studio: Studio, qtbot: QtBot) -> None:
    chip = view.looks.chips["style"]
    main, remove = chip.findChildren(QToolButton)
    choose(menu_of(chip), "Film noir")
    assert draft(studio).style == "noir"
    assert main.accessibleName() == "Style: Film noir"
    assert [action.text() for action in menu_of(chip).actions() if action.isChecked()] == ["Film noir"]
    qtbot.mouseClick(remove, Qt.MouseButton.LeftButton)
    assert draft(studio).style is None
    assert not remove.isVisible()
    choose(menu_of(view.looks.chips["camera"]), "Pan left")
    qtbot.keyClick(view.looks.chips["camera"].findChildren(QToolButton)[0], Qt.Key.Key_Delete)
    assert draft(studio).camera is None


def test_a_look_that_this_version_does_not_know_can_be_taken_out(view: View, studio: Studio) -> None:
    studio.composer.change(light="moonbeam")
    assert view.looks.chips["light"].findChildren(QToolButton)[0].accessibleName() == "Light: moonbeam"
    (note,) = view.looks.problems.notes
    assert note.sentence == "Light: this version does not know “moonbeam”."
    studio.composer.mend(studio.composer.problems[0])
    assert view.looks.problems.notes == []


@pytest.mark.parametrize("shape", [(768, 576), (1920, 1080), (1080, 1920), (4000, 100)])
def test_every_size_on_offer_can_be_made(starter_card: ModelCard, recipe: Recipe, shape: tuple[int, int]) -> None:
    found = sizes(starter_card, Settings(width=shape[0], height=shape[1]))
    assert found[0].matches_film
    assert len({(size.width, size.height) for size in found}) == len(found) >= 6
    assert (128, 96) in {(size.width, size.height) for size in found}
    for size in found:
        assert problems(recipe.changed(width=size.width, height=size.height), starter_card) == []


def test_a_size_is_chosen_from_the_menu(view: View, studio: Studio) -> None:
    assert view.frame.size_picker.choice == "128×96 · 4:3"
    choose(view.frame.size_picker.menu(), "128×128 · 1:1")
    assert (recipe(studio).width, recipe(studio).height) == (128, 128)
    assert view.frame.size_picker.choice == "128×128 · 1:1"
    assert "128×96 · 4:3 · like the film" in [action.text() for action in view.frame.size_picker.menu().actions()]


@pytest.mark.parametrize("loop", [False, True])
def test_every_length_on_offer_can_be_made(starter_card: ModelCard, recipe: Recipe, loop: bool) -> None:
    found = lengths(starter_card, loop=loop)
    for place in (0, 1, 7, found.count - 1):
        frames = found.frames(place)
        assert found.place(frames) == place
        assert problems(recipe.changed(num_frames=frames, loop=loop), starter_card) == []


def test_the_length_steps_on_the_models_grid(view: View, studio: Studio, qtbot: QtBot) -> None:
    assert view.frame.said.text() == "17 frames"
    qtbot.keyClick(view.frame.slider, Qt.Key.Key_Right)
    qtbot.keyClick(view.frame.slider, Qt.Key.Key_Right)
    assert recipe(studio).num_frames == 25
    view.frame.seconds.stepBy(1)
    assert recipe(studio).num_frames == 29
    view.frame.seconds.stepBy(-1)
    assert (recipe(studio).num_frames, view.frame.said.text()) == (25, "25 frames")
    assert view.frame.seconds.text() == "2.08 s"


def test_seconds_are_typed_and_become_the_next_length(view: View, studio: Studio, qtbot: QtBot) -> None:
    field = view.frame.seconds
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "2")
    assert recipe(studio).num_frames == 17
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert recipe(studio).num_frames == 25
    for _ in range(3):  # what is shown is rounded, and must not grow by that
        field.setFocus()
        field.editingFinished.emit()
    assert recipe(studio).num_frames == 25


def test_a_long_length_says_its_sections(view: View, studio: Studio) -> None:
    studio.composer.change(num_frames=109)
    assert view.frame.said.text() == "109 frames · 3 sections"
    assert view.frame.slider.value() == 27


def test_a_length_off_the_grid_is_shown_as_it_is(view: View, studio: Studio) -> None:
    studio.composer.change(num_frames=24)
    assert (view.frame.seconds.text(), view.frame.said.text()) == ("2.00 s", "24 frames")
    view.frame.seconds.stepBy(1)
    assert recipe(studio).num_frames == 25


def test_a_loop_has_lengths_of_its_own(view: View, studio: Studio, qtbot: QtBot) -> None:
    qtbot.mouseClick(view.frame.loop, Qt.MouseButton.LeftButton)
    assert recipe(studio).loop
    assert recipe(studio).num_frames == 16
    view.frame.seconds.stepBy(1)
    assert recipe(studio).num_frames == 20
    assert studio.composer.problems == []


def test_dragging_the_slider_is_one_step_of_undo(view: View, studio: Studio) -> None:
    for place in (5, 9, 14):
        view.frame.slider.chosen.emit(place)
    view.frame.slider.settled.emit()
    assert recipe(studio).num_frames == 57
    studio.film.undo()
    assert recipe(studio).num_frames == 17


def test_the_wheel_rolls_the_page_and_not_the_numbers(view: View, studio: Studio) -> None:
    before = draft(studio)
    view.focus_prompt()
    for widget in (view.frame.seconds, view.frame.slider, *view.advanced.fields.values()):
        middle = QPointF(widget.rect().center())
        buttons, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
        phase = Qt.ScrollPhase.NoScrollPhase
        roll = QWheelEvent(middle, middle, QPoint(), QPoint(0, 120), buttons, keys, phase, False)
        QApplication.sendEvent(widget, roll)
        assert not roll.isAccepted()
    assert draft(studio) == before


def test_the_seed_is_typed_rolled_and_locked(view: View, studio: Studio, qtbot: QtBot) -> None:
    part = view.seed
    assert part.seed.text() == "7"
    part.seed.setFocus()
    part.seed.selectAll()
    qtbot.keyClicks(part.seed, "4x2")
    qtbot.keyClick(part.seed, Qt.Key.Key_Return)
    assert draft(studio).seed == 42
    qtbot.mouseClick(part.dice, Qt.MouseButton.LeftButton)
    assert part.seed.text() == str(draft(studio).seed) != "42"
    qtbot.mouseClick(part.lock, Qt.MouseButton.LeftButton)
    assert draft(studio).seed_locked
    locked = draft(studio).seed
    studio.composer.generate()
    assert part.seed.text() == str(locked)
    qtbot.mouseClick(part.lock, Qt.MouseButton.LeftButton)
    studio.composer.generate()
    assert part.seed.text() != str(locked)


def test_a_seed_beyond_all_seeds_becomes_the_largest(view: View, studio: Studio, qtbot: QtBot) -> None:
    view.seed.seed.setFocus()
    view.seed.seed.selectAll()
    qtbot.keyClicks(view.seed.seed, "9" * 25)
    view.focus_prompt()
    assert draft(studio).seed == 2**63 - 1
    assert studio.composer.problems == []


def test_advanced_is_remembered_by_the_film(view: View, studio: Studio, actions: Actions, theme: Theme) -> None:
    assert view.advanced.isVisible()
    view.seed.advanced.click()
    assert not view.advanced.isVisible()
    assert "middle" not in view.images.wells
    other = View(studio, actions, theme)
    assert not other.seed.advanced.isChecked()
    other.deleteLater()


def test_advanced_numbers_show_what_is_sent_and_lead_back(view: View, studio: Studio) -> None:
    part = view.advanced
    shown = {name: field.value() for name, field in part.fields.items()}
    assert shown == {"width": 128, "height": 96, "fps": 12, "num_inference_steps": 20, "guidance_scale": 4}
    assert not any(button.isVisible() for button in part.resets.values())
    part.fields["num_inference_steps"].setValue(8)
    part.fields["guidance_scale"].stepBy(1)
    part.fields["width"].stepBy(1)
    part.fields["fps"].setValue(23.98)
    sent = recipe(studio)
    assert (sent.num_inference_steps, sent.guidance_scale, sent.width, sent.fps) == (8, 4.5, 160, 23.98)
    for name in ("num_inference_steps", "guidance_scale", "width", "fps"):
        part.resets[name].click()
    assert recipe(studio).changed(prompt="") == view_recipe(studio).changed(prompt="")
    assert draft(studio).width is draft(studio).fps is None


def view_recipe(studio: Studio) -> Recipe:
    """What the open shot's draft is without any number of its own."""
    card = studio.composer.card
    assert card is not None
    usual = card.defaults
    return recipe(studio).changed(
        width=usual.width,
        height=usual.height,
        fps=usual.fps,
        num_inference_steps=usual.num_inference_steps,
        guidance_scale=usual.guidance_scale,
    )


def test_a_number_out_of_range_can_be_seen(view: View, studio: Studio) -> None:
    studio.composer.change(num_inference_steps=500)
    assert view.advanced.fields["num_inference_steps"].value() == 500
    assert view.advanced.problems.notes[0].offer == "500 → 100"


def test_what_to_avoid_is_typed(view: View, studio: Studio, qtbot: QtBot) -> None:
    qtbot.keyClicks(view.advanced.negative, "blur, text")
    assert recipe(studio).negative_prompt == "blur, text"
    studio.film.undo()
    assert view.advanced.negative.toPlainText() == ""
    assert draft(studio).negative_prompt is None


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Left, Qt.Key.Key_Home])
def test_single_keys_reach_what_has_the_focus(view: View, key: Qt.Key) -> None:
    for widget in (view.frame.slider, view.send.button, view.images.wells["start"].well):
        event = QKeyEvent(QKeyEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier)
        event.ignore()
        QApplication.sendEvent(widget, event)
        is_slider = widget is view.frame.slider
        assert event.isAccepted() == (is_slider != (key == Qt.Key.Key_Space))


def test_what_advanced_shows_is_seen_and_not_below_the_edge(
    view: View, studio: Studio, show: Callable[..., None], qtbot: QtBot
) -> None:
    studio.composer.show_advanced(False)
    show(view, 320, 620)
    view.seed.advanced.click()
    field = view.advanced.fields["guidance_scale"]

    def is_seen() -> bool:
        bottom = field.mapTo(view.page.viewport(), field.rect().bottomLeft()).y()
        return field.isVisible() and bottom <= view.page.viewport().height()

    qtbot.waitUntil(is_seen)
