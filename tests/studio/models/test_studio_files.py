"""Files between the project and the engine: brought there, imported, kept, and never lost by tidying up."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.client.api import EngineClient
from engine.protocol.events import JobChanged
from engine.protocol.failure import Failure
from engine.protocol.job import Cancelled, Done, Failed, Job, JobRequest, SetAside, TakeFile
from engine.protocol.media import MediaItem
from engine.protocol.model_card import ModelCard
from engine.protocol.problem import Problem
from engine.protocol.recipe import Recipe
from studio.link.scripted import ScriptedLink
from studio.link.trouble import Gone, Problems, Refused, Trouble, trouble_of
from studio.models.imports import Unusable
from studio.models.studio import Studio
from studio.project import edits
from studio.project.errors import StorageError
from studio.project.sample import sample_project
from studio.project.storage import create_project, open_project

ONE, TWO = "1" * 64, "2" * 64
FILM = "Фильм «Ö» 🎬"


@pytest.fixture
def link(qapp: QApplication) -> ScriptedLink:
    return ScriptedLink()


@pytest.fixture
def studio(link: ScriptedLink, tmp_path: Path, starter_card: ModelCard) -> Iterator[Studio]:
    made = Studio(link, create_project(tmp_path / FILM, sample_project("Film")))
    link.connect_with(models=[(starter_card, [])])
    yield made
    made.close()
    made.deleteLater()


def put(studio: Studio, sha256: str, suffix: str = "mp4") -> Path:
    """A file of the project's own."""
    path = studio.film.folder.path / "media" / sha256[:2] / f"{sha256}.{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"media")
    return path


def item(sha256: str = ONE, **fields: Any) -> MediaItem:
    usual = {"kind": "image", "format": "png", "size_bytes": 5, "width": 8, "height": 8}
    return MediaItem.model_validate({"sha256": sha256, **usual, **fields})


def job_of(studio: Studio, recipe: Recipe, state: Any, **fields: Any) -> Job:
    film = studio.film
    assert film.shot is not None
    request = JobRequest(recipe=recipe, project=fields.pop("project", film.project.id), shot=film.shot.id)
    return Job.model_validate({"id": "job", "request": request, "created_at": 1.0, "state": state, **fields})


def done(sha256: str = ONE) -> Done:
    file = TakeFile(media=sha256, container="mp4", size_bytes=5, num_frames=9)
    return Done(finished_at=2.0, take=file, stage_s={}, build="1")


def asked(link: ScriptedLink, name: str) -> list[tuple[Any, ...]]:
    return [ticket.ask.arguments for ticket in link.waiting(name)]


def test_only_what_the_engine_lacks_is_sent(studio: Studio, link: ScriptedLink) -> None:
    ended: list[object] = []
    path = put(studio, TWO)
    studio.errands.bring([ONE, TWO], lambda: ended.append("done"), ended.append)
    link.refuse("media_item", Refused(404, "no such media"))
    assert asked(link, "upload") == [(path,)]
    link.answer("upload", item(TWO))
    link.answer("media_item", item(ONE))
    assert ended == ["done"]


def test_nothing_to_bring_is_brought_at_once(studio: Studio) -> None:
    ended: list[object] = []
    studio.errands.bring([], lambda: ended.append("done"), ended.append)
    assert ended == ["done"]


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (Gone("it died"), Gone("it died")),
        (Refused(404, "no"), Problems((Problem(field="media", kind="missing", value=ONE[:12]),))),
    ],
)
def test_what_cannot_be_brought_is_told(
    studio: Studio, link: ScriptedLink, trouble: Trouble, expected: Trouble
) -> None:
    ended: list[object] = []
    studio.errands.bring([ONE], lambda: ended.append("done"), ended.append)
    link.refuse("media_item", trouble)
    assert ended == [expected]
    assert asked(link, "upload") == []


def test_an_imported_file_comes_back_as_what_the_engine_read(studio: Studio, link: ScriptedLink) -> None:
    studio.add_files([Path("/x/Мой кадр 🌊.PNG")])
    link.answer("upload", item())
    assert asked(link, "fetch") == [(ONE, "png")]
    assert studio.film.project.bin == ()
    link.answer("fetch", Path("there"))
    assert [footage.name for footage in studio.film.project.bin] == ["Мой кадр 🌊.PNG"]


def test_what_the_project_has_is_not_fetched_again(studio: Studio, link: ScriptedLink) -> None:
    put(studio, ONE, "png")
    studio.add_files([Path("/x/again.png")])
    link.answer("upload", item())
    assert asked(link, "fetch") == []
    assert len(studio.film.project.bin) == 1


def test_names_that_are_no_text_and_very_long_ones(studio: Studio, link: ScriptedLink) -> None:
    names = [b"caf\xe9.png".decode("utf-8", "surrogateescape"), f"{'x' * 300}.png", "'\"&<b>.png"]
    studio.add_files([Path("/x") / name for name in names])
    for number in range(3):
        link.answer("upload", item(f"{number}" * 64))
        link.answer("fetch", Path("somewhere"))
    kept = [footage.name for footage in studio.film.project.bin]
    assert kept[0].startswith("caf")
    assert kept[1:] == names[1:]
    studio.film.save_now()
    assert studio.film.saved_state == "saved"


def test_files_that_cannot_be_used_do_not_stop_the_others(studio: Studio, link: ScriptedLink) -> None:
    finished: list[tuple[Unusable, ...]] = []
    studio.imports.finished.connect(finished.append)
    studio.add_files([Path("/x/a.pdf"), Path("/x/b.png")])
    studio.add_files([Path("/x/c.mp4")])
    counted = [(studio.imports.done, studio.imports.total)]
    refusal = Problems((Problem(field="/x/a.pdf", kind="unreadable"),))
    link.refuse("upload", refusal)
    counted.append((studio.imports.done, studio.imports.total))
    link.answer("upload", item())
    link.refuse("fetch", Problems((Problem(field="b", kind="not_writable"),)))
    link.refuse("upload", Gone("it died"))
    assert counted == [(0, 3), (1, 3)]
    assert [[each.name for each in batch] for batch in finished] == [["a.pdf", "b.png", "c.mp4"]]
    assert finished[0][0].trouble == refusal
    assert not studio.imports.is_busy
    assert studio.film.project.bin == ()


def test_a_disk_that_takes_nothing_is_told(studio: Studio, link: ScriptedLink) -> None:
    (studio.film.folder.path / "media").write_text("a file where a folder should be", "utf-8")
    finished: list[tuple[Unusable, ...]] = []
    studio.imports.finished.connect(finished.append)
    studio.add_files([Path("/x/a.png")])
    link.answer("upload", item())
    (ticket,) = link.waiting("fetch")
    with pytest.raises(StorageError) as caught:
        ticket.ask.call(cast("EngineClient", None))  # the disk says no before the engine is asked
    link.refuse("fetch", trouble_of(caught.value))
    (unusable,) = finished[0]
    assert isinstance(unusable.trouble, Problems)
    assert unusable.trouble.problems[0].kind == "not_writable"


def test_a_project_that_is_only_looked_at_takes_no_files(
    studio: Studio, link: ScriptedLink, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio.film, "_reason", "locked")
    with qtbot.waitSignal(studio.imports.finished) as finished:
        studio.add_files([Path("/x/a.png"), Path("/x/b.png")])
    assert len(finished.args[0]) == 2
    assert asked(link, "upload") == []


def test_a_finished_take_is_fetched_once(studio: Studio, link: ScriptedLink, recipe: Recipe) -> None:
    for _ in range(2):
        link.tell(JobChanged(job=job_of(studio, recipe, done())))
    assert [arguments[0] for arguments in asked(link, "fetch")] == [ONE]


def test_takes_whose_files_are_missing_are_fetched_when_the_engine_is_there(
    studio: Studio, link: ScriptedLink, recipe: Recipe, starter_card: ModelCard
) -> None:
    link.tell(JobChanged(job=job_of(studio, recipe, done())))
    link.refuse("fetch", Gone("it died"))
    studio.close()
    again = ScriptedLink()
    reopened = Studio(again, open_project(studio.film.folder.path))
    assert reopened.film.missing == (ONE,)
    again.connect_with(models=[(starter_card, [])])
    assert [arguments[0] for arguments in asked(again, "fetch")] == [ONE]
    reopened.close()


def test_nothing_is_forgotten_that_is_nowhere_else(studio: Studio, recipe: Recipe) -> None:
    may_forget = studio.errands.may_forget
    over = [
        Cancelled(finished_at=1.0),
        Failed(finished_at=1.0, failure=Failure(kind="internal")),
        SetAside(finished_at=1.0, worker_deaths=3, detail=""),
    ]
    assert all(may_forget(job_of(studio, recipe, state)) for state in over)
    assert not may_forget(job_of(studio, recipe, done()))
    seen = job_of(studio, recipe, done(), acknowledged=True)
    assert not may_forget(seen)
    put(studio, ONE)
    assert may_forget(seen)
    assert not may_forget(job_of(studio, recipe, done(), acknowledged=True, project="another"))
    assert not may_forget(job_of(studio, recipe, done(), project=None))
    assert may_forget(job_of(studio, recipe, done(), acknowledged=True, project=None))
    assert not may_forget(job_of(studio, recipe, {"kind": "queued"}))


def test_what_is_imported_together_is_undone_together(studio: Studio, link: ScriptedLink) -> None:
    for batch in range(2):
        studio.add_files([Path(f"/x/{batch}{number}.png") for number in range(2)])
        for number in range(2):
            link.answer("upload", item(f"{batch}{number}" * 32))
            link.answer("fetch", Path("somewhere"))
    assert len(studio.film.project.bin) == 4
    studio.film.undo()
    assert len(studio.film.project.bin) == 2
    studio.film.edit("x", lambda project: edits.rename_project(project, "Other"))
    studio.film.undo()
    studio.film.undo()
    assert studio.film.project.bin == ()
