"""Playhead: where somebody is in a row of frames, and how it moves; exact to the frame."""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal

SPEEDS = (1.0, 2.0, 4.0, 8.0)


class Playhead(QObject):
    """What is played says how many frames it has, and at which rate.

    Signals:
        frame_changed: the picture at the playhead is another one, or has just arrived.
        range_changed: in or out moved.
        playing_changed: it plays, stopped, or plays at another speed.
    """

    frame_changed = Signal()
    range_changed = Signal()
    playing_changed = Signal()

    def __init__(self, parent: QObject | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._clock = clock
        self._index: int = 0
        self._in: int = 0
        self._out: int | None = None
        self._speed = 0.0
        self._repeats = True
        self._began: tuple[float, int] = (0.0, 0)
        self._timer = QTimer(self, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    @property
    def num_frames(self) -> int:
        """How many frames there are; 0 with nothing."""
        raise NotImplementedError

    @property
    def fps(self) -> float:
        """Of what is played."""
        raise NotImplementedError

    @property
    def index(self) -> int:
        """The frame at the playhead, 0-based."""
        return self._index

    @property
    def in_frame(self) -> int:
        """First frame of the range."""
        return self._in

    @property
    def out_frame(self) -> int:
        """The frame behind the range's last one."""
        return self.num_frames if self._out is None else min(self._out, self.num_frames)

    @property
    def speed(self) -> float:
        """Times the clip's rate; 0 stands still, below 0 is backwards."""
        return self._speed

    @property
    def repeats(self) -> bool:
        """At the end of the range it begins again."""
        return self._repeats

    def play(self, speed: float = 1.0) -> None:
        """Play at a speed; from the range's beginning when the playhead is at its end."""
        if self.num_frames > 1:
            first, last = self._in, self.out_frame - 1
            is_over = self._index >= last if speed > 0 else self._index <= first
            if is_over or not first <= self._index <= last:
                self._go(first if speed > 0 else last)
            self._set_speed(speed)

    def pause(self) -> None:
        """Stand still."""
        self._set_speed(0.0)

    def toggle(self) -> None:
        """Play, or stand still."""
        if self._speed:
            self.pause()
        else:
            self.play()

    def shuttle(self, direction: int) -> None:
        """L (1) and J (-1): play that way, and faster with every press."""
        speed = self._speed * direction
        faster = next((s for s in SPEEDS if s > speed), SPEEDS[-1]) if speed > 0 else 1.0
        self.play(faster * direction)

    def step(self, frames: int) -> None:
        """Stand still, so many frames on."""
        self.pause()
        self.seek(self._index + frames)

    def seek(self, index: int) -> None:
        """Go to a frame."""
        self._go(max(0, min(index, self.num_frames - 1)))

    def set_range(self, in_frame: int, out_frame: int | None) -> None:
        """Play from `in_frame` to before `out_frame` (None: the end)."""
        if (in_frame, out_frame) != (self._in, self._out):
            self._in, self._out = in_frame, out_frame
            self._restart()
            self.range_changed.emit()

    def set_repeats(self, repeats: bool) -> None:
        """Begin again at the end, or stop there."""
        self._repeats = repeats
        self.playing_changed.emit()

    @property
    def _wraps(self) -> bool:
        """Whether it begins again at the end of the range."""
        return self._repeats

    def _go(self, index: int) -> None:
        if index != self._index:
            self._index = index
            self._restart()
            self.frame_changed.emit()

    def _set_speed(self, speed: float) -> None:
        changed, self._speed = speed != self._speed, speed
        self._restart()
        if speed and self.fps:
            self._timer.start(self._interval_ms())
        else:
            self._timer.stop()
        if changed:
            self.playing_changed.emit()

    def _interval_ms(self) -> int:
        """Half a frame, so that none is late by more."""
        return max(8, int(500 / (self.fps * abs(self._speed))))

    def _restart(self) -> None:
        """Count from here: positions come from the clock, so that a slow frame delays no other."""
        self._began = (self._clock(), self._index)

    def _tick(self) -> None:
        began_s, index = self._began
        moved = int((self._clock() - began_s) * self.fps * self._speed)
        wanted, first, end = index + moved, self._in, self.out_frame
        if end <= first:
            return
        if not first <= wanted < end:
            if not self._wraps:
                self._index = end - 1 if self._speed > 0 else first
                self.pause()
                self.frame_changed.emit()
                return
            wanted = first + (wanted - first) % (end - first)
        if wanted != self._index:
            self._index = wanted
            self.frame_changed.emit()
