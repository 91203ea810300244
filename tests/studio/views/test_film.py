"""The Film page's panels: how the film is delivered, and what is heard under it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QUrl
from pytestqt.qtbot import QtBot

from engine.protocol.events import JobChanged, Progress
from engine.protocol.film import FilmSound
from engine.protocol.job import Delivery, Done, FilmRequest, Job, Queued, Running, TakeFile
from studio.models.studio import Studio
from studio.project import edits
from studio.project.presets import presets
from studio.project.soundtrack import SoundTrack
from studio.style.tokens import LIGHT, Theme
from studio.views import film_delivery, film_sounds
from studio.views.film_words import loss_words, preset_hint, preset_name, unwritten_words

Looked = Callable[..., None]


@pytest.fixture
def delivery(studio: Studio, scene: Any, theme: Theme) -> film_delivery.View:
    """The panel, of a film with two takes and a shot without one."""
    scene.finish("one")
    studio.film.add_shot("Gulls")
    scene.finish("two")
    studio.film.add_shot("The end")
    return film_delivery.View(studio, theme)


def add_sound(studio: Studio, name: str = "waves, far away.flac") -> SoundTrack:
    track = SoundTrack(id=f"id {name}", name=name, length_s=93.5, sound=FilmSound(media="5" * 64, at_s=1.5))
    studio.film.edit("add_track", lambda project: edits.add_track(project, track))
    return track


def film_job(studio: Studio, state: Any) -> Job:
    film = studio.release.film
    assert film is not None
    request = FilmRequest(
        film=film, delivery=Delivery(container="mp4"), project=studio.film.project.id, save_as="/films/Coast.mp4"
    )
    return Job(id="film", request=request, created_at=1.0, state=state)


def test_what_is_chosen_is_seen(delivery: film_delivery.View, studio: Studio, look: Looked) -> None:
    assert delivery.presets.count() == len(presets())
    look(delivery, "film delivery", 360, 800)
    assert delivery.export.isEnabled()
    row = [each.id for each in presets()].index("shorts")
    delivery.presets.setCurrentRow(row)
    film = studio.release.film
    assert film is not None
    assert (delivery.fields.width_field.value(), delivery.fields.height_field.value()) == (1080, 1920)
    assert delivery.fields.fit.choice == "Cropped to fill"
    assert "1080×1920" in delivery.summary.text()
    delivery.fields.fps.stepBy(1)
    assert studio.release.choice.fps == 25
    delivery.fields.loudness.menu().actions()[0].trigger()
    assert studio.release.choice.loudness_lufs is None


def test_a_film_without_takes_says_so(studio: Studio, theme: Theme, look: Looked) -> None:
    delivery = film_delivery.View(studio, theme)
    look(delivery, "film delivery empty", 360, 800)
    assert not delivery.export.isEnabled()
    assert "No shot has a take" in delivery.summary.text()


def test_missing_takes_and_long_transitions_have_a_way_on(
    delivery: film_delivery.View, studio: Studio, link: Any, look: Looked
) -> None:
    shot = studio.film.project.shots[0]
    studio.film.edit("set_transition", lambda project: edits.set_transition(project, shot.id, "dip", 20.0))
    look(delivery, "film delivery problems", 360, 800)
    missing = studio.storyboard.missing
    assert f"{len(missing)} shots have no take" in delivery.missing.sentence
    assert shot.name in delivery.wrong.sentence
    delivery.wrong._button.click()
    assert delivery.wrong.sentence == ""
    assert 0 < studio.film.project.shots[0].transition_s < 20
    assert studio.release.problems == []
    delivery.missing._button.click()
    assert [wish.shot for wish in studio.film.project.wishes] == missing


def test_films_on_their_way_are_seen(
    delivery: film_delivery.View, studio: Studio, link: Any, look: Looked, qtbot: QtBot
) -> None:
    link.tell(JobChanged(job=film_job(studio, Queued())))
    link.tell(JobChanged(job=film_job(studio, Running(started_at=1.0, device="cpu"))))
    link.tell(
        Progress(job_id="film", stage="write", step=0, total_steps=0, frame=30, total_frames=60, elapsed_s=2, eta_s=2)
    )
    look(delivery, "film delivery running", 360, 800)
    row = delivery.jobs.rows["film"]
    assert row.name.text() == "Coast.mp4"
    assert "30" in row.state.text()
    assert row.bar.value() / row.bar.maximum() == 0.5
    row.cancel.click()
    assert link.answer("cancel").ask.arguments == ("film",)
    take = TakeFile(media="f" * 64, container="mp4", size_bytes=4, num_frames=60)
    link.tell(JobChanged(job=film_job(studio, Done(finished_at=3.0, take=take, stage_s={}, build=""))))
    assert row.save.isVisible()
    assert not row.cancel.isVisible()
    link.answer("save", Path("/films/Coast.mp4"))
    assert link.answer("acknowledge").ask.arguments == ("film",)
    link.tell(JobChanged(job=film_job(studio, Queued()).changed(acknowledged=True)))
    assert delivery.jobs.rows == {}


def test_sounds_have_a_row_each(studio: Studio, theme: Theme, look: Looked) -> None:
    sounds = film_sounds.View(studio, theme)
    look(sounds, "film sounds empty", 820, 200)
    track = add_sound(studio)
    add_sound(studio, "موسيقى.mp3")
    look(sounds, "film sounds", 820, 260)
    row = sounds.rows[track.id]
    assert row.fields["at_s"].value() == 1.5
    assert row.fields["duration_s"].value() == 93.5
    row.fields["gain_db"].setValue(-6)
    row.fields["fade_out_s"].setValue(2)
    sound = studio.film.project.track(track.id).sound
    assert (sound.gain_db, sound.fade_out_s, sound.duration_s) == (-6.0, 2.0, None)
    row.delete.click()
    assert set(sounds.rows) == {studio.film.project.soundtrack[0].id}
    studio.film.undo()
    assert len(sounds.rows) == 2


def test_files_are_dropped_into_the_sound(studio: Studio, theme: Theme, link: Any, tmp_path: Path) -> None:
    sounds, mime = film_sounds.View(studio, theme), QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / name)) for name in ("a.wav", "b.wav")])
    assert sounds.take(mime)
    assert [ticket.ask.arguments[0].name for ticket in link.waiting("upload")] == ["a.wav", "b.wav"]


def test_everything_has_words(studio: Studio) -> None:
    assert all(preset_name(each) != each.id and preset_hint(each) for each in presets())
    losses = ("recipes", "transitions", "dips", "sound", "gains", "rate", "missing_media")
    assert len({loss_words(loss) for loss in losses}) == len(losses)
    assert unwritten_words("no_takes") != unwritten_words("nothing_said")


def test_the_panels_are_drawn_in_the_light_theme(
    delivery: film_delivery.View, studio: Studio, look: Looked, qapp: Any
) -> None:
    from studio.style.sheet import apply_theme

    apply_theme(qapp, LIGHT)
    add_sound(studio)
    look(film_delivery.View(studio, LIGHT), "film delivery light", 360, 800)
    look(film_sounds.View(studio, LIGHT), "film sounds light", 820, 200)
    assert delivery.presets.currentRow() == 0
