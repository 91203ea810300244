"""A file's sound, cut to the millisecond and laid under a clip that was written without."""

import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from engine.media import ffmpeg
from engine.media.errors import MediaError
from engine.media.files import first_bytes, readable_file
from engine.media.formats import PICTURE_DECODERS, SNIFFED_BYTES, SOUND_DECODERS, choose_demuxer, sound_suffix_of
from engine.media.packets import Packets, read_decoded, read_first_sound, read_header, read_sound_packets

RATE = 48000
_OPENING_LIMIT_S = 60.0
MOST_S = 48 * 3600.0
# Times in these are exact wherever one jumps to; from the others everything before the cut is decoded.
_JUMPED_IN = ("mov", "matroska")
_JUMP_FROM_S = 20.0
_LEAD_IN_S = 5.0


@dataclass(frozen=True)
class SoundTrack:
    """Part of the first sound stream of a file, and where it is heard in a clip.

    `start_s` and `duration_s` are the part in the file's own time, whose zero is the moment that its first frame is
    shown, or where there are no frames that its sound begins; `at_s` is when it begins in the written clip. Where the
    stream has no sound, and around it, is silence.
    """

    path: str | os.PathLike[str]
    start_s: float
    duration_s: float
    at_s: float = 0.0


@dataclass(frozen=True)
class SoundProbe:
    """How long a file's sound is, and the file suffix of one that has nothing else, without a dot."""

    duration_s: float
    format: str


class Laid(Protocol):
    """Sound that can be laid under a clip."""

    def input_arguments(self) -> list[str]:
        """Return ffmpeg's arguments that open it."""
        ...

    def filters(self, total_s: Fraction) -> str:
        """Return the filters from there to a stream of exactly `total_s` seconds."""
        ...

    def blocks(self, total_s: Fraction) -> Iterator[memoryview]:
        """Yield what ffmpeg reads from its standard input; nothing where it opens a file."""
        ...


@dataclass(frozen=True)
class Cut:
    """A sound track whose file has been looked at: `begin_s` is the cut's beginning in the file's own time."""

    path: Path
    demuxer: str
    begin_s: float
    duration_s: float
    at_s: float
    is_mono: bool = False

    def input_arguments(self) -> list[str]:
        """Return the arguments that open the file, not far before the cut where that is exact."""
        seek = []
        if self.demuxer in _JUMPED_IN and self.begin_s > _JUMP_FROM_S:
            seek = ["-seek_timestamp", "1", "-noaccurate_seek", "-ss", f"{self.begin_s - _LEAD_IN_S:.6f}"]
        # Without the picture's decoders the file's own description would take longer and come out poorer.
        decoders = SOUND_DECODERS | PICTURE_DECODERS
        return [*seek, *ffmpeg.input_file(self.path, self.demuxer, decoders)]

    def filters(self, total_s: Fraction) -> str:
        """Return the filters from the file's sound to a stream of exactly `total_s` seconds, mono or stereo."""
        total = max(1, round(total_s * RATE))
        length = min(total, max(1, round(self.duration_s * RATE)))
        layout = "mono" if self.is_mono else "stereo"
        return ",".join(
            [
                *(*self._part(), f"aformat=channel_layouts={layout}", f"atrim=end_sample={length}"),
                f"adelay={min(total, round(self.at_s * RATE))}S:all=1",
                *(f"apad=whole_len={total}", f"atrim=end_sample={total}", "asetpts=N/SR/TB"),
            ]
        )

    def blocks(self, total_s: Fraction) -> Iterator[memoryview]:  # noqa: ARG002
        """Yield nothing: ffmpeg opens the file."""
        return iter(())

    def stereo_arguments(self) -> list[str]:
        """Return the arguments that write the cut alone as 32-bit float stereo to standard output."""
        # A mixer's own way to make two channels of one takes 3 dB off.
        stereo = "pan=stereo|c0=c0|c1=c0" if self.is_mono else "aformat=channel_layouts=stereo"
        filters = ",".join([*self._part(), stereo, "aformat=sample_fmts=flt"])
        opened = ["-loglevel", "error", "-copyts", *self.input_arguments()]
        return [*opened, "-map", "0:a:0", "-af", filters, "-f", "f32le", "pipe:1"]

    def _part(self) -> list[str]:
        return [
            f"atrim=start={self.begin_s:.6f}:end={self.begin_s + self.duration_s:.6f}",
            f"asetpts=PTS-({self.begin_s:.6f})/TB",
            # Silence where the stream has a hole or starts late: samples alone would close up.
            f"aresample={RATE}:async=1:min_hard_comp=0.01:first_pts=0",
        ]


def open_sound(track: SoundTrack) -> Cut | None:
    """Look at a track's file and return its cut, or None when the file has no sound.

    Raises MediaError "unsupported" for times that are none and for codecs that are not let in, and what `probe_video`
    raises for the file.
    """
    times = (track.start_s, track.duration_s, track.at_s)
    if not all(math.isfinite(time) and 0 <= time <= MOST_S for time in times) or track.duration_s == 0:
        raise MediaError("unsupported", f"{track.duration_s} s of sound from {track.start_s} at {track.at_s}")
    path, demuxer = _opened(track.path)
    first = _first_picture(path)
    described = _describe(path, demuxer)
    if first is None and described is not None:
        first = read_first_sound(path, demuxer)
    if first is None or described is None or not len(first):
        return None
    begin_s = float(int(first.times[0]) * first.time_base) + track.start_s
    return Cut(path, demuxer, begin_s, track.duration_s, track.at_s, is_mono=", mono," in described)


def probe_sound(path: str | os.PathLike[str]) -> SoundProbe:
    """Measure a file's first sound stream; reads the whole file and decodes a moment of it.

    Raises MediaError "unreadable", "no_sound", and "unsupported" for a codec that is not let in.
    """
    absolute, demuxer = _opened(path)
    if _describe(absolute, demuxer) is None:
        raise MediaError("no_sound", "the file holds no sound")
    return SoundProbe(read_sound_packets(absolute, demuxer).duration_s, sound_suffix_of(demuxer))


def _opened(path: str | os.PathLike[str]) -> tuple[Path, str]:
    absolute, _ = readable_file(path)
    return absolute, choose_demuxer(first_bytes(absolute, SNIFFED_BYTES))


def _first_picture(path: Path) -> Packets | None:
    """Return the time of a clip's first frame, None for a file that holds nothing but sound."""
    try:
        header = read_header(path)
    except MediaError as error:
        if error.kind != "no_picture":
            raise
        return None
    first = read_decoded(header, num_frames=1) if header.has_audio else None
    if first is not None and not len(first):
        raise MediaError("no_picture", "no frame can be decoded")
    return first


def _describe(path: Path, demuxer: str) -> str | None:
    """Decode a moment of the sound and return ffmpeg's words for it, or None for a stream with nothing in it.

    Sound that cannot be read is said here, before anything is written.
    """
    arguments = ["-loglevel", "info", *ffmpeg.input_file(path, demuxer, SOUND_DECODERS | PICTURE_DECODERS)]
    arguments += ["-map", "0:a:0", "-map_metadata", "-1", "-frames:a", "1", "-f", "null", "-"]
    finished, _ = ffmpeg.run(arguments, limit_s=_OPENING_LIMIT_S, max_output_bytes=1)
    described = re.search(r"^  Stream #0:0.*?: Audio: (.*)$", finished.log.partition("\nOutput #0")[2], re.MULTILINE)
    if described:
        return described[1]
    codec = re.search(r"^  Stream #0:\d+.*?: Audio: (\w+)", finished.log, re.MULTILINE)
    if finished.timed_out or (codec and codec[1] not in SOUND_DECODERS):
        raise MediaError("unsupported", f"sound of codec {codec[1][:40] if codec else 'unknown'}")
    return None
