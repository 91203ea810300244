"""The Film page: the whole film played, its sound, and how it is delivered."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.models.studio import Studio
from studio.style.tokens import GRID_PX, Theme
from studio.views import film_delivery, film_sounds, queue
from studio.views.storyboard_bar import FilmBar
from studio.views.storyboard_screen import FilmScreen
from studio.widgets.page import Page, splitter

DELIVERY_PX, SCREEN_PX = 44 * GRID_PX, 108 * GRID_PX
SOUNDS_PX, STAGE_PX, LEAST_SOUNDS_PX = 24 * GRID_PX, 64 * GRID_PX, 14 * GRID_PX


class View(Page):
    """A screen with the sounds below it, and the delivery beside both."""

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> None:
        super().__init__()
        self.screen_view = FilmScreen(studio, theme)
        self.bar = FilmBar(studio, actions, theme)
        self.sounds = film_sounds.View(studio, theme)
        self.delivery = film_delivery.View(studio, theme)
        self.queue = queue.View(studio, actions, theme)
        self.queue.unfolded.connect(lambda: self.foot_changed.emit(self.foot_px))
        self._lay_out()

    @property
    def panels(self) -> tuple[QWidget, ...]:
        """In the order in which F6 goes through them."""
        return (self.delivery, self.screen_view, self.bar, self.sounds, self.queue)

    @property
    def stage(self) -> QWidget:
        """The picture."""
        return self.screen_view

    @property
    def foot_px(self) -> int:
        """How tall the queue is."""
        return self.queue.sizeHint().height()

    def _lay_out(self) -> None:
        stage = QWidget()
        column = QVBoxLayout(stage)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.screen_view, 1)
        column.addWidget(self.bar)
        self.sounds.setMinimumHeight(LEAST_SOUNDS_PX)
        left = splitter(Qt.Orientation.Vertical, stage, self.sounds)
        left.setStretchFactor(0, 1)
        left.setStretchFactor(1, 0)
        left.setSizes([STAGE_PX, SOUNDS_PX])
        whole = splitter(Qt.Orientation.Horizontal, left, self.delivery)
        whole.setStretchFactor(0, 1)
        whole.setStretchFactor(1, 0)
        whole.setSizes([SCREEN_PX, DELIVERY_PX])
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addWidget(whole, 1)
        page.addWidget(self.queue)
