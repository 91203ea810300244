"""How a row of the queue is drawn, and which of its buttons is under the mouse."""

from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QToolTip

from engine.protocol.job import Failed, Job, Running, SetAside
from studio.models.studio import Studio
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, ICON_PX, RADIUS_PX, SECONDARY_PX, TEXT_PX, Theme
from studio.views.keyed_rows import ROW_ROLE, Index
from studio.views.queue_rows import Heading, JobRow
from studio.views.queue_words import (
    Deed,
    deed_words,
    deeds_for,
    part_done,
    place_words,
    section_words,
    state_words,
    what_words,
    whole_words,
)
from studio.widgets.progress_bar import HEIGHT_PX, paint_progress

ROW_PX = 6 * GRID_PX
HEADING_PX = 4 * GRID_PX
BUTTON_PX = 28
MARK_PX = 16
BAR_PX = 20 * GRID_PX
ICONS: dict[Deed, str] = {
    "pause": "pause_job",
    "resume": "resume_job",
    "stop_early": "stop",
    "cancel": "cancel",
    "again": "retry",
    "library": "library",
    "delete": "delete",
}
MARKS = {
    "queued": ("drag", "muted"),
    "running": ("generate", "accent"),
    "paused": ("pause_job", "muted"),
    "drafted": ("draft", "muted"),
    "done": ("done", "good"),
    "cancelled": ("close", "muted"),
    "failed": ("error", "bad"),
    "set_aside": ("warning", "warn"),
}
"""Icon and colour that stand before a row, by the job's state."""


@dataclass(frozen=True)
class Button:
    """A deed and where its button is; `label` where it says what it does."""

    deed: Deed
    area: QRect
    label: str = ""


class QueueDelegate(QStyledItemDelegate):
    """Signals: `pressed`: the button of a deed, of a job (id)."""

    pressed = Signal(str, str)

    def __init__(self, studio: Studio, theme: Theme, parent: QAbstractItemView) -> None:
        super().__init__(parent)
        self._studio = studio
        self._theme = theme
        self._view = parent
        self._pointer: QPoint | None = None

    def point_at(self, pointer: QPoint | None) -> None:
        """Where the mouse is in the view, so that what lies under it is raised."""
        self._pointer = pointer
        self._view.viewport().update()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002, N802  Qt's name
        is_heading = isinstance(index.data(ROW_ROLE), Heading)
        return QSize(0, HEADING_PX if is_heading else ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: object = index.data(ROW_ROLE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if isinstance(row, Heading):
            self._paint_heading(painter, option, row)
        elif isinstance(row, JobRow):
            self._paint_ground(painter, option)
            self._paint_job(painter, option, row)
        painter.restore()

    def editorEvent(  # noqa: N802  Qt's name
        self,
        event: QEvent,
        model: QAbstractItemModel,  # noqa: ARG002  as Qt calls it
        option: QStyleOptionViewItem,
        index: Index,
    ) -> bool:
        if not isinstance(event, QMouseEvent) or event.button() != Qt.MouseButton.LeftButton:
            return False
        button = self._button_at(option, index, event.position().toPoint())
        if button is None:
            return False
        row: object = index.data(ROW_ROLE)
        if event.type() == QEvent.Type.MouseButtonRelease and isinstance(row, JobRow):
            self.pressed.emit(row.job.id, button.deed)
        return True

    def helpEvent(  # noqa: N802  Qt's name
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        row: object = index.data(ROW_ROLE)
        if not isinstance(row, JobRow):
            return False
        button = self._button_at(option, index, event.pos())
        if button is not None:
            text = deed_words(button.deed, row.job)
        else:
            text = f"{whole_words(row.job)}\n\n{state_words(row.job, self._studio)}{_detail(row.job)}"
        QToolTip.showText(event.globalPos(), text, view)
        return True

    def buttons(self, option: QStyleOptionViewItem, job: Job) -> list[Button]:
        """From the row's end inwards; of a row that stopped, the first says what it does."""
        deeds = deeds_for(job, self._studio)
        speaks = isinstance(job.state, Failed | SetAside)
        made: list[Button] = []
        area = option.rect.adjusted(2 * GRID_PX, 0, -2 * GRID_PX, 0)
        right, top = area.right(), area.center().y() - BUTTON_PX // 2 + 1
        for place, deed in reversed(list(enumerate(deeds))):
            label = deed_words(deed, job) if speaks and place == 0 else ""
            metrics = QFontMetrics(_font(option, TEXT_PX))
            width = metrics.horizontalAdvance(label) + 3 * GRID_PX if label else BUTTON_PX
            right -= width
            made.append(Button(deed, self._mirrored(option, QRect(right, top, width, BUTTON_PX)), label))
            right -= GRID_PX // 2
        return made

    def _button_at(self, option: QStyleOptionViewItem, index: Index, at: QPoint) -> Button | None:
        row: object = index.data(ROW_ROLE)
        if not isinstance(row, JobRow):
            return None
        return next((button for button in self.buttons(option, row.job) if button.area.contains(at)), None)

    def _paint_heading(self, painter: QPainter, option: QStyleOptionViewItem, heading: Heading) -> None:
        painter.setFont(_font(option, SECONDARY_PX, bold=True))
        painter.setPen(QColor(self._theme.muted))
        area = option.rect.adjusted(2 * GRID_PX, GRID_PX, -2 * GRID_PX, 0)
        text = f"{section_words()[heading.section]}  {heading.count}"
        painter.drawText(area, _leading(option) | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        area = option.rect.toRectF().adjusted(GRID_PX, 0.5, -GRID_PX, -0.5)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.tint))
            painter.drawRoundedRect(area, RADIUS_PX, RADIUS_PX)
        elif self._is_pointed_at(option.rect):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.raised))
            painter.drawRoundedRect(area, RADIUS_PX, RADIUS_PX)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QColor(self._theme.accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)

    def _paint_job(self, painter: QPainter, option: QStyleOptionViewItem, row: JobRow) -> None:
        area = option.rect.adjusted(2 * GRID_PX, 0, -2 * GRID_PX, 0)
        buttons = self.buttons(option, row.job)
        taken = sum(button.area.width() + GRID_PX // 2 for button in buttons) + GRID_PX
        for button in buttons:
            self._paint_button(painter, option, button)
        end = area.right() - max(taken, 4 * BUTTON_PX)
        if isinstance(row.job.state, Running):
            end = self._paint_bar(painter, option, row.job, end)
        name, colour = MARKS[row.job.state.kind]
        mark = QRect(area.left(), area.center().y() - MARK_PX // 2 + 1, MARK_PX, MARK_PX)
        icon(name, self._theme, colour).paint(painter, self._mirrored(option, mark))
        left = area.left() + MARK_PX + GRID_PX + GRID_PX // 2
        text = QRect(left, option.rect.top() + 6, end - left, (ROW_PX - 12) // 2)
        self._paint_title(painter, option, row.job, text)
        painter.setFont(_font(option, SECONDARY_PX))
        painter.setPen(QColor(self._theme.muted))
        self._write(painter, option, text.translated(0, text.height()), state_words(row.job, self._studio))

    def _paint_title(self, painter: QPainter, option: QStyleOptionViewItem, job: Job, area: QRect) -> None:
        """Whose it is in bold, then what it is."""
        painter.setPen(QColor(self._theme.text))
        painter.setFont(_font(option, TEXT_PX, bold=True))
        place = place_words(job, self._studio)
        width = min(painter.fontMetrics().horizontalAdvance(place) + 1, area.width() // 2)
        self._write(painter, option, QRect(area.left(), area.top(), width, area.height()), place)
        painter.setFont(_font(option, TEXT_PX))
        rest = area.adjusted(width + GRID_PX + GRID_PX // 2, 0, 0, 0)
        self._write(painter, option, rest, what_words(job))

    def _paint_bar(self, painter: QPainter, option: QStyleOptionViewItem, job: Job, end: int) -> int:
        """How far it is; returns where text has to end."""
        part = part_done(self._studio.jobs.progress(job.id))
        bar = QRect(end - BAR_PX, option.rect.center().y() - HEIGHT_PX // 2 + 1, BAR_PX, HEIGHT_PX)
        mirrored = option.direction == Qt.LayoutDirection.RightToLeft
        area = self._mirrored(option, bar).toRectF()
        paint_progress(painter, area, self._theme, (0.0, part or 0.0), mirrored=mirrored)
        return bar.left() - 2 * GRID_PX

    def _paint_button(self, painter: QPainter, option: QStyleOptionViewItem, button: Button) -> None:
        under = self._pointer is not None and button.area.contains(self._pointer)
        if under or button.label:
            painter.setPen(QColor(self._theme.line) if button.label else Qt.GlobalColor.transparent)
            painter.setBrush(QColor(self._theme.line if under else self._theme.raised))
            painter.drawRoundedRect(button.area.toRectF().adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)
        if button.label:
            painter.setPen(QColor(self._theme.text))
            painter.setFont(_font(option, TEXT_PX))
            painter.drawText(button.area, Qt.AlignmentFlag.AlignCenter, button.label)
            return
        inner = QRect(0, 0, ICON_PX, ICON_PX)
        inner.moveCenter(button.area.center())
        is_near = under or self._is_pointed_at(option.rect) or bool(option.state & QStyle.StateFlag.State_Selected)
        icon(ICONS[button.deed], self._theme, "text" if is_near else "muted").paint(painter, inner)

    def _write(self, painter: QPainter, option: QStyleOptionViewItem, area: QRect, text: str) -> None:
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(self._mirrored(option, area), _leading(option) | Qt.AlignmentFlag.AlignVCenter, shown)

    def _mirrored(self, option: QStyleOptionViewItem, area: QRect) -> QRect:
        return QStyle.visualRect(option.direction, option.rect, area)

    def _is_pointed_at(self, area: QRect) -> bool:
        return self._pointer is not None and area.contains(self._pointer)


def _detail(job: Job) -> str:
    """What only who asks for it wants to read."""
    if isinstance(job.state, Failed) and job.state.failure.detail:
        return f"\n{job.state.failure.detail}"
    return f"\n{job.state.detail}" if isinstance(job.state, SetAside) else ""


def _font(option: QStyleOptionViewItem, size_px: int, *, bold: bool = False) -> QFont:
    """The view's own, with figures that do not jump."""
    font = QFont(option.font)
    font.setPixelSize(size_px)
    font.setFeature(QFont.Tag("tnum"), 1)
    if bold:
        font.setWeight(QFont.Weight.DemiBold)
    return font


def _leading(option: QStyleOptionViewItem) -> Qt.AlignmentFlag:
    flag = Qt.AlignmentFlag
    return flag.AlignAbsolute | (
        flag.AlignRight if option.direction == Qt.LayoutDirection.RightToLeft else flag.AlignLeft
    )
