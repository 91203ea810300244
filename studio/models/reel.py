"""Reel: the frames of one clip as JPEGs, fetched ahead of the playhead and forgotten far behind it."""

from collections import OrderedDict
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, Signal

from engine.protocol.clip_frames import ClipFrames
from studio.link.link import Link
from studio.link.state import Connected
from studio.link.trouble import Trouble

BATCH = 24
MOST_BYTES = 192 * 1024 * 1024
AHEAD = 3 * BATCH
"""Frames fetched before they are needed."""

Bring = Callable[[str, Callable[[], None], Callable[[Trouble], None]], None]
"""Lets the engine have a file (sha256), then goes on."""
Box = tuple[int | None, int | None]


class Reel(QObject):
    """One clip or still, in one size; `viewer` names who looks, so that only the newest ask counts.

    After trouble nothing is asked for until another clip is loaded, `again` is called, or the engine is back: a
    picture that is painted over and over must not ask over and over.

    Signals:
        arrived: frames came that were not there before.
        failed: there will be none (Trouble).
    """

    arrived = Signal()
    failed = Signal(object)

    def __init__(self, link: Link, bring: Bring, viewer: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._bring = bring
        self._viewer = viewer
        self._media: str | None = None
        self._box_px: Box = (None, None)
        self._frames: OrderedDict[int, bytes] = OrderedDict()
        self._bytes = 0
        self._asked: tuple[int, int] | None = None
        self._trouble: Trouble | None = None
        self._last = 0
        self._backward = False
        self._generation = 0
        self.total_frames = 0
        link.state_changed.connect(self._on_state)

    @property
    def trouble(self) -> Trouble | None:
        """Why no frames come; None when they do."""
        return self._trouble

    def load(self, media: str | None, box_px: Box = (None, None)) -> None:
        """Look at another clip, or at none; frames are at most as large as the box."""
        if (media, box_px) == (self._media, self._box_px):
            return
        if media != self._media:
            self.total_frames = self._last = 0
        self._media, self._box_px = media, box_px
        self._frames.clear()
        self._bytes, self._asked, self._trouble, self._backward = 0, None, None, False
        self._generation += 1

    def frame(self, index: int, ahead: int = AHEAD) -> bytes | None:
        """The frame, or None while it is on its way; so many more are fetched in the direction of the last asks."""
        if self._media is None or index < 0:
            return None
        if index != self._last:
            self._backward, self._last = index == self._last - 1 or (index < self._last and self._backward), index
        found = self._frames.get(index)
        if found is not None:
            self._frames.move_to_end(index)
        missing = next((each for each in self._needed(index, ahead) if each not in self._frames), None)
        if missing is not None:
            self._ask(*self._batch(missing, ahead))
        return found

    def again(self) -> None:
        """Ask once more after trouble."""
        self._trouble = self._asked = None
        self._generation += 1
        self.arrived.emit()

    def buffered(self) -> list[tuple[int, int]]:
        """The stretches of frames that are here, as first and the one behind the last."""
        stretches: list[tuple[int, int]] = []
        for index in sorted(self._frames):
            if stretches and stretches[-1][1] == index:
                stretches[-1] = (stretches[-1][0], index + 1)
            else:
                stretches.append((index, index + 1))
        return stretches

    def _needed(self, index: int, ahead: int) -> Iterator[int]:
        """This frame and those that follow, as far as they exist; before the clip's length is known, only this one."""
        if self._backward:
            return iter(range(index, max(-1, index - ahead), -1))
        return iter(range(index, min(index + ahead, max(self.total_frames, index + 1))))

    def _batch(self, missing: int, ahead: int) -> tuple[int, int]:
        """First and count of what to ask for, so that the missing frame and its neighbours come."""
        count = min(BATCH, max(1, ahead))
        first = max(0, missing - count + 1) if self._backward else missing
        return first, count

    def _ask(self, first: int, count: int) -> None:
        media, asked = self._media, self._asked
        if media is None or self._trouble is not None or (asked and asked[0] <= first < sum(asked)):
            return
        self._asked = (first, count)
        generation = self._generation

        def bring(_: Trouble) -> None:
            if self._is_of(generation):
                self._bring(media, again, failed)

        def again() -> None:
            if self._is_of(generation):
                asked = self._asked or (first, count)
                self._link.frames(self._viewer, media, *asked, self._box_px, take, failed)

        def take(frames: ClipFrames) -> None:
            if self._is_of(generation):
                self._keep(frames)

        def failed(trouble: Trouble) -> None:
            if self._is_of(generation):
                self._fail(trouble)

        self._link.frames(self._viewer, media, first, count, self._box_px, take, bring)

    def _is_of(self, generation: int) -> bool:
        return generation == self._generation

    def _keep(self, frames: ClipFrames) -> None:
        if self._asked is not None and self._asked[0] == frames.first:
            self._asked = None
        self.total_frames = frames.total_frames
        for index, jpeg in enumerate(frames.jpegs, frames.first):
            self._bytes += len(jpeg) - len(self._frames.pop(index, b""))
            self._frames[index] = jpeg
        while self._bytes > MOST_BYTES and len(self._frames) > 1:
            _, gone = self._frames.popitem(last=False)
            self._bytes -= len(gone)
        self.arrived.emit()

    def _fail(self, trouble: Trouble) -> None:
        self._asked, self._trouble = None, trouble
        self.failed.emit(trouble)

    def _on_state(self, state: object) -> None:
        if isinstance(state, Connected) and self._trouble is not None:
            self.again()
