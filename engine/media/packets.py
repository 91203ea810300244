"""What a video file holds without decoding it: its header, and the time of every packet, from a stream copy."""

import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from io import BufferedReader
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.media import ffmpeg
from engine.media.errors import MediaError
from engine.media.files import first_bytes, readable_file
from engine.media.formats import PICTURE_DECODERS, SNIFFED_BYTES, SOUND_DECODERS, choose_demuxer, suffix_of

_HEADER_LIMIT_S = 20.0
_TABLE_LIMIT_S = 300.0
_DECODE_LIMIT_S = 1800.0
_MAX_PACKETS = 2_000_000
_MAX_LINE_BYTES = 512
_NO_TIME = -(2**63)
_KEY, _CORRUPT, _DISCARD = 1, 2, 4  # AV_PKT_FLAG_* of libavcodec/packet.h


@dataclass(frozen=True)
class Header:
    """One file's first real video stream (cover art does not count), as its container describes it.

    `rotation` is in degrees clockwise, 0, 90, 180 or 270: turning the stored picture by it puts it upright.
    `pixel_format`, `range`, `matrix` and `transfer` are ffmpeg's names, "" where the file does not say. `suffix` is
    the usual file suffix of such a container, without a dot.
    """

    path: Path
    demuxer: str
    codec: str
    stored_width: int
    stored_height: int
    sample_aspect: Fraction
    rotation: int
    printed_fps: str
    duration_s: float | None
    has_audio: bool
    interlaced: bool
    pixel_format: str
    range: str
    matrix: str
    transfer: str
    suffix: str = ""

    @property
    def turned_size(self) -> tuple[int, int]:
        """Width and height in stored samples once upright."""
        size = (self.stored_width, self.stored_height)
        return size if self.rotation % 180 == 0 else (size[1], size[0])

    @property
    def turned_aspect(self) -> Fraction:
        """Width over height of one sample once upright."""
        return self.sample_aspect if self.rotation % 180 == 0 else 1 / self.sample_aspect

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height in square pixels once upright: what the viewer sees."""
        width, height = self.turned_size
        return max(1, round(width * self.turned_aspect)), height


@dataclass(frozen=True)
class Packets:
    """The packets of one stream that are to be shown, in order of time.

    `times  # [N] int64` and `keyframe_times` are in units of `time_base` seconds, with the file's own zero.
    `ends_early` says that the file breaks off before its header's promise.
    """

    times: npt.NDArray[np.int64]
    keyframe_times: npt.NDArray[np.int64]
    last_duration: int
    time_base: Fraction
    ends_early: bool

    def __len__(self) -> int:
        return len(self.times)

    @property
    def duration_s(self) -> float:
        """Time from the first packet's start to the last packet's end."""
        if not len(self):
            return 0.0
        return float((int(self.times[-1] - self.times[0]) + self.last_duration) * self.time_base)

    @property
    def mean_fps(self) -> Fraction | None:
        """Mean rate between the first and the last packet, or None when there are not two moments."""
        span = int(self.times[-1] - self.times[0]) * self.time_base if len(self) > 1 else 0
        return (len(self) - 1) / Fraction(span) if span > 0 else None


def read_header(path: Path) -> Header:
    """Return what a file's header says about its video; reads a few kilobytes and decodes nothing.

    Raises MediaError "unreadable", "truncated", "unsupported", "no_picture" or "too_large".
    """
    absolute, _ = readable_file(path)
    start = first_bytes(absolute, SNIFFED_BYTES)
    demuxer = choose_demuxer(start)
    arguments = [*_copy_arguments(absolute, demuxer), "-frames:v", "1", "-f", "framecrc", "pipe:1"]
    finished, output = ffmpeg.run(arguments, limit_s=_HEADER_LIMIT_S, max_output_bytes=65536)
    facts = dict(re.findall(r"^#(\w+) 0: (\S+)", output.decode(errors="replace"), re.MULTILINE))
    if facts.get("dimensions", "0x0") == "0x0":
        raise _input_error(finished)
    header = _parse_header(absolute, demuxer, facts, finished.log)
    _check(header)
    return replace(header, suffix=suffix_of(demuxer, start))


def read_packets(header: Header) -> Packets:
    """Return the times of all packets of the header's stream; reads the whole file and decodes nothing."""
    arguments = [*_copy_arguments(header.path, header.demuxer), "-copyts", "-f", "framecrc", "pipe:1"]
    table, finished = _read_table(arguments, _TABLE_LIMIT_S)
    # In a transport stream "corrupt" is any gap in its counters: two recordings joined, a moment of bad reception.
    cut_packet = table.num_corrupt > 0 and header.demuxer != "mpegts"
    ends_early = cut_packet or bool(re.search(r"partial file|ended prematurely", finished.log))
    return table.packets(ends_early)


def read_decoded(header: Header, num_frames: int | None = None) -> Packets:
    """Return the times of the frames that decoding gives, which are those of `read_frames`; at most `num_frames`.

    Every frame counts as a keyframe; `ends_early` is False. Raises MediaError "unreadable" when it takes too long.
    """
    limit = [] if num_frames is None else ["-frames:v", str(num_frames)]
    arguments = [
        # Decoded in full, for leaving out the transform saves time and changes how many broken frames come.
        *("-loglevel", "error", "-copyts"),
        *(*ffmpeg.input_file(header.path, header.demuxer), "-map", "0:V:0", "-vf", "crop=1:1:exact=1,format=gray"),
        *(
            "-fps_mode",
            "passthrough",
            "-enc_time_base",
            "demux",
            *limit,
            "-c:v",
            "rawvideo",
            "-f",
            "framecrc",
            "pipe:1",
        ),
    ]
    table, _ = _read_table(arguments, _DECODE_LIMIT_S)
    return table.packets(ends_early=False)


def read_sound_packets(path: Path, demuxer: str) -> Packets:
    """Return the times of all packets of a file's first sound stream, none where it has none; decodes nothing."""
    arguments = [*_sound_arguments(path, demuxer), "-c", "copy", "-f", "framecrc", "pipe:1"]
    table, _ = _read_table(arguments, _TABLE_LIMIT_S)
    return table.packets(ends_early=False)


def read_first_sound(path: Path, demuxer: str) -> Packets:
    """Return the time of the first sound that is heard: what an encoder put before it to warm up is left out."""
    arguments = [*_sound_arguments(path, demuxer), "-frames:a", "1", "-f", "framecrc", "pipe:1"]
    table, _ = _read_table(arguments, _HEADER_LIMIT_S)
    return table.packets(ends_early=False)


def _sound_arguments(path: Path, demuxer: str) -> list[str]:
    file = ffmpeg.input_file(path, demuxer, SOUND_DECODERS | PICTURE_DECODERS)
    return ["-loglevel", "error", "-copyts", *file, "-map", "0:a:0", "-map_metadata", "-1"]


def _read_table(arguments: list[str], limit_s: float) -> "tuple[_Table, ffmpeg.Finished]":
    with ffmpeg.Running(arguments, reads_stdout=True) as running:
        with running.limited(limit_s):
            reader = BufferedReader(running.stdout)
            table = _Table(iter(lambda: reader.readline(_MAX_LINE_BYTES), b""))
        finished = running.finish()
    if finished.timed_out:
        raise MediaError("unreadable", f"reading it takes more than {limit_s:.0f} s")
    return table, finished


def _copy_arguments(path: Path, demuxer: str) -> list[str]:
    # -map_metadata -1 keeps the file's own texts out of the part of the log that is parsed below.
    return [*ffmpeg.input_file(path, demuxer), "-map", "0:V:0", "-map_metadata", "-1", "-c", "copy"]


def _parse_header(path: Path, demuxer: str, facts: dict[str, str], log: str) -> Header:
    width, height = (int(side) for side in facts["dimensions"].split("x"))
    described, _, copied = log.partition("\nOutput #0")
    stream = (re.findall(r"^  Stream #0:0.*?: Video: (.*)$", copied, re.MULTILINE) or [""])[0]
    duration = re.search(r"^  Duration: (\d+):(\d\d):(\d\d\.\d+)", described, re.MULTILINE)
    rate = re.search(r" ([\d.]+k?) fps", stream)
    pixel_format, notes = (re.findall(r"^[^,]*, (\w+)(?:\(([^)]*)\))?", stream) or [("", "")])[0]
    tags = [tag.strip() for tag in notes.split(",")]
    matrix, transfer = _colour(tags)
    return Header(
        path=path,
        demuxer=demuxer,
        codec=facts["codec_id"],
        stored_width=width,
        stored_height=height,
        sample_aspect=_aspect(facts.get("sar", "0/1")),
        rotation=_rotation(copied),
        printed_fps=rate[1] if rate else "",
        duration_s=int(duration[1]) * 3600 + int(duration[2]) * 60 + float(duration[3]) if duration else None,
        has_audio=bool(re.search(r"^  Stream #0:\d+.*?: Audio: ", described, re.MULTILINE)),
        interlaced=any(tag.startswith(("top ", "bottom ")) for tag in tags),
        pixel_format=pixel_format,
        range=next((tag for tag in tags if tag in ("tv", "pc")), ""),
        matrix=matrix,
        transfer=transfer,
    )


def _colour(tags: list[str]) -> tuple[str, str]:
    """Return matrix and transfer from ffmpeg's "matrix/primaries/transfer", shortened to one when all agree."""
    for tag in tags:
        if re.fullmatch(r"[\w-]+/[\w-]+/[\w-]+", tag):
            matrix, _, transfer = ("" if name in ("unknown", "reserved") else name for name in tag.split("/"))
            return matrix, transfer
        if re.fullmatch(r"bt\d\w+|smpte\d+m|fcc|gbr|ycgco\w*", tag):
            return tag, tag
    return "", ""


def _aspect(text: str) -> Fraction:
    """Return the sample aspect; square for 0/1 (unknown) and for nonsense that would blow the picture up."""
    over, _, under = text.partition("/")
    aspect = Fraction(int(over), int(under) or 1)
    return aspect if Fraction(1, 8) <= aspect <= 8 else Fraction(1)


def _rotation(log: str) -> int:
    turned = re.search(r"display ?matrix: rotation of (-?[\d.]+) degrees", log, re.IGNORECASE)
    return round(-float(turned[1]) / 90) * 90 % 360 if turned else 0


def _check(header: Header) -> None:
    if header.codec not in PICTURE_DECODERS:
        raise MediaError("unsupported", f"codec {header.codec[:40]}")
    width, height = header.shown_size
    num_pixels = max(width * height, header.stored_width * header.stored_height)
    if num_pixels > ffmpeg.MAX_PIXELS:
        raise MediaError("too_large", f"{width}x{height} is {num_pixels} pixels, the limit is {ffmpeg.MAX_PIXELS}")


def _input_error(finished: ffmpeg.Finished) -> MediaError:
    if finished.timed_out:
        return MediaError("unreadable", f"its header takes more than {_HEADER_LIMIT_S:.0f} s to read")
    too_large = re.search(r"Picture size (\d+x\d+) exceeds", finished.log)
    if too_large:
        return MediaError("too_large", f"{too_large[1]}, the limit is {ffmpeg.MAX_PIXELS} pixels")
    if "moov atom not found" in finished.log:
        return MediaError("truncated", "the file ends before its index (moov atom not found)")
    if "matches no streams" in finished.log:
        return MediaError("no_picture", "the file holds no video stream")
    return MediaError("unreadable", finished.last_line())


class _Table:
    """The lines of ffmpeg's framecrc format: stream, decoding time, time, duration, bytes, sum, flags."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self.num_corrupt = 0
        self._time_base = Fraction(0)
        self._times = array("q")
        self._keys = array("q")
        self._durations = array("q")
        for line in lines:
            if line.startswith(b"#tb 0: "):
                over, under = line[7:].split(b"/")
                self._time_base = Fraction(int(over), int(under))
            elif not line.startswith(b"#"):
                self._add(line.split(b","))

    def packets(self, ends_early: bool) -> Packets:
        order = np.argsort(np.asarray(self._times), kind="stable")
        times = np.asarray(self._times, np.int64)[order]
        last_duration = self._durations[int(order[-1])] if len(order) else 0
        keys = np.sort(np.asarray(self._keys, np.int64))
        return Packets(times, keys, last_duration, self._time_base, ends_early)

    def _add(self, fields: list[bytes]) -> None:
        flags = next((int(field.strip()[2:], 16) for field in fields[6:] if field.strip().startswith(b"F=")), _KEY)
        self.num_corrupt += bool(flags & _CORRUPT)
        if flags & _DISCARD:  # cut away by the container's edit list: decoded, never shown
            return
        if len(self._times) >= _MAX_PACKETS:
            raise MediaError("too_large", f"more than {_MAX_PACKETS} frames")
        decoding_time, time, duration = (int(field) for field in fields[1:4])
        if time == _NO_TIME:
            time = decoding_time if decoding_time != _NO_TIME else len(self._times)
        self._times.append(time)
        self._durations.append(duration)
        if flags & _KEY:
            self._keys.append(time)
