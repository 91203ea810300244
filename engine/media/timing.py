"""A clip's constant grid of frames, laid over the times its frames have in the file."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from engine.media.packets import Header, Packets

_MAX_FRAMES = 2_000_000
# Half a frame of jitter is what millisecond times, cameras and capture cards have; a whole one is a lost frame.
_JITTER_FRAMES = 0.5
_LONG_HOLD_FRAMES = 1.5
_EARLY_FRAMES = 0.25
_ROUNDING_S = 0.001
_LARGEST_GAP_S = 10.0
# A gap in these is two recordings joined or a counter that wrapped, not a picture that stands still.
_BROADCAST = ("mpegts", "mpeg")
_RATES = [
    *(Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120)),
    *(Fraction(rate) for rate in (12, 15, 24, 25, 30, 48, 50, 60, 100, 120)),
]


@dataclass(frozen=True)
class Grid:
    """`num_frames` instants, `1 / fps` seconds apart; the first is that of the clip's first shown frame.

    `shown  # [num_frames] int64` says which frame of the file is on screen at each instant; None: exactly the file's
    own frames in order, because they are evenly spaced. `ends_early`: the file breaks off, and the grid with it.
    """

    fps: Fraction
    num_frames: int
    shown: npt.NDArray[np.int64] | None
    ends_early: bool = False

    @property
    def variable_rate(self) -> bool:
        """True when the frames in the file are not evenly spaced in time."""
        return self.shown is not None


def mean_rate(header: Header, packets: Packets) -> Fraction:
    """Return the mean rate, as the exact standard rate that ffmpeg's own two decimals stand for where there is one.

    Matroska's times are whole milliseconds, so that 24000/1001 cannot be had from them.
    """
    measured = packets.mean_fps
    standard = _printed_rate(header)
    if standard and (measured is None or packets.ends_early or abs(measured / standard - 1) < Fraction(1, 50)):
        return standard
    if measured:
        return max(measured.limit_denominator(1001), Fraction(1, 1001))
    return Fraction(1) / packets.time_base / packets.last_duration if packets.last_duration > 0 else Fraction(1)


def lay_grid(header: Header, frames: Packets) -> Grid:
    """Return the grid over the times of a clip's frames, from packets where each is a frame, else from decoding.

    Times that cannot be trusted (equal ones; a jump in a broadcast stream) give the file's own frames in order.
    """
    fps = mean_rate(header, frames)
    if not _trusted(header, frames):
        return Grid(_printed_rate(header) or fps, len(frames), None)
    times_s = (frames.times - frames.times[0]) * float(frames.time_base)
    late_frames = np.abs(times_s * float(fps) - np.arange(len(frames)))
    hold_frames = frames.last_duration * frames.time_base * fps
    if late_frames.max() <= _JITTER_FRAMES and hold_frames <= _LONG_HOLD_FRAMES:
        return Grid(fps, len(frames), None)
    usual = _usual_rate(frames)
    fps = usual or fps
    num_frames = min(max(1, round(frames.duration_s * fps)), _MAX_FRAMES)
    # A time that was rounded up, or a camera's jitter, must not make its frame late by one.
    early_s = _EARLY_FRAMES / float(fps)
    early_s = early_s if usual else min(early_s, max(_ROUNDING_S, float(frames.time_base)))
    instants_s = np.arange(num_frames) / float(fps) + early_s
    return Grid(fps, num_frames, np.searchsorted(times_s, instants_s, side="right") - 1)


def _trusted(header: Header, frames: Packets) -> bool:
    if len(frames) == 0 or not frames.time_base:
        return False
    gaps = np.diff(frames.times)
    if len(gaps) and gaps.min() <= 0:
        return False
    return header.demuxer not in _BROADCAST or not len(gaps) or gaps.max() * frames.time_base <= _LARGEST_GAP_S


def _usual_rate(frames: Packets) -> Fraction | None:
    """Return the rate of a clip that is even but for lost and held frames: its mean rate would make all of it judder.

    None where no rate is usual, or where it would be more than twice the mean.
    """
    gaps = np.diff(frames.times)
    mean = frames.mean_fps
    if mean is None:
        return None
    usual = gaps[np.abs(gaps - np.median(gaps)) <= max(0.1 * np.median(gaps), _ROUNDING_S / frames.time_base)]
    if len(usual) * 2 <= len(gaps):
        return None
    # A camera's clock is known best from end to end, its lost frames counted.
    slots = int(np.maximum(np.rint(gaps / usual.mean()), 1).sum())
    measured = slots / (int(frames.times[-1] - frames.times[0]) * frames.time_base)
    if measured > 2 * mean:
        return None
    nearest = min(_RATES, key=lambda rate: abs(rate / measured - 1))
    return nearest if abs(nearest / measured - 1) < Fraction(1, 50) else measured.limit_denominator(1001)


def _printed_rate(header: Header) -> Fraction | None:
    return next((rate for rate in _RATES if header.printed_fps == f"{float(rate):.2f}".removesuffix(".00")), None)
