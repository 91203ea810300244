"""Clips in every container: whole, counted, repeatable, honest about colour, with their recipe and nothing else."""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.media.errors import MediaError
from engine.media.packets import read_header, read_packets
from engine.media.stills import read_still
from engine.media.video_probe import probe_video
from engine.media.video_read import read_frames
from engine.media.video_write import write_video
from engine.protocol.job import carries_recipe

Numbered = Callable[..., Iterator[np.ndarray]]
FILM = ["mp4", "webm", "mkv", "mov", "gif"]
RECIPE = '{"prompt": "a=b;c#d\\\\ é 🎬 \\n"}\r\n;x=y\n[STREAM]\n\t '


def noise(count: int, height: int = 48, width: int = 64) -> list[np.ndarray]:
    return list(np.random.default_rng(4).integers(0, 256, (count, height, width, 3), np.uint8))


def kind_of(writing: Callable[[], object]) -> str:
    with pytest.raises(MediaError) as caught:
        writing()
    return caught.value.kind


@pytest.mark.parametrize(
    ("container", "codec"), [("mp4", "h264"), ("webm", "vp9"), ("mkv", "ffv1"), ("mov", "prores"), ("gif", "gif")]
)
def test_film_comes_back(
    tmp_path: Path, numbered: Numbered, number_of: Callable[[np.ndarray], int], container: str, codec: str
) -> None:
    path = tmp_path / f"clip.{container}"
    assert write_video(path, numbered(30), 24, container=container, recipe_json=RECIPE) == 30
    probe = probe_video(path)
    assert (probe.format, probe.codec, probe.width, probe.height) == (container, codec, 128, 64)
    assert (probe.num_frames, probe.grid_frames, probe.variable_rate, probe.has_audio) == (30, 30, False, False)
    assert float(probe.fps) == pytest.approx(24, rel=0.003 if container == "gif" else 1e-6)
    assert probe.duration_s == pytest.approx(30 / 24, abs=0.011)
    assert probe.recipe_json == (RECIPE if carries_recipe(container) else None)
    assert [number_of(frame) for frame in read_frames(path)] == list(range(30))
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("container", [*FILM, "zip"])
def test_bytes_repeat_and_nothing_leaks(tmp_path: Path, container: str) -> None:
    digests = set()
    for name in ("a", "b"):
        path = tmp_path / name
        write_video(path, noise(5), Fraction(30000, 1001), container=container)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
        for word in (b"comment", b"reelwright", b"REELWRIGHT", b"Lavf6", b"Lavc6", str(tmp_path).encode()):
            assert word not in path.read_bytes()
    assert len(digests) == 1


@pytest.mark.parametrize("container", ["mp4", "webm", "mov"])
def test_colours_and_their_tags(tmp_path: Path, container: str) -> None:
    colours = np.array([[200, 40, 20], [20, 190, 60], [30, 60, 220], [128, 128, 128]], np.uint8)
    frame = np.broadcast_to(np.repeat(colours, 16, axis=0), (48, 64, 3))
    path = tmp_path / f"clip.{container}"
    write_video(path, [frame] * 3, 24, container=container)
    header = read_header(path)
    pixels = "yuv422p10le" if container == "mov" else "yuv420p"
    assert (header.pixel_format, header.range, header.matrix, header.transfer) == (pixels, "tv", "bt709", "bt709")
    for read in read_frames(path):
        assert np.abs(read[24, 8::16].astype(int) - colours).max() <= 4


@settings(max_examples=4, deadline=None)
@given(st.integers(2, 40), st.integers(2, 40), st.integers(0, 2**32 - 1))
def test_lossless_is_lossless(tmp_path_factory: pytest.TempPathFactory, width: int, height: int, seed: int) -> None:
    frames = list(np.random.default_rng(seed).integers(0, 256, (3, height, width, 3), np.uint8))
    path = tmp_path_factory.mktemp("lossless") / "clip.mkv"
    write_video(path, frames, 24, container="mkv")
    assert (np.stack(list(read_frames(path))) == np.stack(frames)).all()


def test_a_lossless_clip_can_be_jumped_in(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    frames = noise(120, 16, 16)
    write_video(path, frames, Fraction(24000, 1001), container="mkv")
    assert (next(read_frames(path, first_frame=97)) == frames[97]).all()
    assert probe_video(path).fps == Fraction(24000, 1001)


@pytest.mark.parametrize("container", [*FILM, "zip"])
def test_odd_sizes_where_the_codec_allows(tmp_path: Path, container: str) -> None:
    path = tmp_path / f"clip.{container}"
    if container in ("mkv", "gif", "zip"):
        assert write_video(path, noise(2, 33, 35), 24, container=container) == 2
        return
    with pytest.raises(MediaError, match=r"35x33: .* needs an even width and height") as caught:
        write_video(path, noise(2, 33, 35), 24, container=container)
    assert caught.value.kind == "unsupported"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("fps", "count", "left"), [(24, 24, 24), (30, 30, 30), (50, 10, 10), (60, 60, 50), (120, 7, 3)]
)
def test_gif_times_are_as_close_as_gif_allows(tmp_path: Path, fps: int, count: int, left: int) -> None:
    path = tmp_path / "clip.gif"
    frames = [np.full((16, 16, 3), 3 * index, np.uint8) for index in range(count)]
    assert write_video(path, frames, fps, container="gif") == left
    times = read_packets(read_header(path)).times
    assert np.abs(times - times[0] - np.arange(left) * 100 / min(fps, 50)).max() <= 0.5
    with Image.open(path) as image:
        assert image.info["loop"] == 0
        assert image.n_frames == left
    shown = [int(frame[0, 0, 0]) for frame in read_frames(path)]
    assert shown == [3 * (index * fps // min(fps, 50)) for index in range(left)]


def test_gif_keeps_colours(tmp_path: Path) -> None:
    ramp = np.zeros((64, 64, 3), np.uint8)
    ramp[..., 0], ramp[..., 2] = np.arange(0, 256, 4)[:, None], np.arange(0, 256, 4)[None]
    path = tmp_path / "clip.gif"
    write_video(path, [ramp, ramp[::-1]], 10, container="gif")
    read = np.stack(list(read_frames(path)))
    assert np.abs(read.astype(int) - np.stack([ramp, ramp[::-1]])).mean() < 6


def test_a_zip_of_pictures(tmp_path: Path) -> None:
    path = tmp_path / "clip.zip"
    frames = noise(12)
    assert write_video(path, iter(frames), 24, container="zip", recipe_json=RECIPE) == 12
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.read("recipe.json").decode() == RECIPE
        names = [name for name in archive.namelist() if name != "recipe.json"]
        assert names == [f"frame-{number:06d}.png" for number in range(1, 13)]
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        archive.extractall(tmp_path)
    assert all((read_still(tmp_path / name) == frame).all() for name, frame in zip(names, frames, strict=True))


def test_a_zip_takes_one_frame_at_a_time(tmp_path: Path) -> None:
    alive: list[np.ndarray] = []
    part_bytes = []

    def frames() -> Iterator[np.ndarray]:
        for frame in noise(20):
            part_bytes.append(sum(file.stat().st_size for file in tmp_path.iterdir()))
            alive.append(frame)
            yield frame

    write_video(tmp_path / "clip.zip", frames(), 24, container="zip")
    assert part_bytes[-1] > 10 * noise(1)[0].nbytes  # earlier pictures were on their way to the disk already


@pytest.mark.parametrize("container", [*FILM, "zip"])
def test_refused_input_leaves_the_old_file(tmp_path: Path, container: str) -> None:
    path = tmp_path / "clip"
    path.write_bytes(b"old")
    bad = {
        "no_picture": [],
        "unsupported": [*noise(2), *noise(1, 32, 32)],
    }
    for kind, frames in bad.items():
        assert kind_of(lambda frames=frames: write_video(path, frames, 24, container=container)) == kind
    assert kind_of(lambda: write_video(path, noise(1), 0, container=container)) == "unsupported"

    def breaking() -> Iterator[np.ndarray]:
        yield from noise(3)
        raise OSError("enough")

    with pytest.raises(OSError, match="enough"):
        write_video(path, breaking(), 24, container=container, recipe_json=json.dumps({"a": 1}))
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["clip"]


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    for container in ("png", "exe"):
        assert kind_of(lambda c=container: write_video(tmp_path / "a", noise(1), 24, container=c)) == "unsupported"
    assert [carries_recipe(container) for container in (*FILM, "zip", "png")] == [True] * 4 + [False, True, True]
