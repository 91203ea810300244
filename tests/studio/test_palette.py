"""The palette: everything by a few letters, and nothing but the keyboard."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from studio.app import Run
from studio.views import palette
from studio.views.palette import Entry, ranked


def entry(text: str, group: str = "", is_enabled: bool = True) -> Entry:
    return Entry(text, group, "", QIcon(), is_enabled)


def shown(run: Run) -> palette.View:
    found = run.window.findChild(palette.View)
    assert isinstance(found, palette.View)
    return found


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["Extend", "Next shot", "Export as zip", "Loop"]),
        ("ex", ["Extend", "Export as zip", "Next shot"]),
        ("EXT", ["Extend", "Next shot"]),
        ("zip export", ["Export as zip"]),
        ("clip", ["Extend", "Loop"]),
        ("nothing", []),
    ],
)
def test_what_is_found(qapp: QApplication, typed: str, found: list[str]) -> None:
    entries = [
        entry("Extend", "Clip"),
        entry("Loop", "Clip", is_enabled=False),
        entry("Next shot", "Shot"),
        entry("Export as zip", "Project"),
    ]
    assert [each.text for each in ranked(entries, typed)] == found


def test_ctrl_k_shows_every_action_and_every_shot(opened: Run, qtbot: QtBot) -> None:
    qtbot.keyClick(opened.window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    texts = {each.text for each in shown(opened).found()}
    assert {"Generate", "Extend", "Export project as zip", "Settings", "Go to Lake"} <= texts
    assert len(texts) >= len(opened.window.acts) - 1 + 3


def test_a_shot_is_gone_to_without_a_mouse(opened: Run, qtbot: QtBot) -> None:
    studio = opened.desk.studio
    assert studio is not None
    opened.window.acts["palette"].trigger()
    line = shown(opened).line
    assert opened.window.focusWidget() is line
    qtbot.keyClicks(line, "lake")
    with qtbot.waitSignal(studio.film.shot_changed):
        qtbot.keyClick(line, Qt.Key.Key_Return)
    assert studio.film.shot is not None
    assert studio.film.shot.name == "Lake"
    assert opened.window.sheets.shown is None


def test_arrows_walk_through_what_is_found(opened: Run, qtbot: QtBot) -> None:
    opened.window.acts["palette"].trigger()
    view = shown(opened)
    qtbot.keyClicks(view.line, "shot")
    qtbot.keyClick(view.line, Qt.Key.Key_Down)
    assert view.list.currentRow() == 1
    qtbot.keyClick(view.line, Qt.Key.Key_Up)
    assert view.list.currentRow() == 0


def test_what_cannot_be_done_is_shown_and_not_done(opened: Run, qtbot: QtBot) -> None:
    opened.window.acts["palette"].trigger()
    view = shown(opened)
    qtbot.keyClicks(view.line, "extend backward")
    assert [each.is_enabled for each in view.found()] == [False]
    with qtbot.assertNotEmitted(view.chosen):
        qtbot.keyClick(view.line, Qt.Key.Key_Return)


def test_esc_leaves_and_the_focus_is_where_it_was(opened: Run, qtbot: QtBot) -> None:
    before = opened.window.focusWidget()
    assert before is not None
    opened.window.acts["palette"].trigger()
    qtbot.keyClick(shown(opened).line, Qt.Key.Key_Escape)
    assert opened.window.sheets.shown is None
    assert opened.window.focusWidget() is before


def test_the_same_key_leaves_as_well(opened: Run) -> None:
    opened.window.acts["palette"].trigger()
    opened.window.acts["palette"].trigger()
    assert opened.window.sheets.shown is None


def test_nothing_found_is_said(opened: Run, qtbot: QtBot) -> None:
    opened.window.acts["palette"].trigger()
    view = shown(opened)
    qtbot.keyClicks(view.line, "zzz")
    assert not view.list.isVisible()
    qtbot.keyClick(view.line, Qt.Key.Key_Return)
    assert opened.window.sheets.shown == "palette"
