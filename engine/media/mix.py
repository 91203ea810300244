"""Many sounds as one stream of samples, each where it belongs; memory does not grow with length or number."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.media import ffmpeg
from engine.media.errors import MediaError
from engine.media.sound import RATE, Cut

Samples = npt.NDArray[np.float32]  # [N, 2], 1.0 is full scale

BLOCK = RATE
_BLOCK_LIMIT_S = 120.0


@dataclass(frozen=True)
class Voice:
    """One of the sounds. All but `gain`, a factor, are in samples.

    It is heard from `first` on, for at most `count`, and silent where its file ends earlier. At the ends its volume
    goes in a straight line from nothing and to it.
    """

    cut: Cut
    first: int
    count: int
    gain: float = 1.0
    fade_in: int = 0
    fade_out: int = 0


def mixed(voices: Sequence[Voice], total: int, check: Callable[[], None]) -> Iterator[Samples]:
    """Yield the sum of all voices, `total` samples of it in blocks of at most a second; `check` is called before each.

    A file is open only while it is heard. Raises MediaError "unreadable".
    """
    waiting = sorted(voices, key=lambda voice: voice.first)
    heard: list[_Heard] = []
    try:
        for begin in range(0, total, BLOCK):
            check()
            block = np.zeros((min(BLOCK, total - begin), 2), np.float32)
            while waiting and waiting[0].first < begin + len(block):
                heard.append(_Heard(waiting.pop(0)))
            for voice in heard:
                voice.add_to(block, begin)
            for ended in [voice for voice in heard if voice.is_over]:
                heard.remove(ended)
                ended.close()
            yield block
    finally:
        for voice in heard:
            voice.close()


def count_samples(cut: Cut) -> int:
    """Return how long a cut is in truth, by decoding it."""
    count = 0
    with contextlib.closing(_Heard(Voice(cut, 0, round(cut.duration_s * RATE)))) as heard:
        while len(read := heard.read(BLOCK)):
            count += len(read)
    return count


class _Heard:
    """A voice while it is decoded."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._done = 0
        self.is_over = voice.count <= 0
        self._running = ffmpeg.Running(voice.cut.stereo_arguments(), reads_stdout=True)

    def close(self) -> None:
        """End the decoder."""
        self._running.__exit__()

    def add_to(self, block: Samples, begin: int) -> None:
        """Add what is heard in the block, whose first sample is the film's `begin`th."""
        at = max(0, self._voice.first - begin)
        done = self._done
        samples = self.read(len(block) - at)
        block[at : at + len(samples)] += samples * self._volume(done, len(samples))[:, None]

    def read(self, count: int) -> Samples:
        """Return the next samples, fewer than `count` at the voice's end."""
        samples = np.empty((max(0, min(count, self._voice.count - self._done)), 2), np.float32)
        filled = self._running.read_into(samples.data.cast("B"), _BLOCK_LIMIT_S) if len(samples) else 0
        self._done += filled // 8
        if filled < samples.nbytes:
            self._check_end()
        self.is_over = filled < samples.nbytes or self._done >= self._voice.count
        return samples[: filled // 8]

    def _check_end(self) -> None:
        finished = self._running.finish()
        if finished.timed_out or finished.return_code != 0:
            raise MediaError("unreadable", f"sound: {finished.last_line()}")

    def _volume(self, first: int, count: int) -> Samples:
        """Return the factors [count] for samples of the voice."""
        voice = self._voice
        places = np.arange(first, first + count, dtype=np.float64)
        coming = np.minimum(1.0, places / voice.fade_in) if voice.fade_in else 1.0
        going = np.clip((voice.count - places) / voice.fade_out, 0.0, 1.0) if voice.fade_out else 1.0
        return np.asarray(voice.gain * coming * going * np.ones(count), np.float32)
