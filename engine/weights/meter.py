"""How far a download is, and how fast: measured over the last seconds, told a few times a second."""

import time
from collections import deque
from collections.abc import Callable

from engine.protocol.download import (
    Asking,
    Download,
    DownloadState,
    DownloadTrouble,
    Fetching,
    Reading,
    Waiting,
)
from engine.weights.fetch import Ear

WINDOW_S = 8.0
TELL_INTERVAL_S = 0.25
SHORTEST_MEASURE_S = 1.0


class Meter:
    """Listens as an `Ear` and tells `Download`s; for the download's own thread."""

    def __init__(
        self, model: str, tell: Callable[[Download], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.ear = Ear(self.begin, self._on_file, self._on_read, self._on_bytes, self._on_wait)
        self._model = model
        self._tell = tell
        self._clock = clock
        self._state: DownloadState = Asking()
        self._done_bytes = self._total_bytes = 0
        self._came: deque[tuple[float, int]] = deque()
        self._told_s = 0.0

    def begin(self, done_bytes: int, total_bytes: int) -> None:
        """What is there, and what there will be."""
        self._done_bytes, self._total_bytes = done_bytes, total_bytes
        self._say(self._state)

    def now(self, state: DownloadState) -> Download:
        """Where it stands, in that state."""
        done = max(0, min(self._done_bytes, self._total_bytes))
        return Download(model=self._model, state=state, done_bytes=done, total_bytes=self._total_bytes)

    def _on_file(self, file: str) -> None:
        self._came.clear()
        self._say(Fetching(file=file))

    def _on_read(self, file: str) -> None:
        self._say(Reading(file=file))

    def _on_wait(self, why: DownloadTrouble, seconds: float) -> None:
        self._say(Waiting(why=why, retry_s=seconds))

    def _on_bytes(self, count: int) -> None:
        self._done_bytes += count
        now = self._clock()
        self._came.append((now, count))
        while now - self._came[0][0] > WINDOW_S:
            self._came.popleft()
        if now - self._told_s >= TELL_INTERVAL_S:
            self._say(self._measured(now) if isinstance(self._state, Fetching) else self._state)

    def _measured(self, now: float) -> Fetching:
        """The speed of what came after the window's first bytes, and the time that the rest takes at it."""
        assert isinstance(self._state, Fetching)
        span = now - self._came[0][0]
        if span < SHORTEST_MEASURE_S:
            return self._state
        speed = sum(count for _, count in self._came if count > 0) - max(self._came[0][1], 0)
        rest = self._total_bytes - self._done_bytes
        rate = speed / span
        return Fetching(file=self._state.file, bytes_per_s=rate, eta_s=rest / rate if rate > 0 else None)

    def _say(self, state: DownloadState) -> None:
        self._state = state
        self._told_s = self._clock()
        self._tell(self.now(state))
