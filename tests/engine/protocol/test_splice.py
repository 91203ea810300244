"""How long a joined clip is, and which joins make no sense."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.protocol.splice import Kept, Sound, Splice

counts = st.integers(1, 500)
MEDIA = "ab" * 32
GRID = {"width": 64, "height": 48, "fps": 24}


def kept(num_frames: int, first_frame: int = 0) -> Kept:
    return Kept(media=MEDIA, first_frame=first_frame, num_frames=num_frames)


def splice(**fields: object) -> Splice:
    return Splice.model_validate({**GRID, **fields})


@given(counts, counts, counts, st.integers(0, 100))
@settings(deadline=None)
def test_an_overlap_adds_no_length(before: int, after: int, fresh: int, overlap: int) -> None:
    before, after = before + overlap, after + overlap
    extended = splice(before=kept(before), overlap_frames=overlap, new_frames=fresh + overlap)
    assert extended.num_frames == before + fresh
    backward = splice(after=kept(after), overlap_frames=overlap, new_frames=fresh + overlap)
    assert backward.num_frames == after + fresh
    retake = splice(before=kept(before), after=kept(after), overlap_frames=overlap, new_frames=fresh + 2 * overlap)
    assert retake.num_frames == before + fresh + after
    loop = splice(before=kept(before), loops=True, overlap_frames=overlap, new_frames=fresh + 2 * overlap)
    assert loop.num_frames == before + fresh
    assert splice(new_frames=fresh).num_frames == fresh
    assert [joined.seams for joined in (extended, backward, retake, loop)] == [1, 1, 2, 2]


def test_a_retake_in_numbers() -> None:
    retake = splice(
        before=kept(48),
        after=kept(24, first_frame=77),
        overlap_frames=4,
        new_frames=37,
        first_position=6.5,
        frame_step=0.5,
        sound=Sound(media=MEDIA, start_s=0.5, duration_s=4, at_s=1.0),
    )
    assert retake.num_frames == 48 + 29 + 24
    assert retake.last_position == 6.5 + 36 / 2
    assert [part.first_frame for part in retake.kept] == [0, 77]
    assert Splice.model_validate_json(retake.model_dump_json()) == retake


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"before": kept(3), "overlap_frames": 4, "new_frames": 9}, "longer than a kept part"),
        ({"before": kept(9), "after": kept(3), "overlap_frames": 4, "new_frames": 99}, "longer than a kept part"),
        ({"before": kept(9), "overlap_frames": 9, "new_frames": 9}, "leave no new frame"),
        ({"before": kept(9), "after": kept(9), "overlap_frames": 4, "new_frames": 8}, "leave no new frame"),
        ({"before": kept(9), "loops": True, "overlap_frames": 4, "new_frames": 8}, "leave no new frame"),
        ({"after": kept(9), "loops": True, "new_frames": 8}, "behind its kept part"),
        ({"before": kept(9), "after": kept(9), "loops": True, "new_frames": 8}, "behind its kept part"),
        ({"new_frames": 8, "loops": True}, "behind its kept part"),
        ({"before": kept(9), "overlap_frames": -1, "new_frames": 9}, "overlap_frames"),
        ({"before": kept(9), "new_frames": 0}, "new_frames"),
        ({"new_frames": 9, "first_position": -0.1}, "first_position"),
        ({"new_frames": 9, "frame_step": 0}, "frame_step"),
        ({"new_frames": 9, "frame_step": float("nan")}, "frame_step"),
        ({"new_frames": 9, "fps": 0}, "fps"),
        ({"new_frames": 9, "width": 0}, "width"),
        ({"new_frames": 9, "height": 0}, "height"),
    ],
)
def test_joins_that_make_no_sense(fields: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        splice(**fields)


@pytest.mark.parametrize("fields", [{"start_s": -0.1}, {"duration_s": 0}, {"at_s": -1}, {"at_s": float("inf")}])
def test_sound_that_is_none(fields: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Sound.model_validate({"media": MEDIA, "duration_s": 1.0, **fields})


@pytest.mark.parametrize("fields", [{"num_frames": 0}, {"first_frame": -1}])
def test_kept_frames_that_are_none(fields: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Kept.model_validate({"media": MEDIA, "first_frame": 0, "num_frames": 1, **fields})
