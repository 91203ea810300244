"""The film on its time axis."""

from collections.abc import Callable

import pytest

from engine.protocol.condition import Condition
from engine.protocol.film import Placed
from engine.protocol.job import Job
from studio.project import edits
from studio.project.project import Project
from studio.project.timeline import NothingToShowError, film_of, timeline

JobMaker = Callable[..., Job]


@pytest.fixture
def told(film: Project, a_job: JobMaker) -> Project:
    """A film at 12 frames a second whose first two of three shots have takes of 9 frames."""
    project = edits.add_take(edits.change_settings(film, fps=12), "a", a_job("one"))
    return edits.add_take(project, "b", a_job("two"))


def test_the_film_is_made_of_the_selected_takes(told: Project, digest: Callable[[object], str]) -> None:
    cut = edits.set_transition(edits.set_in_out(told, "a", 2, 8), "a", "crossfade", 0.25)
    made = film_of(cut, loudness_lufs=-14.0)
    first, second = made.clips
    assert (first.media, first.first_frame, first.num_frames) == (digest(("one", None)), 2, 6)
    assert (first.transition, first.transition_s, second.transition) == ("crossfade", 0.25, "cut")
    assert (made.num_frames, made.fps, made.loudness_lufs) == (12, 12.0, -14.0)
    assert (made.width, made.height) == (cut.settings.width, cut.settings.height)


def test_a_film_without_takes_is_told(film: Project) -> None:
    with pytest.raises(NothingToShowError):
        film_of(film)


def test_a_shot_without_a_take_has_its_place(told: Project) -> None:
    assert timeline(told, lambda shot: 2.0) == [
        Placed(first_frame=0, num_frames=9),
        Placed(first_frame=9, num_frames=9),
        Placed(first_frame=18, num_frames=24),
    ]


def test_a_frame_that_two_shots_share_is_shown_once(film: Project, a_job: JobMaker) -> None:
    project = edits.add_take(edits.change_settings(film, fps=12), "a", a_job("one"))
    media = project.shot("a").takes[0].media
    project = edits.add_take(project, "b", a_job("two", conditions=(Condition(media=media, start_s=8 / 12),)))
    assert film_of(project).num_frames == 18
    project = edits.set_continues(project, "b", True)
    assert [(clip.first_frame, clip.num_frames) for clip in film_of(project).clips] == [(0, 9), (1, 8)]
    apart = edits.move_shot(project, "c", 1)
    assert film_of(apart).num_frames == 18
