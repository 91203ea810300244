"""ClipThumbnail: a clip that plays while somebody points at it, or a running job's preview, which always moves."""

import itertools

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtGui import QHideEvent, QImage, QPaintEvent
from PySide6.QtWidgets import QWidget

from studio.models.playback import Clip
from studio.models.reel import Reel
from studio.models.studio import Studio
from studio.style.tokens import Theme
from studio.widgets.thumbnail import Thumbnail

BOX_PX = 256
"""Small, and the same for all: a thumbnail that gets larger asks for nothing anew."""
FASTEST_MS = 40
_numbers = itertools.count(1)


class ClipThumbnail(Thumbnail):
    """Asks for frames only once it is painted, and for more than one only while it plays."""

    def __init__(self, studio: Studio, theme: Theme, clip: Clip | None = None, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._studio = studio
        self._reel: Reel = studio.reel(f"thumbnail {next(_numbers)}")
        self._reel.setParent(self)
        self._reel.arrived.connect(self._on_arrived)
        self._clip: Clip | None = None
        self._shown: tuple[int, int] = (0, 0)
        self._job_id: str | None = None
        self._jpeg: bytes | None = None
        self._index: int = 0
        self._plays: bool = False
        self._moves: bool = True
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._advance)
        self.hovered.connect(self._on_hovered)
        studio.jobs.previewed.connect(self._on_previewed)
        self.show_clip(clip)

    @property
    def clip(self) -> Clip | None:
        """What it stands for; None with a job's preview, or with nothing."""
        return self._clip

    @property
    def plays(self) -> bool:
        """Whether it moves."""
        return self._timer.isActive()

    @property
    def is_bare(self) -> bool:
        """Whether it stands for nothing that can be seen."""
        return self._clip is None and self._job_id is None

    def show_clip(self, clip: Clip | None, shown: tuple[int, int] | None = None) -> None:
        """Stand for a clip (or still), or for nothing; of the clip from the first frame of `shown` to before the last
        one, all of it by default."""
        shown = shown or (0, clip.num_frames if clip else 0)
        if (clip, shown) == (self._clip, self._shown) and self._job_id is None:
            return
        last = self.image if clip is not None and clip.key == self._job_id else None
        self._job_id, self._clip, self._shown = None, clip, shown
        self._forget()
        self.show_image(last)  # the last preview of a take, until the take itself is here
        self._reel.load(clip.media if clip else None, (BOX_PX, BOX_PX) if clip else (None, None))
        self.update()

    def show_job(self, job_id: str, *, moves: bool = True) -> None:
        """Stand for a job: its newest preview, moving while it is at work."""
        if (job_id, moves) != (self._job_id, self._moves):
            self._job_id, self._clip, self._moves = job_id, None, moves
            self._forget()
            self._reel.load(None)
            self._on_previewed(job_id)

    def play(self) -> None:
        """Move, from the beginning."""
        self._plays, self._index = True, self._shown[0]
        self._advance()

    def rest(self) -> None:
        """Stand still on the frame that stands for all of them."""
        self._plays = False
        self._timer.stop()
        self._show()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        """Being painted is being visible: this is when frames are asked for."""
        if self._job_id is not None and not self._timer.isActive():
            self._advance_preview()
        elif self._jpeg is None and self._clip is not None:
            self._show()
        super().paintEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802  Qt's name
        """Nobody sees it move."""
        super().hideEvent(event)
        self._timer.stop()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802  Qt's name
        """Stand still where nothing can be done with it."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange and not self.isEnabled():
            self.rest()

    @property
    def _still(self) -> int:
        """The middle: clips that are made from each other begin or end alike."""
        return sum(self._shown) // 2

    def _forget(self) -> None:
        self._timer.stop()
        self._jpeg, self._index, self._plays = None, 0, False
        self.show_image(None)

    def _on_hovered(self, is_over: bool) -> None:
        if self._job_id is not None:
            return
        if is_over and self._clip is not None and self._clip.num_frames > 1:
            self.play()
        else:
            self.rest()

    def _on_previewed(self, job_id: str) -> None:
        if job_id == self._job_id and self.isVisible():
            self._advance_preview()

    def _on_arrived(self) -> None:
        if not self._plays or self._jpeg is None:
            self._show()

    def _advance(self) -> None:
        if self._job_id is not None:
            self._advance_preview()
        elif self._clip is not None and self._plays:
            self._show()
            first, end = self._shown
            self._index = first + (self._index - first + self._tick(self._clip.fps)) % max(1, end - first)

    def _advance_preview(self) -> None:
        live = self._studio.jobs.preview(self._job_id) if self._job_id else None
        if live is None or not live.jpegs or not self._moves:
            self._timer.stop()
            if live is not None and live.jpegs:
                self._decode(live.jpegs[len(live.jpegs) // 2])
            return
        self._index = (self._index + self._tick(live.preview.fps)) % len(live.jpegs)
        self._decode(live.jpegs[self._index])

    def _tick(self, fps: float) -> int:
        """Go on after a frame of that rate, or after some; returns how many those are."""
        interval_ms = max(FASTEST_MS, round(1000 / fps))
        if not self._timer.isActive() or self._timer.interval() != interval_ms:
            self._timer.start(interval_ms)
        return max(1, round(fps * interval_ms / 1000))

    def _show(self) -> None:
        """The frame of now, if it is here; before any is, the one that stands for all."""
        if self._clip is None:
            return
        frame = self._reel.frame(self._index) if self._plays else self._reel.frame(self._still, ahead=1)
        if frame is not None:
            self._decode(frame)

    def _decode(self, jpeg: bytes) -> None:
        if jpeg is not self._jpeg:
            self._jpeg = jpeg
            self.show_image(QImage.fromData(jpeg))
