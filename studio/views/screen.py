"""Screen: the picture at the playhead, or what a running job has so far."""

from collections.abc import Iterator

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from engine.protocol.events import Progress
from engine.protocol.job import Running
from studio.models.studio import Studio
from studio.style.tokens import Theme
from studio.views.queue_words import part_done, running_words, state_words, whole_seconds
from studio.views.words import number
from studio.widgets.picture import Picture

HOLD_MS = 400
"""For so long the last picture stands in for one that is on its way: a blink of black would be worse."""


class Screen(Picture):
    """Follows the playback; there may be several.

    Signals:
        state_changed: it shows something else than a picture, or a picture again.
    """

    state_changed = Signal()

    def __init__(self, studio: Studio, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._studio = studio
        self._decoded: dict[bool, tuple[bytes, QImage]] = {}
        self._waits = QTimer(self, singleShot=True, interval=HOLD_MS)
        self._waits.timeout.connect(self._give_up)
        self._state: object = None
        self._previewed: str | None = None
        playback, jobs = studio.playback, studio.jobs
        playback.frame_changed.connect(self.look)
        playback.shown_changed.connect(self._on_shown)
        jobs.progressed.connect(self._on_progress)
        jobs.job_changed.connect(self.look)
        self.resized.connect(self._fit)
        self._on_shown()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be seen, and nothing is coming."""
        playback = self._studio.playback
        return playback.clip is None and playback.job_id is None

    @property
    def is_waiting(self) -> bool:
        """Whether a picture is wanted that is not here."""
        return not self.is_empty and self.image is None

    def look(self, *_: object) -> None:
        """Show what the playback has now."""
        playback = self._studio.playback
        picture = playback.picture()
        if picture is not None:
            self._waits.stop()
            self._previewed = playback.job_id
            self.show_images(self._image_of(picture), self._other_image())
        elif self.is_empty or playback.job_id is not None or playback.trouble is not None:
            self._waits.stop()
            self.show_images(None)
        elif self.image is not None and not self._waits.isActive():
            self._waits.start()
        self._tell()
        job = self._studio.jobs.get(playback.job_id) if playback.job_id else None
        kind = job.state.kind if job is not None else None
        state = (self.is_empty, self.is_waiting, playback.trouble, playback.job_id, kind)
        if state != self._state:
            self._state = state
            self.state_changed.emit()

    def _image_of(self, jpeg: bytes, is_other: bool = False) -> QImage:
        """Decoded once: it is asked for as often as the window is painted."""
        known = self._decoded.get(is_other)
        if known is None or known[0] is not jpeg:
            known = self._decoded[is_other] = (jpeg, QImage.fromData(jpeg))
        return known[1]

    def _other_image(self) -> QImage | None:
        playback = self._studio.playback
        if playback.compared is None:
            return None
        jpeg = playback.compared_picture()
        if jpeg is None:
            return self.other or QImage()
        return self._image_of(jpeg, is_other=True)

    def _on_shown(self) -> None:
        playback = self._studio.playback
        names = self._name(playback.clip), self._name(playback.compared)
        self.name_images(*names)
        self.look()

    def _name(self, clip: object) -> str:
        """What a take is called in its shot."""
        key = getattr(clip, "key", None)
        for shot in self._studio.film.project.shots:
            for place, take in enumerate(shot.takes, 1):
                if take.id == key:
                    return self.tr("Take {number}").format(number=number(place))
        return ""

    def _on_progress(self, job_id: str) -> None:
        if job_id == self._studio.playback.job_id:
            self._tell()

    def _tell(self) -> None:
        """How far the job is whose preview this is."""
        jobs, job_id = self._studio.jobs, self._studio.playback.job_id
        job = jobs.get(job_id) if job_id else None
        if job is None or job_id is None:
            self.tell("")
            return
        progress = jobs.progress(job_id)
        if not isinstance(job.state, Running):
            self.tell("" if self.image is None else state_words(job, self._studio))
            return
        if progress is not None and progress.stage == "denoise" and job.wish is None:
            words = " · ".join(self._step_words(progress, jobs.eta_s(job_id)))
        else:
            words = running_words(job, self._studio)
        self.tell(words, part_done(progress) or 0.0)

    def _step_words(self, progress: Progress, eta_s: float | None) -> Iterator[str]:
        said = self.tr("step {step}/{total}")
        yield said.format(step=number(progress.step), total=number(progress.total_steps))
        if eta_s is not None:
            yield self.tr("{time} left").format(time=whole_seconds(max(1.0, eta_s)))

    def _fit(self, width_px: int, height_px: int) -> None:
        self._studio.playback.fit(width_px, height_px)

    def _give_up(self) -> None:
        """The last picture has stood in for long enough: what is shown is not it."""
        playback = self._studio.playback
        is_its_preview = playback.clip is not None and playback.clip.key == self._previewed
        if playback.picture() is None and not is_its_preview:
            self.show_images(None)
            self.look()
