"""A mix brought to a loudness: by one gain for all of it, and a limiter only for the peaks that would be cut off."""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from engine.media import ffmpeg
from engine.media.errors import MediaError
from engine.media.mix import Samples
from engine.media.sound import RATE

Play = Callable[[int], Iterator[Samples]]
"""The mix from its beginning, so many samples of it."""

# What a delivery allows is -1 dBTP; lossy codecs add up to 0.7 dB to what goes in.
PEAK_DB = -2.0
_FULL_SCALE_DB = 0.0
_SILENCE_LUFS = -70.0
_LARGEST_GAIN_DB = 40.0
_NEAR_ENOUGH_LU = 0.2
_TRIES = 6
_WRITE_LIMIT_S = 120.0
_END_LIMIT_S = 120.0


@dataclass(frozen=True)
class Loudness:
    """Of a whole mix, by EBU R 128 and ITU-R BS.1770: integrated loudness, and true peak in dB of full scale."""

    lufs: float
    peak_db: float


@dataclass(frozen=True)
class Levelled:
    """A mix and what is done to it; it can be laid under a clip."""

    play: Play
    gain_db: float = 0.0
    ceiling_db: float | None = None

    def input_arguments(self) -> list[str]:
        """Return the arguments that read the mix from standard input."""
        return f"-protocol_whitelist pipe -f f32le -ar {RATE} -ac 2 -i pipe:0".split()

    def filters(self, total_s: Fraction) -> str:
        """Return the filters that level it: the limiter looks at four times the rate, where true peaks are seen."""
        total = max(1, round(total_s * RATE))
        words = [f"volume={self.gain_db:.3f}dB:precision=float"]
        if self.ceiling_db is not None:
            limit = 10 ** (self.ceiling_db / 20)
            words += [f"aresample={4 * RATE}", f"alimiter=limit={limit:.6f}:level=false:latency=true"]
            words += [f"aresample={RATE}"]
        return ",".join([*words, f"apad=whole_len={total}", f"atrim=end_sample={total}", "asetpts=N/SR/TB"])

    def blocks(self, total_s: Fraction) -> Iterator[memoryview]:
        """Yield the mix as 32-bit float stereo."""
        return (block.data.cast("B") for block in self.play(max(1, round(total_s * RATE))))


def levelled(play: Play, total_s: Fraction, target_lufs: float | None) -> Levelled:
    """Bring a mix to a loudness, or for None leave it as it is but for peaks beyond full scale; plays it to measure.

    Where the peaks leave no room for the gain they are limited, and the gain is raised by what that cost, until the
    loudness is there. Silence stays silence.
    """
    before = measure(Levelled(play), total_s)
    if target_lufs is None:
        return Levelled(play, 0.0, _FULL_SCALE_DB if before.peak_db > _FULL_SCALE_DB else None)
    if before.lufs <= _SILENCE_LUFS:
        return Levelled(play)
    gain_db = min(target_lufs - before.lufs, _LARGEST_GAIN_DB)
    if before.peak_db + gain_db <= PEAK_DB:
        return Levelled(play, gain_db)
    for _ in range(_TRIES):
        found = Levelled(play, gain_db, PEAK_DB)
        missing = target_lufs - measure(found, total_s).lufs
        if abs(missing) <= _NEAR_ENOUGH_LU:
            break
        gain_db = min(gain_db + missing, _LARGEST_GAIN_DB)
    return Levelled(play, gain_db, PEAK_DB)


def measure(laid: Levelled, total_s: Fraction) -> Loudness:
    """Play a levelled mix to ffmpeg's meter (its filter ebur128)."""
    meter = f"{laid.filters(total_s)},ebur128=peak=true:framelog=quiet"
    arguments = ["-loglevel", "info", *laid.input_arguments(), "-af", meter, "-f", "null", "-"]
    with ffmpeg.Running(arguments, writes_stdin=True) as running:
        for block in laid.blocks(total_s):
            if not running.write(block, _WRITE_LIMIT_S):
                break
        finished = running.finish(_END_LIMIT_S)
    summary = finished.log.rpartition("Summary:")[2]
    lufs = re.search(r"\bI:\s+(\S+) LUFS", summary)
    peak = re.search(r"\bPeak:\s+(\S+) dBFS", summary)
    if finished.return_code != 0 or lufs is None or peak is None:
        raise MediaError("unsupported", f"loudness: {finished.last_line()}")
    return Loudness(_number(lufs[1]), _number(peak[1]))


def _number(text: str) -> float:
    found = float(text)
    return found if math.isfinite(found) else -math.inf
