"""Playing the film: every frame of it is the one that the film has there, with its transitions, from any shot."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from engine.protocol.film import placed, transition_frames
from studio.models.screening import Screening
from studio.project import edits
from studio.project.draft import Draft
from studio.project.planned import planned
from studio.project.shot import Shot
from studio.project.timeline import film_of
from studio.style.tokens import Theme
from studio.views.storyboard_screen import FilmScreen


def plain(name: str, **fields: Any) -> Shot:
    return Shot(id=name, name=f"Shot {name}", draft=Draft(prompt=f"prompt {name}"), **fields)


@pytest.fixture
def film_with(scene: Any) -> Callable[..., Screening]:
    """Return a function that makes the film of these shots; those in `made` have a take."""

    def making(*shots: Shot, made: str = "", fps: float = 24.0) -> Screening:
        film, card = scene.studio.film, scene.studio.library.card("starter")
        film.amend(lambda project: project.changed(shots=shots, last_open_shot=shots[0].id))
        film.amend(lambda project: edits.change_settings(project, fps=fps))
        for name in made:
            scene.finish(f"take-{name}", shot=name, **dict(planned(film.project, film.project.shot(name), card)))
        scene.studio.turn_to("storyboard")
        return scene.studio.screening

    return making


@pytest.fixture
def screen(scene: Any, theme: Theme, look: Callable[..., None]) -> FilmScreen:
    made = FilmScreen(scene.studio, theme)
    look(made, "film_screen", 400, 300)
    return made


@pytest.mark.parametrize("fps", [12.0, 24.0, 30.0])
def test_every_frame_is_where_the_film_has_it(film_with: Callable[..., Screening], scene: Any, fps: float) -> None:
    shots = (plain("a", transition="crossfade", transition_s=0.4), plain("b", transition="dip"), plain("c"))
    screening = film_with(*shots, made="abc", fps=fps)
    scene.studio.film.edit("set_in_out", lambda project: edits.set_in_out(project, "b", 3, 15))
    project = scene.studio.film.project
    film = film_of(project)
    places = placed(film)
    assert screening.num_frames == film.num_frames
    for index in range(film.num_frames):
        screening.seek(index)
        layers = screening.layers()
        expected = [
            (shot.id, place)
            for shot, place in zip(project.shots, places, strict=True)
            if place.first_frame <= index < place.first_frame + place.num_frames
        ]
        assert [layer.shot.id for layer in layers] == [name for name, _ in expected]
        for layer, (name, place) in zip(layers, expected, strict=True):
            clip = film.clips["abc".index(name)]
            exact = clip.first_frame + (index - place.first_frame) / fps * clip.fps
            assert abs(layer.frame - exact) <= 0.5 + 1e-6 or layer.frame == clip.first_frame + clip.num_frames - 1


def test_transitions_are_mixed_as_they_are_rendered(film_with: Callable[..., Screening], scene: Any) -> None:
    shots = (
        plain("a", transition="crossfade", transition_s=0.5),
        plain("b", transition="dip", transition_s=0.5),
        plain("c"),
    )
    screening = film_with(*shots, made="abc", fps=12.0)
    film = film_of(scene.studio.film.project)
    overlap = transition_frames(film.clips[0], 12.0)
    first = placed(film)[1].first_frame
    seen = list[float]()
    for index in range(first, first + overlap):
        screening.seek(index)
        under, over = screening.layers()
        assert under.opacity == 1.0
        seen.append(over.opacity)
    assert seen == pytest.approx([(step + 1) / (overlap + 1) for step in range(overlap)])
    cut = placed(film)[2].first_frame
    around = list[float]()
    for index in range(cut - 4, cut + 4):
        screening.seek(index)
        (layer,) = screening.layers()
        around.append(layer.opacity)
    assert around == pytest.approx([1.0, 2 / 3, 1 / 3, 0.0, 0.25, 0.5, 0.75, 1.0])


def test_a_crossfade_is_seen(film_with: Callable[..., Screening], screen: FilmScreen, scene: Any) -> None:
    screening = film_with(plain("a", transition="crossfade", transition_s=0.5), plain("b"), made="ab", fps=12.0)
    scene.serve()
    screening.seek(0)
    scene.serve()
    first = pixel(screen.image)
    screening.seek(screening.num_frames - 1)
    scene.serve()
    last = pixel(screen.image)
    place = screening.place_of("b")
    screening.seek(place.first_frame + 2)  # of 6 frames: 3/7 of what comes
    scene.serve()
    mixed = pixel(screen.image)
    for channel in range(3):
        assert mixed[channel] == pytest.approx(first[channel] * 4 / 7 + last[channel] * 3 / 7, abs=6)


def test_it_plays_from_a_shot_to_the_end_and_stops(
    film_with: Callable[..., Screening], screen: FilmScreen, scene: Any, qtbot: QtBot
) -> None:
    screening = film_with(plain("a"), plain("b"), made="ab", fps=12.0)
    now = [0.0]
    screening._clock = lambda: now[0]
    screening.play_from("b")
    assert screening.speed == 1.0
    assert screening.shot_at(screening.index).id == "b"
    began = screening.index
    now[0] += 0.5
    with qtbot.waitSignal(screening.frame_changed):
        pass
    assert screening.index == began + 6
    now[0] += 100
    with qtbot.waitSignal(screening.playing_changed):
        pass
    assert (screening.speed, screening.index) == (0.0, screening.num_frames - 1)
    screening.play()
    assert screening.index == 0


def test_the_next_shot_is_asked_for_before_it_is_seen(
    film_with: Callable[..., Screening], screen: FilmScreen, scene: Any
) -> None:
    screening = film_with(plain("a"), plain("b"), made="ab", fps=12.0)
    screening.seek(3)
    asked = {ticket.ask.arguments[0] for ticket in scene.link.waiting("frames")}
    assert asked == {scene.studio.film.project.shot(name).takes[0].media for name in "ab"}


def test_reels_do_not_grow_with_the_film(film_with: Callable[..., Screening], screen: FilmScreen) -> None:
    names = "abcdefghijkl"
    screening = film_with(*(plain(name) for name in names), made=names, fps=12.0)
    for index in range(0, screening.num_frames, 5):
        screening.seek(index)
        screening.layers()
    assert len(screening._reels) == 4


def test_while_a_frame_is_on_its_way_the_last_picture_stays(
    film_with: Callable[..., Screening], screen: FilmScreen, scene: Any
) -> None:
    screening = film_with(plain("a"), plain("b"), made="ab", fps=12.0)
    scene.serve()
    shown = screen.image
    assert shown is not None
    screening.go_to("b")
    screening._reels["b"].load(None)
    screening.seek(screening.index + 4)
    assert screen.image is not None


def test_what_is_not_made_yet_is_said_and_what_is_being_made_is_seen(
    film_with: Callable[..., Screening], screen: FilmScreen, scene: Any
) -> None:
    screening = film_with(plain("a"), plain("b"), made="a", fps=12.0)
    screening.go_to("b")
    assert screen.image is None
    assert screen.caption == "Shot b: No take yet"
    scene.run("job-b", shot="b", previews=17)
    assert screen.image is not None
    assert "60 %" in screen.caption


def test_a_film_that_gets_shorter_has_its_playhead_within(film_with: Callable[..., Screening], scene: Any) -> None:
    screening = film_with(plain("a"), plain("b"), made="ab", fps=12.0)
    screening.seek(screening.num_frames - 1)
    scene.studio.film.edit("delete_shot", lambda project: edits.delete_shot(project, "b"))
    assert screening.index == screening.num_frames - 1
    scene.studio.film.edit("delete_shot", lambda project: edits.delete_shot(project, "a"))
    assert (screening.index, screening.num_frames, screening.layers()) == (0, 0, [])


def pixel(image: QImage | None) -> tuple[int, int, int]:
    """Of the sky."""
    assert image is not None
    colour = image.pixelColor(image.width() // 2, 4)
    return colour.red(), colour.green(), colour.blue()
