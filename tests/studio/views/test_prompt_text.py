"""The prompt's field: typing and undo, shots, names of the bible, and earlier prompts."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QKeyEvent, QTextCharFormat
from PySide6.QtWidgets import QAbstractButton, QApplication
from pytestqt.qtbot import QtBot

from studio.models.studio import Studio
from studio.project import edits
from studio.project.bible import BibleEntry, EntryKind, named
from studio.style.tokens import Theme
from studio.views.prompt import View
from studio.views.prompt_history import HistoryPopup
from studio.widgets.mention_edit import MentionEdit

Actions = dict[str, QAction]


@pytest.fixture
def view(studio: Studio, actions: Actions, theme: Theme, show: Callable[..., None]) -> View:
    made = View(studio, actions, theme)
    show(made, 340, 720)
    made.window().activateWindow()
    made.focus_prompt()
    return made


@pytest.fixture
def field(view: View) -> MentionEdit:
    return view.text.field


@pytest.fixture
def history(view: View, studio: Studio) -> HistoryPopup:
    for prompt in ("first of all", "a red balloon", "a blue balloon"):
        studio.film.note(lambda project, prompt=prompt: edits.remember_prompt(project, prompt))
    studio.film.note(lambda project: edits.save_prompt(project, "kept for long"))
    view.text.opener.click()
    return view.text.history


def add_name(studio: Studio, name: str, kind: EntryKind = "character", description: str = "") -> None:
    entry = BibleEntry(id=name, kind=kind, name=name, description=description)
    studio.film.edit("add_entry", lambda project: edits.add_entry(project, entry))


def prompt(studio: Studio) -> str:
    assert studio.composer.draft is not None
    return studio.composer.draft.prompt


def listed(history: HistoryPopup) -> list[str]:
    return [history.list.item(row).text() for row in range(history.list.count())]


def test_typing_is_one_step_of_undo_until_the_field_is_left(
    view: View, field: MentionEdit, studio: Studio, qtbot: QtBot
) -> None:
    before = prompt(studio)
    qtbot.keyClicks(field, " and a dog")
    view.seed.seed.setFocus()
    field.setFocus()
    qtbot.keyClicks(field, " in snow")
    assert prompt(studio) == f"{before} and a dog in snow"
    studio.film.undo()
    assert field.toPlainText() == f"{before} and a dog"
    studio.film.undo()
    assert field.toPlainText() == before
    studio.film.redo()
    assert field.toPlainText() == f"{before} and a dog"


def test_undo_and_ctrl_k_are_the_windows(field: MentionEdit) -> None:
    for key in (Qt.Key.Key_Z, Qt.Key.Key_K):
        event = QKeyEvent(QKeyEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.ControlModifier)
        event.ignore()
        field.event(event)
        assert not event.isAccepted()


def test_text_from_elsewhere_leaves_the_cursor_in_its_words(field: MentionEdit, studio: Studio) -> None:
    studio.composer.change(prompt="a 🌊 wave and the sun")
    cursor = field.textCursor()
    cursor.setPosition(len("a 🌊 wave") + 1)  # an emoji is two of Qt's characters
    field.setTextCursor(cursor)
    studio.composer.change(prompt="a 🌊 wave and the big red sun")
    assert field.textCursor().position() == len("a 🌊 wave") + 1
    studio.composer.change(prompt="see: a 🌊 wave and the big red sun")
    assert field.textCursor().position() == len("see: a 🌊 wave") + 1
    assert field.toPlainText() == prompt(studio)


def test_each_shot_has_its_text_its_cursor_and_its_undo(field: MentionEdit, studio: Studio, qtbot: QtBot) -> None:
    first, second = studio.film.project.shots[:2]
    cursor = field.textCursor()
    cursor.setPosition(3)
    field.setTextCursor(cursor)
    qtbot.keyClicks(field, "X")
    studio.film.open_shot(second.id)
    assert field.hasFocus()
    assert field.toPlainText() == second.draft.prompt
    assert field.textCursor().atEnd()
    qtbot.keyClicks(field, "Y")
    studio.film.open_shot(first.id)
    assert field.textCursor().position() == 4
    studio.film.undo()
    assert studio.film.project.shot(second.id).draft.prompt == second.draft.prompt
    assert "X" in studio.film.project.shot(first.id).draft.prompt


def test_the_field_grows_with_its_text(field: MentionEdit, studio: Studio) -> None:
    studio.composer.change(prompt="short")
    small = field.height()
    studio.composer.change(prompt="many words " * 15)
    assert field.height() > small
    studio.composer.change(prompt="many words " * 300)
    assert field.height() < 400


@pytest.mark.parametrize("text", ["a'b\"c", "😀" * 300, "x" * 300, "zwei\nZeilen", "  ", "@", "@@", "a@b.example"])
def test_odd_texts_come_through(field: MentionEdit, studio: Studio, text: str) -> None:
    field.selectAll()
    field.insertPlainText(text)
    assert prompt(studio) == text
    assert field.toPlainText() == text


def test_a_name_is_completed_with_the_keys(field: MentionEdit, studio: Studio, qtbot: QtBot) -> None:
    for name in ("Mara", "Marathon Pier", "Otto"):
        add_name(studio, name)
    field.selectAll()
    field.insertPlainText("🌊 ")
    qtbot.keyClicks(field, "@ma")
    assert field.completions == ["Mara", "Marathon Pier"]
    qtbot.keyClick(field, Qt.Key.Key_Down)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.keyClicks(field, "at dusk")
    assert prompt(studio) == "🌊 @Marathon Pier at dusk"
    assert field.completions == []


def test_escape_leaves_the_names_and_the_text(field: MentionEdit, studio: Studio, qtbot: QtBot) -> None:
    add_name(studio, "Mara")
    studio.composer.change(prompt="")
    qtbot.keyClicks(field, "@m")
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.completions == []
    assert (prompt(studio), field.hasFocus()) == ("@m", True)


def test_a_click_elsewhere_closes_the_names(view: View, field: MentionEdit, studio: Studio, qtbot: QtBot) -> None:
    add_name(studio, "Mara")
    studio.composer.change(prompt="")
    qtbot.keyClicks(field, "@m")
    qtbot.mouseClick(view.page.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(5, 400))
    assert field.completions == []


def test_no_names_are_offered_inside_of_an_address(field: MentionEdit, studio: Studio, qtbot: QtBot) -> None:
    add_name(studio, "Mara")
    qtbot.keyClicks(field, " me@ma")
    assert field.completions == []


def test_names_are_marked(field: MentionEdit, studio: Studio) -> None:
    add_name(studio, "Mara")
    studio.composer.change(prompt="😀 @Mara and @Nobody")
    formats = field.document().firstBlock().layout().formats()
    assert [(each.start, each.length) for each in formats] == [(3, 5), (13, 7)]
    wave = QTextCharFormat.UnderlineStyle.WaveUnderline
    assert [each.format.underlineStyle() == wave for each in formats] == [False, True]


def test_an_unknown_name_can_be_put_into_the_bible(view: View, studio: Studio) -> None:
    view.seed.seed.setFocus()
    studio.composer.change(prompt="@Nobody walks")
    assert view.text.unknown.sentence.startswith("@Nobody is not in the bible")
    next(each for each in view.findChildren(QAbstractButton) if each.text() == "Add @Nobody").click()
    assert [entry.name for entry in studio.film.project.bible] == ["Nobody"]
    assert view.text.unknown.sentence == ""


def test_a_name_that_is_being_typed_is_not_unknown_yet(
    view: View, field: MentionEdit, studio: Studio, qtbot: QtBot
) -> None:
    studio.composer.change(prompt="")
    qtbot.keyClicks(field, "@Gregor")
    assert view.text.unknown.sentence == ""
    view.seed.seed.setFocus()
    assert view.text.unknown.sentence.startswith("@Gregor")


def test_places_of_names_are_told() -> None:
    bible = (BibleEntry(id="m", kind="character", name="Mara Lind"),)
    found = [(each.start, each.length, each.entry is not None) for each in named("é @mara lind, @x", bible)]
    assert found == [(2, 10, True), (14, 2, False)]
    assert named("e\u0301 @x", bible) == ()


def test_what_the_model_reads_is_shown_whole(view: View, studio: Studio) -> None:
    add_name(studio, "Mara", description="a woman in red")
    studio.composer.change(prompt="@Mara walks", style="noir")
    view.looks.reading.fold.click()
    assert studio.composer.recipe is not None
    assert view.looks.text.toPlainText() == studio.composer.recipe.prompt
    assert "a woman in red" in view.looks.text.toPlainText()
    studio.composer.change(prompt="")
    assert view.looks.text.toPlainText() == studio.composer.recipe.prompt


def test_history_has_saved_prompts_first_then_the_newest(history: HistoryPopup) -> None:
    assert history.isVisible()
    assert listed(history) == ["kept for long", "a blue balloon", "a red balloon", "first of all"]


def test_history_is_searched_and_used_with_the_keys(history: HistoryPopup, studio: Studio, qtbot: QtBot) -> None:
    assert history.search.hasFocus()
    qtbot.keyClicks(history.search, "BALLOON a")
    assert listed(history) == ["a blue balloon", "a red balloon"]
    qtbot.keyClick(history.search, Qt.Key.Key_Down)
    qtbot.keyClick(history.search, Qt.Key.Key_Return)
    assert prompt(studio) == "a red balloon"
    assert not history.isVisible()
    studio.film.undo()
    assert prompt(studio).startswith("A serene beach")


def test_prompts_are_saved_and_forgotten(history: HistoryPopup, studio: Studio, qtbot: QtBot) -> None:
    history.keep_this.click()
    assert studio.film.project.saved_prompts[0] == prompt(studio)
    assert not history.keep_this.isEnabled()
    history.list.setCurrentRow(listed(history).index("a blue balloon"))
    history.list.setFocus()
    qtbot.keyClick(history.list, Qt.Key.Key_Delete)
    assert "a blue balloon" not in studio.film.project.prompt_history
    assert history.current == "a red balloon"
    history.keep.click()
    assert studio.film.project.saved_prompts[0] == "a red balloon"


def test_history_goes_when_one_turns_elsewhere(view: View, history: HistoryPopup, qtbot: QtBot) -> None:
    qtbot.keyClick(history.search, Qt.Key.Key_Escape)
    assert not history.isVisible()
    assert view.text.opener.hasFocus()
    view.text.opener.click()
    assert history.isVisible()
    view.text.field.setFocus()
    assert not history.isVisible()


def test_history_says_when_there_is_nothing(view: View, history: HistoryPopup, qtbot: QtBot) -> None:
    qtbot.keyClicks(history.search, "nothing like it")
    assert history.empty.text() == "No prompt has these words."
    assert not history.forget.isEnabled()
    QApplication.processEvents()
    assert history.geometry().intersected(view.window().rect()) == history.geometry()
