"""A film's pictures: every cut, crossfade, dip and hold at its very frame, whatever sizes and rates the clips have."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.media.errors import MediaError
from engine.media.film import pictures
from engine.media.frames import pad
from engine.media.stills import write_png
from engine.media.video_write import write_video
from engine.protocol.film import Film, FilmClip, placed

WIDTH, HEIGHT = 64, 48


def gray(level: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


@pytest.fixture
def lossless(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes frames as a clip that is read back bit for bit."""

    def writing(name: str, frames: Iterator[np.ndarray] | list[np.ndarray], fps: float = 24) -> Path:
        path = tmp_path / f"{name}.mkv"
        write_video(path, frames, fps, container="mkv")
        return path

    return writing


def film(*clips: FilmClip, **fields: object) -> Film:
    return Film.model_validate({"width": WIDTH, "height": HEIGHT, "fps": 24, "clips": clips, **fields})


def levels(frames: list[np.ndarray]) -> list[int]:
    """The gray of each frame, which is one all over."""
    assert all(frame.min() == frame.max() for frame in frames)
    return [int(frame[0, 0, 0]) for frame in frames]


def test_cuts_are_where_in_and_out_are(lossless: Callable[..., Path]) -> None:
    a = lossless("a", [gray(index) for index in range(20)])
    b = lossless("b", [gray(100 + index) for index in range(20)])
    made = film(
        FilmClip(media="a", fps=24, first_frame=3, num_frames=5),
        FilmClip(media="b", fps=24, first_frame=19, num_frames=1),
        FilmClip(media="a", fps=24, num_frames=2),
    )
    shown = list(pictures(made, {"a": a, "b": b}))
    assert levels(shown) == [3, 4, 5, 6, 7, 119, 0, 1]


def test_a_crossfade_mixes_in_equal_steps(lossless: Callable[..., Path]) -> None:
    a = lossless("a", [gray(200 + index) for index in range(10)])
    b = lossless("b", [gray(40 + index) for index in range(10)])
    first = FilmClip(media="a", fps=24, num_frames=10, transition="crossfade", transition_s=3 / 24)
    made = film(first, FilmClip(media="b", fps=24, num_frames=10))
    shown = levels(list(pictures(made, {"a": a, "b": b})))
    assert len(shown) == made.num_frames == 17
    assert shown[:7] == [200, 201, 202, 203, 204, 205, 206]
    mixed = [207 * 0.75 + 40 * 0.25, (208 + 41) / 2, 209 * 0.25 + 42 * 0.75]
    assert shown[7:10] == pytest.approx(mixed, abs=0.51)
    assert shown[10:] == [43, 44, 45, 46, 47, 48, 49]


def test_a_dip_is_black_once_and_rises_again(lossless: Callable[..., Path]) -> None:
    a, b = lossless("a", [gray(240)] * 12), lossless("b", [gray(120)] * 12)
    first = FilmClip(media="a", fps=24, num_frames=12, transition="dip", transition_s=8 / 24)
    made = film(first, FilmClip(media="b", fps=24, num_frames=12))
    shown = levels(list(pictures(made, {"a": a, "b": b})))
    assert len(shown) == 24
    assert shown[:8] == [240] * 8
    assert shown[8:12] == [180, 120, 60, 0]
    assert shown[12:16] == [24, 48, 72, 96]
    assert shown[16:] == [120] * 8


def test_a_picture_is_held_and_its_transitions_are_seen(tmp_path: Path, lossless: Callable[..., Path]) -> None:
    write_png(tmp_path / "still.png", gray(80), None)
    clip = lossless("clip", [gray(200)] * 24)
    held = FilmClip(media="still", fps=25, num_frames=50, transition="crossfade", transition_s=1 / 24)
    made = film(held, FilmClip(media="clip", fps=24, num_frames=24))
    shown = levels(list(pictures(made, {"still": tmp_path / "still.png", "clip": clip})))
    assert shown == [80] * 47 + [140] + [200] * 23


def test_three_clips_that_cross_twice(lossless: Callable[..., Path]) -> None:
    media = {name: lossless(name, [gray(level)] * 8) for name, level in (("a", 30), ("b", 90), ("c", 250))}
    crossing = {"fps": 24, "num_frames": 8, "transition": "crossfade", "transition_s": 4 / 24}
    made = film(*(FilmClip.model_validate({"media": name, **crossing}) for name in "abc"))
    shown = levels(list(pictures(made, media)))
    assert len(shown) == made.num_frames == 16
    assert shown[4:8] == pytest.approx([30 + 12 * n for n in range(1, 5)], abs=0.51)
    assert shown[8:12] == pytest.approx([90 + 32 * n for n in range(1, 5)], abs=0.51)


def test_half_the_rate_shows_each_frame_twice(
    numbered: Callable[..., Iterator[np.ndarray]], lossless, number_of
) -> None:
    path = lossless("slow", numbered(6), 12)
    made = film(FilmClip(media="slow", fps=12, first_frame=1, num_frames=4), retiming="nearest", width=128, height=64)
    assert [number_of(frame) for frame in pictures(made, {"slow": path})] == [1, 1, 2, 2, 3, 3, 4, 4]


def test_another_rate_keeps_its_pace(numbered: Callable[..., Iterator[np.ndarray]], lossless, number_of) -> None:
    path = lossless("fast", numbered(60), 30)
    clip = FilmClip(media="fast", fps=30, num_frames=60)
    for retiming in ("nearest", "flow"):
        made = film(clip, retiming=retiming, width=128, height=64)
        shown = [number_of(frame) for frame in pictures(made, {"fast": path})]
        assert len(shown) == 48
        assert shown[::4] == list(range(0, 60, 5))  # where instants coincide the frame is the clip's own


def test_flow_moves_what_is_between(lossless: Callable[..., Path]) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (96, 200, 3), np.uint8).astype(np.float32)
    smooth = sum(np.roll(noise, (dy, dx), (0, 1)) for dy in range(6) for dx in range(6)) / 36
    wide = np.clip((smooth - 127) * 4 + 127, 0, 255).astype(np.uint8)
    path = lossless("moving", [wide[:, 20 + 4 * step : 20 + 4 * step + 128] for step in range(6)], 12)
    made = film(FilmClip(media="moving", fps=12, num_frames=6), width=128, height=96)
    shown = list(pictures(made, {"moving": path}))
    truth = wide[:, 26:154]
    middle = np.s_[16:-16, 16:-16]
    assert np.abs(shown[3][middle].astype(int) - truth[middle]).mean() < 4
    blend = (shown[2][middle].astype(int) + shown[4][middle]) / 2
    assert np.abs(blend - truth[middle]).mean() > 8  # what mixing the neighbours would have given


def test_ntsc_rates_that_were_rounded_are_the_same_rate(lossless: Callable[..., Path]) -> None:
    path = lossless("ntsc", [gray(index) for index in range(200)], 29.97002997)
    made = film(FilmClip(media="ntsc", fps=29.97002997, num_frames=200), fps=29.97)
    assert levels(list(pictures(made, {"ntsc": path}))) == list(range(200))


@pytest.mark.parametrize(
    ("size", "lit"), [((64, 24), np.s_[12:36, :]), ((32, 64), np.s_[:, 20:44]), ((63, 48), np.s_[:, :63])]
)
def test_other_shapes_get_bars_of_black(lossless: Callable[..., Path], size: tuple[int, int], lit: object) -> None:
    path = lossless("odd", [gray(200, *size)] * 2)
    shown = next(pictures(film(FilmClip(media="odd", fps=24, num_frames=2)), {"odd": path}))
    expected = np.zeros_like(shown)
    expected[lit] = 200
    assert np.array_equal(shown, expected)


def test_the_thinnest_bars_are_scaled_away() -> None:
    assert (pad(gray(9, 854, 480), 1920, 1080) == 9).all()
    assert (pad(gray(9, 848, 480), 1920, 1080) == 0).any()


def test_crop_fills_the_frame_and_keeps_the_middle(lossless: Callable[..., Path]) -> None:
    wide = np.zeros((48, 192, 3), np.uint8)
    wide[:, 64:128] = (10, 150, 250)
    path = lossless("wide", [wide])
    made = film(FilmClip(media="wide", fps=24, num_frames=1), fit="crop")
    assert (next(pictures(made, {"wide": path})) == (10, 150, 250)).all()


def test_a_clip_shorter_than_its_stretch_is_said(lossless: Callable[..., Path]) -> None:
    path = lossless("short", [gray(1)] * 10)
    with pytest.raises(MediaError) as caught:
        list(pictures(film(FilmClip(media="short", fps=24, first_frame=4, num_frames=10)), {"short": path}))
    assert caught.value.kind == "truncated"


def test_ending_early_closes_both_readers(lossless: Callable[..., Path]) -> None:
    media = {name: lossless(name, [gray(9)] * 24) for name in "ab"}
    clip = FilmClip(media="a", fps=24, num_frames=24, transition="crossfade", transition_s=0.5)
    frames = pictures(film(clip, FilmClip(media="b", fps=24, num_frames=24)), media)
    for _ in range(16):  # in the middle of the crossfade
        next(frames)
    frames.close()


def test_every_film_has_the_frames_that_it_says(lossless: Callable[..., Path]) -> None:
    rates = (12, 24, 25, 30000 / 1001, 60)
    media = {str(place): lossless(str(place), [gray(20 * place)] * 30, fps) for place, fps in enumerate(rates)}
    random = np.random.default_rng(5)
    for fps in (16, 24000 / 1001, 30):
        clips = [
            FilmClip.model_validate(
                {
                    "media": str(place),
                    "fps": rates[place],
                    "first_frame": int(random.integers(0, 10)),
                    "num_frames": int(random.integers(1, 20)),
                    "transition": random.choice(["cut", "crossfade", "dip"]),
                    "transition_s": float(random.uniform(0, 1)),
                }
            )
            for place in random.integers(0, len(rates), 6)
        ]
        made = film(*clips, fps=fps, retiming="nearest")
        shown = list(pictures(made, media))
        assert len(shown) == made.num_frames
        first = placed(made)[0]
        assert (shown[0] == 20 * int(clips[0].media)).all() or first.num_frames == first.fade_out_frames
