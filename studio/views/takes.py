"""Takes: what has been made of the open shot, and what is being made."""

import math
from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QContextMenuEvent
from PySide6.QtWidgets import QLabel, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from engine.protocol.job import JobRequest, Queued, Running
from studio.models.studio import Studio
from studio.project import edits
from studio.style.tokens import GRID_PX, Theme
from studio.views.take_card import FOOT_PX, TakeCard
from studio.views.take_menu import TakeMenu
from studio.views.take_words import Entry, entries_of
from studio.widgets.strip import Strip

LEAST_PX = 13 * GRID_PX
NARROWEST_PX = 12 * GRID_PX
USUAL_ASPECT = 4 / 3


class View(QWidget):
    """A strip of takes; only those in sight are alive."""

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> None:
        super().__init__()
        self._studio = studio
        self._actions = actions
        self._theme = theme
        self._shown: tuple[object, ...] = ()
        self._selected: str | None = None
        self._watched: str | None = None
        self._aspect = USUAL_ASPECT
        self._entries: list[Entry] = []
        self._places: dict[str, int] = {}
        self.strip: Strip[TakeCard] = Strip(self._make, self._bind, self._card_size)
        self.strip.setAccessibleName(self.tr("Takes"))
        self.strip.walked.connect(self._walk)
        self.strip.entered.connect(self._enter)
        self.empty = self._nothing()
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.strip)
        self.setMinimumHeight(LEAST_PX)
        self.setFocusProxy(self.strip)
        self._connect()
        self._look()
        self._on_actions()

    @property
    def entries(self) -> list[Entry]:
        """What the strip shows, in its order."""
        return self._entries

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802  Qt's name
        """Everything that can be done with the take under the mouse, or with that of the keys."""
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            card = self.strip.alive.get(self.strip.current)
            place = card.mapToGlobal(card.rect().center()) if card else event.globalPos()
        else:
            place = event.globalPos()
            cards = self.strip.alive.values()
            card = next((each for each in cards if each.rect().contains(each.mapFromGlobal(place))), None)
        menu = self.menu_for(card.entry) if card else None
        if menu is not None:
            menu.popup(place)

    def menu_for(self, entry: Entry) -> TakeMenu | None:
        """The take's menu; it is shown in the viewer first, as the verbs are for what is in view."""
        if entry.take is None:
            return None
        before = self._studio.film.take
        self._studio.show_take(entry.take.id)
        return TakeMenu(self._studio, entry.take, before, self._actions, self._theme, self)

    def _nothing(self) -> QWidget:
        held = QWidget()
        sentence = QLabel(self.tr("Takes of this shot appear here: each Generate adds one, and none is ever lost."))
        sentence.setProperty("look", "secondary")
        sentence.setWordWrap(True)
        sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        button = QPushButton(self._actions["variations"].text())
        button.clicked.connect(self._actions["variations"].trigger)
        self._several = button
        rows = QVBoxLayout(held)
        rows.addStretch(1)
        rows.addWidget(sentence)
        rows.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        rows.addStretch(1)
        return held

    def _connect(self) -> None:
        film, jobs = self._studio.film, self._studio.jobs
        film.changed.connect(self._look)
        film.shot_changed.connect(self._look)
        jobs.changed.connect(self._look)
        self._studio.playback.shown_changed.connect(self._follow)
        jobs.progressed.connect(self._on_progress)
        jobs.previewed.connect(self._on_preview)
        self._actions["variations"].changed.connect(self._on_actions)

    def _look(self) -> None:
        """Bind the strip anew when takes or jobs of this shot are others."""
        shot, jobs = self._studio.film.shot, self._studio.jobs
        if self._shown[:1] != (shot.id if shot else None,):
            self._places.clear()
        entries = self._in_place(entries_of(shot, jobs.of_shot(shot.id))) if shot else []
        drafts = [entry.take.job for entry in entries if entry.take is not None and entry.take.is_draft]
        seen = [(id(entry.take), id(entry.job), entry.is_selected) for entry in entries]
        shown = (shot.id if shot else None, seen, [id(jobs.get(job)) for job in drafts if job])
        if shown == self._shown:
            return
        is_other_shot = self._shown[:1] != shown[:1]
        before, self._entries, self._shown = self._selected, entries, shown
        self._selected = shot.selected if shot else None
        if is_other_shot or not self._is_held:
            self._aspect = _aspect_of(entries)
        self.strip.show_things(len(entries))
        self._stack.setCurrentWidget(self.strip if entries else self.empty)
        place = next((index for index, entry in enumerate(entries) if entry.is_selected), None)
        if place is not None and (is_other_shot or self._selected != before):
            self.strip.go_to(place, scrolls=is_other_shot or not self._is_held)
        self._follow()

    @property
    def _is_held(self) -> bool:
        """While the mouse is upon the cards none of them moves by itself: somebody is about to press one."""
        return self.strip.underMouse()

    def _in_place(self, entries: list[Entry]) -> list[Entry]:
        """Each where it was first seen: a job that ends before others becomes a take where it stands."""
        for entry in entries:
            self._places.setdefault(_key(entry), len(self._places))
        return sorted(entries, key=lambda entry: math.inf if entry.is_more else self._places[_key(entry)])

    def _follow(self) -> None:
        """A job that comes into view in the viewer is seen here, too."""
        job_id = self._studio.playback.job_id
        if job_id == self._watched:
            return
        place = next((at for at, entry in enumerate(self._entries) if entry.job and entry.job.id == job_id), None)
        self._watched = job_id if place is not None else None
        if place is not None:
            self.strip.go_to(place, scrolls=not self._is_held)

    def _on_progress(self, job_id: str) -> None:
        """It got on, and those that wait begin so much sooner."""
        for card in self.strip.alive.values():
            job = card.entry.job
            if job is not None and (job.id == job_id or isinstance(job.state, Queued)):
                card.look()

    def _on_preview(self, job_id: str) -> None:
        """Its first preview makes a job's card a living one."""
        for index, card in self.strip.alive.items():
            if card.entry.job is not None and card.entry.job.id == job_id:
                self._bind(card, index)

    def _on_actions(self) -> None:
        self._several.setEnabled(self._actions["variations"].isEnabled())
        self._several.setToolTip(self._actions["variations"].toolTip())
        for card in self.strip.alive.values():
            if card.entry.is_more:
                card.look()

    def _make(self) -> TakeCard:
        card = TakeCard(self._studio, self._actions["variations"], self._theme)
        card.pressed.connect(self._choose)
        card.opened.connect(self._open)
        card.wanted.connect(self._do)
        card.rated.connect(self._rate)
        return card

    def _bind(self, card: TakeCard, index: int) -> None:
        card.show_entry(self._entries[index], self.strip.hasFocus() and index == self.strip.current)

    def _card_size(self, height: int) -> QSize:
        """As large as the strip is tall, in the shape of what it shows."""
        picture = max(6 * GRID_PX, height - FOOT_PX)
        return QSize(max(NARROWEST_PX, min(round(picture * self._aspect), 2 * picture)), picture + FOOT_PX)

    def _walk(self, index: int) -> None:
        self._choose(self._entries[index], by_keys=True)

    def _enter(self, index: int) -> None:
        self._open(self._entries[index])

    def _choose(self, entry: Entry, by_keys: bool = False) -> None:
        """Show it; a job by its preview, or by words while it has none."""
        studio, job = self._studio, entry.job
        if job is not None and (entry.take is None or isinstance(job.state, Running)):
            studio.show_job(job.id)
        elif entry.take is not None:
            studio.show_take(entry.take.id)
        elif entry.is_more and not by_keys:
            self._actions["variations"].trigger()

    def _open(self, entry: Entry) -> None:
        """Play it."""
        self._choose(entry)
        if entry.take is not None:
            self._studio.playback.play()

    def _do(self, entry: Entry, deed: str) -> None:
        jobs = self._studio.jobs
        job_id = entry.job.id if entry.job is not None else entry.take.job if entry.take is not None else None
        if job_id is None:
            return
        if deed == "dismiss":
            jobs.delete(job_id)
            return
        jobs.resume(job_id)
        if deed == "finish":
            self._studio.show_job(job_id)

    def _rate(self, entry: Entry, stars: int) -> None:
        take = entry.take
        if take is not None:
            self._studio.film.edit("rate_take", lambda project: edits.rate_take(project, take.id, stars))


def _key(entry: Entry) -> str:
    """The job's id, also of the take that it becomes."""
    if entry.take is not None:
        return entry.take.job or entry.take.id
    return entry.job.id if entry.job is not None else ""


def _aspect_of(entries: list[Entry]) -> float:
    """The shape of the newest take, or of what will be one."""
    for entry in reversed(entries):
        if entry.take is not None:
            return entry.take.width / entry.take.height
        if entry.job is not None and isinstance(entry.job.request, JobRequest):
            width, height = entry.job.request.recipe.take_size
            return width / height
    return USUAL_ASPECT
