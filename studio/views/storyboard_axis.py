"""The time axis of the storyboard: ruler, cards, marks between them and the playhead."""

from collections.abc import Mapping
from typing import TypeVar

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QAction, QColor, QFont, QPainter, QPaintEvent, QPen, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolButton, QWidget

from studio.models.studio import Studio
from studio.style.tokens import GRID_PX, SECONDARY_PX, Theme
from studio.views.storyboard_card import ShotCard
from studio.views.storyboard_mark import SIZE_PX, TransitionMark, can_bridge
from studio.views.storyboard_playhead import PlayheadLine
from studio.views.storyboard_scale import LARGEST, MARGIN_PX, SMALLEST, USUAL, Scale, at_seam, seams
from studio.views.words import number

RULER_PX = 3 * GRID_PX
GAP_PX = 2
MORE_PX = 11 * GRID_PX
NO_MARK_PX = SIZE_PX - 4
"""Cards that are narrower have no room for a mark between them."""
_W = TypeVar("_W", bound=QWidget)


class Axis(QAbstractScrollArea):
    """Only the cards in sight are there; the open shot is the selected one."""

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> None:
        super().__init__()
        self._studio = studio
        self._actions = actions
        self._theme = theme
        self._px_per_s = USUAL
        self._edges: list[float] = [0.0]
        self.cards: dict[str, ShotCard] = {}
        self.marks: dict[str, TransitionMark] = {}
        self._spare_cards: list[ShotCard] = []
        self._spare_marks: list[TransitionMark] = []
        self._unseen_mark: TransitionMark | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setMouseTracking(True)
        self.more = self._more_button()
        self.playhead = PlayheadLine(theme, self.viewport())
        self._connect()
        self.look()

    @property
    def scale(self) -> Scale:
        """Of what is seen now."""
        return Scale(self._px_per_s, self._studio.screening.fps, self.horizontalScrollBar().value())

    def zoom(self, factor: float, x: float | None = None) -> None:
        """Larger or smaller; the instant at `x` (the playhead's by default) stays where it is."""
        x = self.scale.x(self._studio.screening.index) if x is None else x
        x = max(0.0, min(x, self.viewport().width()))
        frame = self.scale.frame(x)
        self._px_per_s = max(SMALLEST, min(self._px_per_s * factor, LARGEST))
        self._measure()
        bar = self.horizontalScrollBar()
        bar.setValue(round(bar.value() + self.scale.x(frame) - x))
        self.place()

    def zoom_fit(self) -> None:
        """The whole film is seen."""
        length_s = max(1.0, self._edges[-1] / self.scale.fps)
        room = self.viewport().width() - 2 * MARGIN_PX - MORE_PX
        self._px_per_s = max(SMALLEST, min(room / length_s, LARGEST))
        self._measure()
        self.place()

    def look(self) -> None:
        """Shots, takes or jobs may be others; while nobody sees it that can wait."""
        if not self.isVisible() and self._edges != [0.0]:
            return
        project, shot = self._studio.film.project, self._studio.film.shot
        self._edges = seams(self._studio.storyboard.places)
        self._measure()
        for shot_id, card in self.cards.items():
            if project.has_shot(shot_id):
                self._bind(card, project.place(shot_id))
        self.place()
        said = self.tr("Storyboard, {shot} is chosen").format(shot=shot.name) if shot else self.tr("Storyboard")
        self.setAccessibleName(said)

    def place(self, *_: object) -> None:
        """Put everything where it belongs; cards that leave at one side come back at the other."""
        shots, scale, edges = self._studio.film.project.shots, self.scale, self._edges
        first = at_seam(edges, scale.frame(0)) if shots else 0
        last = at_seam(edges, scale.frame(self.viewport().width())) if shots else -1
        seen = {shots[index].id: index for index in range(first, last + 1)}
        for shot_id in [each for each in self.cards if each not in seen]:
            self._spare_cards.append(_hidden(self.cards.pop(shot_id)))
        for shot_id in [each for each in self.marks if each not in seen]:
            self._spare_marks.append(_hidden(self.marks.pop(shot_id)))
        for shot_id, index in seen.items():
            card = self.cards.get(shot_id) or self._take_out(shot_id, index)
            card.setGeometry(self.card_rect(index))
            self._place_mark(index)
        self._place_more()
        self.follow(scrolls=False)
        self.viewport().update(0, 0, self.viewport().width(), RULER_PX)

    def card_rect(self, index: int) -> QRect:
        """Where a card (0-based) stands in what is seen."""
        left, right = round(self.scale.x(self._edges[index])), round(self.scale.x(self._edges[index + 1]))
        height = self.viewport().height() - RULER_PX - SIZE_PX - GAP_PX
        return QRect(left, RULER_PX, max(2, right - left - GAP_PX), max(1, height))

    def show_shot(self, shot_id: str) -> None:
        """Have it in sight."""
        rect, width = self.card_rect(self._studio.film.project.place(shot_id)), self.viewport().width()
        bar = self.horizontalScrollBar()
        if rect.left() < 0 or rect.width() > width:
            bar.setValue(bar.value() + rect.left() - MARGIN_PX)
        elif rect.right() > width:
            bar.setValue(bar.value() + rect.right() - width + MARGIN_PX)

    def follow(self, *, scrolls: bool = True) -> None:
        """The playhead is elsewhere; while the film plays it stays in sight."""
        screening = self._studio.screening
        x = self.scale.x(screening.index)
        if scrolls and screening.speed and not 0 <= x <= self.viewport().width() - 2 * MARGIN_PX:
            bar = self.horizontalScrollBar()
            bar.setValue(round(bar.value() + x - MARGIN_PX))  # which places everything
            x = self.scale.x(screening.index)
        self.playhead.stand_at(x, self.viewport().height() - SIZE_PX)
        self.playhead.setVisible(screening.num_frames > 0)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  Qt's name
        """The ruler."""
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), QColor(self._theme.ground))
        if event.rect().top() > RULER_PX:
            return
        font = self.font()
        font.setPixelSize(SECONDARY_PX - 1)
        font.setFeature(QFont.Tag("tnum"), 1)
        painter.setFont(font)
        for at_s, x in self.scale.ticks(self.viewport().width()):
            painter.setPen(QPen(QColor(self._theme.line), 1))
            painter.drawLine(QPointF(x + 0.5, RULER_PX - 8), QPointF(x + 0.5, RULER_PX - 2))
            painter.setPen(QColor(self._theme.muted))
            box = QRectF(x + 5, 0, 9 * GRID_PX, RULER_PX - 2)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, clock(at_s))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  Qt's name
        """What has waited."""
        super().showEvent(event)
        self.look()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  Qt's name
        """More or less of the film is seen."""
        super().resizeEvent(event)
        self._measure()
        self.place()

    def _connect(self) -> None:
        studio = self._studio
        self.horizontalScrollBar().valueChanged.connect(self.place)
        studio.storyboard.changed.connect(self.look)
        studio.film.shot_changed.connect(self._on_shot)
        studio.screening.frame_changed.connect(self.follow)
        studio.jobs.progressed.connect(self._on_progress)
        studio.jobs.previewed.connect(self._on_preview)

    def _on_shot(self) -> None:
        if self._studio.film.shot is not None:
            self.show_shot(self._studio.film.shot.id)

    def _on_progress(self, job_id: str) -> None:
        card = self._card_of(job_id)
        if card is not None:
            card.look()

    def _on_preview(self, job_id: str) -> None:
        """Its first preview makes a job's card a living one."""
        card = self._card_of(job_id)
        if card is not None and (card.thumbnail.clip is not None or card.thumbnail.image is None):
            self._bind(card, self._studio.film.project.place(card.shot_id))

    def _card_of(self, job_id: str) -> ShotCard | None:
        job = self._studio.jobs.get(job_id)
        return self.cards.get(job.request.shot or "") if job is not None else None

    def _measure(self) -> None:
        """How far the film can be scrolled, with room for what adds a shot."""
        bar, room = self.horizontalScrollBar(), self.viewport().width()
        whole = round(self.scale.width(self._edges[-1])) + 2 * MARGIN_PX + MORE_PX
        bar.setRange(0, max(0, whole - room))
        bar.setSingleStep(8 * GRID_PX)
        bar.setPageStep(max(1, room))

    def _take_out(self, shot_id: str, index: int) -> ShotCard:
        card = self._spare_cards.pop() if self._spare_cards else self._new_card()
        self.cards[shot_id] = card
        card.setGeometry(self.card_rect(index))
        self._bind(card, index)
        card.show()
        self.playhead.raise_()
        return card

    def _new_card(self) -> ShotCard:
        return ShotCard(self._studio, self._theme, self.viewport())

    def _new_mark(self) -> TransitionMark:
        return TransitionMark(self._theme, self.viewport())

    def _bind(self, card: ShotCard, index: int) -> None:
        shot = self._studio.film.project.shots[index]
        card.show_shot(shot, index, is_current=shot is self._studio.film.shot)

    def mark_behind(self, index: int) -> TransitionMark:
        """The mark behind a card that is not the last; one that is not seen where there is no room for it."""
        shown = self.marks.get(self._studio.film.project.shots[index].id)
        if shown is not None:
            return shown
        if self._unseen_mark is None:
            self._unseen_mark = _hidden(self._new_mark())
        self._bind_mark(self._unseen_mark, index)
        return self._unseen_mark

    def _bind_mark(self, mark: TransitionMark, index: int) -> None:
        shots, places = self._studio.film.project.shots, self._studio.storyboard.places
        place, behind = places[index], places[index + 1]
        shown = place.overlap_frames + place.fade_out_frames + behind.fade_in_frames
        mark.show_shot(shots[index], shown / self.scale.fps, can_bridge=can_bridge(shots[index], shots[index + 1]))
        mark.setEnabled(self._studio.film.read_only is None)
        rect = self.card_rect(index)
        mark.move(rect.right() + GAP_PX - SIZE_PX // 2, rect.bottom() + GAP_PX)

    def _place_mark(self, index: int) -> None:
        """Under the seam behind the card, where there is one and room for it."""
        shots = self._studio.film.project.shots
        shot, rect = shots[index], self.card_rect(index)
        if index + 1 == len(shots) or min(rect.width(), self.card_rect(index + 1).width()) < NO_MARK_PX:
            if shot.id in self.marks:
                self._spare_marks.append(_hidden(self.marks.pop(shot.id)))
            return
        mark = self.marks.get(shot.id)
        if mark is None:
            mark = self.marks[shot.id] = self._spare_marks.pop() if self._spare_marks else self._new_mark()
            mark.show()
        self._bind_mark(mark, index)

    def _place_more(self) -> None:
        shots = self._studio.film.project.shots
        left = round(self.scale.x(self._edges[-1])) + (GRID_PX if shots else 0)
        height = self.viewport().height() - RULER_PX - SIZE_PX - GAP_PX
        self.more.setGeometry(left, RULER_PX, MORE_PX - GRID_PX, height)

    def _more_button(self) -> QToolButton:
        button = QToolButton(self.viewport())
        button.setText(self.tr("+ shot"))
        button.setToolTip(self.tr("A new shot at the end of the film"))
        button.setAccessibleName(button.toolTip())
        button.setProperty("look", "more")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(self._add_shot)
        return button

    def _add_shot(self) -> None:
        """At the end, where the button stands."""
        shots = self._studio.film.project.shots
        if shots:
            self._studio.film.open_shot(shots[-1].id)
        self._actions["new_shot"].trigger()


def clock(at_s: float) -> str:
    """Seconds as the ruler names them; minutes before them from one on."""
    if at_s >= 60:
        return f"{int(at_s) // 60}:{int(at_s) % 60:02d}"
    return f"{number(at_s, 0 if at_s == int(at_s) else 1)} s"


def _hidden(widget: _W) -> _W:
    widget.hide()
    return widget
