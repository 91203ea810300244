"""Joining a model's frames to kept ones: every frame in its place, seams crossfaded, the rest untouched."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.media.errors import MediaError
from engine.media.grid import read_grid
from engine.media.join import join, kept_reader
from engine.media.video_write import write_video
from engine.protocol.splice import Kept, Splice

SHAPE = (20, 24, 3)


def flat(value: float) -> np.ndarray:
    return np.full(SHAPE, value, np.uint8)


def values(frames: Iterator[np.ndarray]) -> list[int]:
    found = []
    for frame in frames:
        assert frame.shape == SHAPE
        assert (frame == frame[0, 0]).all()
        found.append(int(frame[0, 0, 0]))
    return found


def kept_frames(kept: Kept) -> Iterator[np.ndarray]:
    """Yield frames whose value is their number in the clip, 100 more in clip b."""
    for number in range(kept.first_frame, kept.first_frame + kept.num_frames):
        yield flat(number + (100 if kept.media == "b" else 0))


def spliced(**fields: object) -> Splice:
    return Splice.model_validate({"width": 24, "height": 20, "fps": 24, **fields})


def test_extend() -> None:
    splice = spliced(before=Kept(media="a", first_frame=0, num_frames=5), overlap_frames=2, new_frames=6)
    new = lambda: (flat(200 + 10 * index) for index in range(6))  # noqa: E731
    seam = [round(3 * 2 / 3 + 200 / 3), round(4 / 3 + 210 * 2 / 3)]
    assert values(join(splice, new, kept_frames)) == [0, 1, 2, *seam, 220, 230, 240, 250]


def test_extend_backward() -> None:
    splice = spliced(after=Kept(media="a", first_frame=3, num_frames=4), overlap_frames=1, new_frames=4)
    new = lambda: (flat(200 + 10 * index) for index in range(4))  # noqa: E731
    assert values(join(splice, new, kept_frames)) == [200, 210, 220, round((230 + 3) / 2), 4, 5, 6]


def test_bridge() -> None:
    parts = {
        "before": Kept(media="a", first_frame=2, num_frames=3),
        "after": Kept(media="b", first_frame=0, num_frames=3),
    }
    new = lambda: (flat(200 + 10 * index) for index in range(4))  # noqa: E731
    joined = values(join(spliced(**parts, overlap_frames=1, new_frames=4), new, kept_frames))
    assert joined == [2, 3, round((4 + 200) / 2), 210, 220, round((230 + 100) / 2), 101, 102]
    joined = values(join(spliced(**parts, new_frames=4), new, kept_frames))
    assert joined == [2, 3, 4, 200, 210, 220, 230, 100, 101, 102]


def test_a_loop_comes_in_over_its_beginning() -> None:
    opened = 0

    def new() -> Iterator[np.ndarray]:
        nonlocal opened
        opened += 1
        yield from (flat(200 + 10 * index) for index in range(5))

    splice = spliced(before=Kept(media="b", first_frame=0, num_frames=4), loops=True, overlap_frames=1, new_frames=5)
    expected = [round((240 + 100) / 2), 101, 102, round((103 + 200) / 2), 210, 220, 230]
    assert values(join(splice, new, kept_frames)) == expected
    assert opened == 2


def test_the_models_clip_is_retimed_and_stretched() -> None:
    new = lambda: (np.full((10, 40, 3), 20 * index, np.uint8) for index in range(9))  # noqa: E731
    splice = spliced(new_frames=5, first_position=1.0, frame_step=1.5)
    assert values(join(splice, new, kept_frames)) == [20, 50, 80, 110, 140]


@settings(max_examples=60, deadline=None)
@given(
    before=st.integers(0, 6),
    after=st.integers(0, 6),
    overlap=st.integers(0, 6),
    extra=st.integers(1, 5),
    loops=st.booleans(),
)
def test_always_as_many_frames_as_the_splice_says(
    before: int, after: int, overlap: int, extra: int, loops: bool
) -> None:
    after, before = (0, max(1, before)) if loops else (after, before)
    parts = {
        name: Kept(media="a", first_frame=0, num_frames=n) for name, n in (("before", before), ("after", after)) if n
    }
    overlap = min([overlap, *(kept.num_frames for kept in parts.values())])
    seams = 2 if loops else len(parts)
    splice = spliced(**parts, loops=loops, overlap_frames=overlap, new_frames=overlap * seams + extra)
    new = lambda: (flat(200) for _ in range(splice.new_frames))  # noqa: E731
    joined = values(join(splice, new, kept_frames))
    assert len(joined) == splice.num_frames == before + after + overlap * seams + extra - overlap * seams
    head, tail = overlap * loops, before - overlap
    assert joined[head:tail] == list(range(head, tail)) or head >= tail


def test_kept_frames_are_not_touched() -> None:
    kept = list(np.random.default_rng(0).integers(0, 256, (4, *SHAPE), np.uint8))
    splice = spliced(before=Kept(media="a", first_frame=0, num_frames=4), overlap_frames=1, new_frames=3)
    joined = list(join(splice, lambda: iter([flat(9)] * 3), lambda _: iter(kept)))
    assert all(got is given for got, given in zip(joined[:3], kept, strict=False))


def test_a_part_of_another_size_is_stretched() -> None:
    splice = spliced(after=Kept(media="a", first_frame=0, num_frames=2), new_frames=1)
    joined = join(splice, lambda: iter([flat(9)]), lambda _: iter([np.full((9, 50, 3), 70, np.uint8)] * 2))
    assert values(joined) == [9, 70, 70]


def test_too_few_frames_are_said() -> None:
    splice = spliced(before=Kept(media="a", first_frame=0, num_frames=4), overlap_frames=2, new_frames=3)
    for count in (0, 1, 3):
        with pytest.raises(MediaError) as caught:
            list(join(splice, lambda: iter([flat(9)] * 3), lambda _, count=count: iter([flat(1)] * count)))
        assert caught.value.kind == "truncated"
    with pytest.raises(MediaError) as caught:
        list(join(splice, lambda: iter([]), kept_frames))
    assert caught.value.kind == "no_picture"


def test_readers_are_closed_however_it_ends() -> None:
    open_now = 0

    def counted(frames: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        nonlocal open_now
        open_now += 1
        try:
            yield from frames
        finally:
            open_now -= 1

    splice = spliced(before=Kept(media="a", first_frame=0, num_frames=9), loops=True, overlap_frames=2, new_frames=9)
    for taken in (0, 1, 4, 9, 12):
        joined = join(splice, lambda: counted(flat(200) for _ in range(9)), lambda kept: counted(kept_frames(kept)))
        for _ in range(taken):
            next(joined)
        joined.close()
        assert open_now == 0


def test_a_lossless_extension_keeps_the_clip_bit_for_bit(
    tmp_path: Path, make: Callable[..., Path], numbered: Callable[..., Iterator[np.ndarray]]
) -> None:
    clip = make("-f lavfi -i testsrc2=s=128x64:r=24:d=1 -c:v libx264 -pix_fmt yuv420p", "clip.mp4")
    splice = Splice(
        width=128,
        height=64,
        fps=24,
        before=Kept(media="ab", first_frame=4, num_frames=20),
        overlap_frames=3,
        new_frames=10,
        frame_step=0.5,
    )
    path = tmp_path / "joined.mkv"
    joined = join(splice, lambda: numbered(12, 32, 64), kept_reader({"ab": clip}))
    assert write_video(path, joined, splice.fps, container="mkv") == splice.num_frames == 27
    read, source = list(read_grid(path)), list(read_grid(clip, first_frame=4))
    assert all((got == expected).all() for got, expected in zip(read[:17], source, strict=False))
