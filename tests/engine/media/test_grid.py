"""Constant grids over even and uneven clips: every instant shows what was on screen then."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.media.errors import MediaError
from engine.media.frames import stretch
from engine.media.grid import count_frames, measure_grid, read_at, read_grid
from engine.media.video_probe import probe_video
from engine.media.video_read import read_frames
from engine.media.video_write import write_video

Make = Callable[..., Path]
Numbered = Callable[..., Iterator[np.ndarray]]
NumberOf = Callable[[np.ndarray], int]
EXACT = "-c:v libx264 -qp 0 -preset ultrafast -pix_fmt yuv444p -fps_mode passthrough -enc_time_base 1/90000"


@pytest.fixture
def even(tmp_path: Path, numbered: Numbered) -> Path:
    path = tmp_path / "even.mkv"
    write_video(path, numbered(60), 30, container="mkv")
    return path


def numbers(frames: Iterator[np.ndarray], number_of: NumberOf) -> list[int]:
    return [number_of(frame) for frame in frames]


def test_an_even_clip_is_its_own_grid(even: Path) -> None:
    probe = probe_video(even)
    assert (probe.variable_rate, probe.grid_frames, count_frames(even)) == (False, 60, 60)
    for span in ({}, {"first_frame": 50}, {"first_frame": 7, "num_frames": 3}, {"first_frame": 55, "num_frames": 99}):
        read, expected = np.stack(list(read_grid(even, **span))), np.stack(list(read_frames(even, **span)))
        assert read.shape == expected.shape
        assert (read == expected).all()


@pytest.mark.parametrize("name", ["uneven.mp4", "uneven.mkv"])
def test_lost_frames_are_held(even: Path, make: Make, number_of: NumberOf, name: str) -> None:
    """A camera at 30 frames a second that lost some, with a millisecond of jitter and a start that is not 0."""
    lost = (3, 10, 11, 12, 40)
    kept = "*".join(f"not(eq(n\\,{number}))" for number in lost)
    path = make(f"-i {even} -vf select={kept},setpts=PTS+(mod(N*7\\,3)-1)/1000/TB+2/TB {EXACT}", name)
    expected = [max(n for n in range(instant + 1) if n not in lost) for instant in range(60)]
    probe = probe_video(path)
    assert (probe.num_frames, probe.variable_rate, probe.grid_frames) == (55, True, 60)
    assert float(probe.fps) == pytest.approx(30, rel=0.0011)  # or 29.97: two seconds cannot tell
    assert count_frames(path) == 60
    assert numbers(read_grid(path), number_of) == expected
    assert numbers(read_grid(path, first_frame=9, num_frames=5), number_of) == expected[9:14]
    assert numbers(read_grid(path, first_frame=58), number_of) == expected[58:]


def test_a_clip_that_slows_down_keeps_its_length(even: Path, make: Make, number_of: NumberOf) -> None:
    path = make(f"-i {even} -vf setpts=(N+N*N/60)/30/TB {EXACT}", "slowing.mp4")
    probe = probe_video(path)
    times_s = [(n + n * n / 60) / 30 for n in range(60)]
    assert probe.variable_rate
    assert probe.grid_frames == round(probe.duration_s * probe.fps)
    for instant, number in enumerate(numbers(read_grid(path), number_of)):
        shown = instant / float(probe.fps)
        assert abs(number - max(n for n in range(60) if times_s[n] <= shown + 0.001)) <= 0


def test_a_last_frame_that_is_held(make: Make) -> None:
    path = make("-f lavfi -i testsrc2=s=64x48:r=10:d=1 -final_delay 100", "held.gif")
    grid = measure_grid(path)
    assert (grid.fps, grid.num_frames, grid.variable_rate) == (10, 19, True)
    frames = list(read_grid(path))
    assert len(frames) == 19
    assert all((frame == frames[9]).all() for frame in frames[9:])
    assert not np.shares_memory(frames[17], frames[18])


@pytest.mark.parametrize(
    ("coding", "name"),
    [
        ("-c:v libvpx -auto-alt-ref 1 -lag-in-frames 16", "a.webm"),
        ("-c:v mpeg4 -bf 2", "a.avi"),
        ("-c:v libx264 -bf 2", "a.ts"),
        ("-c:v mpeg2video", "a.mpg"),
        ("-c:v libx264 -flags +ilme+ildct", "a.mp4"),
        ("-c:v libx264", "a.flv"),
        ("-c:v libtheora", "a.ogv"),
        ("-c:v msmpeg4", "b.avi"),
    ],
)
def test_what_packets_cannot_tell_is_counted(make: Make, coding: str, name: str) -> None:
    path = make(f"-f lavfi -i testsrc2=s=160x96:r=25:d=1.2 {coding} -an", name)
    num_frames = count_frames(path)
    frames = list(read_grid(path))
    assert len(frames) == num_frames
    assert num_frames == 30
    assert measure_grid(path).fps == 25
    assert probe_video(path).grid_frames in (None, num_frames)
    assert (next(read_grid(path, first_frame=num_frames - 1)) == frames[-1]).all()


def test_frames_are_stretched_whole(even: Path) -> None:
    full = next(read_grid(even))
    for width, height in ((64, 64), (300, 20), (128, 200), (256, 128), (128, 64)):
        frame = next(read_grid(even, width=width, height=height))
        assert (frame == stretch(full, width, height)).all()
        assert frame.shape == (height, width, 3)
    marked = np.zeros((40, 40, 3), np.uint8)
    marked[:4], marked[-4:], marked[:, :4], marked[:, -4:] = 50, 100, 150, 200
    for width, height in ((20, 80), (10, 10), (80, 120)):
        edges = stretch(marked, width, height)
        middle = width // 2
        assert (edges[0, middle, 0], edges[-1, middle, 0], edges[height // 2, 0, 0]) == (50, 100, 150)


def test_frames_at_times(even: Path, make: Make, number_of: NumberOf) -> None:
    times_s = [1.0, 0.0, 1.99, 99.0, 0.5, 0.5, 0.516, 0.517]
    frames = read_at(even, times_s, width=64, height=32)
    assert frames.shape == (8, 32, 64, 3)
    assert numbers(iter(frames), number_of) == [30, 0, 59, 59, 15, 15, 15, 16]
    assert (frames[0] == stretch(list(read_grid(even))[30], 64, 32)).all()
    assert read_at(even, [], width=64, height=32).shape == (0, 32, 64, 3)
    path = make(f"-i {even} -vf select=lt(n\\,20)+gt(n\\,39) {EXACT}", "gap.mp4")
    assert numbers(iter(read_at(path, [0.5, 0.9, 1.3, 1.4], width=64, height=32)), number_of) == [15, 19, 19, 42]


def test_times_far_apart_are_jumped_to(tmp_path: Path, numbered: Numbered, number_of: NumberOf) -> None:
    path = tmp_path / "clip.mp4"
    write_video(path, numbered(250), Fraction(24000, 1001))
    times_s = [number * 1001 / 24000 for number in (249, 3, 120, 121, 200)]
    assert numbers(iter(read_at(path, times_s, width=128, height=64)), number_of) == [249, 3, 120, 121, 200]


def test_two_broadcasts_in_a_row_have_no_hole(make: Make, tmp_path: Path) -> None:
    parts = [
        make(f"-f lavfi -i testsrc2=s=64x48:r=25:d=1 -output_ts_offset {start} -c:v libx264", f"{start}.ts")
        for start in (500, 20)
    ]
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert (measure_grid(path).fps, count_frames(path)) == (25, 50)


def test_refused_numbers(even: Path) -> None:
    wrong = [{"first_frame": -1}, {"num_frames": 0}, {"width": 10}, {"width": 0, "height": 4}, {"first_frame": 60}]
    for words in wrong:
        with pytest.raises(MediaError):
            read_grid(even, **words)
    for times_s in ([float("nan")], [float("inf")]):
        with pytest.raises(MediaError):
            read_at(even, times_s, width=8, height=8)


def test_a_changed_file_is_measured_again(tmp_path: Path, numbered: Numbered) -> None:
    path = tmp_path / "clip.mp4"
    for count in (5, 9):
        write_video(path, numbered(count), 24)
        assert count_frames(path) == count
