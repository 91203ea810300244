"""A clip's frames, one at a time: upright, square pixels, full-range sRGB."""

import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.media import ffmpeg
from engine.media.errors import MediaError
from engine.media.frames import Frame
from engine.media.packets import Header, Packets, read_header, read_packets
from engine.media.video_probe import promised_frames

_FRAME_LIMIT_S = 120.0
_SEEK_FROM_FRAME = 48
_DROP_UP_TO = 256
_HIGH_DEFINITION = (1280, 720)
_HIGH_DYNAMIC_RANGE = ("smpte2084", "arib-std-b67")
# Reference white at 203 cd/m2 (ITU-R BT.2408) and a shoulder only above 0.8 of it: what was graded within standard
# range comes back as it was, up to 1000 cd/m2 fits in. ffmpeg's own scale can do it too, 2 s slower per start.
_TO_STANDARD_RANGE = (
    "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=709,tonemap=mobius:desat=0:param=0.8:peak=4.93,"
    "zscale=t=709:m=gbr:r=pc,format=gbrp,format=rgb24"
)


@dataclass(frozen=True)
class _Span:
    """The frames asked for, and where decoding starts: at the beginning, or at a keyframe well before them."""

    first_frame: int
    num_frames: int | None
    seek_s: float | None = None
    first_time: int | None = None

    @property
    def dropped(self) -> int:
        """Frames that are decoded, scaled and not wanted: a filter's count begins again where a clip's size changes."""
        return self.first_frame if self.first_time is None and self.first_frame < _DROP_UP_TO else 0

    @property
    def picked(self) -> str | None:
        if self.first_time is not None:
            return f"select=gte(pts\\,{self.first_time})"
        return f"select=gte(n\\,{self.first_frame})" if self.first_frame > self.dropped else None


def read_frames(
    path: str | os.PathLike[str],
    *,
    first_frame: int = 0,
    num_frames: int | None = None,
    width: int | None = None,
    height: int | None = None,
) -> Generator[Frame]:
    """Yield a clip's frames [height, width, 3] uint8 sRGB from 0-based `first_frame` on, each its own array.

    At most `num_frames` of them, to the clip's end when None. Given both sides in pixels, frames cover that size
    and are cropped at the centre, as `frames.fit` does; given one, the other follows from the clip's shape.
    YUV without a matrix tag is read as BT.709 from 1280 wide or 720 high on, as BT.601 below (what players do);
    BT.709 values are taken for sRGB's unchanged (players again); HDR (PQ, HLG) is mapped to BT.709.

    Raises MediaError: at the call what `probe_video` raises, and "unsupported" for negative or huge numbers; while
    reading "truncated" with both counts when the file promised more frames, "no_picture" when there is no frame
    at all, "unreadable" when decoding fails.
    """
    if first_frame < 0 or (num_frames is not None and num_frames < 1):
        raise MediaError("unsupported", f"frames {first_frame} and {num_frames} more")
    header = read_header(Path(path))
    size = _output_size(header, width, height)
    packets = read_packets(header) if first_frame >= _SEEK_FROM_FRAME else None
    span = _span(header, packets, first_frame, num_frames)
    return _decode(header, size, span)


def _output_size(header: Header, width: int | None, height: int | None) -> tuple[int, int]:
    shown_width, shown_height = header.shown_size
    if width is None and height is None:
        return shown_width, shown_height
    if width is None and height is not None:
        width = max(1, round(height * shown_width / shown_height))
    if height is None and width is not None:
        height = max(1, round(width * shown_height / shown_width))
    assert width is not None
    assert height is not None
    if min(width, height) < 1 or width * height > ffmpeg.MAX_PIXELS:
        raise MediaError("unsupported", f"frames of {width}x{height}")
    return width, height


def _span(header: Header, packets: Packets | None, first_frame: int, num_frames: int | None) -> _Span:
    """Skip the decoding of what comes long before the first frame, where packets and their times can be trusted.

    Decoding starts one keyframe earlier than needed: right after a seek the frames of an open group are missing.
    Frames are then chosen by their time, never by frame index over rate, which variable-rate clips would betray.
    """
    if packets is None or promised_frames(header, packets) is None or first_frame >= len(packets):
        return _Span(first_frame, num_frames)
    first_time = int(packets.times[first_frame])
    keyframes = packets.keyframe_times[packets.keyframe_times <= first_time]
    if header.demuxer == "gif" or len(keyframes) < 3 or len(np.unique(packets.times)) < len(packets):
        return _Span(first_frame, num_frames)
    return _Span(first_frame, num_frames, float(int(keyframes[-2]) * packets.time_base), first_time)


def _decode(header: Header, size: tuple[int, int], span: _Span) -> Generator[Frame]:
    width, height = size
    count = passed = 0
    with ffmpeg.Running(_arguments(header, size, span), reads_stdout=True) as running:
        while span.num_frames is None or count < span.num_frames:
            frame = np.empty((height, width, 3), np.uint8)
            filled = running.read_into(frame.data.cast("B"), _FRAME_LIMIT_S)
            if filled < frame.nbytes:
                break
            passed += 1
            if passed > span.dropped:
                count += 1
                yield frame
        if count == span.num_frames:
            return
        finished = running.finish()
    _check_end(header, span, count, finished)


def _check_end(header: Header, span: _Span, count: int, finished: ffmpeg.Finished) -> None:
    """Tell the end of the clip from the end of what could be decoded."""
    packets = read_packets(header)
    promised = promised_frames(header, packets)
    decoded = span.first_frame + count
    wanted = None if span.num_frames is None else span.first_frame + span.num_frames
    if promised is not None and count and decoded < min(promised, wanted or promised):
        raise MediaError("truncated", f"{decoded} of {promised} frames could be decoded")
    if finished.timed_out:
        raise MediaError("unreadable", f"frame {decoded} takes more than {_FRAME_LIMIT_S:.0f} s to decode")
    if finished.return_code != 0:
        raise MediaError("unreadable", f"{finished.last_line()} after {decoded} frames")
    if packets.ends_early and (wanted is None or promised is None):
        raise MediaError("truncated", f"the file breaks off after {decoded} frames")
    if count == 0:
        there = f"{promised} frames" if promised is not None else "fewer frames"
        raise MediaError("no_picture", f"no frame {span.first_frame}: the clip has {there}")


def _arguments(header: Header, size: tuple[int, int], span: _Span) -> list[str]:
    seek = []
    if span.seek_s is not None:
        seek = ["-seek_timestamp", "1", "-noaccurate_seek", "-ss", f"{span.seek_s:.6f}"]
    limit = [] if span.num_frames is None else ["-frames:v", str(span.num_frames + span.dropped)]
    return [
        *("-loglevel", "warning", *seek, "-copyts", *ffmpeg.input_file(header.path, header.demuxer)),
        *("-map", "0:V:0", "-vf", ",".join(_filters(header, size, span)), "-fps_mode", "passthrough"),
        *(*limit, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"),
    ]


def _filters(header: Header, size: tuple[int, int], span: _Span) -> list[str]:
    """Return ffmpeg's filters in order; its own upright turn comes before them."""
    filters = ["bwdif=mode=send_frame:deint=interlaced"] if header.interlaced else []
    if span.picked:
        filters.append(span.picked)
    crop = _crop(header, size)
    if crop != header.turned_size:
        filters.append(f"crop={crop[0]}:{crop[1]}:exact=1")
    shrinks = size[0] * size[1] < crop[0] * crop[1]
    flags = ("area" if shrinks else "lanczos") + "+accurate_rnd+full_chroma_int+full_chroma_inp"
    scale = f"scale={size[0]}:{size[1]}:flags={flags}"
    if header.transfer in _HIGH_DYNAMIC_RANGE:
        return [*filters, scale, "format=yuv444p12", _TO_STANDARD_RANGE]
    if not header.matrix and header.pixel_format.startswith(("yuv", "nv", "p0", "uyvy")):
        scale += f":in_color_matrix={_untagged_matrix(header)}"
    return [*filters, f"{scale}:out_range=pc", "format=rgb24"]


def _crop(header: Header, size: tuple[int, int]) -> tuple[int, int]:
    """Return the largest centred part, in stored samples, of the output's shape.

    Cropping comes before scaling: a one pixel wide strip scaled to cover a square first would fill the memory.
    """
    width, height = header.turned_size
    if size == header.shown_size:
        return width, height
    shape = size[0] / size[1] / float(header.turned_aspect)
    return max(1, min(width, round(height * shape))), max(1, min(height, round(width / shape)))


def _untagged_matrix(header: Header) -> str:
    high = header.stored_width >= _HIGH_DEFINITION[0] or header.stored_height >= _HIGH_DEFINITION[1]
    return "bt709" if high else "bt601"
