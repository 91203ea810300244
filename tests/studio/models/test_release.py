"""The film on its way to a file."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from engine.protocol.events import JobChanged
from engine.protocol.job import Done, FilmRequest, Job, Queued, TakeFile
from engine.protocol.media import MediaItem
from engine.protocol.model_card import ModelCard
from studio.interchange.subtitles import FORMATS
from studio.interchange.timeline_write import ADAPTERS
from studio.link.scripted import ScriptedLink
from studio.link.trouble import Gone, Problems
from studio.models.release import SUBTITLES, TIMELINES, Choice, Written
from studio.models.studio import Studio
from studio.project import edits
from studio.project.draft import Draft
from studio.project.presets import presets
from studio.project.project import Project
from studio.project.settings import Settings
from studio.project.shot import Shot
from studio.project.storage import create_project
from studio.project.take import Take

SOUND = "5" * 64


def a_shot(name: str, **fields: Any) -> Shot:
    sizes = {"width": 64, "height": 64, "num_frames": 24, "fps": 12.0, "container": "mp4", "created_at": 1.0}
    take = Take.model_validate({"id": f"take-{name}", "media": name * 64, "verb": "footage", **sizes})
    return Shot.model_validate({"id": name, "name": name, "takes": (take,), "selected": take.id, **fields})


@pytest.fixture
def project() -> Project:
    shots = (a_shot("a", transition="crossfade"), a_shot("b", dialogue=("Hello.",)))
    return Project(id="film", name="Film", created_at=1.0, settings=Settings(fps=24), shots=shots)


@pytest.fixture
def studio(link: ScriptedLink, tmp_path: Path, starter_card: ModelCard, project: Project) -> Iterator[Studio]:
    made = Studio(link, create_project(tmp_path / "film", project))
    link.connect_with(models=[(starter_card, [])])
    yield made
    made.close()
    made.deleteLater()


def an_item(sha256: str, **fields: Any) -> MediaItem:
    usual = {"kind": "clip", "format": "mp4", "size_bytes": 5, "width": 8, "height": 8, "num_frames": 9, "fps": 12.0}
    return MediaItem.model_validate({"sha256": sha256, **usual, **fields})


def a_job(request: FilmRequest, state: Any) -> Job:
    return Job(id="film-job", request=request, created_at=2.0, state=state)


DONE = Done(
    finished_at=3.0, take=TakeFile(media="f" * 64, container="mp4", size_bytes=4, num_frames=84), stage_s={}, build=""
)


def exported(studio: Studio, link: ScriptedLink, path: Path) -> FilmRequest:
    """Export, with all media at hand in the engine."""
    studio.release.export(path)
    for _ in range(2):
        link.answer("media_item", an_item("a" * 64))
    return link.answer("submit").ask.arguments[0]


def test_the_film_goes_to_the_engine_and_then_to_its_file(
    studio: Studio, link: ScriptedLink, tmp_path: Path, qtbot: QtBot
) -> None:
    path, written = tmp_path / "out.mp4", list[Written]()
    studio.release.written.connect(written.append)
    studio.release.choose(preset="youtube")
    request = exported(studio, link, path)
    assert (request.film.width, request.film.height, request.film.loudness_lufs) == (1920, 1080, -14.0)
    assert [clip.media[0] for clip in request.film.clips] == ["a", "b"]
    assert (request.delivery.container, request.project, request.save_as) == ("mp4", "film", str(path))
    link.tell(JobChanged(job=a_job(request, Queued())))
    assert [job.id for job in studio.release.jobs] == ["film-job"]
    link.tell(JobChanged(job=a_job(request, DONE)))
    assert link.answer("save", path).ask.arguments == ("f" * 64, path)
    assert written == [Written(path)]
    assert link.answer("acknowledge").ask.arguments == ("film-job",)


def test_a_film_that_was_done_while_no_window_was_open_is_saved_on_the_next(
    studio: Studio, link: ScriptedLink, tmp_path: Path
) -> None:
    path = tmp_path / "out.mp4"
    request = exported(studio, link, path)
    studio.close()
    link.jobs_loaded.emit([a_job(request, DONE), a_job(request, DONE).changed(id="seen", acknowledged=True)])
    assert [ticket.ask.arguments for ticket in link.waiting("save")] == [("f" * 64, path)]


def test_a_file_that_cannot_be_written_can_be_saved_elsewhere(
    studio: Studio, link: ScriptedLink, tmp_path: Path
) -> None:
    request, troubles = exported(studio, link, tmp_path / "gone" / "out.mp4"), list[object]()
    studio.release.refused.connect(troubles.append)
    link.tell(JobChanged(job=a_job(request, DONE)))
    link.refuse("save", Gone("the disk"))
    assert troubles == [Gone("the disk")]
    assert link.waiting("acknowledge") == []
    assert [job.id for job in studio.release.jobs] == ["film-job"]
    studio.release.save_again("film-job", tmp_path / "here.mp4")
    link.answer("save", tmp_path / "here.mp4")
    assert len(link.waiting("acknowledge")) == 1


def test_a_transition_that_does_not_fit_is_told_and_nothing_sent(studio: Studio, link: ScriptedLink) -> None:
    troubles = list[Problems]()
    studio.release.refused.connect(troubles.append)
    studio.film.edit("set_transition", lambda project: edits.set_transition(project, "a", "dip", 30.0))
    studio.release.export(Path("out.mp4"))
    assert [problem.field for problem in troubles[0].problems] == ["clips[0].transition_s"]
    assert link.waiting("submit") == link.waiting("media_item") == []


def test_a_film_without_takes_is_told(studio: Studio, link: ScriptedLink) -> None:
    failed = list[object]()
    studio.release.failed.connect(failed.append)
    for shot in ("a", "b"):
        studio.film.edit("delete_shot", lambda project, shot=shot: edits.delete_shot(project, shot))
    assert studio.release.film is None
    studio.release.export(Path("out.mp4"))
    assert failed == ["no_takes"]


def test_a_choice_goes_before_the_preset_until_there_is_another(studio: Studio) -> None:
    release = studio.release
    assert release.choice == Choice(preset=presets()[0].id)
    release.choose(preset="shorts")
    release.choose(fit="pad", fps=30.0)
    film = release.film
    assert film is not None
    assert (film.width, film.height, film.fit, film.fps) == (1080, 1920, "pad", 30.0)
    release.choose(preset="youtube")
    assert release.choice == Choice(preset="youtube")


def test_the_endings_are_those_of_the_formats() -> None:
    assert set(TIMELINES) == set(ADAPTERS)
    assert SUBTITLES == FORMATS


@pytest.mark.parametrize("suffix", [".otio", ".edl", ".srt"])
def test_texts_are_written_here(studio: Studio, qtbot: QtBot, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"film{suffix}"
    with qtbot.waitSignal(studio.release.written) as found:
        studio.release.write(path)
    assert found.args[0].path == path
    assert path.stat().st_size > 0


def test_a_text_that_cannot_be_written_is_told(studio: Studio, qtbot: QtBot, tmp_path: Path) -> None:
    with qtbot.waitSignal(studio.release.failed) as found:
        studio.release.write(tmp_path / "gone" / "film.otio")
    assert found.args[0].kind == "not_writable"
    studio.film.edit("change", lambda project: project.changed(shots=(Shot(id="c", name="C", draft=Draft()),)))
    with qtbot.waitSignal(studio.release.failed) as found:
        studio.release.write(tmp_path / "film.srt")
    assert found.args[0] == "nothing_said"


def test_sound_is_laid_under_the_film(studio: Studio, link: ScriptedLink, tmp_path: Path) -> None:
    troubles = list[Problems]()
    studio.release.refused.connect(troubles.append)
    for name, has_audio in (("waves.flac", True), ("silent.mp4", False)):
        (tmp_path / name).write_bytes(b"x")
        studio.release.add_sound(tmp_path / name)
        link.answer("upload", an_item(SOUND, has_audio=has_audio, duration_s=7.5))
        link.answer("fetch", tmp_path / name)
    (track,) = studio.film.project.soundtrack
    assert (track.name, track.length_s, track.sound.media) == ("waves.flac", 7.5, SOUND)
    assert [problem.field for problem in troubles[0].problems] == ["silent.mp4"]
    studio.release.change_sound(track.id, gain_db=-3.0)
    film = studio.release.film
    assert film is not None
    assert film.sounds[0].gain_db == -3.0
    studio.release.remove_sound(track.id)
    assert studio.film.project.soundtrack == ()
    studio.film.undo()
    assert studio.film.project.soundtrack[0].sound.gain_db == -3.0


def test_a_film_is_written_whole_or_not_at_all(link: ScriptedLink, tmp_path: Path) -> None:
    class Client:
        def fetch(self, sha256: str, file: io.BufferedWriter) -> None:
            file.write(sha256.encode())
            if sha256 == "bad":
                raise OSError(28, "full")

    path = tmp_path / "out.mp4"
    path.write_text("before")
    ticket = link.save("bad", path)
    with pytest.raises(Exception, match="disk_full"):
        ticket.ask.call(Client())  # pyright: ignore[reportArgumentType]
    assert path.read_text() == "before"
    assert link.save("good", path).ask.call(Client()) == path  # pyright: ignore[reportArgumentType]
    assert path.read_text() == "good"
    assert [each.name for each in tmp_path.iterdir()] == ["out.mp4"]
