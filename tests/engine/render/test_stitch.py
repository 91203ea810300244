"""Sections back into one clip, in numbers: every frame says which section it comes from."""

import numpy as np
import pytest

from engine.protocol.sections import Section
from engine.protocol.splice import Kept, Sound, Splice
from engine.render.stitch import cut, stitched

STEP = 20
"""Levels between two sections in these tests."""


def flat(part: Section) -> np.ndarray:
    """A section whose frames all have the level of its place in time."""
    return np.full((part.num_frames, 2, 2, 3), 40 + STEP * (part.first_frame // 8), np.uint8)


def levels(parts: list[Section], **more: bool) -> list[int]:
    return [int(frame[0, 0, 0]) for frame in stitched(parts, flat, **more)]


def test_one_section_is_itself() -> None:
    assert levels([Section(0, 9)]) == [40] * 9


def test_forward_the_earlier_section_is_kept_and_blended_at_the_end_of_what_both_show() -> None:
    assert levels([Section(0, 17), Section(8, 17, overlap=9)]) == [40] * 13 + [44, 48, 52, 56] + [60] * 8


def test_backward_the_later_section_is_kept() -> None:
    found = levels([Section(0, 17), Section(8, 17, overlap=9)], backward=True)
    assert found == [40] * 8 + [44, 48, 52, 56] + [60] * 13


def test_a_loop_begins_with_what_its_last_section_leads_to() -> None:
    parts = [Section(0, 9), Section(0, 25, overlap=9, closes=True)]

    def counted(part: Section) -> np.ndarray:
        start = 100 if part.closes else 0
        return np.arange(start, start + part.num_frames, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3))

    found = [frame[0, 0, 0] for frame in stitched(parts, lambda part: counted(part).astype(np.uint8))]
    assert len(found) == 16
    assert found[9:] == list(range(109, 116))  # the closing section's own frames: neither its tail nor its head
    closing_tail, head = np.arange(116, 120), np.arange(0, 4)
    weights = (np.arange(4) + 1) / 5
    assert np.allclose(found[:4], closing_tail * (1 - weights) + head * weights, atol=0.5)


def test_at_most_two_sections_are_decoded_at_a_time_and_in_order() -> None:
    asked: list[int] = []
    parts = [Section(0, 9), *(Section(8 * i - 8, 17, overlap=9) for i in range(1, 40))]

    def decode(part: Section) -> np.ndarray:
        asked.append(part.first_frame)
        return flat(Section(0, part.num_frames))

    frames = stitched(parts, decode)
    for _ in range(20):
        next(frames)
    assert len(asked) <= 4
    assert len(list(frames)) + 20 == 9 + 39 * 8
    assert asked == sorted(asked)


def test_a_short_overlap_is_blended_all_through() -> None:
    found = levels([Section(0, 9), Section(8, 9, overlap=1)])
    assert found == [40] * 8 + [50] + [60] * 8


MEDIA = "ab" * 32
SPLICE = Splice(
    width=64,
    height=64,
    fps=24.0,
    before=Kept(media=MEDIA, first_frame=0, num_frames=48),
    overlap_frames=4,
    new_frames=44,
    first_position=6.5,
    frame_step=0.5,
    sound=Sound(media=MEDIA, duration_s=2.0),
)


def test_a_whole_clip_needs_no_cut() -> None:
    assert cut(SPLICE, 0, 29, 29) is SPLICE


@pytest.mark.parametrize("end", range(13, 29, 4))
def test_a_clip_that_ended_early_shows_what_there_is(end: int) -> None:
    found = cut(SPLICE, 0, end, 29)
    assert found.before == SPLICE.before
    assert found.last_position <= end - 1 < found.last_position + found.frame_step


def test_a_clip_made_backwards_that_ended_early_begins_later() -> None:
    backward = Splice(
        width=64,
        height=64,
        fps=24.0,
        after=Kept(media=MEDIA, first_frame=0, num_frames=48),
        overlap_frames=4,
        new_frames=44,
        first_position=0.0,
        frame_step=0.5,
        sound=Sound(media=MEDIA, duration_s=2.0, at_s=40 / 24),
    )
    found = cut(backward, 8, 29, 29)  # the frames before the eighth were not made
    assert found.after == backward.after
    assert found.new_frames == 44 - 16
    assert found.first_position == 0.0
    assert found.sound is not None
    assert found.sound.at_s == pytest.approx((40 - 16) / 24)
