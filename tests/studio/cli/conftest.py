"""The command line inside the test's own process, on the shared engine: what a real one costs is saved."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.client.api import EngineClient
from engine.media import ffmpeg
from studio.cli import app

SOURCES = {
    "a.mkv": "-f lavfi -i testsrc2=s=64x48:r=12:d=1 -f lavfi -i sine=d=1 -c:v ffv1 -pix_fmt bgr0 -c:a flac",
    "b.mp4": "-f lavfi -i mandelbrot=s=96x64:r=30 -t 1 -pix_fmt yuv420p",
    "odd.mkv": "-f lavfi -i testsrc2=s=64x48:r=12:d=1,format=bgr0,crop=63:47:exact=1 -c:v ffv1",
    "one.mp4": "-f lavfi -i testsrc2=s=64x48:r=10:d=0.1",
    "sound.mp4": "-f lavfi -i sine=d=1",
    "whole.mp4": "-f lavfi -i testsrc2=s=320x240:r=25:d=2 -movflags +faststart",
    "late.mp4": "-f lavfi -i testsrc2=s=64x48:r=25:d=1",
}


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


Cli = Callable[..., Ended]


@pytest.fixture
def cli(
    shared_engine: EngineClient,
    shared_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Cli:
    """Return a function that runs a command in the test's folder; never ends in a traceback."""
    monkeypatch.setenv("REELWRIGHT_HOME", str(shared_home))
    monkeypatch.chdir(tmp_path)

    def running(*arguments: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["reelwright", *map(str, arguments)])
        code = app.run()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Ended(code, out, err)

    return running


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of clips, good and bad; nobody changes them."""
    folder = tmp_path_factory.mktemp("footage")
    for name, words in SOURCES.items():
        finished, _ = ffmpeg.run(
            ["-loglevel", "error", *words.split(), str(folder / name)], limit_s=60, max_output_bytes=1
        )
        assert finished.return_code == 0, finished.log
    whole = (folder / "whole.mp4").read_bytes()
    rotten = bytearray(whole)
    rotten[len(rotten) // 3 :: 1999] = bytes(len(rotten[len(rotten) // 3 :: 1999]))
    (folder / "rotten.mp4").write_bytes(rotten)
    (folder / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    late = (folder / "late.mp4").read_bytes()
    (folder / "headless.mp4").write_bytes(late[: len(late) // 2])
    (folder / "playlist.mp4").write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{folder / 'b.mp4'}\n")
    (folder / "script.mp4").write_text(f"ffconcat version 1.0\nfile {folder / 'b.mp4'}\n")
    (folder / "empty.mp4").touch()
    return folder
