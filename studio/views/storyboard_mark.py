"""TransitionMark: how one card leads to the next, and the menu in which that is chosen."""

from functools import partial
from typing import get_args

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QActionGroup, QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from engine.protocol.film import Transition
from studio.project.shot import Shot
from studio.style.tokens import GRID_PX, Theme
from studio.views.storyboard_words import transition_words
from studio.views.words import number, seconds

SIZE_PX = 3 * GRID_PX
LENGTHS_S = (0.25, 0.5, 1.0, 2.0)


class TransitionMark(QToolButton):
    """Stands under the seam; a click opens its menu.

    Signals:
        chosen: a transition behind the shot (its id), and how long it takes in seconds.
        bridge_wanted: a generated bridge behind the shot (its id).
    """

    chosen = Signal(str, str, float)
    bridge_wanted = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shot: Shot | None = None
        self._can_bridge = False
        self.setAutoRaise(True)
        self.setFixedSize(QSize(SIZE_PX, SIZE_PX))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.clicked.connect(self.open_menu)

    @property
    def shot_id(self) -> str:
        """The shot that it stands behind."""
        return self._shot.id if self._shot else ""

    def show_shot(self, shot: Shot, shown_s: float, *, can_bridge: bool) -> None:
        """Stand behind a shot; `shown_s` is how long its transition is seen, which may be shorter than wanted."""
        self._shot, self._can_bridge = shot, can_bridge
        said = self.tr("{transition} to the next shot").format(transition=transition_words(shot.transition))
        if shot.transition != "cut":
            said += f" · {seconds(shot.transition_s)}"
            if shown_s + 0.02 < shot.transition_s:
                short = self.tr("The shots have room for {length} of it")
                said += "\n" + short.format(length=seconds(shown_s))
        self.setToolTip(said)
        self.setAccessibleName(said.replace("\n", ", "))
        self.update()

    def open_menu(self) -> None:
        """Under the mark."""
        menu = self.build_menu()
        if menu is not None:
            menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def build_menu(self) -> QMenu | None:
        """Everything that can stand there."""
        shot = self._shot
        if shot is None:
            return None
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        kinds, lengths = QActionGroup(menu), QActionGroup(menu)
        for kind in get_args(Transition):
            action = menu.addAction(transition_words(kind))
            action.setCheckable(True)
            action.setChecked(kind == shot.transition)
            action.triggered.connect(partial(self._choose, kind, shot.transition_s))
            kinds.addAction(action)
        menu.addSeparator()
        for length_s in sorted({*LENGTHS_S, shot.transition_s}):
            action = menu.addAction(self.tr("{seconds} s").format(seconds=number(length_s, 2)))
            action.setCheckable(True)
            action.setChecked(length_s == shot.transition_s)
            action.setEnabled(shot.transition != "cut")
            action.triggered.connect(partial(self._choose, shot.transition, length_s))
            lengths.addAction(action)
        menu.addSeparator()
        bridge = menu.addAction(self.tr("Generated bridge"))
        bridge.setEnabled(self._can_bridge)
        bridge.triggered.connect(self._bridge)
        return menu

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        """A seam, two pictures that cross, or a dip."""
        super().paintEvent(event)
        if self._shot is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(6, 6, -6, -6)
        is_cut = self._shot.transition == "cut"
        painter.setPen(QPen(QColor(self._theme.muted if is_cut else self._theme.accent), 1.6))
        middle = box.center()
        if is_cut:
            painter.drawLine(QPointF(middle.x(), box.top() + 1), QPointF(middle.x(), box.bottom() - 1))
        elif self._shot.transition == "crossfade":
            painter.drawLine(box.topLeft(), box.bottomRight())
            painter.drawLine(box.bottomLeft(), box.topRight())
        else:
            painter.drawPolyline(QPolygonF([box.topLeft(), QPointF(middle.x(), box.bottom()), box.topRight()]))

    def _choose(self, kind: str, length_s: float, _checked: bool = False) -> None:
        self.chosen.emit(self.shot_id, kind, length_s)

    def _bridge(self) -> None:
        self.bridge_wanted.emit(self.shot_id)


def can_bridge(shot: Shot, behind: Shot) -> bool:
    """Whether a bridge can stand between two shots."""
    return not shot.is_bridge and not behind.is_bridge
