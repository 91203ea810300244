"""Real files for the media tests: made by ffmpeg and zlib, not by the writers under test."""

import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from engine.media import ffmpeg

Make = Callable[..., Path]


@pytest.fixture(autouse=True, scope="module")  # walking all processes takes 20 ms
def no_process_left() -> Iterator[None]:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield
    left = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
    assert not left, f"left running: {left}"


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a function that runs ffmpeg with the given words and a last file name, and returns that file."""

    return lambda words, name: run_ffmpeg(words, tmp_path / name)


@pytest.fixture(scope="session")
def make_once(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Return `make` for files that many tests read and none changes: each is made once."""
    made: dict[tuple[str, str], Path] = {}

    def make_or_find(words: str, name: str) -> Path:
        if (words, name) not in made:
            made[words, name] = run_ffmpeg(words, tmp_path_factory.mktemp("made") / name)
        return made[words, name]

    return make_or_find


def run_ffmpeg(words: str, path: Path) -> Path:
    arguments = ["-loglevel", "error", "-y", *words.split(), str(path)]
    finished, _ = ffmpeg.run(arguments, limit_s=60, max_output_bytes=1)
    assert finished.return_code == 0, finished.log
    return path


@pytest.fixture
def huge_png(tmp_path: Path) -> Path:
    """Return a sound 12000 x 12000 RGB picture of 432 MB in a file of half a megabyte."""
    packer = zlib.compressobj(1)
    row = bytes(12000 * 3 + 1)
    pixels = b"".join(packer.compress(row * 100) for _ in range(120)) + packer.flush()
    path = tmp_path / "huge.png"
    header = struct.pack(">IIBBBBB", 12000, 12000, 8, 2, 0, 0, 0)
    path.write_bytes(png_file((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")))
    return path


def png_file(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG file of the given chunks."""
    packed = [
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


@pytest.fixture
def png_of_chunks() -> Callable[..., bytes]:
    return png_file


@pytest.fixture
def numbered() -> Callable[..., Iterator[np.ndarray]]:
    """Return a function that yields frames whose index can be read back from them, lossy coding or not."""

    def frames(count: int, height: int = 64, width: int = 128) -> Iterator[np.ndarray]:
        for index in range(count):
            frame = np.zeros((height, width, 3), np.uint8)
            for bit in range(8):
                frame[:, bit * 16 : bit * 16 + 16] = 255 if index >> bit & 1 else 0
            yield frame

    return frames


@pytest.fixture
def number_of() -> Callable[[np.ndarray], int]:
    """Return the inverse of `numbered`, for frames scaled to any size."""

    def number(frame: np.ndarray) -> int:
        height, width = frame.shape[:2]
        return sum((int(frame[height // 2, width * (2 * bit + 1) // 16, 1]) > 127) << bit for bit in range(8))

    return number
