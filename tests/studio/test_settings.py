"""Settings: kept as values, shown as they are, in effect at once."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox
from pytestqt.qtbot import QtBot

from studio.app import Run
from studio.models.preferences import SETTINGS, Preferences, setting
from studio.project.recent import projects_folder
from studio.style.sheet import chosen_theme
from studio.style.tokens import DARK, LIGHT
from studio.views import settings


@pytest.fixture
def preferences(qapp: QApplication) -> Preferences:
    return Preferences()


def test_without_a_file_all_is_as_usual(preferences: Preferences, home: Path) -> None:
    assert {each.key: preferences.value(each.key) for each in SETTINGS} == {each.key: each.default for each in SETTINGS}
    assert preferences.projects_folder == projects_folder()
    assert list(home.iterdir()) == []


def test_what_is_chosen_is_there_the_next_time(preferences: Preferences, qtbot: QtBot, tmp_path: Path) -> None:
    with qtbot.waitSignal(preferences.changed) as heard:
        preferences.choose("projects_folder", str(tmp_path))
    assert heard.args == ["projects_folder"]
    assert Preferences().projects_folder == tmp_path


def test_choosing_the_same_again_is_no_change(preferences: Preferences, qtbot: QtBot, home: Path) -> None:
    with qtbot.assertNotEmitted(preferences.changed):
        preferences.choose("theme", "system")
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(("key", "value"), [("theme", "pink"), ("theme", True), ("tell_when_done", "yes")])
def test_a_value_that_cannot_be_is_refused(preferences: Preferences, key: str, value: str | bool) -> None:
    with pytest.raises(ValueError, match=key):
        preferences.choose(key, value)


def test_a_setting_that_is_not_there_is_an_error(preferences: Preferences) -> None:
    with pytest.raises(KeyError):
        preferences.value("telemetry")


@pytest.mark.parametrize("content", ["", "[]", "{", '"x"', '{"theme": 7, "nothing": 1}', "[" * 100_000])
def test_a_damaged_file_counts_as_none(home: Path, content: str) -> None:
    (home / "preferences.json").write_text(content)
    assert Preferences().value("theme") == "system"


def test_one_bad_value_leaves_the_others(home: Path) -> None:
    (home / "preferences.json").write_text(json.dumps({"theme": 7, "device": "cpu"}))
    assert (Preferences().value("theme"), Preferences().device) == ("system", "cpu")


def test_a_folder_that_cannot_be_written_costs_nothing_but_the_memory(
    preferences: Preferences, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELWRIGHT_HOME", str(home / "file" / "below"))
    (home / "file").write_text("")
    preferences.choose("theme", "light")
    assert preferences.value("theme") == "light"


def test_every_setting_has_words(preferences: Preferences, qtbot: QtBot) -> None:
    view = settings.View(preferences, DARK)
    qtbot.addWidget(view)
    assert "shows_advanced" not in view.fields, "it is chosen in the prompt panel"
    for each in SETTINGS:
        if each.section == "prompt":
            continue
        if each.kind == "choice" and len(each.options) < 2:
            assert each.key not in view.fields, "a choice of one is none"
            continue
        field = view.fields[each.key]
        assert field.accessibleName()
        if isinstance(field, QComboBox):
            shown = [field.itemText(index) for index in range(field.count())]
            assert [field.itemData(index) for index in range(field.count())] == list(each.options)
            assert not set(shown) & set(each.options), "options are shown in words"


def test_the_dialog_shows_and_changes_them(preferences: Preferences, qtbot: QtBot) -> None:
    preferences.choose("theme", "light")
    view = settings.View(preferences, DARK)
    qtbot.addWidget(view)
    view.show()
    theme, done = view.fields["theme"], view.fields["tell_when_done"]
    assert isinstance(theme, QComboBox)
    assert isinstance(done, QCheckBox)
    assert theme.currentData() == "light"
    qtbot.keyClick(theme, Qt.Key.Key_Up)
    assert preferences.value("theme") == "dark"
    qtbot.keyClick(done, Qt.Key.Key_Space)
    assert preferences.value("tell_when_done") is False


def test_the_device_is_what_jobs_are_sent_with(opened: Run) -> None:
    studio = opened.desk.studio
    assert studio is not None
    opened.preferences.choose("device", "cpu")
    studio.composer.generate()
    (ticket,) = [ticket for ticket in opened.link.asked if ticket.ask.name == "submit"]  # pyright: ignore
    assert ticket.ask.arguments[0].device == "cpu"


def test_a_device_that_was_chosen_before_counts_as_well(make_run: Callable[[], Run], qtbot: QtBot) -> None:
    Preferences().choose("device", "cpu")
    run = make_run()
    with qtbot.waitSignal(run.desk.opened, timeout=10_000):
        run.start()
    assert run.desk.studio is not None
    assert run.desk.studio.composer.device == "cpu"


def test_themes_by_name(qapp: QApplication) -> None:
    assert chosen_theme("light") is LIGHT
    assert chosen_theme("dark") is DARK
    assert chosen_theme("system") in (LIGHT, DARK)


def test_a_setting_knows_what_it_accepts() -> None:
    assert setting("theme").accepts("dark")
    assert not setting("theme").accepts(True)
    assert not setting("tell_when_done").accepts("true")
    assert setting("projects_folder").accepts("/anywhere")
