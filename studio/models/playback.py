"""Playback: what the viewer shows and where its playhead is; exact to the frame."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from studio.link.trouble import Trouble
from studio.models.jobs import JobList, LivePreview
from studio.models.playhead import Playhead
from studio.models.reel import Reel


@dataclass(frozen=True)
class Clip:
    """A take, or footage, as the viewer needs it; a still has one frame and no rate.

    Attributes:
        key: id of the take, or sha256 of the footage.
    """

    key: str
    media: str
    num_frames: int
    fps: float
    width: int
    height: int


class Playback(Playhead):
    """One clip (or a running job's preview), a playhead, and a range; a second clip may be compared with it.

    Signals:
        shown_changed: another clip or job is shown, or another one is compared.
        frame_changed: the picture at the playhead is another one, has just arrived, or will not come (`trouble`).
    """

    shown_changed = Signal()

    def __init__(
        self,
        jobs: JobList,
        reel: Reel,
        other: Reel,
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent, clock)
        self._jobs = jobs
        self._reel = reel
        self._other = other
        self._clip: Clip | None = None
        self._compared: Clip | None = None
        self._job_id: str | None = None
        self._previewed = 0
        self._box_px: tuple[int | None, int | None] = (None, None)
        for each in (reel, other):
            each.arrived.connect(self.frame_changed)
            each.failed.connect(self._on_failed)
        jobs.previewed.connect(self._on_preview)

    @property
    def clip(self) -> Clip | None:
        """What is shown; None with a job's preview, or with nothing."""
        return self._clip

    @property
    def compared(self) -> Clip | None:
        """What is shown beside it, in sync."""
        return self._compared

    @property
    def job_id(self) -> str | None:
        """The job whose preview is shown."""
        return self._job_id

    @property
    def preview(self) -> LivePreview | None:
        """The newest preview of that job."""
        return self._jobs.preview(self._job_id) if self._job_id else None

    @property
    def num_frames(self) -> int:
        """Of what is shown."""
        if self._clip is not None:
            return self._clip.num_frames
        return len(self.preview.jpegs) if self.preview else 0

    @property
    def fps(self) -> float:
        """Of what is shown."""
        if self._clip is not None:
            return self._clip.fps
        return self.preview.preview.fps if self.preview else 24.0

    @property
    def trouble(self) -> Trouble | None:
        """Why the picture does not come; None while it may."""
        return self._reel.trouble if self._clip is not None else None

    @property
    def buffered(self) -> list[tuple[int, int]]:
        """The stretches of frames that are here, as first and the one behind the last."""
        return self._reel.buffered() if self._clip is not None else [(0, self.num_frames)]

    def ask_again(self) -> None:
        """Try to get the picture after trouble."""
        self._reel.again()

    def picture(self) -> bytes | None:
        """The frame at the playhead as a JPEG; None while it is on its way."""
        if self._job_id is not None:
            shown = self.preview
            return shown.jpegs[min(self._index, len(shown.jpegs) - 1)] if shown and shown.jpegs else None
        return self._reel.frame(self._index) if self._clip else None

    def compared_picture(self) -> bytes | None:
        """The other clip's frame of the same instant."""
        if self._compared is None or self._clip is None:
            return None
        instant = self._index / self._clip.fps * self._compared.fps
        return self._other.frame(min(int(instant + 1e-6), self._compared.num_frames - 1))

    def show(self, clip: Clip | None, in_frame: int = 0, out_frame: int | None = None) -> None:
        """Look at a clip from its beginning (or at nothing); the same clip keeps its playhead."""
        if clip == self._clip and self._job_id is None:
            self.set_range(in_frame, out_frame)
            return
        was_job, self._clip, self._job_id = self._job_id is not None, clip, None
        self._reel.load(clip.media if clip else None, self._box(clip))
        self._index, self._in, self._out = in_frame, in_frame, out_frame
        if self._compared is not None and (clip is None or clip.key == self._compared.key):
            self._compared = None
        stands = was_job or clip is None or clip.num_frames < 2
        self._set_speed(0.0 if stands else self._speed)
        self.shown_changed.emit()
        self.range_changed.emit()
        self.frame_changed.emit()

    def show_job(self, job_id: str) -> None:
        """Look at a running job's preview, moving."""
        if job_id == self._job_id:
            return
        self._clip, self._job_id, self._compared = None, job_id, None
        self._index, self._in, self._out = 0, 0, None
        self._set_speed(1.0)
        self.shown_changed.emit()
        self.frame_changed.emit()

    def compare(self, clip: Clip | None) -> None:
        """Show a second clip beside the first, in sync; None ends that."""
        if clip != self._compared:
            self._compared = clip
            self._other.load(clip.media if clip else None, self._box(clip))
            self.shown_changed.emit()
            self.frame_changed.emit()

    def fit(self, width_px: int, height_px: int) -> None:
        """How large the picture is shown, in device pixels; frames are fetched no larger."""
        box = (_rounded_up(width_px), _rounded_up(height_px))
        if box != self._box_px:
            self._box_px = box
            for reel, clip in ((self._reel, self._clip), (self._other, self._compared)):
                reel.load(clip.media if clip else None, self._box(clip))
            self.frame_changed.emit()

    @property
    def _wraps(self) -> bool:
        return self._repeats or self._job_id is not None

    def _box(self, clip: Clip | None) -> tuple[int | None, int | None]:
        """What to fetch frames for: a clip that is no larger than the viewer stays the same when that is resized."""
        width, height = self._box_px
        if clip is None or (width and height and clip.width <= width and clip.height <= height):
            return None, None
        return self._box_px

    def _on_preview(self, job_id: str) -> None:
        if job_id == self._job_id:
            if self.num_frames != self._previewed:
                self._previewed = self.num_frames
                self._index = min(self._index, max(0, self.num_frames - 1))
                self._restart()
            if self._timer.isActive() and self._timer.interval() != self._interval_ms():
                self._set_speed(self._speed)
            self.frame_changed.emit()

    def _on_failed(self, _: Trouble) -> None:
        self.frame_changed.emit()


def _rounded_up(edge_px: int) -> int:
    """To steps, so that a dragged splitter does not fetch everything anew for every pixel."""
    return min(2048, math.ceil(edge_px / 256) * 256)
