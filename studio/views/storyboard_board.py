"""The board: what mouse and keys do with the cards on the time axis."""

from collections.abc import Mapping

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QLabel, QMenu

from studio.models.studio import Studio
from studio.project.shot import Shot
from studio.style.tokens import GRID_PX, Theme
from studio.views.storyboard_axis import RULER_PX, Axis
from studio.views.storyboard_card import ShotCard
from studio.views.storyboard_drag import Drag, Part, Trim, trimmed
from studio.views.storyboard_mark import TransitionMark
from studio.views.storyboard_scale import at_seam
from studio.views.words import seconds
from studio.widgets.keys import PRESS, REMOVE, keep_keys

EDGE_PX = 7
SCROLL_PX = 3 * GRID_PX
LINE_PX = 3
MENU = (
    ("play_from_shot", "generate", "split_shot"),
    ("extend", "extend_backward"),
    ("continue_shot", "transition", "insert_bridge"),
    ("move_back", "move_on"),
    ("rename_shot", "duplicate_shot", "delete_shot"),
)


class Board(Axis):
    """Each drag is one step of undo, made when it is let go; Esc gives it up.

    Signals:
        asked: an edge was dragged beyond what is shown of a take that has more (shot's id, part, Trim), and was let
            go at a place of the screen: show that, or make the take longer?
    """

    asked = Signal(str, str, object, object)

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> None:
        self._drag: Drag | None = None
        self._seeks = False
        super().__init__(studio, actions, theme)
        self.hint = QLabel(self.viewport())
        self.gap = QFrame(self.viewport())
        self._dress()
        keep_keys(self, PRESS[1], PRESS[2], *REMOVE)

    @property
    def drag(self) -> Drag | None:
        """What is held."""
        return self._drag

    def place(self, *_: object) -> None:
        """What is held stays where it is held."""
        super().place()
        if self._drag is not None and self._drag.is_under_way:
            self._show_drag(self._drag)

    def menu(self) -> QMenu:
        """For the selected shot; it goes when it is closed."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for names in MENU:
            menu.addActions([self._actions[name] for name in names])
            menu.addSeparator()
        return menu

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802  Qt's name
        """Sideways; with Ctrl larger or smaller around the mouse."""
        moved = event.pixelDelta() if not event.pixelDelta().isNull() else event.angleDelta()
        by = moved.x() if abs(moved.x()) > abs(moved.y()) else moved.y()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(1.0015**by, event.position().x())
        else:
            self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() - by)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  Qt's name
        """Enter opens the shot, Del takes it out of the film, Esc gives a drag up."""
        if event.key() == Qt.Key.Key_Escape and self._drag is not None:
            self._give_up()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._studio.turn_to("create")
        elif event.key() in REMOVE:
            self._actions["delete_shot"].trigger()
        else:
            event.ignore()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802  Qt's name
        """Everything that can be done with a shot; by the key, with the selected one."""
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        shot = self._studio.film.shot if by_key else self._shot_at(event.pos())
        if shot is not None:
            self._studio.film.open_shot(shot.id)
            self.menu().popup(event.globalPos())

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802  Qt's name
        """Take hold: of the playhead in the ruler, of a card or its edge."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        place = event.position().toPoint()
        if place.y() < RULER_PX:
            self._seeks = True
            self._seek(place.x())
            return
        shot = self._shot_at(place)
        if shot is not None:
            self._studio.film.open_shot(shot.id)
            if self._studio.film.read_only is None:
                self._drag = Drag(shot, self._part_at(shot, place.x()), place.x(), place.x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802  Qt's name
        """Move what is held; else show what could be."""
        place = event.position().toPoint()
        if self._seeks:
            self._seek(place.x())
        elif self._drag is not None:
            self._drag_to(place.x())
        else:
            shot = self._shot_at(place)
            at_edge = shot is not None and self._part_at(shot, place.x()) != "body"
            self.viewport().setCursor(Qt.CursorShape.SizeHorCursor if at_edge else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802  Qt's name
        """Let go of it."""
        drag, self._seeks = self._drag, False
        self._give_up()
        if drag is None or not self._studio.film.project.has_shot(drag.shot.id):
            return
        if not drag.is_under_way:
            self._look_at(drag.shot)
        elif drag.part == "body":
            self._studio.storyboard.move(drag.shot.id, self._target(drag))
        else:
            self._finish(drag, event.globalPosition().toPoint())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802  Qt's name
        """Work on a shot."""
        shot = self._shot_at(event.position().toPoint())
        if shot is not None and event.button() == Qt.MouseButton.LeftButton:
            self._give_up()
            self._studio.film.open_shot(shot.id)
            self._studio.turn_to("create")

    def _new_card(self) -> ShotCard:
        card = super()._new_card()
        card.wanted.connect(self._do)
        card.continued.connect(self._studio.storyboard.set_continues)
        return card

    def _new_mark(self) -> TransitionMark:
        mark = super()._new_mark()
        mark.chosen.connect(self._studio.storyboard.set_transition)
        mark.bridge_wanted.connect(self._bridge)
        return mark

    def _do(self, shot_id: str, deed: str) -> None:
        storyboard, project = self._studio.storyboard, self._studio.film.project
        if deed == "generate":
            storyboard.generate([shot_id])
        elif deed == "refresh":
            storyboard.refresh([shot_id])
        else:
            job = storyboard.job_of(project.shot(shot_id))
            if job is not None:
                self._studio.jobs.resume(job.id)

    def _bridge(self, shot_id: str) -> None:
        self._studio.film.open_shot(shot_id)
        self._actions["insert_bridge"].trigger()

    def _seek(self, x: float) -> None:
        self._studio.screening.pause()
        self._studio.screening.seek(int(self.scale.frame(x)))

    def _look_at(self, shot: Shot) -> None:
        """A click shows the shot, unless the playhead is in it already."""
        screening = self._studio.screening
        if screening.shot_at(screening.index) != self._studio.film.project.shot(shot.id):
            screening.pause()
            screening.go_to(shot.id)

    def _shot_at(self, place: QPoint) -> Shot | None:
        shots = self._studio.film.project.shots
        if not shots or place.y() < RULER_PX:
            return None
        index = at_seam(self._edges, self.scale.frame(place.x()))
        return shots[index] if self.card_rect(index).contains(place) else None

    def _part_at(self, shot: Shot, x: float) -> Part:
        """Edges can be held, but where a card is too narrow to have more than edges; a bridge is as long as it is."""
        rect = self.card_rect(self._studio.film.project.place(shot.id))
        if rect.width() < 4 * EDGE_PX:
            return "body"
        if rect.right() - x < EDGE_PX:
            return "end"
        return "start" if x - rect.left() < EDGE_PX and shot.selected is not None else "body"

    def _drag_to(self, x: float) -> None:
        assert self._drag is not None
        self._drag = self._drag.to(x)
        if self._drag.is_under_way:
            bar = self.horizontalScrollBar()
            if x < SCROLL_PX or x > self.viewport().width() - SCROLL_PX:
                bar.setValue(bar.value() + (SCROLL_PX if x > SCROLL_PX else -SCROLL_PX))
            self._show_drag(self._drag)

    def _show_drag(self, drag: Drag) -> None:
        card = self.cards.get(drag.shot.id)
        if card is None or not self._studio.film.project.has_shot(drag.shot.id):
            return
        card.raise_()
        rect = self.card_rect(self._studio.film.project.place(drag.shot.id))
        moved = round(drag.moved_px)
        if drag.part == "body":
            card.setGeometry(rect.translated(moved, 0))
            self._show_gap(self._target(drag))
            return
        if drag.part == "end":
            rect.setRight(max(rect.left() + GRID_PX, rect.right() + moved))
        else:
            rect.setLeft(min(rect.right() - GRID_PX, rect.left() + moved))
        card.setGeometry(rect)
        self._show_edge(drag, rect.right() if drag.part == "end" else rect.left())
        self.hint.setText(self._hint_words(drag))
        self.hint.adjustSize()
        x = rect.right() - self.hint.width() if drag.part == "end" else rect.left()
        self.hint.move(max(0, min(x, self.viewport().width() - self.hint.width())), rect.top() + GRID_PX)
        self.hint.show()
        self.hint.raise_()
        self.playhead.raise_()

    def _show_edge(self, drag: Drag, x: float) -> None:
        """The frame at the edge that is dragged, as far as there is one."""
        if drag.shot.selected is not None:
            place = self._studio.screening.place_of(drag.shot.id)
            last = place.first_frame + place.num_frames - 1
            frame = int(self.scale.frame(x))
            self._studio.screening.pause()
            self._studio.screening.seek(max(place.first_frame, min(frame, last)))

    def _show_gap(self, target: int) -> None:
        """A line where the card would come to stand, `target` being its place in the new order."""
        assert self._drag is not None
        now = self._studio.film.project.place(self._drag.shot.id)
        seam = target if target <= now else target + 1
        x = round(self.scale.x(self._edges[seam]))
        self.gap.setGeometry(x - LINE_PX // 2 - 1, RULER_PX, LINE_PX, self.card_rect(now).height())
        self.gap.setVisible(target != now)
        self.gap.raise_()

    def _target(self, drag: Drag) -> int:
        """Which place the card takes in the new order: behind all others whose middle lies to the left of the mouse."""
        project = self._studio.film.project
        others = [index for index, shot in enumerate(project.shots) if shot.id != drag.shot.id]
        return sum(self.card_rect(index).center().x() < drag.x for index in others)

    def _hint_words(self, drag: Drag) -> str:
        moved_s = drag.moved_px / self.scale.px_per_s
        if drag.shot.selected_take is None:
            return seconds(max(0.0, self._studio.storyboard.planned_s(drag.shot) + moved_s))
        trim = trimmed(drag.shot, drag.part, moved_s)
        shown = self._shown_s(drag.shot, trim)
        if not trim.beyond_s:
            return seconds(shown)
        said = self.tr("{length} + {new} new")
        return said.format(length=seconds(shown), new=seconds(trim.beyond_s))

    def _shown_s(self, shot: Shot, trim: Trim) -> float:
        take = shot.selected_take
        assert take is not None
        end = take.num_frames if trim.out_frame is None else trim.out_frame
        return (end - trim.in_frame) / take.fps

    def _finish(self, drag: Drag, place: QPoint) -> None:
        """What was dragged stands, or is asked about, or is made."""
        shot, storyboard = self._studio.film.project.shot(drag.shot.id), self._studio.storyboard
        moved_s = drag.moved_px / self.scale.px_per_s
        if shot.selected_take is None:
            storyboard.plan_length(shot.id, storyboard.planned_s(shot) + moved_s)
            return
        trim = trimmed(shot, drag.part, moved_s)
        if not trim.beyond_s:
            storyboard.trim(shot.id, trim.in_frame, trim.out_frame)
        elif trim.is_open:
            self.asked.emit(shot.id, drag.part, trim, place)
        else:
            storyboard.extend(shot.id, trim.beyond_s, backward=drag.part == "start")

    def _give_up(self) -> None:
        """Nothing is held any more, and everything is where it belongs."""
        held, self._drag = self._drag, None
        self.hint.hide()
        self.gap.hide()
        if held is not None and held.is_under_way:
            self.place()

    def _dress(self) -> None:
        theme = self._theme
        self.hint.setProperty("look", "hint")
        self.hint.setStyleSheet(
            f"background: {theme.raised}; color: {theme.text}; border: 1px solid {theme.accent};"
            f" border-radius: 4px; padding: 2px {GRID_PX // 2}px;"
        )
        self.gap.setStyleSheet(f"background: {theme.accent}; border-radius: 1px;")
        for each in (self.hint, self.gap):
            each.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            each.hide()
