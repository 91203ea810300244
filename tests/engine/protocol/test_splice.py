"""How long a joined clip is, and which joins make no sense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.protocol.splice import Kept, Splice

counts = st.integers(1, 500)
MEDIA = "ab" * 32


def kept(num_frames: int, first_frame: int = 0) -> Kept:
    return Kept(media=MEDIA, first_frame=first_frame, num_frames=num_frames)


@given(counts, counts, counts, st.integers(0, 100))
def test_an_overlap_adds_no_length(before: int, after: int, fresh: int, overlap: int) -> None:
    before, after = before + overlap, after + overlap
    extended = Splice(before=kept(before), overlap_frames=overlap, new_frames=fresh + overlap)
    assert extended.num_frames == before + fresh
    backward = Splice(after=kept(after), overlap_frames=overlap, new_frames=fresh + overlap)
    assert backward.num_frames == after + fresh
    bridge = Splice(before=kept(before), after=kept(after), overlap_frames=overlap, new_frames=fresh + 2 * overlap)
    assert bridge.num_frames == before + fresh + after


def test_a_bridge_in_numbers() -> None:
    bridge = Splice(before=kept(48), after=kept(24, first_frame=100), overlap_frames=4, new_frames=33)
    assert bridge.num_frames == 48 + 24 + 33 - 8
    assert Splice.model_validate_json(bridge.model_dump_json()) == bridge


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"new_frames": 9}, "at least one kept part"),
        ({"before": kept(3), "overlap_frames": 4, "new_frames": 9}, "longer than a kept part"),
        ({"before": kept(9), "after": kept(3), "overlap_frames": 4, "new_frames": 99}, "longer than a kept part"),
        ({"before": kept(9), "overlap_frames": 9, "new_frames": 9}, "leave no new frame"),
        ({"before": kept(9), "after": kept(9), "overlap_frames": 4, "new_frames": 8}, "leave no new frame"),
        ({"before": kept(9), "overlap_frames": -1, "new_frames": 9}, "overlap_frames"),
        ({"before": kept(9), "new_frames": 0}, "new_frames"),
    ],
)
def test_joins_that_make_no_sense(fields: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Splice.model_validate(fields)


@pytest.mark.parametrize("fields", [{"num_frames": 0}, {"first_frame": -1}])
def test_kept_frames_that_are_none(fields: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Kept.model_validate({"media": MEDIA, "first_frame": 0, "num_frames": 1, **fields})
