"""The desk: projects are opened, made, packed and mended, one at a time, and none is lost."""

import json
import platform
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot

from engine.protocol.events import JobChanged
from engine.protocol.job import Done, Job, JobRequest, TakeFile
from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe
from studio.link.scripted import ScriptedLink
from studio.models.desk import Desk, Stumble
from studio.models.preferences import Preferences
from studio.models.studio import Studio
from studio.project import edits
from studio.project.errors import DamagedError
from studio.project.recent import recent_projects, remember_project
from studio.project.sample import sample_project
from studio.project.storage import LOCK_FILE, create_project, open_project


@pytest.fixture
def desk(link: ScriptedLink) -> Iterator[Desk]:
    made = Desk(link, Preferences())
    yield made
    made.close()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A project that nobody has open."""
    create_project(tmp_path / "film", sample_project("Coast")).folder.close()
    return tmp_path / "film"


def open_on(desk: Desk, path: Path, qtbot: QtBot) -> Studio:
    with qtbot.waitSignal(desk.opened) as heard:
        desk.open(path)
    assert heard.args is not None
    return heard.args[0]


def stumble(desk: Desk, path: Path, qtbot: QtBot) -> Stumble:
    with qtbot.waitSignal(desk.stumbled) as heard:
        desk.open(path)
    assert heard.args is not None
    return heard.args[0]


def test_a_first_run_makes_a_sample_project(desk: Desk, qtbot: QtBot, home: Path) -> None:
    with qtbot.waitSignal(desk.opened):
        desk.open_last("My first film")
    assert desk.studio is not None
    assert desk.studio.film.project.name == "My first film"
    assert desk.studio.film.folder.path == home / "projects" / "My first film"
    assert desk.studio.film.shot is not None
    assert desk.studio.film.shot.draft.prompt


def test_what_was_open_last_is_opened(desk: Desk, qtbot: QtBot, path: Path, tmp_path: Path) -> None:
    remember_project(path, "Coast")
    remember_project(tmp_path / "gone", "Gone")
    with qtbot.waitSignal(desk.opened):
        desk.open_last("My first film")
    assert desk.studio is not None
    assert desk.studio.film.folder.path == path


def test_another_project_takes_the_place_of_the_first(desk: Desk, qtbot: QtBot, path: Path) -> None:
    with qtbot.waitSignal(desk.opened):
        desk.create("Second", "Shot 1")
    assert desk.studio is not None
    first = desk.studio.film.folder.path
    desk.studio.film.edit("rename_project", lambda project: edits.rename_project(project, "Ändert 🎬"))
    with qtbot.waitSignal(desk.closing):
        desk.open(path)
        qtbot.waitUntil(lambda: not desk.is_busy)
    assert desk.studio.film.folder.path == path
    with open_project(first).folder as folder:
        assert folder.read()[0].name == "Ändert 🎬", "it was saved and let go of"
    assert [each.name for each in recent_projects()] == ["Coast", "Ändert 🎬"]


def test_a_new_project_has_one_shot_and_the_size_of_the_last(desk: Desk, qtbot: QtBot, path: Path) -> None:
    size = open_on(desk, path, qtbot).film.project.settings
    with qtbot.waitSignal(desk.opened):
        desk.create("New", "Shot 1")
    assert desk.studio is not None
    project = desk.studio.film.project
    assert [shot.name for shot in project.shots] == ["Shot 1"]
    assert project.settings == size


def test_what_is_shown_of_the_prompt_panel_is_remembered(desk: Desk, qtbot: QtBot, path: Path) -> None:
    composer = open_on(desk, path, qtbot).composer
    assert not composer.shows_advanced
    composer.show_advanced(True)
    assert Preferences().value("shows_advanced") is True
    with qtbot.waitSignal(desk.opened):
        desk.create("New", "Shot 1")
    assert desk.studio is not None
    assert desk.studio.composer.shows_advanced


def test_the_project_file_itself_can_be_opened_and_the_same_one_again_is_nothing(
    desk: Desk, qtbot: QtBot, path: Path
) -> None:
    studio = open_on(desk, path / "project.json", qtbot)
    desk.open(path)
    assert not desk.is_busy
    assert desk.studio is studio


def test_what_the_engine_told_before_is_known(
    desk: Desk, link: ScriptedLink, qtbot: QtBot, path: Path, starter_card: ModelCard, recipe: Recipe
) -> None:
    opened = open_project(path)
    project = opened.project
    opened.folder.close()
    request = JobRequest(recipe=recipe, project=project.id, shot=project.shots[0].id)
    take = TakeFile(media="a" * 64, container="mp4", size_bytes=1, num_frames=9)
    done = Done(finished_at=2.0, take=take, stage_s={}, build="x")
    job = Job(id="job", request=request, created_at=1.0, state=done)
    link.connect_with([], [(starter_card, [])])
    link.tell(JobChanged(job=job))
    studio = open_on(desk, path, qtbot)
    assert studio.library.is_ready("starter")
    assert [each.id for each in studio.jobs.all()] == ["job"]
    assert studio.film.project.take("job"), "what was made while it was closed is adopted"


@pytest.mark.parametrize("kind", ["gone", "empty", "a file"])
def test_what_is_no_project_leaves_all_as_it_was(
    desk: Desk, qtbot: QtBot, path: Path, tmp_path: Path, kind: str
) -> None:
    studio = open_on(desk, path, qtbot)
    other = tmp_path / "other"
    if kind == "empty":
        other.mkdir()
    elif kind == "a file":
        other.write_text("x")
    found = stumble(desk, other, qtbot)
    assert (found.path, found.error.kind) == (other, "not_a_project")
    assert desk.studio is studio
    assert not desk.is_busy


def test_a_damaged_project_is_opened_from_its_newest_good_backup(desk: Desk, qtbot: QtBot, path: Path) -> None:
    with open_project(path).folder as folder:
        folder.backups.add(folder.file, 1_700_000_000)
        folder.file.unlink()  # the backup is another name of the same file
        folder.file.write_text("{")
    found = stumble(desk, path, qtbot)
    assert isinstance(found.error, DamagedError)
    (backup,) = found.error.backups
    with qtbot.waitSignal(desk.opened):
        desk.restore(path, backup)
    assert desk.studio is not None
    assert desk.studio.film.project.name == "Coast"


def test_a_project_goes_into_a_zip_and_comes_back(desk: Desk, qtbot: QtBot, path: Path, tmp_path: Path) -> None:
    studio = open_on(desk, path, qtbot)
    studio.film.edit("rename_project", lambda project: edits.rename_project(project, "Newest"))
    target, original = tmp_path / "with space" / "Küste.zip", studio.film.project.id
    target.parent.mkdir()
    with qtbot.waitSignal(desk.exported) as heard:
        desk.export_zip(target)
    assert heard.args == [target, 0]
    back = open_on(desk, target, qtbot)
    assert back.film.project.name == "Newest"
    assert back.film.project.id != original  # whose jobs are not the copy's
    assert open_project(back.film.folder.path).project.id == back.film.project.id
    assert back.film.folder.path.parent == desk.preferences.projects_folder


def test_a_zip_of_something_else_is_refused(desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"no zip")
    assert stumble(desk, tmp_path / "x.zip", qtbot).error.kind == "damaged"


def test_a_second_desk_looks_and_does_not_write(desk: Desk, link: ScriptedLink, qtbot: QtBot, path: Path) -> None:
    open_on(desk, path, qtbot)
    other = Desk(link, Preferences())
    studio = open_on(other, path, qtbot)
    assert studio.film.read_only == "locked"
    assert not other.can_take_over, "the first one is alive, on this machine"
    other.close()
    other.deleteLater()


def test_what_another_machine_holds_can_be_taken_over(desk: Desk, qtbot: QtBot, path: Path) -> None:
    (path / LOCK_FILE).write_text(json.dumps({"pid": 7, "host": platform.node() + "-old"}))
    assert open_on(desk, path, qtbot).film.read_only == "locked"
    assert desk.can_take_over
    assert desk.holder == platform.node() + "-old"
    with qtbot.waitSignal(desk.opened):
        desk.take_over()
    assert desk.studio is not None
    assert desk.studio.film.read_only is None
    assert not desk.can_take_over


def test_a_copy_of_a_file_is_made(desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"take")
    with qtbot.waitSignal(desk.exported):
        desk.copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"take"
    with qtbot.waitSignal(desk.stumbled):
        desk.copy(tmp_path / "gone", tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_a_bug_is_a_stumble_and_no_silence(
    desk: Desk, qtbot: QtBot, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("studio.models.desk.open_project", broken)
    found = stumble(desk, path, qtbot)
    assert "a bug" in found.error.detail
    assert not desk.is_busy


def test_closed_while_opening_it_lets_go_of_the_project(link: ScriptedLink, path: Path) -> None:
    desk = Desk(link, Preferences())
    desk.open(path)
    desk.close()
    QCoreApplication.processEvents()
    with open_project(path).folder as folder:
        assert folder.read()[0].name == "Coast"
    assert open_project(path).reason is None
    desk.deleteLater()
