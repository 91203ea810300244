"""Sound under a written clip: in its place to a few milliseconds, whatever the source, and without its texts."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.media import ffmpeg
from engine.media.errors import MediaError
from engine.media.sound import SoundTrack
from engine.media.video_probe import probe_video
from engine.media.video_read import read_frames
from engine.media.video_write import write_video

Make = Callable[..., Path]
BURST_S = 1.0
TOLERANCE_S = 0.003
SOUNDING = ["mp4", "webm", "mkv", "mov"]
FRAMES = [np.full((48, 64, 3), 3 * index, np.uint8) for index in range(72)]


def heard(path: Path) -> np.ndarray:
    """Return a clip's sound [N] float32, at 48 kHz from the clip's time 0 on."""
    arguments = [
        *(
            "-loglevel",
            "error",
            "-copyts",
            "-i",
            str(path),
            "-map",
            "0:a",
            "-af",
            "aresample=48000:async=1:first_pts=0",
        ),
        *("-ac", "1", "-f", "f32le", "pipe:1"),
    ]
    finished, output = ffmpeg.run(arguments, limit_s=30, max_output_bytes=10**8)
    assert finished.return_code == 0, finished.log
    return np.frombuffer(output, np.float32)


def onset_s(path: Path) -> float:
    loud = np.flatnonzero(np.abs(heard(path)) > 0.2)
    assert len(loud)
    return loud[0] / 48000


@pytest.fixture
def source(make_once: Make) -> Callable[..., Path]:
    """Return a function that makes a clip whose picture and sound start when told; a burst sounds at BURST_S."""

    def made(name: str, picture_s: float = 0.0, sound_s: float = 0.0, codecs: str = "libx264 aac") -> Path:
        picture, sound = codecs.split()
        video = make_once(f"-f lavfi -i testsrc2=s=64x48:r=24:d=4 -c:v {picture} -pix_fmt yuv420p", "picture.mkv")
        tone = f"0.8*sin(2*PI*1000*t)*between(t\\,{BURST_S - sound_s}\\,{BURST_S - sound_s + 0.02})"
        audio = make_once(f"-f lavfi -i aevalsrc=exprs='{tone}':s=48000:d=4 -c:a {sound}", "sound.mka")
        texts = "-metadata title=SECRET -metadata:s:a title=SECRET -metadata:s:a language=fra -metadata artist=SECRET"
        inputs = f"-itsoffset {picture_s} -i {video} -itsoffset {sound_s} -i {audio}"
        return make_once(f"{inputs} -map 0:v -map 1:a -c copy {texts}", name)

    return made


@pytest.mark.parametrize(
    ("container", "start_s", "at_s"), [("mp4", 0.0, 0.0), ("mkv", 0.0, 0.75), *((name, 0.4, 0.6) for name in SOUNDING)]
)
def test_sound_is_in_its_place(
    tmp_path: Path, source: Callable[..., Path], container: str, start_s: float, at_s: float
) -> None:
    clip = source("source.mp4", picture_s=0.25)
    path = tmp_path / f"clip.{container}"
    track = SoundTrack(clip, start_s, 2.0, at_s)
    assert write_video(path, FRAMES, 24, container=container, sound=track, recipe_json='{"a": 1}') == 72
    assert onset_s(path) == pytest.approx(BURST_S - 0.25 - start_s + at_s, abs=TOLERANCE_S)
    assert len(heard(path)) == pytest.approx(3 * 48000, abs=48)
    probe = probe_video(path)
    assert (probe.recipe_json, probe.has_audio, probe.num_frames) == ('{"a": 1}', True, 72)
    assert probe.fps == 24
    for word in (b"SECRET", b"Lavf6", b"Lavc6"):
        assert word not in path.read_bytes()


@pytest.mark.parametrize(
    ("name", "picture_s", "sound_s", "codecs"),
    [
        ("a.mp4", 0.4, 0.7, "libx264 aac"),
        ("a.mov", 0.5, 0.0, "libx264 pcm_s16le"),
        ("a.mkv", 0.3, 0.0, "libx264 libopus"),
        ("a.webm", 0.2, 0.0, "libvpx libvorbis"),
        ("a.ts", 0.0, 0.5, "libx264 aac"),
        ("a.ts", 0.5, 0.0, "mpeg2video ac3"),
        ("a.flv", 0.0, 0.5, "libx264 aac"),
        ("a.wmv", 0.0, 0.0, "wmv2 wmav2"),
    ],
)
def test_picture_and_sound_need_not_start_together(
    tmp_path: Path, source: Callable[..., Path], name: str, picture_s: float, sound_s: float, codecs: str
) -> None:
    clip = source(name, picture_s, sound_s, codecs)
    path = tmp_path / "clip.mkv"
    write_video(path, FRAMES, 24, container="mkv", sound=SoundTrack(clip, 0.1, 2.5, 0.2))
    assert onset_s(path) == pytest.approx(BURST_S - picture_s + 0.1, abs=TOLERANCE_S)


@pytest.mark.parametrize("name", ["long.mp4", "long.mkv"])
def test_sound_far_into_a_clip(tmp_path: Path, make: Make, name: str) -> None:
    tone = "0.8*sin(2*PI*1000*t)*lt(mod(t\\,10)\\,0.02)"
    inputs = f"-f lavfi -i testsrc2=s=64x48:r=6:d=45 -f lavfi -i aevalsrc=exprs='{tone}':s=48000:d=45"
    clip = make(f"{inputs} -c:v libx264 -preset ultrafast -c:a aac", name)
    path = tmp_path / "clip.mkv"
    write_video(path, FRAMES, 24, container="mkv", sound=SoundTrack(clip, 39.5, 1.0, 0.25))
    assert onset_s(path) == pytest.approx(0.75, abs=TOLERANCE_S)


def test_a_hole_in_the_sound_stays_a_hole(tmp_path: Path, make: Make) -> None:
    tone = "0.8*sin(2*PI*1000*t)*between(t\\,2\\,2.02)"
    inputs = f"-f lavfi -i testsrc2=s=64x48:r=24:d=3 -f lavfi -i aevalsrc=exprs='{tone}':s=48000:d=3"
    clip = make(f"{inputs} -af aselect='lt(t\\,0.5)+gt(t\\,1.5)' -c:v libx264 -c:a pcm_s16le", "hole.mkv")
    path = tmp_path / "clip.mov"
    write_video(path, FRAMES, 24, container="mov", sound=SoundTrack(clip, 0.0, 3.0, 0.0))
    assert onset_s(path) == pytest.approx(2.0, abs=TOLERANCE_S)


@pytest.mark.parametrize(
    ("start_s", "duration_s", "at_s", "sounds"),
    [(70, 1, 0, False), (0, 1, 99, False), (0, 99, 1, True)],
)
def test_cuts_beyond_either_end(
    tmp_path: Path, source: Callable[..., Path], start_s: float, duration_s: float, at_s: float, sounds: bool
) -> None:
    path = tmp_path / "clip.mp4"
    write_video(path, FRAMES, 24, sound=SoundTrack(source("a.mp4"), start_s, duration_s, at_s))
    sound = heard(path)
    assert len(sound) == pytest.approx(3 * 48000, abs=48)
    assert bool((np.abs(sound) > 0.2).any()) == sounds


def test_pictures_do_not_change_with_sound(tmp_path: Path, source: Callable[..., Path]) -> None:
    clip = source("a.mp4")
    for container in ("mp4", "mkv"):
        read = []
        for sound in (None, SoundTrack(clip, 0.0, 1.0, 0.0)):
            path = tmp_path / f"clip.{container}"
            write_video(path, FRAMES[:9], Fraction(24000, 1001), container=container, sound=sound)
            read.append(np.stack(list(read_frames(path))))
            assert probe_video(path).fps == Fraction(24000, 1001)
        assert (read[0] == read[1]).all()


def test_bytes_repeat_with_sound(tmp_path: Path, source: Callable[..., Path]) -> None:
    track = SoundTrack(source("a.mp4"), 0.0, 1.0, 0.5)
    for container in ("mp4", "webm", "mkv"):
        for name in ("first", "second"):
            write_video(tmp_path / name, FRAMES[:9], 24, container=container, sound=track)
        assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_five_speakers_become_two(tmp_path: Path, make: Make) -> None:
    clip = make("-f lavfi -i testsrc2=s=64x48:d=1 -f lavfi -i sine=d=1 -ac 6 -c:v libx264 -c:a ac3", "six.mkv")
    for container in ("mp4", "webm"):
        path = tmp_path / f"clip.{container}"
        write_video(path, FRAMES, 24, container=container, sound=SoundTrack(clip, 0.0, 1.0, 0.0))
        assert np.abs(heard(path)).max() > 0.05


def test_where_there_is_no_sound(tmp_path: Path, make: Make, source: Callable[..., Path]) -> None:
    silent = make("-f lavfi -i testsrc2=s=64x48:d=1 -c:v libx264", "silent.mp4")
    empty = make(f"-i {source('a.mp4')} -c copy -bsf:a noise=drop=1", "empty.mkv")  # a stream with nothing in it
    write_video(tmp_path / "clip.mp4", FRAMES, 24, sound=SoundTrack(empty, 0.0, 1.0, 0.0))
    assert probe_video(tmp_path / "clip.mp4").num_frames == 72
    write_video(tmp_path / "clip.mp4", FRAMES, 24, sound=SoundTrack(silent, 0.0, 1.0, 0.0))
    assert not probe_video(tmp_path / "clip.mp4").has_audio
    for container in ("gif", "zip"):
        write_video(tmp_path / "clip", FRAMES[:3], 24, container=container, sound=SoundTrack(silent, 0.0, 1.0, 0.0))


def test_sound_that_cannot_be_had_is_said_before_a_frame_is_taken(tmp_path: Path, make: Make) -> None:
    rare = make("-f lavfi -i testsrc2=s=64x48:d=1 -f lavfi -i sine=d=1 -c:v libx264 -c:a tta", "rare.mkv")
    clip = make("-f lavfi -i testsrc2=s=64x48:d=1 -c:v libx264", "clip.mkv")
    tracks = [SoundTrack(rare, 0.0, 1.0), SoundTrack(tmp_path / "none.mp4", 0.0, 1.0)]
    tracks += [SoundTrack(clip, *times) for times in ((-1.0, 1.0), (0.0, 0.0), (0.0, float("nan")), (0.0, 1.0, -2.0))]
    taken = []
    for track in tracks:
        with pytest.raises(MediaError) as caught:
            write_video(tmp_path / "out.mp4", (taken.append(frame) or frame for frame in FRAMES), 24, sound=track)
        assert caught.value.kind in ("unsupported", "unreadable")
        assert track.path != rare or caught.value.detail == "sound of codec tta"
        assert str(tmp_path) not in caught.value.detail
    assert not taken
    assert sorted(file.name for file in tmp_path.iterdir()) == ["clip.mkv", "rare.mkv"]
