"""Picture: one picture, or two beside each other, as large as fits on near-black."""

from collections.abc import Iterator
from typing import Literal

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.style.tokens import GRID_PX, RADIUS_PX, SECONDARY_PX, Theme

ComparedAs = Literal["beside", "wipe"]
PROGRESS_PX = 2
GRAB_PX = GRID_PX
PLATE_OPACITY = 0.72


class Picture(QWidget):
    """Letterboxed, smoothly scaled, with a line of progress and small words on plates.

    Signals:
        double_clicked: somebody wants it larger, or smaller again.
        resized: there is room for this size, in device pixels.
    """

    double_clicked = Signal()
    resized = Signal(int, int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._image: QImage | None = None
        self._other: QImage | None = None
        self._names = ("", "")
        self._caption = ""
        self._progress: float | None = None
        self._compared_as: ComparedAs = "beside"
        self._split = 0.5
        self._grabbed = False
        self._is_framed = False
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(20 * GRID_PX, 15 * GRID_PX)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    @property
    def image(self) -> QImage | None:
        """What is shown."""
        return self._image

    @property
    def other(self) -> QImage | None:
        """What is shown beside it."""
        return self._other

    @property
    def caption(self) -> str:
        """The small words at the bottom."""
        return self._caption

    @property
    def compared_as(self) -> ComparedAs:
        """How two are shown."""
        return self._compared_as

    @property
    def room_px(self) -> tuple[int, int]:
        """Its size in device pixels."""
        ratio = self.devicePixelRatioF()
        return round(self.width() * ratio), round(self.height() * ratio)

    def show_images(self, image: QImage | None, other: QImage | None = None) -> None:
        """Show one picture, or two."""
        if image is not self._image or other is not self._other:
            self._image, self._other = image, other
            self.update()

    def name_images(self, name: str, other: str) -> None:
        """Small words upon two pictures; nothing is written upon one alone."""
        if (name, other) != self._names:
            self._names = (name, other)
            self.update()

    def tell(self, caption: str, progress: float | None = None) -> None:
        """Small words at the bottom, and how far something is (0 to 1)."""
        if (caption, progress) != (self._caption, self._progress):
            self._caption, self._progress = caption, progress
            self.update()

    def frame(self, is_framed: bool) -> None:
        """Draw a thin frame: it has the focus."""
        self._is_framed = is_framed
        self.update()

    def compare_as(self, compared_as: ComparedAs) -> None:
        """Show two beside each other, or one wiped over the other."""
        self._compared_as = compared_as
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """A picture wants room; any size will do."""
        return QSize(96 * GRID_PX, 54 * GRID_PX)

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802
        """Paint it."""
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.SmoothPixmapTransform | QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(self._theme.stage))
        for image, area, clip in self._parts():
            painter.save()
            painter.setClipRect(clip)
            painter.drawImage(self._fitted(image, area), image)
            painter.restore()
        if self._other is not None:
            self._paint_names(painter)
        if self._caption:
            self._plate(painter, QPointF(2 * GRID_PX, self.height() - 2 * GRID_PX), self._caption)
        if self._progress is not None:
            self._paint_progress(painter)
        if self._is_framed:
            painter.setPen(QPen(QColor(self._theme.accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Tell how much room there is."""
        super().resizeEvent(event)
        self.resized.emit(*self.room_px)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Grab the edge of a wipe."""
        self._grabbed = event.button() == Qt.MouseButton.LeftButton and self._is_at_split(event.position().x())
        if not self._grabbed:
            event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Move the edge of a wipe."""
        x = event.position().x()
        if self._grabbed:
            self._split = min(1.0, max(0.0, x / max(1, self.width())))
            self.update()
        near = self._grabbed or self._is_at_split(x)
        self.setCursor(Qt.CursorShape.SplitHCursor if near else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, _: QMouseEvent) -> None:  # noqa: N802
        """Let the edge go."""
        self._grabbed = False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Larger, or smaller again."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.double_clicked.emit()

    def _is_at_split(self, x: float) -> bool:
        return self._is_wipe and abs(x - self._split * self.width()) <= GRAB_PX

    @property
    def _is_wipe(self) -> bool:
        return self._other is not None and self._compared_as == "wipe"

    def _parts(self) -> Iterator[tuple[QImage, QRectF, QRectF]]:
        """Each picture, the room it is fitted into, and the part of it that is seen."""
        whole = QRectF(self.rect())
        if self._other is None or self._image is None:
            image = self._image if self._image is not None else self._other
            if image is not None:
                yield image, whole, whole
            return
        if self._compared_as == "beside":
            half = (whole.width() - GRID_PX) / 2
            left, right = QRectF(0, 0, half, whole.height()), QRectF(half + GRID_PX, 0, half, whole.height())
            yield self._image, left, left
            yield self._other, right, right
        else:
            x = self._split * whole.width()
            yield self._image, whole, QRectF(0, 0, x, whole.height())
            yield self._other, whole, QRectF(x, 0, whole.width() - x, whole.height())

    def _fitted(self, image: QImage, area: QRectF) -> QRectF:
        """The largest place of the picture's shape within the area, on whole device pixels."""
        ratio = self.devicePixelRatioF()
        size = image.size().scaled(
            round(area.width() * ratio), round(area.height() * ratio), Qt.AspectRatioMode.KeepAspectRatio
        )
        left = round((area.left() + area.width() / 2) * ratio - size.width() / 2)
        top = round((area.top() + area.height() / 2) * ratio - size.height() / 2)
        return QRectF(left / ratio, top / ratio, size.width() / ratio, size.height() / ratio)

    def _paint_names(self, painter: QPainter) -> None:
        if self._is_wipe:
            x = self._split * self.width()
            painter.setPen(QPen(QColor(self._theme.on_stage), 1))
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        top = 2 * GRID_PX + self._plate_height()
        right = self.width() - 2 * GRID_PX - self._plate_width(painter, self._names[1])
        self._plate(painter, QPointF(2 * GRID_PX, top), self._names[0])
        self._plate(painter, QPointF(right, top), self._names[1])

    def _paint_progress(self, painter: QPainter) -> None:
        line = QRect(0, self.height() - PROGRESS_PX, self.width(), PROGRESS_PX)
        done = QRectF(line)
        done.setWidth(line.width() * (self._progress or 0.0))
        if self.isRightToLeft():
            done.moveRight(line.right() + 1)
        painter.fillRect(line, QColor(self._theme.line))
        painter.fillRect(done, QColor(self._theme.accent))

    def _plate(self, painter: QPainter, bottom_left: QPointF, text: str) -> None:
        """Words upon a dark plate, so that they can be read on any picture."""
        if not text:
            return
        width, height = self._plate_width(painter, text), self._plate_height()
        place = QRectF(bottom_left.x(), bottom_left.y() - height, width, height)
        if self.isRightToLeft() and text == self._caption:
            place.moveRight(self.width() - bottom_left.x())
        plate = QColor(self._theme.stage)
        plate.setAlphaF(PLATE_OPACITY)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(plate)
        painter.drawRoundedRect(place, RADIUS_PX, RADIUS_PX)
        painter.setPen(QColor(self._theme.on_stage))
        self._small(painter)
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)

    def _plate_width(self, painter: QPainter, text: str) -> float:
        self._small(painter)
        return painter.fontMetrics().horizontalAdvance(text) + 2 * GRID_PX

    def _plate_height(self) -> float:
        return 3 * GRID_PX

    def _small(self, painter: QPainter) -> None:
        font = self.font()
        font.setPixelSize(SECONDARY_PX)
        painter.setFont(font)
