"""Shots from timelines of other programs, and from folders of clips."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from engine.protocol.media import MediaItem
from engine.protocol.model_card import ModelCard
from studio.interchange.timeline_write import write_timeline
from studio.link.scripted import ScriptedLink
from studio.link.trouble import Refused
from studio.models.arrivals import Arrived
from studio.models.studio import Studio
from studio.project.project import Project
from studio.project.shot import Shot
from studio.project.storage import create_project
from studio.project.take import Take


@pytest.fixture
def studio(link: ScriptedLink, tmp_path: Path, starter_card: ModelCard) -> Iterator[Studio]:
    made = Studio(link, create_project(tmp_path / "film", Project(id="film", name="Film", created_at=1.0)))
    link.connect_with(models=[(starter_card, [])])
    yield made
    made.close()
    made.deleteLater()


def item(name: str, **fields: Any) -> MediaItem:
    usual = {"kind": "clip", "format": "mp4", "size_bytes": 5, "width": 8, "height": 8, "num_frames": 24, "fps": 12.0}
    return MediaItem.model_validate({"sha256": name[0] * 64, **usual, **fields})


def serve(qtbot: QtBot, link: ScriptedLink, names: list[str]) -> None:
    """Let these files be clips, one after another."""
    for name in names:
        qtbot.waitUntil(lambda: bool(link.waiting("upload")))
        asked = link.waiting("upload")[0].ask.arguments[0]
        assert asked.name == name
        link.answer("upload", item(name))
        link.answer("fetch", asked)


def test_a_folder_of_clips_becomes_shots_in_one_step(
    studio: Studio, link: ScriptedLink, tmp_path: Path, qtbot: QtBot
) -> None:
    folder, arrived = tmp_path / "клипы", list[Arrived]()
    folder.mkdir()
    for name in ("a 1.mp4", "b 10.mp4", "c 2.txt"):
        (folder / name).write_bytes(b"x")
    studio.arrivals.arrived.connect(arrived.append)
    studio.arrivals.bring(folder)
    assert studio.arrivals.is_busy
    serve(qtbot, link, ["a 1.mp4", "b 10.mp4"])
    assert arrived == [Arrived(2)]
    assert [shot.name for shot in studio.film.project.shots] == ["a 1", "b 10"]
    assert not studio.arrivals.is_busy
    studio.film.undo()
    assert studio.film.project.shots == ()


def test_a_clip_that_cannot_be_used_is_told_and_the_others_come(
    studio: Studio, link: ScriptedLink, tmp_path: Path, qtbot: QtBot
) -> None:
    folder, arrived = tmp_path / "clips", list[Arrived]()
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (folder / name).write_bytes(b"x")
    studio.arrivals.arrived.connect(arrived.append)
    studio.arrivals.bring(folder)
    qtbot.waitUntil(lambda: bool(link.waiting("upload")))
    link.refuse("upload", Refused(422, "no clip"))
    serve(qtbot, link, ["b.mp4"])
    assert arrived == [Arrived(1, ("a",))]


def test_our_own_timeline_comes_back(studio: Studio, link: ScriptedLink, tmp_path: Path, qtbot: QtBot) -> None:
    path, file = tmp_path / "film.otio", tmp_path / "a.mp4"
    file.write_bytes(b"x")
    take = {"id": "t", "media": "a" * 64, "container": "mp4", "verb": "footage", "created_at": 1.0}
    sizes = {"width": 8, "height": 8, "num_frames": 24, "fps": 12.0}
    shot = Shot(id="s", name="Mine", takes=(Take.model_validate({**take, **sizes}),), selected="t", in_frame=3)
    film = Project(id="other", name="Other", created_at=1.0, shots=(shot,))
    write_timeline(film, path, lambda _: file, lambda _: 2.0)
    studio.arrivals.bring(path)
    with qtbot.waitSignal(studio.arrivals.arrived):
        serve(qtbot, link, ["a.mp4"])
    assert studio.film.project.shots == (shot,)


SCRIPT = """Title: Coast

EXT. BEACH - SUNSET

MARA, a woman in a red coat, walks along the water.

MARA
Listen.
"""


def test_a_script_becomes_shots_and_names_in_the_bible(studio: Studio, tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "coast.fountain"
    path.write_text(SCRIPT)
    with qtbot.waitSignal(studio.arrivals.arrived) as found:
        studio.arrivals.bring(path)
    shots, bible = studio.film.project.shots, studio.film.project.bible
    assert found.args[0] == Arrived(len(shots), entries=len(bible))
    assert shots[0].dialogue == ("Listen.",)
    assert "@Mara" in shots[0].draft.prompt
    assert "Mara" in [entry.name for entry in bible]
    studio.film.undo()
    assert (studio.film.project.shots, studio.film.project.bible) == ((), ())
    path.write_text("\n\n")
    with qtbot.waitSignal(studio.arrivals.failed) as failed:
        studio.arrivals.bring(path)
    assert failed.args[0].kind == "empty"


def test_what_is_no_timeline_is_told(studio: Studio, tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "film.otio"
    path.write_text("{")
    for wrong, kind in ((path, "damaged"), (tmp_path / "gone.otio", "unreadable"), (tmp_path / "a.doc", "unreadable")):
        with qtbot.waitSignal(studio.arrivals.failed) as found:
            studio.arrivals.bring(wrong)
        assert found.args[0].kind == kind
    assert not studio.arrivals.is_busy
    assert studio.film.project.shots == ()
