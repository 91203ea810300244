"""The bible: entries are made, renamed, described and taken out in place, and their names go into the prompt."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from engine.protocol.problem import Problem
from studio.link.scripted import ScriptedLink
from studio.link.trouble import Problems
from studio.models.studio import Studio
from studio.project import edits
from studio.project.bible import BibleEntry
from studio.views import bible
from studio.views.bible_entry import EntryFields, EntryRow


@pytest.fixture
def view(studio: Studio, actions: Any, theme: Any, show: Callable[..., None]) -> bible.View:
    made = bible.View(studio, actions, theme)
    show(made, 264, 520)
    return made


def put(studio: Studio, name: str, kind: str = "character", description: str = "") -> BibleEntry:
    entry = BibleEntry.model_validate({"id": name, "kind": kind, "name": name, "description": description})
    studio.film.edit("add_entry", lambda project: edits.add_entry(project, entry))
    return entry


def entry(studio: Studio, number: int = 0) -> BibleEntry:
    return studio.film.project.bible[number]


def fields(row: EntryRow) -> EntryFields:
    assert row.fields is not None
    return row.fields


def type_over(qtbot: QtBot, row: EntryRow, name: str) -> None:
    line = fields(row).name
    line.selectAll()
    qtbot.keyClicks(line, name)


def test_an_empty_bible_says_what_it_is_for_and_begins(view: bible.View, studio: Studio, qtbot: QtBot) -> None:
    (begin,) = [each for each in view.findChildren(QPushButton) if each.isVisible()]
    qtbot.mouseClick(begin, Qt.MouseButton.LeftButton)
    assert (entry(studio).kind, entry(studio).name) == ("character", "Character")
    row = view.rows[entry(studio).id]
    assert fields(row).name.selectedText() == "Character"


def test_what_is_typed_is_kept_as_one_step_of_undo_for_each_field(
    view: bible.View, studio: Studio, qtbot: QtBot
) -> None:
    row = view.add("character")
    type_over(qtbot, row, "Mara Lund")
    qtbot.keyClicks(fields(row).description, "a woman of sixty")
    assert (entry(studio).name, entry(studio).description) == ("Mara Lund", "a woman of sixty")
    assert row.chip.text() == "@Mara Lund"
    studio.film.undo()
    assert (entry(studio).name, entry(studio).description) == ("Mara Lund", "")
    assert fields(row).description.toPlainText() == ""
    studio.film.undo()
    assert entry(studio).name == "Character"
    studio.film.undo()
    assert studio.film.project.bible == ()
    assert view.rows == {}


def test_the_chip_puts_the_name_into_the_prompt(view: bible.View, studio: Studio, qtbot: QtBot) -> None:
    put(studio, "Mara")
    with qtbot.waitSignal(view.mention) as mentioned:
        qtbot.mouseClick(view.rows["Mara"].chip, Qt.MouseButton.LeftButton)
    assert mentioned.args == ["@Mara"]
    view.rows["Mara"].chip.setFocus()
    with qtbot.waitSignal(view.mention):
        qtbot.keyClick(view.rows["Mara"].chip, Qt.Key.Key_Space)


@pytest.mark.parametrize(("name", "words"), [("mara", "of that name"), ("", "Begin with"), ("!x", "Begin with")])
def test_a_name_that_cannot_be_is_told_and_given_up(
    view: bible.View, studio: Studio, qtbot: QtBot, name: str, words: str
) -> None:
    put(studio, "Mara")
    put(studio, "Pier", "place")
    row = view.rows["Pier"]
    row.open()
    line = fields(row).name
    line.setText(name)
    line.textEdited.emit(name)
    assert words in fields(row).note.sentence
    assert entry(studio, 1).name == "Pier"
    line.clearFocus()
    line.editingFinished.emit()
    assert line.text() == "Pier"
    assert not fields(row).note.isVisible()


def test_new_names_are_free_ones(view: bible.View, studio: Studio) -> None:
    for _ in range(3):
        view.add("place")
    assert [each.name for each in studio.film.project.bible] == ["Place", "Place 2", "Place 3"]


def test_kinds_stand_together_and_can_be_changed(view: bible.View, studio: Studio, qtbot: QtBot) -> None:
    for name, kind in (("Noir", "look"), ("Mara", "character"), ("Pier", "place"), ("Jon", "character")):
        put(studio, name, kind)
    assert _order(view) == ["Characters", "@Mara", "@Jon", "Places", "@Pier", "Looks, added to every prompt", "@Noir"]
    row = view.rows["Jon"]
    row.open()
    fields(row).kind.setCurrentIndex(2)
    fields(row).kind.activated.emit(2)
    assert _order(view)[:5] == ["Characters", "@Mara", "Places", "@Pier", "Props"]
    assert entry(studio, 3).kind == "prop"


def _order(view: bible.View) -> list[str]:
    shown = [view._listed.itemAt(place).widget() for place in range(view._listed.count())]
    return [each.chip.text() if isinstance(each, EntryRow) else each.text() for each in shown if not each.isHidden()]


def test_one_entry_is_open_at_a_time(view: bible.View) -> None:
    first, second = view.add("character"), view.add("place")
    assert not first.fold.isChecked()
    assert second.fold.isChecked()
    assert not fields(first).isVisible()


def test_taking_an_entry_out_can_be_undone(view: bible.View, studio: Studio, qtbot: QtBot) -> None:
    row = view.add("character")
    remove = next(each for each in fields(row).findChildren(QPushButton) if each.text() == "Take out")
    qtbot.mouseClick(remove, Qt.MouseButton.LeftButton)
    assert studio.film.project.bible == ()
    studio.film.undo()
    assert len(view.rows) == 1


def test_a_picture_comes_from_the_bin_or_from_a_file(
    view: bible.View, studio: Studio, scene: Any, link: ScriptedLink
) -> None:
    row = view.add("character")
    well = fields(row).picture.well
    still = scene.footage("still.png")
    well.media_dropped.emit(still.sha256)
    assert entry(studio).images == (still.sha256,)
    scene.serve()
    assert well.image is not None
    well.cleared.emit()
    assert entry(studio).images == ()
    other = scene.footage("other.png")
    well.file_dropped.emit(Path("/x/other.png"))
    link.answer("upload", other.item)
    link.answer("fetch", Path("x"))
    assert entry(studio).images == (other.sha256,)
    well.file_dropped.emit(Path("/x/corrupt.png"))
    link.refuse("upload", Problems((Problem(field="/x/corrupt.png", kind="unreadable"),)))
    assert "corrupt.png" in fields(row).picture._note.sentence
    assert entry(studio).images == (other.sha256,)


def test_a_project_that_is_only_looked_at_is_not_edited(
    studio: Studio, actions: Any, theme: Any, show: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(studio, "Mara")
    monkeypatch.setattr(studio.film, "_reason", "locked")
    view = bible.View(studio, actions, theme)
    show(view, 264, 400)
    assert not view.add_button.isEnabled()
    assert not view.rows["Mara"].fold.isEnabled()
    assert view.rows["Mara"].chip.isEnabled()


def test_two_hundred_entries(view: bible.View, studio: Studio, qtbot: QtBot) -> None:
    entries = tuple(BibleEntry(id=f"e{number}", kind="prop", name=f"Thing {number}") for number in range(200))
    studio.film.edit("add_entry", lambda project: project.changed(bible=entries))
    assert len(view.rows) < 200  # the window stays alive meanwhile
    qtbot.waitUntil(lambda: len(view.rows) == 200)
    kept = view.rows["e7"]
    studio.film.edit("change_entry", lambda project: edits.change_entry(project, "e7", description="old and red"))
    assert view.rows["e7"] is kept
    assert kept.fields is None


def test_it_looks_right(view: bible.View, studio: Studio, look: Any, scene: Any) -> None:
    look(view, "bible_empty", 264, 560)
    put(studio, "Mara", "character", "a woman of sixty in a yellow raincoat, grey hair, a scar on her left cheek")
    put(studio, "Jonathan von Donaudampfschifffahrt", "character", "her brother")
    put(studio, "Pier", "place", "an old wooden pier")
    put(studio, "Noir", "look", "black and white, hard light")
    still = scene.footage("still.png")
    studio.film.edit("change_entry", lambda project: edits.change_entry(project, "Mara", images=(still.sha256,)))
    QApplication.processEvents()
    look(view, "bible", 264, 560)
    view.rows["Mara"].open()
    scene.serve()
    look(view, "bible_open", 264, 560)
    view.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    QApplication.processEvents()
    look(view, "bible_rtl", 264, 560)


def test_tab_goes_as_it_is_seen(view: bible.View, studio: Studio, qtbot: QtBot) -> None:
    put(studio, "Lake", "place")
    put(studio, "Mara")
    put(studio, "Jo")
    view.rows["Mara"].open()
    mara = view.rows["Mara"]
    view.add_button.setFocus()
    wanted = [mara.chip, mara.fold, fields(mara).name, fields(mara).kind, fields(mara).description]
    wanted += [fields(mara).picture.well]
    reached = []
    for _ in range(len(wanted) + 5):
        now = QApplication.focusWidget()
        assert now is not None
        qtbot.keyClick(now, Qt.Key.Key_Tab)
        reached.append(QApplication.focusWidget())
    assert reached[: len(wanted)] == wanted
    rest = [view.rows[name].chip for name in ("Jo", "Lake")]
    assert [each for each in reached[len(wanted) :] if each in rest] == rest
