"""Writing clips: whole, counted, honest about colour, silent about prompts, or not there at all."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.media import ffmpeg
from engine.media.errors import MediaError
from engine.media.packets import read_header
from engine.media.video_probe import probe_video
from engine.media.video_read import read_frames
from engine.media.video_write import write_video

Numbered = Callable[..., Iterator[np.ndarray]]
PATCHES = [
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (255, 255, 255),
    (0, 0, 0),
    (128, 128, 128),
    (200, 120, 60),
    (30, 90, 160),
]
NASTY = '{"prompt": "a=b;c#d\\\\ é 🎬 \\n"}\r\n;x=y\n#z\n[STREAM]\n\t \\\r\n= "  \n'


def gray(count: int, height: int = 32, width: int = 32) -> list[np.ndarray]:
    return [np.full((height, width, 3), 100 + index % 100, np.uint8) for index in range(count)]


def kind_of(writing: Callable[[], object]) -> str:
    with pytest.raises(MediaError) as caught:
        writing()
    return caught.value.kind


@pytest.mark.parametrize("size", [(128, 72), (1280, 720)])
def test_colours_survive(tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    columns = np.repeat(np.array(PATCHES, np.uint8), width // 8, axis=0)
    frame = np.broadcast_to(columns, (height, width, 3))
    path = tmp_path / "patches.mp4"
    assert write_video(path, [frame] * 3, 24) == 3
    header = read_header(path)
    assert (header.pixel_format, header.range, header.matrix, header.transfer) == ("yuv420p", "tv", "bt709", "bt709")
    centres = np.arange(width // 16, width, width // 8)
    capture = cv2.VideoCapture(str(path))
    theirs = capture.read()[1][..., ::-1]
    capture.release()
    for read in (next(read_frames(path)), theirs):
        assert np.abs(read[height // 2, centres].astype(int) - PATCHES).max() <= 4


def test_frames_arrive_in_order(tmp_path: Path, numbered: Numbered, number_of: Callable[[np.ndarray], int]) -> None:
    path = tmp_path / "clip.mp4"
    assert write_video(path, numbered(60), Fraction(30000, 1001), keyframe_interval=12) == 60
    assert [number_of(frame) for frame in read_frames(path)] == list(range(60))


@pytest.mark.parametrize("fps", [1, 16, 23.976, Fraction(24000, 1001), 25.0, 60, 0.5])
def test_rates_are_exact(tmp_path: Path, fps: Fraction | float) -> None:
    path = tmp_path / "clip.mp4"
    write_video(path, gray(4), fps)
    probe = probe_video(path)
    assert float(probe.fps) == pytest.approx(float(fps), rel=2e-5)
    assert probe.num_frames == 4
    assert probe.duration_s == pytest.approx(4 / fps, rel=1e-3)


@pytest.mark.parametrize("recipe", ["{}", NASTY, '{"prompt": "' + "é=🎬;\\n" * 20_000 + '"}'])
def test_recipe_round_trip(tmp_path: Path, recipe: str) -> None:
    path = tmp_path / "clip.mp4"
    write_video(path, gray(2), 24, recipe_json=recipe)
    assert probe_video(path).recipe_json == recipe
    assert [file.name for file in tmp_path.iterdir()] == ["clip.mp4"]


def test_nothing_leaks_and_bytes_repeat(tmp_path: Path) -> None:
    first, second, named = tmp_path / "a.mp4", tmp_path / "b.mp4", tmp_path / "c.mp4"
    write_video(first, gray(5), 24)
    write_video(second, gray(5), 24)
    write_video(named, gray(5), 24, recipe_json='{"prompt": "a secret"}')
    assert first.read_bytes() == second.read_bytes()
    assert probe_video(first).recipe_json is None
    for word in (b"comment", b"reelwright", b"prompt", b"title", b"Lavf", str(tmp_path).encode()):
        assert word not in first.read_bytes()
    assert named.read_bytes().count(b"a secret") == 1
    assert b"comment" not in named.read_bytes()


@pytest.mark.parametrize(
    ("frames", "fps", "kind"),
    [
        ([], 24, "no_picture"),
        (gray(2, 33, 32), 24, "unsupported"),
        (gray(2, 32, 31), 24, "unsupported"),
        ([*gray(3), *gray(1, 64, 64)], 24, "unsupported"),
        ([*gray(3), np.zeros((32, 32), np.uint8)], 24, "unsupported"),
        ([*gray(3), "frame"], 24, "unsupported"),
        ([np.zeros((32, 32, 3), np.float32)], 24, "unsupported"),
        ([np.zeros((2, 16386, 3), np.uint8)], 24, "too_large"),
        *((gray(2), fps, "unsupported") for fps in (0, -24, float("nan"), float("inf"), 1e9, 1e-9, "fast")),
    ],
)
def test_refused_input_leaves_the_old_file(tmp_path: Path, frames: list, fps: float, kind: str) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"old")
    assert kind_of(lambda: write_video(path, frames, fps)) == kind
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, GeneratorExit])
def test_what_the_frames_raise_passes_through(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"old")

    def frames() -> Iterator[np.ndarray]:
        yield from gray(20)
        raise error("enough")

    with pytest.raises(error, match="enough"):
        write_video(path, frames(), 24, recipe_json="{}")
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["clip.mp4"]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.mp4").mkdir()
    places = [tmp_path / "file" / "a.mp4", tmp_path / "none" / "a.mp4", tmp_path / "folder.mp4", tmp_path / "a\0.mp4"]
    for path in places:
        assert kind_of(lambda path=path: write_video(path, gray(2), 24)) == "not_writable"


def test_strange_names_are_names(tmp_path: Path) -> None:
    for name in ("-y.mp4", "a%03d b.mp4", "é🎬'\".mp4", "noext", "x" * 250 + ".mp4"):
        write_video(tmp_path / name, gray(2), 24)
        assert probe_video(tmp_path / name).num_frames == 2


@pytest.mark.skipif(os.name != "posix", reason="file size limits are POSIX")
def test_full_disk(tmp_path: Path) -> None:
    script = (
        "import resource, sys, numpy as np\nfrom engine.media.errors import MediaError\n"
        "from engine.media.stills import write_png\nfrom engine.media.video_write import write_video\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "noise = np.random.default_rng(0).integers(0, 255, (128, 128, 3), np.uint8)\n"
        "for writing in (lambda: write_video('old.mp4', (np.roll(noise, n) for n in range(40)), 24),\n"
        "                lambda: write_video('old.mp4', [noise], 24, recipe_json='x' * 30_000),\n"
        "                lambda: write_png('old.mp4', noise, None)):\n"
        "    try: writing()\n    except MediaError as error: print(error.kind)\n"
    )
    (tmp_path / "old.mp4").write_bytes(b"old")
    command = [sys.executable, "-c", script]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["disk_full"] * 3
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("old.mp4", b"old")]


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that puts a script of its own in the place of ffmpeg; `real` is the real one's path."""

    def stand(body: str) -> None:
        script = tmp_path / "bin" / "ffmpeg"
        script.parent.mkdir()
        script.write_text(f"#!{sys.executable}\nimport os, sys, time\nreal = {ffmpeg._binary()!r}\n{body}\n")
        script.chmod(0o755)
        monkeypatch.setenv("REELWRIGHT_FFMPEG", str(script))

    return stand


@pytest.mark.skipif(os.name != "posix", reason="scripts with #!")
def test_lost_frames_are_noticed(tmp_path: Path, stand_in: Callable[[str], None]) -> None:
    stand_in("if 'pipe:0' in sys.argv: sys.argv[-1:-1] = ['-frames:v', '2']\nos.execv(real, sys.argv)")
    with pytest.raises(MediaError, match="2 of 3 frames") as caught:
        write_video(tmp_path / "clip.mp4", gray(3), 24)
    assert caught.value.kind == "not_writable"
    assert not (tmp_path / "clip.mp4").exists()


@pytest.mark.skipif(os.name != "posix", reason="scripts with #!")
def test_a_talkative_ffmpeg_does_not_block(tmp_path: Path, stand_in: Callable[[str], None]) -> None:
    stand_in("for _ in range(300): os.write(2, b'word ' * 1000)\nos.execv(real, sys.argv)")
    assert write_video(tmp_path / "clip.mp4", gray(30, 64, 64), 24) == 30


@pytest.mark.skipif(os.name != "posix", reason="scripts with #!")
def test_a_dying_ffmpeg_is_reported(tmp_path: Path, stand_in: Callable[[str], None]) -> None:
    stand_in("os.read(0, 100); os.write(2, b'[x @ 0x1] bad day\\n'); os._exit(3)")
    with pytest.raises(MediaError, match="bad day") as caught:
        write_video(tmp_path / "clip.mp4", gray(500), 24)
    assert caught.value.kind == "not_writable"


@pytest.mark.skipif(os.name != "posix", reason="scripts with #!")
def test_a_stuck_ffmpeg_is_ended(stand_in: Callable[[str], None]) -> None:
    stand_in("time.sleep(60)")
    finished, output = ffmpeg.run([], limit_s=0.3, max_output_bytes=10)
    assert finished.timed_out
    assert output == b""
    with ffmpeg.Running([], writes_stdin=True) as running:
        assert not running.write(memoryview(bytes(10_000_000)), 0.3)


def test_no_ffmpeg_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELWRIGHT_FFMPEG", str(tmp_path / "none"))
    assert kind_of(lambda: write_video(tmp_path / "clip.mp4", gray(2), 24)) == "unsupported"
    assert not list(tmp_path.iterdir())
