"""ImageWell: a place for one picture, which is dropped there, chosen with a click and taken away again."""

import re
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget

from studio.style.icons import icon
from studio.style.tokens import GRID_PX, ICON_PX, LINE_PX, RADIUS_PX, SECONDARY_PX, Theme
from studio.widgets.keys import PRESS, REMOVE, keep_keys

HEIGHT_PX = 72
CLEAR_PX = 20
_SHA256 = re.compile("[0-9a-f]{64}")
MEDIA_FORMAT = "application/x-reelwright-media"
"""Of a drag from the bin or the takes: the sha256 of each file, a line for each."""


class ImageWell(QWidget):
    """What it shows is told to it; what is done with it, it tells.

    Signals:
        wanted: somebody wants to choose a file.
        file_dropped: a file (Path).
        media_dropped: a file of the project, by its sha256.
        cleared: it is to be empty.
    """

    wanted = Signal()
    file_dropped = Signal(object)
    media_dropped = Signal(str)
    cleared = Signal()

    def __init__(self, name: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._theme = name, theme
        self._hint = self.tr("Drop an image, or click")
        self._image: QImage | None = None
        self._is_filled = self._is_hovered = self._may_drop = False
        self._is_shown = False
        self._waiting = ""
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedHeight(HEIGHT_PX)
        self.setMinimumWidth(10 * GRID_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._clear = QToolButton(self)
        self._clear.setProperty("look", "over")
        self._clear.setIcon(icon("close", theme, "on_stage"))
        self._clear.setFixedSize(QSize(CLEAR_PX, CLEAR_PX))
        self._clear.clicked.connect(self.cleared)
        self._clear.setAccessibleName(self.tr("Take the image away: {place}").format(place=name))
        self._clear.setToolTip(self._clear.accessibleName())
        keep_keys(self, *PRESS, *REMOVE)
        keep_keys(self._clear, *PRESS)
        self.show_empty()

    @property
    def is_filled(self) -> bool:
        """Whether there is an image, be it seen already or not."""
        return self._is_filled

    @property
    def image(self) -> QImage | None:
        """The picture that is seen."""
        return self._image

    def show_empty(self, hint: str | None = None) -> None:
        """No image; `hint` says why none can be had, or how one can."""
        self._show(None, False, hint or "")

    def show_image(self, image: QImage | None, waiting: str = "") -> None:
        """An image, or while it cannot be seen (yet), what there is to say."""
        self._show(image, True, waiting)

    def _show(self, image: QImage | None, is_filled: bool, waiting: str) -> None:
        if self._is_shown and (image is self._image, is_filled, waiting) == (True, self._is_filled, self._waiting):
            return
        self._is_shown = True
        self._image, self._is_filled, self._waiting = image, is_filled, waiting
        self._clear.setVisible(is_filled)
        state = waiting or (self.tr("an image") if is_filled else self._hint)
        self.setAccessibleName(f"{self._name}: {state}")
        self.setToolTip(state if not is_filled else self.tr("Click for another image, Delete takes it away"))
        self.update()

    def event(self, event: QEvent, /) -> bool:
        """The frame shows mouse and focus."""
        if event.type() in (QEvent.Type.Enter, QEvent.Type.Leave):
            self._is_hovered = event.type() == QEvent.Type.Enter
            self.update()
        elif event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().event(event)

    def resizeEvent(self, _: QResizeEvent, /) -> None:  # noqa: N802  Qt's name
        is_mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        left = GRID_PX // 2 if is_mirrored else self.width() - CLEAR_PX - GRID_PX // 2
        self._clear.move(left, GRID_PX // 2)

    def mouseReleaseEvent(self, event: QMouseEvent, /) -> None:  # noqa: N802  Qt's name
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.wanted.emit()

    def keyPressEvent(self, event: QKeyEvent, /) -> None:  # noqa: N802  Qt's name
        if event.key() in PRESS:
            self.wanted.emit()
        elif event.key() in REMOVE and self._is_filled:
            self.cleared.emit()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent, /) -> None:  # noqa: N802  Qt's name
        if _dropped(event.mimeData()) is not None:
            self._may_drop = True
            event.acceptProposedAction()
            self.update()

    def dragLeaveEvent(self, _: QDragLeaveEvent, /) -> None:  # noqa: N802  Qt's name
        self._may_drop = False
        self.update()

    def dropEvent(self, event: QDropEvent, /) -> None:  # noqa: N802  Qt's name
        self._may_drop = False
        self.update()
        dropped = _dropped(event.mimeData())
        if isinstance(dropped, Path):
            event.acceptProposedAction()
            self.file_dropped.emit(dropped)
        elif dropped is not None:
            event.acceptProposedAction()
            self.media_dropped.emit(dropped)

    def paintEvent(self, _: QPaintEvent, /) -> None:  # noqa: N802  Qt's name
        theme, painter = self._theme, QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        is_marked = self.hasFocus() or self._may_drop
        pen = QPen(QColor(theme.accent if is_marked else theme.muted if self._is_hovered else theme.line), LINE_PX)
        if not self._is_filled:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setBrush(QColor(theme.tint if self._may_drop else theme.stage if self._is_filled else theme.raised))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(area, RADIUS_PX, RADIUS_PX)
        if self._image is not None:
            self._paint_image(painter, area, self._image)
        else:
            self._paint_words(painter)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(pen)
        painter.drawRoundedRect(area, RADIUS_PX, RADIUS_PX)
        painter.end()

    def _paint_image(self, painter: QPainter, area: QRectF, image: QImage) -> None:
        """All of it is seen: what is cut off here would not be cut off in the clip."""
        outline = QPainterPath()
        outline.addRoundedRect(area, RADIUS_PX, RADIUS_PX)
        painter.save()
        painter.setClipPath(outline)
        size = QSize(image.size()).scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect((self.width() - size.width()) // 2, (self.height() - size.height()) // 2, 0, 0)
        place.setSize(size)
        painter.drawImage(place, image)
        painter.restore()

    def _paint_words(self, painter: QPainter) -> None:
        theme = self._theme
        inner = self.rect().adjusted(GRID_PX, GRID_PX, -GRID_PX, -GRID_PX)
        font = self.font()
        font.setPixelSize(SECONDARY_PX)
        painter.setFont(font)
        painter.setPen(QColor(theme.on_stage if self._is_filled else theme.muted))
        text = self._waiting or self._hint
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        bounds = painter.boundingRect(inner, flags, text)
        top = inner.top() + max(0, (inner.height() - bounds.height() - ICON_PX - GRID_PX // 2) // 2)
        glyph = QRect(self.rect().center().x() - ICON_PX // 2, top, ICON_PX, ICON_PX)
        icon("image", theme, "muted").paint(painter, glyph)
        painter.drawText(inner.adjusted(0, top - inner.top() + ICON_PX + GRID_PX // 2, 0, 0), flags, text)


def _dropped(mime: QMimeData) -> Path | str | None:
    """The first file of what is dragged, or the sha256 of the first one of the project."""
    if mime.hasFormat(MEDIA_FORMAT):
        words = bytes(mime.data(MEDIA_FORMAT).data()).decode("ascii", "replace").split()
        return next(filter(_SHA256.fullmatch, words), None)
    return next((Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()), None)
