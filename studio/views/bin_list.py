"""The files of the bin: pictures with a name and a length, to be shown, dragged and made something of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QMimeData, QModelIndex, QObject, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QColor, QContextMenuEvent, QFont, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from studio.models.studio import Studio, clip_of_footage
from studio.project import edits
from studio.project.draft import Place
from studio.project.footage import Footage
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, RADIUS_PX, SECONDARY_PX, Theme
from studio.views.carried import carried
from studio.views.clip_thumbnail import ClipThumbnail
from studio.views.keyed_rows import ROW_ROLE, Index, KeyedRows
from studio.views.words import frames_words, pixels_words, seconds, size_words
from studio.widgets.image_well import MEDIA_FORMAT
from studio.widgets.keys import MOVE, PRESS, REMOVE, keep_keys

SMALLEST_PX = 11 * GRID_PX
INSET_PX = GRID_PX // 2
LINE_HEIGHT_PX = 18


@dataclass(frozen=True)
class BinRow:
    """A file of the bin."""

    footage: Footage

    @property
    def key(self) -> str:
        """Its sha256."""
        return self.footage.sha256


class BinRows(KeyedRows[BinRow]):
    """Follows the bin of the open project."""

    def __init__(self, studio: Studio, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._bin: tuple[Footage, ...] = ()
        studio.film.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Become what the bin is."""
        found = self._studio.film.project.bin
        if found is not self._bin:
            self._bin = found
            self.become([BinRow(footage) for footage in found])

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.row(index)
        if row is not None and role == Qt.ItemDataRole.ToolTipRole:
            item = row.footage.item
            size = [] if item.kind == "sound" else [size_words(item.width, item.height)]
            return "\n".join([row.footage.name, *size, *_length(row.footage)])
        return super().data(index, role)

    def spoken(self, row: BinRow) -> str:
        return f"{row.footage.name}, {short_words(row.footage)}"

    def flags(self, index: Index) -> Qt.ItemFlag:
        flag = Qt.ItemFlag
        return flag.ItemIsEnabled | flag.ItemIsSelectable | flag.ItemIsDragEnabled if index.isValid() else flag(0)

    def mimeTypes(self) -> list[str]:  # noqa: N802  Qt's name
        return [MEDIA_FORMAT, "text/uri-list"]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:  # noqa: N802  Qt's name
        """The files of these rows."""
        return carried(self._studio, [row.key for index in indexes if (row := self.row(index)) is not None])

    def supportedDragActions(self) -> Qt.DropAction:  # noqa: N802  Qt's name
        return Qt.DropAction.CopyAction


class BinList(QListView):
    """A grid of thumbnails; there is one for each file that is seen, and none for the others.

    Signals:
        removed: names of files that were taken out (list[str]).
    """

    removed = Signal(object)

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> None:
        super().__init__()
        self._studio = studio
        self._actions = actions
        self._theme = theme
        self.rows = BinRows(studio, self)
        self._tile = _Tile(theme, self)
        self._fill_later = QTimer(self, singleShot=True, interval=0)
        self._fill_later.timeout.connect(self._fill)
        self._set_up()
        self.setModel(self.rows)
        self.setItemDelegate(self._tile)
        for changed in (self.rows.rowsInserted, self.rows.rowsRemoved):
            changed.connect(self._fill_later.start)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.selectionModel().selectionChanged.connect(self._ring)
        self.doubleClicked.connect(self._show)
        keep_keys(self, *PRESS, *MOVE, *REMOVE)
        self._fill_later.start()

    def selected(self) -> list[Footage]:
        """Those that keys and the menu mean, in the order of the bin."""
        indexes = sorted(self.selectedIndexes(), key=lambda index: index.row())
        return [row.footage for index in indexes if (row := self.rows.row(index)) is not None]

    def menu_for(self, chosen: list[Footage]) -> QMenu:
        """Everything that can be made of one file; several can be taken out together."""
        menu = QMenu(self)
        first = chosen[0]
        is_clip = first.item.kind == "clip"
        if len(chosen) == 1 and first.item.kind != "sound":
            menu.addAction(icon("play", self._theme), self.tr("Show"), lambda: self._studio.show_footage(first.sha256))
            menu.addSeparator()
            menu.addAction(self.tr("Use as start image"), self._pinning("start", first))
            menu.addAction(self.tr("Use as end image"), self._pinning("end", first))
            for name in ("extend", "loop", "remix") if is_clip else ("animate",):
                action = self._actions[name]
                menu.addAction(action.icon(), action.text(), self._acting(name, first))
            menu.addSeparator()
        menu.addAction(icon("delete", self._theme), self.tr("Take out of the bin"), lambda: self.remove(chosen))
        return menu

    def remove(self, chosen: list[Footage]) -> None:
        """Take files out of the bin, as one step of undo; what was made from them stays."""
        for footage in chosen:
            self._studio.film.edit(
                "remove_footage",
                lambda project, sha256=footage.sha256: edits.remove_footage(project, sha256),
                "remove_footage",
            )
        self._studio.film.settle()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802  Qt's name
        chosen = self.selected()
        if not chosen:
            return
        at = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            at = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).center())
        menu = self.menu_for(chosen)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  Qt's name
        chosen = self.selected()
        if chosen and event.key() in REMOVE:
            self.remove(chosen)
        elif chosen and event.key() in PRESS:
            self._studio.show_footage(chosen[0].sha256)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  Qt's name
        """As many columns as there is room for, of the same width."""
        room = self.width() - GRID_PX  # that of the scroll bar, be it there or not: or its coming would make it go
        columns = max(1, room // SMALLEST_PX)
        width = max(SMALLEST_PX // 2, (room - 2) // columns)  # a grid that fits to the pixel loses its last column
        self._tile.size = QSize(width, (width - 2 * INSET_PX) * 3 // 4 + 2 * LINE_HEIGHT_PX + 2 * INSET_PX)
        self.setGridSize(self._tile.size)
        super().resizeEvent(event)
        self._fill_later.start()

    def _set_up(self) -> None:
        self.setAccessibleName(self.tr("Files in the bin"))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setDragEnabled(True)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)

    def _on_scrolled(self, _: int) -> None:
        self._fill_later.start()  # connected itself, the timer would take the place for its interval

    def _fill(self) -> None:
        """Thumbnails where they are seen, and nowhere else."""
        seen = self.viewport().rect().adjusted(0, -self.viewport().height() // 2, 0, self.viewport().height() // 2)
        for number in range(self.rows.rowCount()):
            index = self.rows.index(number)
            is_seen = self.visualRect(index).intersects(seen)
            there = isinstance(self.indexWidget(index), ClipThumbnail)
            row = self.rows.row(index)
            if is_seen and not there and row is not None and row.footage.item.kind != "sound":
                self.setIndexWidget(index, self._thumbnail(index))
            elif there and not is_seen:
                self.setIndexWidget(index, None)  # pyright: ignore[reportArgumentType]  Qt takes none
        self.updateEditorGeometries()

    def _thumbnail(self, index: QModelIndex) -> ClipThumbnail:
        row = self.rows.row(index)
        assert row is not None
        made = ClipThumbnail(self._studio, self._theme, clip_of_footage(row.footage), self.viewport())
        if row.key in self._studio.film.missing and self._studio.film.folder.media.path(row.key) is None:
            made.mark(centre=self.tr("file missing"))
        made.select(self.selectionModel().isSelected(index))
        return made

    def _ring(self) -> None:
        for number in range(self.rows.rowCount()):
            index = self.rows.index(number)
            thumbnail = self.indexWidget(index)
            if isinstance(thumbnail, ClipThumbnail):
                thumbnail.select(self.selectionModel().isSelected(index))

    def _show(self, index: QModelIndex) -> None:
        row = self.rows.row(index)
        if row is not None:
            self._studio.show_footage(row.key)

    def _pinning(self, place: Place, footage: Footage) -> Callable[[], None]:
        return lambda: self._studio.composer.pin(place, footage.sha256)

    def _acting(self, name: str, footage: Footage) -> Callable[[], None]:
        """Show it, then do what the action does with what is shown, once the action knows of that."""

        def act() -> None:
            self._studio.show_footage(footage.sha256)
            QTimer.singleShot(0, self, self._actions[name].trigger)

        return act


class _Tile(QStyledItemDelegate):
    """A place for the thumbnail, and two lines under it."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self.size = QSize(SMALLEST_PX, SMALLEST_PX)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002, N802  Qt's name
        return self.size

    def updateEditorGeometry(  # noqa: N802  Qt's name
        self,
        editor: QWidget,
        option: QStyleOptionViewItem,
        index: Index,  # noqa: ARG002  as Qt calls it
    ) -> None:
        editor.setGeometry(_picture(option.rect))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: object = index.data(ROW_ROLE)
        if not isinstance(row, BinRow):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = option.rect.toRectF().adjusted(1, 1, -1, -1)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(self._theme.tint))
            painter.drawRoundedRect(area, RADIUS_PX, RADIUS_PX)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QColor(self._theme.accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area, RADIUS_PX, RADIUS_PX)
        picture = _picture(option.rect)
        if row.footage.item.kind == "sound":
            icon("music", self._theme, "muted").paint(painter, picture)
        line = QRect(picture.left(), picture.bottom() + 2, picture.width(), LINE_HEIGHT_PX)
        self._write(painter, option, line, row.footage.name, self._theme.text)
        below = line.translated(0, LINE_HEIGHT_PX - 2)
        self._write(painter, option, below, short_words(row.footage), self._theme.muted)
        painter.restore()

    def _write(self, painter: QPainter, option: QStyleOptionViewItem, area: QRect, text: str, colour: str) -> None:
        font = QFont(option.font)
        font.setPixelSize(SECONDARY_PX)
        font.setFeature(QFont.Tag("tnum"), 1)
        painter.setFont(font)
        painter.setPen(QColor(colour))
        leading = Qt.AlignmentFlag.AlignLeft
        if option.direction == Qt.LayoutDirection.RightToLeft:
            leading = Qt.AlignmentFlag.AlignRight
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, area.width())
        painter.drawText(area, leading | Qt.AlignmentFlag.AlignAbsolute | Qt.AlignmentFlag.AlignVCenter, shown)


def short_words(footage: Footage) -> str:
    """The length of a clip, the size of an image."""
    item = footage.item
    return pixels_words(item.width, item.height) if item.kind == "image" else seconds(item.duration_s or 0.0)


def _length(footage: Footage) -> list[str]:
    item = footage.item
    if item.kind == "image":
        return []
    counted = [frames_words(item.num_frames)] if item.num_frames else []
    return [" · ".join([seconds(item.duration_s or 0.0), *counted])]


def _picture(tile: QRect) -> QRect:
    """Where the thumbnail is."""
    inner = tile.adjusted(INSET_PX, INSET_PX, -INSET_PX, -INSET_PX)
    return QRect(inner.left(), inner.top(), inner.width(), inner.width() * 3 // 4)
