"""The Storyboard page: the film on a screen, the prompt of the selected shot beside it, all shots on a time axis."""

from collections.abc import Mapping

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from studio.models.studio import Studio
from studio.style.tokens import GRID_PX, Theme
from studio.views import prompt, queue
from studio.views.storyboard_bar import BoardBar, FilmBar
from studio.views.storyboard_board import Board
from studio.views.storyboard_drag import Trim
from studio.views.storyboard_screen import FilmScreen
from studio.views.words import seconds
from studio.widgets.page import Page, splitter

PROMPT_PX, SCREEN_PX = 42 * GRID_PX, 110 * GRID_PX
BOARD_PX, LEAST_BOARD_PX = 27 * GRID_PX, 18 * GRID_PX
ZOOM = 1.5


class View(Page):
    """All of the film at once; a shot that is clicked is the open one, so its prompt can be written here as well."""

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> None:
        super().__init__()
        self._studio = studio
        self._actions = actions
        self.screen_view = FilmScreen(studio, theme)
        self.bar = FilmBar(studio, actions, theme)
        self.prompt = prompt.View(studio, actions, theme)
        self.tools = BoardBar(studio, actions)
        self.board = Board(studio, actions, theme)
        self.queue = queue.View(studio, actions, theme)
        self.empty = self._nothing()
        self._lay_out()
        self._connect()
        self._look()

    @property
    def panels(self) -> tuple[QWidget, ...]:
        """In the order in which F6 goes through them."""
        return (self.board, self.tools, self.screen_view, self.bar, self.prompt, self.queue)

    @property
    def stage(self) -> QWidget:
        """The cards."""
        return self.board

    @property
    def foot_px(self) -> int:
        """From below the screen on nothing is to be covered."""
        return self.height() - self.bar.mapTo(self, QPoint(0, 0)).y()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  Qt's name
        """What stands above the foot moves with it."""
        super().resizeEvent(event)
        QTimer.singleShot(0, self, self._tell_foot)

    def ask_which(self, shot_id: str, part: str, trim: Trim, place: QPoint) -> None:
        """An edge was dragged beyond what is shown of a take that has more: one of two things may be meant."""
        self.question(shot_id, part, trim).popup(place)

    def question(self, shot_id: str, part: str, trim: Trim) -> QMenu:
        """The two; it goes when it is closed."""
        menu, storyboard = QMenu(self), self._studio.storyboard
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        whole = menu.addAction(self.tr("Show the take up to its end"))
        if part == "start":
            whole.setText(self.tr("Show the take from its beginning"))
        whole.triggered.connect(lambda: storyboard.trim(shot_id, trim.in_frame, trim.out_frame))
        longer = menu.addAction(
            self.tr("Extend the take by {length} of new frames").format(length=seconds(trim.beyond_s))
        )
        longer.triggered.connect(lambda: storyboard.extend(shot_id, trim.beyond_s, backward=part == "start"))
        return menu

    def open_transition(self) -> None:
        """The menu behind the selected shot."""
        shot, project = self._studio.film.shot, self._studio.film.project
        if shot is not None and shot is not project.shots[-1]:
            self.board.show_shot(shot.id)
            self.board.mark_behind(project.place(shot.id)).open_menu()

    def _lay_out(self) -> None:
        stage = QWidget()
        column = QVBoxLayout(stage)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.screen_view, 1)
        column.addWidget(self.bar)
        upper = splitter(Qt.Orientation.Horizontal, stage, self.prompt)
        upper.setStretchFactor(0, 1)
        upper.setStretchFactor(1, 0)
        upper.setSizes([SCREEN_PX, PROMPT_PX])
        self._stack = QStackedWidget()
        self._stack.addWidget(self.board)
        self._stack.addWidget(self.empty)
        self._stack.setMinimumHeight(LEAST_BOARD_PX)
        lower = QWidget()
        rows = QVBoxLayout(lower)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.tools)
        rows.addWidget(self._stack, 1)
        whole = splitter(Qt.Orientation.Vertical, upper, lower)
        whole.setStretchFactor(0, 1)
        whole.setStretchFactor(1, 0)
        whole.setSizes([3 * BOARD_PX, BOARD_PX])
        whole.splitterMoved.connect(self._tell_foot)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addWidget(whole, 1)
        page.addWidget(self.queue)

    def _connect(self) -> None:
        self.board.asked.connect(self.ask_which)
        self._studio.storyboard.changed.connect(self._look)
        self._actions["transition"].triggered.connect(self.open_transition)
        self._actions["zoom_in"].triggered.connect(self._zoom_in)
        self._actions["zoom_out"].triggered.connect(self._zoom_out)
        self._actions["zoom_fit"].triggered.connect(self.board.zoom_fit)
        self.queue.unfolded.connect(self._tell_foot)

    def _zoom_in(self) -> None:
        self.board.zoom(ZOOM)

    def _zoom_out(self) -> None:
        self.board.zoom(1 / ZOOM)

    def _tell_foot(self) -> None:
        self.foot_changed.emit(self.foot_px)

    def _look(self) -> None:
        has_shots = bool(self._studio.film.project.shots)
        self._stack.setCurrentWidget(self.board if has_shots else self.empty)

    def _nothing(self) -> QWidget:
        held = QWidget()
        sentence = QLabel(self.tr("A film is a row of shots: each is described, generated and put in its place here."))
        sentence.setProperty("look", "secondary")
        sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        button = QPushButton(self._actions["new_shot"].text())
        button.clicked.connect(self._actions["new_shot"].trigger)
        rows = QVBoxLayout(held)
        rows.addStretch(1)
        rows.addWidget(sentence)
        rows.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        rows.addStretch(1)
        return held
