"""Frames at other moments: exact where they coincide, where things really are in between, and streamed."""

import gc
import weakref
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.media.errors import MediaError
from engine.media.retime import Between, retime

SIDE = 24
TEXTURE = np.random.default_rng(2).integers(90, 255, (6, 6, 3), np.uint8)
GROUND = np.random.default_rng(1).integers(0, 120, (6, 8, 3), np.uint8)


def scene(x: float, y: float, *, plain: bool) -> np.ndarray:
    """Return a square whose corner lies at x, y, to fractions of a pixel, on a ground that stands still."""
    square = np.full((SIDE, SIDE, 3), 220, np.uint8) if plain else cv2.resize(TEXTURE, (SIDE, SIDE))
    ground = np.full((96, 128, 3), 40, np.uint8) if plain else cv2.resize(GROUND, (128, 96))
    moved = np.array([[1, 0, x], [0, 1, y]], np.float64)
    mask = cv2.warpAffine(np.ones((SIDE, SIDE), np.float32), moved, (128, 96))[..., None]
    return np.rint(ground * (1 - mask) + cv2.warpAffine(square, moved, (128, 96))).astype(np.uint8)


def error(got: np.ndarray, expected: np.ndarray) -> float:
    return float(np.square(got.astype(float) - expected).mean())


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize(("across", "down"), [(4, 0), (8, 4), (-12, 3)])
@pytest.mark.parametrize("part", [0.25, 0.5, 0.8])
def test_a_moving_square_is_where_it_should_be(plain: bool, across: float, down: float, part: float) -> None:
    first, second = scene(50, 30, plain=plain), scene(50 + across, 30 + down, plain=plain)
    expected = scene(50 + across * part, 30 + down * part, plain=plain)
    (got,) = retime([first, second], [part])
    blend = cv2.addWeighted(first, 1 - part, second, part, 0)
    assert error(got, expected) < 0.6 * error(blend, expected)
    if plain:
        bright = np.argwhere(got[..., 0] > 150)
        centre = bright.mean(axis=0) - np.array([30, 50]) - (SIDE - 1) / 2
        assert np.abs(centre - np.array([down, across]) * part).max() < 0.75


def test_what_has_no_motion_is_blended() -> None:
    first, second = np.random.default_rng(5).integers(0, 256, (2, 48, 64, 3), np.uint8)
    (got,) = retime([first, second], [0.5])
    assert np.abs(got.astype(int) - cv2.addWeighted(first, 0.5, second, 0.5, 0)).mean() < 6
    (tiny,) = retime([first[:8, :8], second[:8, :8]], [0.25])
    assert np.abs(tiny - (0.75 * first[:8, :8] + 0.25 * second[:8, :8])).max() <= 1


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=12), st.sampled_from([0.0, 9e-7, -9e-7]))
def test_whole_positions_are_exact(positions: list[int], off: float) -> None:
    frames = [np.full((20, 24, 3), 10 * index, np.uint8) for index in range(9)]
    got = list(retime(iter(frames), (max(0.0, position + off) for position in sorted(positions))))
    assert [int(frame[0, 0, 0]) for frame in got] == [10 * min(position, 8) for position in sorted(positions)]


def test_beyond_the_end_the_last_frame_stands() -> None:
    frames = [scene(x, 30, plain=True) for x in (20, 24)]
    got = list(retime(frames, [0.5, 1.0, 1.4, 7.5]))
    assert all((frame == frames[1]).all() for frame in got[1:])
    assert not np.shares_memory(got[1], got[2])


def test_it_repeats_itself() -> None:
    frames = [scene(x, 30, plain=False) for x in (20, 27, 30)]
    first, second = ([frame.tobytes() for frame in retime(frames, [0.3, 0.6, 1.2])] for _ in range(2))
    assert first == second


def test_frames_are_taken_when_needed_and_let_go() -> None:
    living: list[weakref.ref[np.ndarray]] = []
    taken = 0
    closed = False

    def source() -> Iterator[np.ndarray]:
        nonlocal taken, closed
        try:
            for index in range(1000):
                taken += 1
                frame = np.full((16, 16, 3), index % 250, np.uint8)
                living.append(weakref.ref(frame))
                yield frame
                del frame
        finally:
            closed = True

    retimed = retime(source(), (index * 0.5 for index in range(60)))
    for index, _ in enumerate(retimed):
        gc.collect(0)
        assert taken <= index // 2 + 2
        assert sum(reference() is not None for reference in living) <= 3
        if index == 50:
            break
    retimed.close()
    assert closed


@pytest.mark.parametrize(
    ("frames", "positions", "kind"),
    [
        ([], [0.0], "no_picture"),
        ([np.zeros((8, 8, 3), np.uint8)] * 3, [1.0, 0.5], "unsupported"),
        ([np.zeros((8, 8, 3), np.uint8)] * 3, [-1.0], "unsupported"),
        ([np.zeros((8, 8, 3), np.uint8)] * 3, [float("nan")], "unsupported"),
        ([np.zeros((8, 8, 3), np.uint8), np.zeros((8, 9, 3), np.uint8)], [1.0], "unsupported"),
        ([np.zeros((8, 8), np.uint8)], [0.0], "unsupported"),
    ],
)
def test_what_cannot_be_retimed(frames: list[np.ndarray], positions: list[float], kind: str) -> None:
    with pytest.raises(MediaError) as caught:
        list(retime(frames, positions))
    assert caught.value.kind == kind


def test_the_same_two_frames_give_the_same_bytes_wherever_they_lie_in_memory() -> None:
    noise = np.random.default_rng(2).integers(0, 255, (72, 128, 3), np.uint8)
    first, second = (np.roll(noise, shift, 1) // 4 + np.array([150, 10, 10], np.uint8) for shift in (42, 44))
    between = Between(first, second)
    found, held = set[bytes](), []
    for size in range(1, 60):
        held.append(np.empty(size * 4099 % 30011, np.uint8))  # what comes next lies elsewhere
        found.add(between.at(0.5).tobytes())
    assert len(found) == 1
