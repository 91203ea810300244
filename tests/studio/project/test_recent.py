"""The projects opened last, and names for new ones."""

from pathlib import Path

import pytest

from studio.project.recent import (
    MOST_RECENT,
    forget_project,
    new_folder,
    projects_folder,
    recent_projects,
    remember_project,
)


def test_the_newest_is_first_and_each_is_there_once(tmp_path: Path, home: Path) -> None:
    assert recent_projects() == ()
    for number in range(MOST_RECENT + 5):
        remember_project(tmp_path / f"фильм {number}", f"Film {number}", lambda number=number: float(number))
    remember_project(tmp_path / "фильм 10", "Renamed", lambda: 99.0)
    names = [recent.name for recent in recent_projects()]
    assert (names[:2], len(names), names.count("Film 10")) == (["Renamed", f"Film {MOST_RECENT + 4}"], MOST_RECENT, 0)
    assert not recent_projects()[0].is_there
    forget_project(tmp_path / "фильм 10")
    assert recent_projects()[0].name == f"Film {MOST_RECENT + 4}"
    assert (home / "recent.json").stat().st_mode & 0o077 == 0


def test_a_list_that_cannot_be_read_or_written_does_no_harm(tmp_path: Path, home: Path) -> None:
    home.mkdir(exist_ok=True)
    (home / "recent.json").write_text("{", "utf-8")
    assert recent_projects() == ()
    remember_project(tmp_path, "x")
    assert [recent.name for recent in recent_projects()] == ["x"]
    (home / "recent.json").unlink()
    (home / "recent.json").mkdir()
    remember_project(tmp_path, "x")
    forget_project(tmp_path)
    assert recent_projects() == ()


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Coast film", "Coast film"),
        ('a/b\\c:"d"?', "a-b-c--d--"),
        ("🏖️ Берег", "🏖️ Берег"),
        ("..", "project"),
        ("CON", "CON project"),
        ("nul.txt", "nul.txt project"),
        ("line\nbreak\0", "line-break-"),
        ("\ud800x", "-x"),
        (" . dots . ", "dots"),
    ],
)
def test_a_folder_has_a_name_that_every_system_can_have(tmp_path: Path, name: str, folder: str) -> None:
    found = new_folder(tmp_path, name)
    assert found == tmp_path / folder
    found.mkdir()
    assert new_folder(tmp_path, name) == tmp_path / f"{folder} 2"


def test_a_long_name_is_cut_between_characters(tmp_path: Path, home: Path) -> None:
    found = new_folder(tmp_path, "🎬" * 300)
    found.mkdir()
    assert set(found.name) == {"🎬"}
    assert projects_folder() == home / "projects"
