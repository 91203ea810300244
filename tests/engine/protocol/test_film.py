"""Where clips lie in a film: nothing lost, nothing shown twice, and transitions never longer than their clips."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.protocol.film import Film, FilmClip, Placed, Transition, film_problems, placed, transition_frames


def clip(num_frames: int, transition: Transition = "cut", seconds: float = 0.5, fps: float = 24.0) -> FilmClip:
    return FilmClip(media="a" * 64, fps=fps, num_frames=num_frames, transition=transition, transition_s=seconds)


def film(*clips: FilmClip) -> Film:
    return Film(width=64, height=64, fps=24.0, clips=clips)


clips = st.lists(
    st.builds(
        clip,
        st.integers(1, 60),
        st.sampled_from(["cut", "crossfade", "dip"]),
        st.floats(0, 3),
        st.sampled_from([8.0, 12.0, 24.0, 29.97, 60.0]),
    ),
    min_size=1,
    max_size=6,
)


def test_clips_follow_each_other() -> None:
    made = film(clip(24, "crossfade"), clip(24, "dip", 0.25), clip(5, fps=12.0))
    assert placed(made) == [
        Placed(first_frame=0, num_frames=24, overlap_frames=12),
        Placed(first_frame=12, num_frames=24, fade_out_frames=3),
        Placed(first_frame=36, num_frames=10, fade_in_frames=3),
    ]
    assert (made.num_frames, made.duration_s) == (46, 46 / 24)


@given(clips)
def test_the_film_has_no_gap_and_no_frame_of_three_clips(found: list[FilmClip]) -> None:
    places = placed(film(*found))
    for here, there in pairwise(places):
        assert there.first_frame == here.first_frame + here.num_frames - here.overlap_frames
        assert there.first_frame > here.first_frame
    for here, later in zip(places, places[2:], strict=False):
        assert later.first_frame >= here.first_frame + here.num_frames
    assert places[-1].overlap_frames == places[-1].fade_out_frames == 0


@given(clips)
def test_a_transition_without_a_problem_is_as_long_as_wanted(found: list[FilmClip]) -> None:
    made = film(*found)
    wrong = {problem.field for problem in film_problems(made)}
    places = placed(made)
    for index, here in enumerate(places[:-1]):
        wanted = transition_frames(found[index], 24.0)
        is_overlap = found[index].transition == "crossfade"
        shown = here.overlap_frames if is_overlap else here.fade_out_frames + places[index + 1].fade_in_frames
        assert (shown == wanted) == (f"clips[{index}].transition_s" not in wrong)


@given(clips)
def test_what_a_problem_says_is_nearest_is_none(found: list[FilmClip]) -> None:
    mended = list(found)
    for problem in film_problems(film(*found)):
        index = int(problem.field.removeprefix("clips[").split("]")[0])
        assert isinstance(problem.nearest, float)
        mended[index] = mended[index].changed(transition_s=problem.nearest)
    assert film_problems(film(*mended)) == []


def test_a_film_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 item"):
        film()
