"""FilmScreen: the film at the playhead, with what is mixed in a transition, and what is being made of a shot."""

from collections import OrderedDict
from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFocusEvent, QImage, QPainter, QShowEvent

from studio.models.screening import Layer
from studio.models.studio import Studio
from studio.style.tokens import Theme
from studio.views.storyboard_words import centre_words
from studio.widgets.picture import Picture

MOST_DECODED = 6


class FilmScreen(Picture):
    """Follows the screening. While a frame is on its way the last picture stands in for it."""

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__(theme)
        self._studio = studio
        self._decoded: OrderedDict[bytes, QImage] = OrderedDict()
        self._shown: object = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Film"))
        studio.screening.frame_changed.connect(self.look)
        studio.jobs.previewed.connect(self._on_preview)
        self.resized.connect(studio.screening.fit)

    def look(self) -> None:
        """Show what the film has at the playhead, if somebody sees it."""
        if not self.isVisible():
            return
        layers = self._studio.screening.layers()
        if any(layer.is_coming for layer in layers):
            return
        parts = [(self._picture(layer), layer.opacity) for layer in layers]
        shown = [(id(picture), opacity) for picture, opacity in parts]
        if shown != self._shown:
            self._shown = shown
            self._keep = parts  # so that no other picture gets the place (id) of one of these
            self.show_images(self._mixed(parts))
        self.tell(self._caption_of(layers))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  Qt's name
        """It is seen."""
        super().showEvent(event)
        self.look()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802  Qt's name
        """Show that keys are meant for it, to those who came by keys."""
        super().focusInEvent(event)
        self.frame(event.reason() != Qt.FocusReason.MouseFocusReason)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802  Qt's name
        """No more."""
        super().focusOutEvent(event)
        self.frame(False)

    def _picture(self, layer: Layer) -> QImage | None:
        """The frame of the take; of a shot that has none what is being made of it, moving with the film."""
        if layer.picture is not None:
            return self._decode(layer.picture)
        job = self._studio.storyboard.job_of(layer.shot)
        live = self._studio.jobs.preview(job.id) if job is not None else None
        if live is None or not live.jpegs:
            return None
        offset_s = self._studio.screening.index - self._studio.screening.place_of(layer.shot.id).first_frame
        frame = int(offset_s / self._studio.screening.fps * live.preview.fps) % len(live.jpegs)
        return self._decode(live.jpegs[frame])

    def _decode(self, jpeg: bytes) -> QImage:
        image = self._decoded.pop(jpeg, None)
        image = QImage.fromData(jpeg) if image is None else image
        self._decoded[jpeg] = image
        if len(self._decoded) > MOST_DECODED:
            self._decoded.popitem(last=False)
        return image

    def _mixed(self, parts: Sequence[tuple[QImage | None, float]]) -> QImage | None:
        """One picture of all layers: each over those before it, the first one over black."""
        if len(parts) == 1 and parts[0][1] == 1.0:
            return parts[0][0]
        first = next((picture for picture, _ in parts if picture is not None), None)
        if first is None:
            return None
        made = QImage(first.size(), QImage.Format.Format_RGB32)
        made.fill(Qt.GlobalColor.black)
        painter = QPainter(made)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for picture, opacity in parts:
            painter.setOpacity(opacity)
            if picture is None:
                painter.fillRect(made.rect(), Qt.GlobalColor.black)
            else:
                painter.drawImage(_fitted(picture.size(), made.size()), picture)
        painter.end()
        return made

    def _caption_of(self, layers: Sequence[Layer]) -> str:
        """What stands in the place of a picture that nobody has made yet."""
        if not layers or layers[-1].shot.selected is not None:
            return ""
        shot, storyboard = layers[-1].shot, self._studio.storyboard
        said = self.tr("{shot}: {state}")
        return said.format(shot=shot.name, state=centre_words(shot, storyboard.job_of(shot), self._studio))

    def _on_preview(self, job_id: str) -> None:
        job = self._studio.jobs.get(job_id)
        shot = self._studio.screening.shot_at(self._studio.screening.index)
        if job is not None and shot is not None and job.request.shot == shot.id:
            self.look()


def _fitted(size: QSize, whole: QSize) -> QRectF:
    """The largest place of this shape in the middle of the whole."""
    fitted = size.scaled(whole, Qt.AspectRatioMode.KeepAspectRatio)
    left, top = (whole.width() - fitted.width()) / 2, (whole.height() - fitted.height()) / 2
    return QRectF(left, top, fitted.width(), fitted.height())
