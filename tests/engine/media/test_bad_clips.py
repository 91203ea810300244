"""Clips that are broken, strange or hostile: every one is read, or refused with a MediaError; nothing else happens."""

import contextlib
import functools
import http.server
import itertools
import os
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.media import ffmpeg
from engine.media.errors import MediaError
from engine.media.formats import choose_demuxer, suffix_of
from engine.media.grid import count_frames, measure_grid, read_at, read_grid
from engine.media.sound import SoundTrack
from engine.media.stills import probe_still, read_still
from engine.media.video_probe import probe_video
from engine.media.video_read import read_frames
from engine.media.video_write import write_video

Make = Callable[..., Path]
SOURCE = "-f lavfi -i testsrc2=s=64x48:r=24:d=2"
H264 = "-c:v libx264 -pix_fmt yuv420p -preset veryfast"
LIMIT_S = 20.0


def refused(reading: Callable[[], object]) -> MediaError:
    with pytest.raises(MediaError) as caught:
        reading()
    return caught.value


def read_somehow(path: Path) -> int:
    """Read a clip in every way there is; return how many frames came before it ended or a MediaError did."""
    began_s, count = time.monotonic(), 0
    with contextlib.suppress(MediaError):
        probe_video(path)
    with contextlib.suppress(MediaError):
        for frame in read_grid(path):
            count += 1
            assert frame.dtype == np.uint8
    with contextlib.suppress(MediaError):
        read_at(path, [0.0, 1.0], width=16, height=16)
    assert time.monotonic() - began_s < LIMIT_S
    return count


@pytest.mark.parametrize("share", [0.15, 0.5, 0.9, 0.999])
def test_a_cut_clip_counts_what_is_left(make: Make, share: float) -> None:
    path = make(f"{SOURCE} {H264} -g 12 -movflags +faststart", "cut.mp4")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    if share == 0.15:
        assert read_somehow(path) < 48
        return
    count = count_frames(path)
    assert 0 < count <= 48  # 48 when what is missing was to be shown before the last
    assert probe_video(path).ends_early
    assert len(list(read_grid(path, num_frames=count))) == count
    frames = []
    error = refused(lambda: frames.extend(read_grid(path)))
    assert error.kind == "truncated"
    assert str(count) in error.detail
    assert len(frames) == count
    assert read_at(path, [99.0], width=64, height=48).shape == (1, 48, 64, 3)


@pytest.fixture(scope="module")
def sound_bytes(make_once: Make) -> np.ndarray:
    path = make_once(f"{SOURCE} -f lavfi -i sine=d=2 {H264} -movflags +faststart -c:a aac", "sound.mp4")
    return np.frombuffer(path.read_bytes(), np.uint8)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), flips=st.sampled_from([1, 20, 400]), only_index=st.booleans())
def test_rotten_clips_never_escape(
    tmp_path: Path, sound_bytes: np.ndarray, seed: int, flips: int, only_index: bool
) -> None:
    random = np.random.default_rng(seed)
    rotten = sound_bytes.copy()
    places = random.integers(0, 3000 if only_index else len(rotten), flips)
    rotten[places] ^= random.integers(1, 256, flips, np.uint8)
    path = tmp_path / "rotten.mp4"
    path.write_bytes(rotten.tobytes())
    read_somehow(path)
    with contextlib.suppress(MediaError):
        write_video(tmp_path / "out.mp4", [np.zeros((16, 16, 3), np.uint8)], 24, sound=SoundTrack(path, 0.0, 1.0))


def test_one_frame_is_a_clip(make: Make) -> None:
    for name in ("one.mp4", "one.gif", "one.avi", "one.webm"):
        path = make("-f lavfi -i testsrc2=s=64x48:r=24 -frames:v 1", name)
        assert count_frames(path) == len(list(read_grid(path))) == 1
        assert measure_grid(path).fps > 0
        assert read_at(path, [0.0, 5.0], width=10, height=12).shape == (2, 12, 10, 3)
        assert not measure_grid(path).variable_rate


@pytest.mark.parametrize("name", ["both.ts", "both.mkv", "both.mp4"])
@pytest.mark.parametrize("sizes", [("64x48", "128x96"), ("128x96", "48x64")])
def test_a_clip_whose_size_changes(
    make: Make, make_once: Make, tmp_path: Path, name: str, sizes: tuple[str, str]
) -> None:
    parts = [
        make_once(f"-f lavfi -i smptebars=s={size}:r=24:d=0.5 {H264} -output_ts_offset {start}", f"{size}.ts")
        for size, start in zip(sizes, (0.0, 0.5), strict=True)
    ]
    both = tmp_path / "joined.ts"
    both.write_bytes(b"".join(part.read_bytes() for part in parts))
    path = make(f"-i {both} -c copy", name) if name != "both.ts" else both
    width, height = (int(side) for side in sizes[0].split("x"))
    frames: list[np.ndarray] = []
    with contextlib.suppress(MediaError):
        frames.extend(read_grid(path))
    assert len(frames) >= 12
    assert {frame.shape for frame in frames} == {(height, width, 3)}
    expected = np.stack(list(read_frames(parts[0])))
    assert (np.stack(frames[:12]) == expected).all()
    if len(frames) > 12:  # the same test picture, scaled: no garbage
        assert np.abs(frames[-1].astype(int) - expected[-1]).mean() < 25


def test_sound_alone_is_no_clip(make: Make) -> None:
    for name in ("a.mp4", "a.mkv", "a.ogg", "a.flv", "a.wmv"):
        path = make("-f lavfi -i sine=d=0.5", name)
        for reading in (probe_video, measure_grid, lambda path: list(read_grid(path))):
            assert refused(lambda reading=reading, path=path: reading(path)).kind == "no_picture"


def test_stills_of_200_megapixels(tmp_path: Path, png_of_chunks: Callable[..., bytes]) -> None:
    path = tmp_path / "large.png"
    header = struct.pack(">IIBBBBB", 20000, 10000, 8, 2, 0, 0, 0)
    path.write_bytes(png_of_chunks((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")))
    for name, format_name in (("large.jpg", "JPEG"), ("large.gif", "GIF")):
        Image.new("L", (16, 16)).save(tmp_path / name, format=format_name)
    jpeg, gif = (tmp_path / "large.jpg").read_bytes(), (tmp_path / "large.gif").read_bytes()
    place = jpeg.index(b"\xff\xc0") + 5
    (tmp_path / "large.jpg").write_bytes(jpeg[:place] + struct.pack(">HH", 10000, 20000) + jpeg[place + 4 :])
    (tmp_path / "large.gif").write_bytes(gif[:6] + struct.pack("<HH", 20000, 10000) + gif[10:])
    for file in sorted(tmp_path.iterdir()):
        for reading in (probe_still, read_still):
            assert refused(lambda reading=reading, file=file: reading(file)).kind == "too_large"
    assert refused(lambda: probe_video(tmp_path / "large.gif")).kind in ("too_large", "unreadable")


def test_a_phones_clip(make: Make, tmp_path: Path) -> None:
    """Turned by 90 degrees, with lost frames, sound that starts before the picture, and the phone's own texts."""
    lost = "not(eq(n\\,5))*not(between(n\\,20\\,24))"
    tone = "0.8*sin(2*PI*1000*t)*between(t\\,1\\,1.02)"
    inputs = f"-f lavfi -i testsrc2=s=64x48:r=30:d=2 -f lavfi -i aevalsrc=exprs='{tone}':s=48000:d=2.5"
    uneven = f"-vf select={lost},setpts=PTS+(mod(N*5\\,3))/1000/TB -fps_mode passthrough -enc_time_base 1/90000"
    plain = make(f"{inputs} {uneven} {H264} -c:a aac", "plain.mp4")
    late = f"-itsoffset 0.2 -display_rotation 90 -i {plain} -i {plain} -map 0:v -map 1:a -c copy"
    path = make(f"{late} -metadata location=SECRET -metadata title=SECRET", "phone.mp4")
    probe = probe_video(path)
    assert (probe.width, probe.height, probe.rotation) == (48, 64, 270)
    assert (probe.num_frames, probe.variable_rate, probe.grid_frames, probe.has_audio) == (54, True, 60, True)
    assert count_frames(path) == 60
    frames = list(read_grid(path))
    assert len(frames) == 60
    assert (frames[4] == frames[5]).all()
    assert all((frames[19] == frame).all() for frame in frames[20:25])
    assert (frames[25] != frames[24]).any()
    out = tmp_path / "out.mov"
    write_video(out, frames, probe.fps, container="mov", sound=SoundTrack(path, 0.0, probe.duration_s))
    written = probe_video(out)
    assert (written.width, written.height, written.rotation, written.has_audio) == (48, 64, 0, True)
    arguments = ["-loglevel", "error", "-i", str(out), "-map", "0:a", "-ac", "1", "-f", "f32le", "pipe:1"]
    _, sound = ffmpeg.run(arguments, limit_s=20, max_output_bytes=10**7)
    onset_s = np.flatnonzero(np.abs(np.frombuffer(sound, np.float32)) > 0.2)[0] / 48000
    assert onset_s == pytest.approx(0.8, abs=0.003)
    assert b"SECRET" not in out.read_bytes()


@pytest.fixture
def asked() -> Iterator[list[str]]:
    """Yield what was asked of a web server of this test's own; its port comes first."""
    seen: list[str] = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_error(404)

        def log_message(self, *_arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        seen.append(str(server.server_port))
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield seen
        server.shutdown()
        thread.join()


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{}'\n",
    "concat": "file '{}'\n",
    "dash": "<?xml version='1.0'?><MPD type='static'><Period><AdaptationSet><Representation id='1'>"
    "<BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=control:{}\n",
    "smil": "<smil><body><video src='{}'/></body></smil>",
    "reference": "[Reference]\nRef1={}\n",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_playlists_open_nothing(make_once: Make, tmp_path: Path, asked: list[str], kind: str) -> None:
    victim = make_once(f"{SOURCE} {H264}", "victim.mp4")
    os.utime(victim, ns=(10**18, victim.stat().st_mtime_ns))

    def lay_under(path: Path) -> int:
        sound = SoundTrack(path, 0.0, 1.0)
        return write_video(tmp_path / "out.mp4", [np.zeros((16, 16, 3), np.uint8)], 24, sound=sound)

    targets = (victim, f"file:{victim}", victim.name, f"http://127.0.0.1:{asked[0]}/clip.mp4")
    for target, suffix in itertools.product(targets, ("mp4", "m3u8", "mkv", "gif", "ts")):
        path = tmp_path / f"list.{suffix}"
        path.write_text(PLAYLISTS[kind].format(target))
        for reading in (probe_video, count_frames, probe_still, lay_under):
            assert refused(functools.partial(reading, path)).kind == "unreadable"
    assert asked[1:] == []
    assert victim.stat().st_atime_ns == 10**18


def test_a_movie_that_refers_to_another_file_does_not_open_it(make: Make, tmp_path: Path) -> None:
    """QuickTime keeps pictures outside of the movie by an alias in `dref`; ours must stay shut."""
    make(f"{SOURCE} -c:v mjpeg", "victim.mov")
    path = make(f"{SOURCE} -c:v mjpeg", "refers.mov")
    content = path.read_bytes()
    place = content.index(b"dref") + 12
    alias = b"victim.mov".ljust(40, b"\0")
    assert content[place + 4 : place + 8] in (b"url ", b"alis")
    entry = struct.pack(">I", 12 + len(alias)) + b"url " + bytes(4) + alias
    path.write_bytes(content[:place] + entry + content[place + 12 :])
    assert read_somehow(path) in (0, 48)


def test_first_bytes_choose_the_demuxer() -> None:
    for start in (
        b"",
        b"#EXTM3U\n",
        b"ffconcat version 1.0",
        b"<?xml ",
        b"RIFF\0\0\0\0WEBP",
        b"G" + bytes(400),
    ):
        with pytest.raises(MediaError):
            choose_demuxer(start)
    names = {
        "mp4": b"\0\0\0\x20ftypisom",
        "mov": b"\0\0\0\x14ftypqt  ",
        "m4v": b"\0\0\0\x20ftypM4V ",
        "3gp": b"\0\0\0\x20ftyp3gp5",
        "webm": b"\x1a\x45\xdf\xa3\x9fB\x86\x81\1B\xf7\x81\1B\xf2\x81\4B\xf3\x81\x08B\x82\x84webm",
        "mkv": b"\x1a\x45\xdf\xa3\xa3B\x86\x81\1B\x82\x88matroska",
        "ts": (b"G" + bytes(187)) * 5,
        "mpg": b"\0\0\1\xba",
        "avi": b"RIFF\0\0\0\0AVI ",
    }
    for suffix, start in names.items():
        assert suffix_of(choose_demuxer(start), start) == suffix


FULL_DISK = """
import resource, sys
import numpy as np
from engine.media.errors import MediaError
from engine.media.sound import SoundTrack
from engine.media.video_write import write_video

frames = list(np.random.default_rng(0).integers(0, 255, (24, 96, 96, 3), np.uint8))
sound = SoundTrack(sys.argv[1], 0.0, 2.0)
for limit in (1, 4096, 50_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    for container in sys.argv[2:]:
        for track in (None, sound):
            try:
                write_video("old", iter(frames), 24, container=container, sound=track)
                print("written", container, limit)
            except MediaError as error:
                print(error.kind)
"""


@pytest.mark.skipif(os.name != "posix", reason="file size limits are POSIX")
@pytest.mark.parametrize("container", ["mp4", "mkv", "zip"])
def test_full_disk_in_every_moment(tmp_path: Path, make_once: Make, container: str) -> None:
    clip = make_once(f"{SOURCE} -f lavfi -i sine=d=2 {H264} -c:a aac", "sounding.mp4")
    (tmp_path / "old").write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(clip), container],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.split("\n")[:-1] == ["disk_full"] * 6
    assert done.stderr == ""
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("old", b"old")]
