"""Write frames as an H.264 MP4 with honest colour tags, whole or not at all."""

import contextlib
import os
import signal
import tempfile
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from engine.media import ffmpeg, recipe_tag
from engine.media.errors import MediaError, write_error
from engine.media.files import replacing
from engine.media.frames import Frame, check_frame
from engine.media.packets import read_header, read_packets

_FRAME_LIMIT_S = 120.0
_CLOSING_LIMIT_S = 900.0
_MAX_FPS = 1000
# x264 takes one matrix from us and a label of it: converting without the label, or labelling without converting,
# shifts saturated colours by up to 28/255.
_TO_BT709 = (
    "scale=in_range=pc:out_range=tv:out_color_matrix=bt709:flags=bicubic+accurate_rnd+full_chroma_int,format=yuv420p,"
    "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
)
_TAGS = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]


def write_video(
    path: str | os.PathLike[str],
    frames: Iterable[Frame],
    fps: Fraction | float,
    *,
    recipe_json: str | None = None,
    crf: int = 16,
    keyframe_interval: int = 24,
) -> int:
    """Write frames [H, W, 3] uint8 sRGB as H.264 (yuv420p, BT.709, limited range) and return how many.

    `fps` is exact to a denominator of 1001; `crf` is x264's quality (0 best, 51 worst); `keyframe_interval` in
    frames trades file size for the speed of jumping about. The recipe goes into the file's metadata under
    "reelwright", nothing else does. Frames are taken one at a time; what `frames` raises passes through. The file
    appears under its name only when it is whole, counted and on the disk.

    Raises MediaError "no_picture" for no frames; "unsupported" for odd sizes, a size that changes, or a rate that
    is none; "too_large"; "disk_full"; "not_writable".
    """
    rate = _rate(fps)
    with replacing(path) as part, _recipe_file(recipe_json) as recipe_path:
        supply = iter(frames)
        first = next(supply, None)
        if first is None:
            raise MediaError("no_picture", "there are no frames to write")
        _check_size(first)
        quality = ["-crf", str(int(crf)), "-g", str(int(keyframe_interval))]
        arguments = _arguments(part, (first.shape[1], first.shape[0]), rate, recipe_path, quality)
        count = _encode(arguments, first, supply)
        _check_count(part, count)
    return count


def _encode(arguments: list[str], first: Frame, rest: Iterator[Frame]) -> int:
    count = 0
    frame: Frame | None = first
    with ffmpeg.Running(arguments, writes_stdin=True) as running:
        while frame is not None:
            check_frame(frame)
            if frame.shape != first.shape:
                raise MediaError("unsupported", f"frame {count} is {_size(frame)}, those before it {_size(first)}")
            if not running.write(np.ascontiguousarray(frame).data.cast("B"), _FRAME_LIMIT_S):
                break
            count += 1
            frame = next(rest, None)
        finished = running.finish(_CLOSING_LIMIT_S)
    if frame is not None or finished.return_code != 0:
        raise _encoder_error(finished, count)
    return count


def _encoder_error(finished: ffmpeg.Finished, count: int) -> MediaError:
    full = ("No space left on device", "File too large", "Disk quota exceeded", "not enough space")
    size_signal = getattr(signal, "SIGXFSZ", None)
    if finished.return_code == -(size_signal or 0) or any(text in finished.log for text in full):
        return MediaError("disk_full", f"after {count} frames")
    if "Unknown encoder" in finished.log:
        return MediaError("unsupported", "this ffmpeg has no libx264")
    return MediaError("not_writable", f"ffmpeg stopped after {count} frames: {finished.last_line()}")


def _check_count(part: Path, count: int) -> None:
    """Compare what was given with what a fresh reader finds: an encoder that says yes may still have dropped some."""
    packets = read_packets(read_header(part))
    if len(packets) != count or packets.ends_early:
        raise MediaError("not_writable", f"{len(packets)} of {count} frames arrived in the file")


@contextlib.contextmanager
def _recipe_file(recipe_json: str | None) -> Iterator[Path | None]:
    """Lend the recipe as a file only this user can read: other users see a process's arguments."""
    if recipe_json is None:
        yield None
        return
    encoded = recipe_tag.to_ffmetadata(recipe_json)
    try:
        folder = tempfile.TemporaryDirectory(prefix="reelwright-", ignore_cleanup_errors=True)
    except OSError as error:
        raise write_error(error) from error
    with folder:
        path = Path(folder.name) / "recipe.ffmetadata"
        try:
            path.write_bytes(encoded)
        except OSError as error:
            raise write_error(error) from error
        yield path


def _arguments(
    part: Path, size: tuple[int, int], rate: Fraction, recipe_path: Path | None, quality: list[str]
) -> list[str]:
    raw = f"-protocol_whitelist pipe -f rawvideo -pixel_format rgb24 -video_size {size[0]}x{size[1]}".split()
    recipe = ["-map_metadata", "-1"]
    if recipe_path:
        recipe = ["-protocol_whitelist", "file", "-f", "ffmetadata", "-i", f"file:{recipe_path}", "-map_metadata", "1"]
    return [
        *("-loglevel", "warning", "-y", *raw, "-framerate", f"{rate.numerator}/{rate.denominator}", "-i", "pipe:0"),
        *(*recipe, "-map", "0:v", "-vf", _TO_BT709, "-fps_mode", "passthrough"),
        *("-c:v", "libx264", "-preset", "medium", *quality, *_TAGS),
        # bitexact leaves version texts out of the file; without use_metadata_tags MP4 drops unknown keys.
        *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart+use_metadata_tags"),
        *("-f", "mp4", f"file:{part}"),
    ]


def _check_size(frame: Frame) -> None:
    check_frame(frame)
    height, width = frame.shape[:2]
    if width % 2 or height % 2:
        raise MediaError("unsupported", f"{width}x{height}: H.264 video needs an even width and height")
    if width * height > ffmpeg.MAX_PIXELS or max(width, height) > 16384:
        raise MediaError("too_large", f"{width}x{height}: at most {ffmpeg.MAX_PIXELS} pixels, 16384 a side")


def _size(frame: Frame) -> str:
    return f"{frame.shape[1]}x{frame.shape[0]}"


def _rate(fps: Fraction | float) -> Fraction:
    try:
        rate = Fraction(fps).limit_denominator(1001)
    except (TypeError, ValueError, OverflowError) as error:
        raise MediaError("unsupported", f"a rate of {fps} frames per second") from error
    if not 0 < rate <= _MAX_FPS:
        raise MediaError("unsupported", f"a rate of {fps} frames per second")
    return rate
