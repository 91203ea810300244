"""A clip's sound, cut to the millisecond and laid under a clip that was written without."""

import math
import os
import re
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from engine.media import ffmpeg
from engine.media.errors import MediaError
from engine.media.formats import PICTURE_DECODERS, SOUND_DECODERS
from engine.media.packets import Header, read_decoded, read_header

_RATE = 48000
_OPENING_LIMIT_S = 60.0
_MAX_S = 48 * 3600.0
# Times in these are exact wherever one jumps to; from the others everything before the cut is decoded.
_JUMPED_IN = ("mov", "matroska")
_JUMP_FROM_S = 20.0
_LEAD_IN_S = 5.0


@dataclass(frozen=True)
class SoundTrack:
    """Part of the first sound stream of a clip, and where it is heard in another.

    `start_s` and `duration_s` are the part in that clip's own time, whose zero is the moment that its first frame is
    shown; `at_s` is when it begins in the written clip. Where the stream has no sound, and around it, is silence.
    """

    path: str | os.PathLike[str]
    start_s: float
    duration_s: float
    at_s: float = 0.0


@dataclass(frozen=True)
class Cut:
    """A sound track whose file has been looked at: `begin_s` is the cut's beginning in the file's own time."""

    header: Header
    begin_s: float
    duration_s: float
    at_s: float
    is_mono: bool

    def input_arguments(self) -> list[str]:
        """Return the arguments that open the file, not far before the cut where that is exact."""
        seek = []
        if self.header.demuxer in _JUMPED_IN and self.begin_s > _JUMP_FROM_S:
            seek = ["-seek_timestamp", "1", "-noaccurate_seek", "-ss", f"{self.begin_s - _LEAD_IN_S:.6f}"]
        # Without the picture's decoders the file's own description would take longer and come out poorer.
        decoders = SOUND_DECODERS | PICTURE_DECODERS
        return [*seek, *ffmpeg.input_file(self.header.path, self.header.demuxer, decoders)]

    def filters(self, total_s: Fraction) -> str:
        """Return the filters from the file's sound to a stream of exactly `total_s` seconds, mono or stereo."""
        total = max(1, round(total_s * _RATE))
        length = min(total, max(1, round(self.duration_s * _RATE)))
        layout = "mono" if self.is_mono else "stereo"
        cut = f"atrim=start={self.begin_s:.6f}:end={self.begin_s + self.duration_s:.6f}"
        return ",".join(
            [
                *(cut, f"asetpts=PTS-({self.begin_s:.6f})/TB"),
                # Silence where the stream has a hole or starts late: samples alone would close up.
                f"aresample={_RATE}:async=1:min_hard_comp=0.01:first_pts=0",
                *(f"aformat=channel_layouts={layout}", f"atrim=end_sample={length}"),
                f"adelay={min(total, round(self.at_s * _RATE))}S:all=1",
                *(f"apad=whole_len={total}", f"atrim=end_sample={total}", "asetpts=N/SR/TB"),
            ]
        )


def open_sound(track: SoundTrack) -> Cut | None:
    """Look at a track's file and return its cut, or None when the file has no sound.

    Raises MediaError "unsupported" for times that are none and for codecs that are not let in, and what `probe_video`
    raises for the file.
    """
    times = (track.start_s, track.duration_s, track.at_s)
    if not all(math.isfinite(time) and 0 <= time <= _MAX_S for time in times) or track.duration_s == 0:
        raise MediaError("unsupported", f"{track.duration_s} s of sound from {track.start_s} at {track.at_s}")
    header = read_header(Path(track.path))
    if not header.has_audio:
        return None
    first = read_decoded(header, num_frames=1)
    if not len(first):
        raise MediaError("no_picture", "no frame can be decoded")
    begin_s = float(int(first.times[0]) * first.time_base) + track.start_s
    cut = Cut(header, begin_s, track.duration_s, track.at_s, is_mono=False)
    description = _describe(cut)
    return None if description is None else replace(cut, is_mono=", mono," in description)


def _describe(cut: Cut) -> str | None:
    """Decode a moment of the sound and return ffmpeg's words for it, or None for a stream with nothing in it.

    Sound that cannot be read is said here, before anything is written.
    """
    arguments = ["-loglevel", "info", *cut.input_arguments(), "-map", "0:a:0", "-map_metadata", "-1"]
    arguments += ["-frames:a", "1", "-f", "null", "-"]
    finished, _ = ffmpeg.run(arguments, limit_s=_OPENING_LIMIT_S, max_output_bytes=1)
    described = re.search(r"^  Stream #0:0.*?: Audio: (.*)$", finished.log.partition("\nOutput #0")[2], re.MULTILINE)
    if described:
        return described[1]
    codec = re.search(r"^  Stream #0:\d+.*?: Audio: (\w+)", finished.log, re.MULTILINE)
    if finished.timed_out or (codec and codec[1] not in SOUND_DECODERS):
        raise MediaError("unsupported", f"sound of codec {codec[1][:40] if codec else 'unknown'}")
    return None
