"""Thumbnail: a small picture with a number, a few words and a line of progress upon it."""

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFontMetrics,
    QImage,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QTextOption,
)
from PySide6.QtWidgets import QWidget

from studio.style.tokens import GRID_PX, RADIUS_PX, Theme

BADGE_PX = 11
PLATE_OPACITY = 0.78
PROGRESS_PX = 3


class Thumbnail(QWidget):
    """Fills its size with a picture, cropped evenly.

    Signals:
        hovered: somebody points at it (True), or no more.
    """

    hovered = Signal(bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._image: QImage | None = None
        self._mark = self._words = self._centre = ""
        self._progress: float | None = None
        self._is_selected = self._is_alarming = False

    @property
    def image(self) -> QImage | None:
        """What is shown."""
        return self._image

    @property
    def words(self) -> str:
        """What stands at its bottom."""
        return self._words

    def show_image(self, image: QImage | None) -> None:
        """Show a picture, or none."""
        if image is not self._image:
            self._image = image
            self.update()

    def mark(self, mark: str = "", words: str = "", centre: str = "") -> None:
        """A number in its corner, words at its bottom, and in its middle words that stand for a picture."""
        if (mark, words, centre) != (self._mark, self._words, self._centre):
            self._mark, self._words, self._centre = mark, words, centre
            self.update()

    def show_progress(self, progress: float | None) -> None:
        """How far it is (0 to 1)."""
        if progress != self._progress:
            self._progress = progress
            self.update()

    def select(self, is_selected: bool) -> None:
        """Draw a ring around it."""
        if is_selected != self._is_selected:
            self._is_selected = is_selected
            self.update()

    def alarm(self, is_alarming: bool) -> None:
        """Draw its edge as that of something that went wrong."""
        if is_alarming != self._is_alarming:
            self._is_alarming = is_alarming
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """A small 4:3."""
        return QSize(16 * GRID_PX, 12 * GRID_PX)

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        """Somebody points at it."""
        super().enterEvent(event)
        self.hovered.emit(True)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """No more."""
        super().leaveEvent(event)
        self.hovered.emit(False)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint it."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.SmoothPixmapTransform | QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect())
        outline = QPainterPath()
        outline.addRoundedRect(whole.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)
        is_note = self._image is None and bool(self._centre)  # a black hole would say that something is missing
        painter.fillPath(outline, QColor(self._theme.raised if is_note else self._theme.stage))
        painter.save()
        painter.setClipPath(outline)
        if self._image is not None and not self._image.isNull():
            painter.drawImage(whole, self._image, cover(self._image, whole))
        if self._progress is not None:
            self._paint_progress(painter, whole)
        painter.restore()
        self._paint_words(painter, whole)
        quiet = self._theme.bad if self._is_alarming else self._theme.line
        ring, width = (self._theme.accent, 2) if self._is_selected else (quiet, 1)
        painter.setPen(QPen(QColor(ring), width))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(whole.adjusted(width / 2, width / 2, -width / 2, -width / 2), RADIUS_PX, RADIUS_PX)

    def _paint_progress(self, painter: QPainter, whole: QRectF) -> None:
        line = QRectF(0, whole.height() - PROGRESS_PX, whole.width(), PROGRESS_PX)
        painter.fillRect(line, QColor(self._theme.line))
        line.setWidth(whole.width() * (self._progress or 0))
        if self.isRightToLeft():
            line.moveRight(whole.width())
        painter.fillRect(line, QColor(self._theme.accent))

    def _paint_words(self, painter: QPainter, whole: QRectF) -> None:
        font = self.font()
        font.setPixelSize(BADGE_PX)
        painter.setFont(font)
        metrics, inset = QFontMetrics(font), GRID_PX / 2
        room = whole.width() - 2 * inset - GRID_PX
        height = metrics.height() + 2
        bottom = whole.height() - inset - height - (PROGRESS_PX if self._progress is not None else 0)
        for text, top in ((self._mark, inset), (self._words, bottom)):
            if text:
                said = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(room))
                place = QRectF(inset, top, metrics.horizontalAdvance(said) + GRID_PX, height)
                if self.isRightToLeft():
                    place.moveRight(whole.width() - inset)
                self._plate(painter, place, said)
        if self._centre:
            painter.setPen(QColor(self._theme.on_stage if self._image is not None else self._theme.text))
            option = QTextOption(Qt.AlignmentFlag.AlignCenter)
            option.setTextDirection(self.layoutDirection())
            option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
            painter.drawText(whole.adjusted(GRID_PX, height, -GRID_PX, -GRID_PX), self._centre, option)

    def _plate(self, painter: QPainter, place: QRectF, text: str) -> None:
        plate = QColor(self._theme.stage)
        plate.setAlphaF(PLATE_OPACITY)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(plate)
        painter.drawRoundedRect(place, RADIUS_PX / 2, RADIUS_PX / 2)
        painter.setPen(QColor(self._theme.on_stage))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)


def cover(image: QImage, whole: QRectF) -> QRectF:
    """The part of the picture that has the shape of its place."""
    scale = min(image.width() / max(1.0, whole.width()), image.height() / max(1.0, whole.height()))
    width, height = whole.width() * scale, whole.height() * scale
    return QRectF((image.width() - width) / 2, (image.height() - height) / 2, width, height)
