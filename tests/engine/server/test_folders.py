"""The folders that models are looked for in: Reelwright's own always, others as the user wishes."""

from pathlib import Path

import pytest

from engine.protocol.problem import ProblemsError
from engine.server.folders import MOST_FOLDERS, Folders


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "home" / "models"


def test_there_is_always_one_s_own(own: Path) -> None:
    now = Folders(own).now()
    assert (now.folders, now.chosen) == ((str(own),), str(own))


def test_a_chosen_one_is_made_and_remembered(own: Path, tmp_path: Path) -> None:
    other = tmp_path / "big disk é" / "models"
    Folders(own).choose(other)
    now = Folders(own).now()
    assert (now.folders, now.chosen) == ((str(own), str(other)), str(other))
    assert other.is_dir()
    assert list(other.iterdir()) == []
    assert Folders(own).choose(own).chosen == str(own)
    assert Folders(own).now().folders == (str(own), str(other))


def test_a_forgotten_one_stays_on_the_disk(own: Path, tmp_path: Path) -> None:
    folders = Folders(own)
    folders.choose(tmp_path / "other")
    now = folders.forget(tmp_path / "other")
    assert (now.folders, now.chosen) == ((str(own),), str(own))
    assert (tmp_path / "other").is_dir()
    assert folders.forget(own).folders == (str(own),)


def test_one_that_cannot_be_written_is_refused(own: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ProblemsError) as refused:
        Folders(own).choose(tmp_path / "file")
    assert [(p.field, p.kind) for p in refused.value.problems] == [(str(tmp_path / "file"), "not_writable")]
    assert Folders(own).now().folders == (str(own),)


def test_there_are_not_more_than_anybody_has(own: Path, tmp_path: Path) -> None:
    folders = Folders(own)
    for number in range(MOST_FOLDERS - 1):
        folders.choose(tmp_path / str(number))
    with pytest.raises(ProblemsError):
        folders.choose(tmp_path / "one more")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"folders": 3}'])
def test_a_damaged_list_costs_only_the_list(own: Path, text: str) -> None:
    own.mkdir(parents=True)
    (own / "folders.json").write_text(text, "utf-8")
    assert Folders(own).now().chosen == str(own)
