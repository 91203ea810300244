"""Reading and probing clips from elsewhere: turned, stretched, cut off, mislabelled, hostile."""

import contextlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.media.errors import MediaError
from engine.media.frames import fit
from engine.media.video_probe import probe_video
from engine.media.video_read import read_frames
from engine.media.video_write import write_video

Make = Callable[..., Path]
Numbered = Callable[..., Iterator[np.ndarray]]
NumberOf = Callable[[np.ndarray], int]
SOURCE = "-f lavfi -i testsrc2=s=160x96:r=24:d=2 -f lavfi -i sine=d=1"
H264 = "-c:v libx264 -pix_fmt yuv420p -preset veryfast"


def read_all(path: Path) -> list[np.ndarray]:
    return list(read_frames(path))


def kind_of(reading: Callable[[Path], object], path: Path) -> str:
    with pytest.raises(MediaError) as caught:
        reading(path)
    assert str(path.parent) not in str(caught.value)
    assert len(caught.value.detail) < 250
    return caught.value.kind


@pytest.mark.parametrize(
    ("coding", "name", "codec"),
    [
        (H264, "a.mp4", "h264"),
        (H264, "a.mkv", "h264"),
        (H264, "a.ts", "h264"),
        ("-c:v libx265 -x265-params log-level=error -pix_fmt yuv420p10le -preset ultrafast", "a.mov", "hevc"),
        ("-c:v libvpx-vp9 -cpu-used 8 -deadline realtime", "a.webm", "vp9"),
        ("-c:v libvpx -auto-alt-ref 1 -lag-in-frames 16", "a.webm", "vp8"),
        ("-c:v libsvtav1 -preset 12 -svtav1-params lp=1", "a.mp4", "av1"),
        ("-c:v prores_ks -an", "a.mov", "prores"),
        ("-c:v mpeg4 -bf 2", "a.avi", "mpeg4"),
        ("-c:v mjpeg -pix_fmt yuvj420p", "a.avi", "mjpeg"),
        ("-c:v ffv1", "a.mkv", "ffv1"),
        ("-an", "a.gif", "gif"),
    ],
)
def test_containers_and_codecs(make: Make, coding: str, name: str, codec: str) -> None:
    path = make(f"{SOURCE} {coding}", name)
    probe = probe_video(path)
    frames = read_all(path)
    assert (probe.width, probe.height, probe.codec, probe.rotation) == (160, 96, codec, 0)
    assert probe.num_frames in (48, None)
    assert (probe.num_frames is None) == (codec == "vp8" or name.endswith((".avi", ".ts")))
    assert len(frames) == 48 or (codec == "gif" and len(frames) in (48, 50))
    assert frames[0].shape == (96, 160, 3)
    assert float(probe.fps) == pytest.approx(25 if codec == "gif" else 24, rel=0.05)
    assert probe.duration_s == pytest.approx(2, abs=0.1)
    assert probe.has_audio == (codec not in ("gif", "prores"))


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turned_clips_come_upright(make: Make, turn: int) -> None:
    straight = make(f"{SOURCE} {H264}", "straight.mp4")
    turned = make(f"-display_rotation {turn} -i {straight} -c copy", "turned.mp4")
    probe = probe_video(turned)
    first, expected = read_all(turned)[0], np.rot90(read_all(straight)[0], turn // 90)
    assert probe.rotation == 360 - turn
    assert first.shape == (probe.height, probe.width, 3) == expected.shape
    assert np.abs(first.astype(int) - expected).mean() < 1


def test_stretched_samples_become_square(make: Make) -> None:
    path = make(f"-f lavfi -i testsrc2=s=160x96:r=24:d=0.5 -vf setsar=4/3 {H264}", "wide.mp4")
    turned = make(f"-display_rotation 90 -i {path} -c copy", "turned.mp4")
    assert (probe_video(path).width, probe_video(path).height) == (213, 96)
    assert read_all(path)[0].shape == (96, 213, 3)
    assert (probe_video(turned).width, probe_video(turned).height) == read_all(turned)[0].shape[1::-1]
    assert probe_video(turned).height / probe_video(turned).width == pytest.approx(213 / 96, rel=0.02)


@pytest.mark.parametrize("size", [(64, 64), (320, 100), (None, 48), (81, None), (160, 96)])
def test_frames_are_fitted(make: Make, size: tuple[int | None, int | None]) -> None:
    path = make(f"-f lavfi -i gradients=s=160x96:r=24:d=0.2 {H264} -crf 8", "clip.mp4")
    frame = next(read_frames(path, width=size[0], height=size[1]))
    expected = fit(read_all(path)[0], size[0] or 80, size[1] or 49)
    assert frame.shape == expected.shape
    assert np.abs(frame.astype(int) - expected).mean() < 3


@pytest.mark.parametrize(("name", "interval"), [("a.mp4", 10), ("a.mp4", 250), ("a.mkv", 10), ("a.ts", 10)])
def test_any_span_is_exact(
    tmp_path: Path, make: Make, numbered: Numbered, number_of: NumberOf, interval: int, name: str
) -> None:
    clip = tmp_path / "first.mp4"
    write_video(clip, numbered(120), 24, keyframe_interval=interval)
    path = make(f"-i {clip} -c copy", name)
    for first, count in ((0, 3), (47, 4), (69, 3), (118, None), (119, 9)):
        read = [number_of(frame) for frame in read_frames(path, first_frame=first, num_frames=count)]
        assert read == list(range(first, min(120, first + (count or 120))))


def test_spans_of_open_groups_and_uneven_times_are_exact(
    tmp_path: Path, make: Make, numbered: Numbered, number_of: NumberOf
) -> None:
    clip = tmp_path / "first.mp4"
    write_video(clip, numbered(120), 24)
    slowing = "-vf setpts=PTS+floor(N*N/60)/24/TB,setpts=PTS+5/TB -fps_mode passthrough"
    path = make(
        f"-i {clip} {slowing} -c:v libx264 -x264-params open-gop=1:keyint=10:bframes=4 -pix_fmt yuv420p", "b.mp4"
    )
    assert [number_of(frame) for frame in read_frames(path)] == list(range(120))
    for first in range(48, 120, 9):
        assert number_of(next(read_frames(path, first_frame=first, num_frames=1))) == first


def test_edit_lists_are_obeyed(tmp_path: Path, make: Make, numbered: Numbered, number_of: NumberOf) -> None:
    clip = tmp_path / "first.mp4"
    write_video(clip, numbered(120), 24, keyframe_interval=30)
    path = make(f"-ss 1.69 -i {clip} -c copy", "trimmed.mp4")
    read = [number_of(frame) for frame in read_frames(path)]
    assert read == list(range(read[0], 120))
    assert probe_video(path).num_frames == len(read)


def test_untagged_colours(make: Make) -> None:
    for size, matrix in (("320x240", "bt601"), ("1280x720", "bt709")):
        colours = f"scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p,setparams=colorspace=unknown"
        path = make(
            f"-f lavfi -i color=c=0xC83C28:s={size}:d=0.1,format=rgb24 -vf {colours} {H264} -crf 8", "untagged.mp4"
        )
        assert np.abs(read_all(path)[0].astype(int) - (0xC8, 0x3C, 0x28)).max() <= 4


def test_full_range_colours(make: Make) -> None:
    colours = "scale=out_color_matrix=bt601:out_range=pc,format=yuvj420p"
    path = make(f"-f lavfi -i color=c=0xC83C28:s=160x96:d=0.1,format=rgb24 -vf {colours} -c:v mjpeg -q:v 2", "full.mov")
    assert np.abs(read_all(path)[0].astype(int) - (0xC8, 0x3C, 0x28)).max() <= 4


def test_high_dynamic_range_is_brought_down(make: Make) -> None:
    bt709 = "scale=out_color_matrix=bt709:out_range=tv,format=yuv444p10"
    tags = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
    hlg = "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=2020:t=arib-std-b67:m=2020_ncl:r=tv:npl=203"
    colours = f"{bt709},{tags},{hlg}"
    coding = "-c:v libx265 -x265-params log-level=error -pix_fmt yuv420p10le"
    white = make(f"-f lavfi -i color=c=white:s=160x96:d=0.1,format=rgb24 -vf {colours} {coding}", "white.mp4")
    red = make(f"-f lavfi -i color=c=0xC83C28:s=160x96:d=0.1,format=rgb24 -vf {colours} {coding}", "red.mp4")
    assert read_all(white)[0].min() > 235  # read as if it were BT.709 it would be 190
    assert np.abs(read_all(red)[0].astype(int) - (0xC8, 0x3C, 0x28)).max() <= 6


def test_closing_early_ends_ffmpeg(tmp_path: Path, numbered: Numbered) -> None:
    path = tmp_path / "clip.mp4"
    write_video(path, numbered(100, 256, 256), 24)
    frames = read_frames(path)
    kept = [next(frames), next(frames)]
    frames.close()
    assert not np.shares_memory(*kept)
    assert kept[0].flags.writeable


def test_exact_rates_from_rounded_times(make: Make) -> None:
    path = make(f"-f lavfi -i testsrc2=s=64x64:r=24000/1001:d=2 {H264}", "ntsc.mkv")
    assert probe_video(path).fps == Fraction(24000, 1001)


def test_cut_file_gives_its_frames_then_says_so(tmp_path: Path, numbered: Numbered, number_of: NumberOf) -> None:
    path = tmp_path / "clip.mp4"
    write_video(path, numbered(100), 24)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    frames = read_frames(path)
    read = []
    with pytest.raises(MediaError, match=r"\d+ of 100 frames") as caught:
        read.extend(number_of(frame) for frame in frames)
    assert caught.value.kind == "truncated"
    assert probe_video(path).ends_early
    assert len(read) > 20
    assert read == list(range(len(read)))
    sound = read_frames(path, num_frames=10)
    assert [number_of(frame) for frame in sound] == list(range(10))


def test_cut_before_its_index(make: Make) -> None:
    path = make(f"{SOURCE} {H264} -movflags -faststart", "late.mp4")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    assert kind_of(probe_video, path) == "truncated"
    assert kind_of(read_all, path) == "truncated"


@pytest.mark.parametrize("name", ["cut.mkv", "cut.avi", "cut.ts"])
def test_other_cut_files_never_escape(make: Make, name: str) -> None:
    path = make(f"{SOURCE} {H264} -g 5", name)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    with contextlib.suppress(MediaError):
        assert len(read_all(path)) < 48


def test_rotten_bytes_never_escape(make: Make) -> None:
    path = make(f"{SOURCE} {H264} -movflags +faststart", "rot.mp4")
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    random = np.random.default_rng(5)
    for reach in [len(whole)] * 3 + [3000] * 4:
        rotten = whole.copy()
        rotten[random.integers(8, reach, 20)] = random.integers(0, 255, 20)
        path.write_bytes(rotten.tobytes())
        for reading in (probe_video, read_all):
            with contextlib.suppress(MediaError):
                reading(path)


def test_bad_files(tmp_path: Path, make: Make) -> None:
    victim = make(f"{SOURCE} {H264}", "victim.mp4")
    lists = {
        "m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{victim}\n#EXT-X-ENDLIST\n",
        "concat": f"ffconcat version 1.0\nfile '{victim}'\n",
        "text": "hello\n" * 500,
        "hidden": f"\0\0\0\x18ftypmp42\0\0\0\0\n#EXTM3U\n#EXTINF:2,\n{victim}\n",
        "zeros": "\0" * 5000,
        "empty": "",
    }
    for name, text in lists.items():
        path = tmp_path / f"{name}.mp4"
        path.write_text(text)
        for reading in (probe_video, read_all):
            assert kind_of(reading, path) == ("truncated" if name == "hidden" else "unreadable")
    assert kind_of(probe_video, tmp_path) == "unreadable"
    assert kind_of(probe_video, tmp_path / "none.mp4") == "unreadable"


def test_sound_alone_and_cover_art_are_no_picture(make: Make) -> None:
    sound = make("-f lavfi -i sine=d=1", "sound.mp4")
    cover = make("-f lavfi -i color=s=64x64 -frames:v 1", "cover.png")
    with_cover = make(f"-i {sound} -i {cover} -map 0 -map 1 -c copy -disposition:v:0 attached_pic", "cover.m4a")
    assert kind_of(probe_video, sound) == "no_picture"
    assert kind_of(probe_video, with_cover) == "no_picture"


def test_huge_frames_and_rare_codecs_are_refused(make: Make) -> None:
    huge = make("-f lavfi -i color=s=9000x8000:r=1:d=1,format=gray -frames:v 1 -c:v png -pred none", "huge.mov")
    rare = make("-f lavfi -i color=s=64x64:r=1:d=1 -frames:v 1 -c:v cinepak", "rare.mkv")
    assert kind_of(probe_video, huge) == "too_large"
    assert kind_of(read_all, huge) == "too_large"
    assert kind_of(probe_video, rare) == "unsupported"


def test_frames_that_are_not_there(make: Make) -> None:
    path = make(f"{SOURCE} {H264}", "clip.mp4")
    for first in (48, 500):
        assert kind_of(lambda path, first=first: list(read_frames(path, first_frame=first)), path) == "no_picture"
    wrong = [{"first_frame": -1}, {"num_frames": 0}, {"width": 0}, {"height": -4}, {"width": 10**5, "height": 10**5}]
    for words in wrong:
        assert kind_of(lambda path, words=words: read_frames(path, **words), path) == "unsupported"


def test_a_change_of_size_keeps_the_first(make: Make, tmp_path: Path) -> None:
    small = make(f"-f lavfi -i testsrc2=s=160x96:r=24:d=1 {H264}", "small.ts")
    large = make(f"-f lavfi -i testsrc2=s=320x192:r=24:d=1 {H264}", "large.ts")
    path = tmp_path / "both.ts"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    frames = read_all(path)
    assert len(frames) == 48
    assert {frame.shape for frame in frames} == {(96, 160, 3)}
