"""Write frames as a clip in one of many containers, with honest colour tags, whole or not at all."""

import contextlib
import math
import os
import signal
import tempfile
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.media import ffmpeg, recipe_tag
from engine.media.containers import Coding, coding
from engine.media.errors import MediaError, write_error
from engine.media.files import replacing
from engine.media.frames import Frame, check_frame
from engine.media.image_zip import write_image_zip
from engine.media.packets import read_header, read_packets
from engine.media.sound import Laid, SoundTrack, open_sound

if TYPE_CHECKING:  # it brings pydantic, which reading never needs
    from engine.protocol.job import Container, Quality

_FRAME_LIMIT_S = 120.0
_CLOSING_LIMIT_S = 900.0
_MIXING_LIMIT_S = 3600.0
_MAX_FPS = 1000
_MIN_SIDE_PX = 2
_MAX_SIDE_PX = 16384


def write_video(  # noqa: PLR0913  file, frames and rate, and what is named and has a default
    path: str | os.PathLike[str],
    frames: Iterable[Frame],
    fps: Fraction | float,
    *,
    container: "Container" = "mp4",
    recipe_json: str | None = None,
    sound: SoundTrack | Laid | None = None,
    quality: "Quality" = "high",
    keyframe_interval: int = 24,
) -> int:
    """Write frames [H, W, 3] uint8 sRGB as a clip and return how many frames the file has.

    `container`: "mp4" is H.264, "h265" H.265 in an MP4, "webm" VP9 (all yuv420p), "mov" ProRes 422 HQ (10 bit), all
    BT.709 in limited range and of even size; "mkv" is FFV1 in RGB, which comes back bit for bit; "gif" has a palette
    for each frame, repeats for ever and leaves out frames above 50 a second; "zip" is a sequence of PNG pictures.
    `fps` is exact to a denominator of 1001. `quality` is that of H.264, H.265 and VP9;
    `keyframe_interval` in frames trades their file size for the speed of jumping about. The recipe goes into the
    file's metadata under "reelwright" (in a zip: recipe.json) where it `carries_recipe`; nothing else does.
    `sound` is laid under the clip and ends with it, as AAC, Opus, FLAC or PCM; GIF and zip have none, nor has a clip
    whose source has none.

    Frames are taken one at a time; what `frames` raises passes through. The file appears under its name only when it
    is whole, counted and on the disk.

    Raises MediaError "no_picture" for no frames; "unsupported" for odd sizes, a size that changes, a rate that is
    none, or sound that cannot be decoded; "too_large"; "disk_full"; "not_writable"; and what reading `sound` raises.
    """
    rate = _rate(fps)
    if container == "zip":
        return write_image_zip(path, frames, recipe_json)
    from engine.protocol.job import carries_recipe

    codec = coding(container)
    written_rate = min(rate, Fraction(codec.max_fps))
    arguments = codec.quality_arguments(quality, keyframe_interval)
    with replacing(path) as part, _recipe_file(recipe_json if carries_recipe(container) else None) as recipe_path:
        laid = (open_sound(sound) if isinstance(sound, SoundTrack) else sound) if codec.sound else None
        supply = _thinned(frames, written_rate / rate)
        first = next(supply, None)
        if first is None:
            raise MediaError("no_picture", "there are no frames to write")
        _check_size(first, codec)
        target = _Target(part, codec, recipe_path)
        count = _encode(target.encode_arguments(first, written_rate, arguments), first, supply)
        _check_count(part, count)
        if laid:
            _mix(target, laid, count / written_rate)
            _check_count(part, count)
    return count


class _Target:
    """ffmpeg's arguments for one file that is being written."""

    def __init__(self, part: Path, codec: Coding, recipe_path: Path | None) -> None:
        self.part = part
        self._codec = codec
        self._recipe_path = recipe_path

    def encode_arguments(self, first: Frame, rate: Fraction, quality: list[str]) -> list[str]:
        """Return those that encode raw frames from standard input."""
        raw = f"-protocol_whitelist pipe -f rawvideo -pixel_format rgb24 -video_size {_size(first)}"
        return [
            *("-loglevel", "warning", "-y", *raw.split(), "-framerate", f"{rate.numerator}/{rate.denominator}"),
            *("-i", "pipe:0", *self._recipe_input(), "-map", "0:v", "-vf", self._codec.filters),
            *("-fps_mode", "passthrough", "-c:v", *self._codec.video.split(), *quality, "-flags:v", "+bitexact"),
            *self._output(1, self.part),
        ]

    def mix_arguments(self, laid: Laid, total_s: Fraction, mixed: Path) -> list[str]:
        """Return those that copy the picture of what was encoded and lay sound under it."""
        return [
            *("-loglevel", "warning", "-y", "-copyts"),
            *("-protocol_whitelist", "file", "-f", self._codec.demuxer, "-i", f"file:{self.part}"),
            *(*laid.input_arguments(), *self._recipe_input()),
            *("-filter_complex", f"[1:a:0]{laid.filters(total_s)}[sound]", "-map", "0:v:0", "-map", "[sound]"),
            *("-c:v", "copy", "-c:a", *self._codec.sound.split(), "-flags:a", "+bitexact"),
            *self._output(2, mixed),
        ]

    def _recipe_input(self) -> list[str]:
        if self._recipe_path is None:
            return []
        return ["-protocol_whitelist", "file", "-f", "ffmetadata", "-i", f"file:{self._recipe_path}"]

    def _output(self, recipe_input: int, file: Path) -> list[str]:
        recipe = [] if self._recipe_path is None else ["-map_metadata", str(recipe_input)]
        return [
            # The first forbids every text of every input, the second lets ours in.
            *("-map_metadata", "-1", "-map_chapters", "-1", *recipe),
            # bitexact leaves version texts out of the file
            *("-fflags", "+bitexact", *self._codec.muxing.split(), "-f", self._codec.muxer, f"file:{file}"),
        ]


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
        raise _encoder_error(finished, f"after {count} frames")
    return count


def _mix(target: _Target, laid: Laid, total_s: Fraction) -> None:
    """Lay sound under a written clip, in a second pass: how long the clip is was not known before."""
    with replacing(target.part) as mixed:
        with ffmpeg.Running(target.mix_arguments(laid, total_s, mixed), writes_stdin=True) as running:
            for block in laid.blocks(total_s):
                if not running.write(block, _FRAME_LIMIT_S):
                    break
            finished = running.finish(_MIXING_LIMIT_S)
        if finished.return_code != 0:
            raise _encoder_error(finished, "while its sound was added")


def _encoder_error(finished: ffmpeg.Finished, when: str) -> MediaError:
    full = ("No space left on device", "File too large", "Disk quota exceeded", "not enough space")
    size_signal = getattr(signal, "SIGXFSZ", None)
    if finished.return_code == -(size_signal or 0) or any(text in finished.log for text in full):
        return MediaError("disk_full", when)
    if "Unknown encoder" in finished.log:
        return MediaError("unsupported", "this ffmpeg lacks the encoder")
    return MediaError("not_writable", f"ffmpeg stopped {when}: {finished.last_line()}")


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


def _thinned(frames: Iterable[Frame], share: Fraction) -> Iterator[Frame]:
    """Yield that share of the frames, evenly spread, beginning with the first."""
    for index, frame in enumerate(frames):
        if math.ceil((index + 1) * share) > math.ceil(index * share):
            yield frame


def _check_size(frame: Frame, codec: Coding) -> None:
    check_frame(frame)
    height, width = frame.shape[:2]
    if (width % 2 or height % 2) and not codec.odd_sizes:
        raise MediaError("unsupported", f"{_size(frame)}: {codec.name} video needs an even width and height")
    if min(width, height) < _MIN_SIDE_PX:
        raise MediaError("unsupported", f"{_size(frame)}: at least {_MIN_SIDE_PX} pixels a side")
    if width * height > ffmpeg.MAX_PIXELS or max(width, height) > _MAX_SIDE_PX:
        limits = f"at most {ffmpeg.MAX_PIXELS} pixels, {_MAX_SIDE_PX} a side"
        raise MediaError("too_large", f"{_size(frame)}: {limits}")


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
