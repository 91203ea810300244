"""Scrubber: a clip's frames as a line, with the playhead, the range, and what is here already."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QAbstractSlider, QSizePolicy, QToolTip, QWidget

from studio.style.tokens import GRID_PX, Theme, mixed

TRACK_PX = 2
RANGE_PX = 4
HERE = 0.5
"""How much brighter the line is where frames have arrived."""
HANDLE_PX = 8
GRAB_PX = 7
HEIGHT_PX = 4 * GRID_PX


class Scrubber(QAbstractSlider):
    """Exact to the frame; time runs from left to right in every language. Keys that move the playhead are the window's.

    As a slider its value is the frame at the playhead.

    Signals:
        sought: somebody moved the playhead to this frame.
        range_dragged: somebody moved in or out: the first frame, and the one behind the last.
        let_go: what was dragged stands now.
    """

    sought = Signal(int)
    range_dragged = Signal(int, int)
    let_go = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._frames: int = 0
        self._in: int = 0
        self._out: int = 0
        self._here: Sequence[tuple[int, int]] = ()
        self._held: str | None = None
        self._has_range: bool = True
        self.describe: Callable[[int], str] = str
        """What a frame is called, for tooltips."""
        self.setOrientation(Qt.Orientation.Horizontal)
        self.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMouseTracking(True)
        self.actionTriggered.connect(self._on_moved)

    def sizeHint(self) -> QSize:  # noqa: N802
        """As wide as there is room."""
        return QSize(40 * GRID_PX, HEIGHT_PX)

    def show_frames(self, frames: int, in_frame: int, out_frame: int, *, has_range: bool = True) -> None:
        """How many frames there are, and which of them are played."""
        if (frames, in_frame, out_frame, has_range) != (self._frames, self._in, self._out, self._has_range):
            self._frames, self._has_range = frames, has_range
            self._in, self._out = in_frame, out_frame
            self.setRange(0, max(0, frames - 1))
            self.setEnabled(frames > 1)
            self.update()

    def show_playhead(self, index: int) -> None:
        """The frame that is seen."""
        if self._held != "playhead":
            self.setValue(index)
            self.update()

    def show_here(self, stretches: Sequence[tuple[int, int]]) -> None:
        """Which frames have arrived: first, and the one behind the last, of each stretch."""
        if stretches != self._here:
            self._here = stretches
            self.update()

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802
        """Paint it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, middle = self._theme, self.height() / 2
        painter.setPen(Qt.PenStyle.NoPen)
        self._bar(painter, 0, self._frames, theme.line)
        for first, end in self._here:
            self._bar(painter, first, end, mixed(theme.muted, theme.line, HERE))
        if self._frames < 2:
            return
        if self._has_range:
            if (self._in, self._out) != (0, self._frames):
                self._bar(painter, self._in, self._out, theme.muted, RANGE_PX)
            self._paint_handle(painter, self._x(self._in), 1)
            self._paint_handle(painter, self._x(self._out), -1)
        x = self._x(self.value() + 0.5)
        painter.setPen(QPen(QColor(theme.accent), 2))
        painter.drawLine(QPointF(x, middle - 10), QPointF(x, middle + 10))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.accent))
        painter.drawPolygon(
            QPolygonF([QPointF(x - 5, middle - 14), QPointF(x + 5, middle - 14), QPointF(x, middle - 7)])
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take hold of a handle, or of the playhead wherever it is."""
        if event.button() == Qt.MouseButton.LeftButton and self._frames > 1:
            self._held = self._handle_at(event.position().x(), event.position().y()) or "playhead"
            self.setSliderDown(self._held == "playhead")
            if self._held == "playhead":
                self._seek(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Move what is held."""
        x = event.position().x()
        if self._held is None:
            at_handle = self._handle_at(x, event.position().y())
            self.setCursor(Qt.CursorShape.SizeHorCursor if at_handle else Qt.CursorShape.ArrowCursor)
        elif self._held == "playhead":
            if self.frame_at(x) != self.value():
                self._seek(x)
        else:
            self._drag_handle(round(self._frame(x)))

    def mouseReleaseEvent(self, _: QMouseEvent) -> None:  # noqa: N802
        """Let it go."""
        if self._held is not None:
            self._held = None
            self.setSliderDown(False)
            self.let_go.emit()

    def event(self, event: QEvent) -> bool:
        """Name the frame under the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self._frames > 1:
            QToolTip.showText(event.globalPos(), self.describe(self.frame_at(event.pos().x())), self)
            return True
        return super().event(event)

    def frame_at(self, x: float) -> int:
        """The frame at a place of this widget."""
        return max(0, min(int(self._frame(x)), self._frames - 1))

    def x_of_edge(self, frame: int) -> float:
        """Where a frame begins."""
        return self._x(frame)

    def x_of(self, index: int) -> float:
        """Where the middle of a frame is."""
        return self._x(index + 0.5)

    def _seek(self, x: float) -> None:
        frame = self.frame_at(x)
        self.setValue(frame)
        self.sought.emit(frame)
        self.update()

    def _on_moved(self, _: int) -> None:
        """The wheel, or a tool for people who cannot use a mouse."""
        if self._held is None:
            self.sought.emit(self.sliderPosition())

    def _drag_handle(self, edge: int) -> None:
        first, end = self._in, self._out
        if self._held == "in":
            first = max(0, min(edge, end - 1))
        else:
            end = min(self._frames, max(edge, first + 1))
        if (first, end) != (self._in, self._out):
            self._in, self._out = first, end
            self.range_dragged.emit(first, end)
            self.update()

    def _handle_at(self, x: float, y: float) -> str | None:
        """Handles are held below the line, so that the playhead can always be moved above it."""
        if not self._has_range or self._frames < 2 or y < self.height() / 2 - RANGE_PX:
            return None
        far_in, far_out = abs(x - self._x(self._in) - HANDLE_PX / 2), abs(x - self._x(self._out) + HANDLE_PX / 2)
        if min(far_in, far_out) > GRAB_PX:
            return None
        return "in" if far_in <= far_out else "out"

    def _x(self, frame: float) -> float:
        width = self.width() - 2 * GRID_PX
        return GRID_PX + frame / max(1, self._frames) * width

    def _frame(self, x: float) -> float:
        return (x - GRID_PX) / max(1, self.width() - 2 * GRID_PX) * self._frames

    def _bar(self, painter: QPainter, first: int, end: int, colour: str, thick_px: float = TRACK_PX) -> None:
        left, right = (self._x(first), self._x(end)) if self._frames else (GRID_PX, self.width() - GRID_PX)
        painter.setBrush(QColor(colour))
        painter.drawRoundedRect(
            QRectF(left, self.height() / 2 - thick_px / 2, right - left, thick_px), thick_px / 2, thick_px / 2
        )

    def _paint_handle(self, painter: QPainter, x: float, inward: int) -> None:
        """A bracket that opens to the range."""
        middle = self.height() / 2
        painter.setPen(QPen(QColor(self._theme.text if self.isEnabled() else self._theme.line), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        bracket = [(HANDLE_PX * 0.6, -7), (0, -7), (0, 7), (HANDLE_PX * 0.6, 7)]
        painter.drawPolyline(QPolygonF([QPointF(x + inward * (1 + dx), middle + dy) for dx, dy in bracket]))
        painter.setPen(Qt.PenStyle.NoPen)
