"""The Create page: bin and bible, viewer and takes, prompt, shots and queue, in splitters."""

from collections.abc import Mapping

from PySide6.QtCore import QByteArray, QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from studio.models.studio import Studio
from studio.style.tokens import GRID_PX, LINE_PX, Theme
from studio.views import (
    bible,
    bin,  # noqa: A004  the film's bin
    prompt,
    queue,
    shots,
    takes,
    transport,
    verbs,
    viewer,
)
from studio.widgets.page import Page

SIDE_PX, MIDDLE_PX, PROMPT_PX = 28 * GRID_PX, 92 * GRID_PX, 42 * GRID_PX
TAKES_PX, STAGE_PX = 17 * GRID_PX, 60 * GRID_PX
CAPTION_PX = 4 * GRID_PX
"""How far up words stand in the picture's corner."""
LEAST_SIDE_PX = 20 * GRID_PX


class View(Page):
    """All panels of one project; sizes are kept by whoever holds `state`.

    Signals:
        arranged: the user has moved a splitter.
    """

    arranged = Signal()

    def __init__(
        self, studio: Studio, actions: Mapping[str, QAction], theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._floor = _splitter(Qt.Orientation.Vertical, self)
        self._whole = _splitter(Qt.Orientation.Horizontal, self._floor)
        self._side = _splitter(Qt.Orientation.Vertical, self._whole)
        self._middle = _splitter(Qt.Orientation.Vertical, self._whole)
        stage, self._foot = QWidget(self._middle), QWidget(self._floor)
        self.bin = bin.View(studio, actions, theme)
        self.bible = bible.View(studio, actions, theme)
        self.viewer = viewer.View(studio, actions, theme)
        self.transport = transport.View(studio, actions, theme)
        self.verbs = verbs.View(studio, actions, theme)
        self.takes = takes.View(studio, actions, theme)
        self.prompt = prompt.View(studio, actions, theme)
        self.shots = shots.View(studio, actions, theme)
        self.queue = queue.View(studio, actions, theme)
        _stack(stage, self.viewer, self.transport, self.verbs, grows=self.viewer)
        _stack(self._foot, self.shots, self.queue, grows=self.queue)
        self._side.addWidget(self.bin)
        self._side.addWidget(self.bible)
        self._middle.addWidget(self.takes)
        self._whole.addWidget(self.prompt)
        self.queue.unfolded.connect(self._fit_foot)
        self.viewer.installEventFilter(self)
        self._arrange()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  Qt's name
        """Where the picture ends is told whenever that is elsewhere."""
        if watched is self.viewer and event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self.foot_changed.emit(self.foot_px)
        return False

    @property
    def panels(self) -> tuple[QWidget, ...]:
        """In the order in which F6 goes through them."""
        middle = (self.viewer, self.transport, self.verbs, self.takes)
        return (self.prompt, *middle, self.bin, self.bible, self.shots, self.queue)

    @property
    def stage(self) -> QWidget:
        """The picture."""
        return self.viewer

    @property
    def state(self) -> QByteArray:
        """Where the splitters stand."""
        return QByteArray(b"|".join(bytes(each.saveState().toBase64().data()) for each in self._splitters))

    def restore(self, state: QByteArray) -> None:
        """Put the splitters where they stood."""
        parts = bytes(state.data()).split(b"|")
        if len(parts) == len(self._splitters):
            for splitter, part in zip(self._splitters, parts, strict=True):
                splitter.restoreState(QByteArray.fromBase64(part))

    @property
    def foot_px(self) -> int:
        """How tall all is that lies below the picture: nothing is to lie over takes and buttons."""
        return self.height() - self.viewer.mapTo(self, QPoint(0, self.viewer.height() - CAPTION_PX)).y()

    @property
    def _splitters(self) -> tuple[QSplitter, ...]:
        return (self._whole, self._side, self._middle)

    def _arrange(self) -> None:
        self._side.setMinimumWidth(LEAST_SIDE_PX)
        for index, stretch in enumerate((0, 1, 0)):
            self._whole.setStretchFactor(index, stretch)
        self._middle.setStretchFactor(0, 1)
        self._middle.setStretchFactor(1, 0)
        self._side.setSizes([3, 2])
        self._whole.setSizes([SIDE_PX, MIDDLE_PX, PROMPT_PX])
        self._middle.setSizes([STAGE_PX, TAKES_PX])
        for splitter in self._splitters:
            splitter.splitterMoved.connect(self.arranged)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self._floor)
        self._floor.setStretchFactor(0, 1)
        self._floor.setStretchFactor(1, 0)
        self._fit_foot(self.queue.is_unfolded)

    def _fit_foot(self, unfolded: bool) -> None:
        """Folded it is as tall as its bars; unfolded it can be dragged."""
        wanted = self._foot.sizeHint().height()
        self._foot.setMaximumHeight(16777215 if unfolded else wanted)
        self._floor.setSizes([self.height() - wanted, wanted])  # folding gives the room back


def _splitter(orientation: Qt.Orientation, parent: QWidget) -> QSplitter:
    splitter = QSplitter(orientation, parent)
    splitter.setChildrenCollapsible(False)
    splitter.setHandleWidth(LINE_PX)
    return splitter


def _stack(held: QWidget, *widgets: QWidget, grows: QWidget) -> None:
    rows = QVBoxLayout(held)
    rows.setContentsMargins(0, 0, 0, 0)
    rows.setSpacing(0)
    for widget in widgets:
        rows.addWidget(widget, 1 if widget is grows else 0)
