"""TakeCard: one place in the strip of takes, whatever stands there now."""

from typing import Literal

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QDrag, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from engine.protocol.job import Drafted, Failed, Job, Paused, Running, SetAside
from studio.models.studio import Studio, clip_of_take
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, Theme
from studio.views.carried import carried
from studio.views.clip_thumbnail import ClipThumbnail
from studio.views.queue_words import part_done
from studio.views.take_words import Entry, draft_words, job_words, lineage_words, take_words
from studio.views.words import number, seconds
from studio.widgets.rating import Rating

FOOT_PX = 3 * GRID_PX
DEED_PX = 14
Deed = Literal["finish", "retry", "dismiss", "resume"]


class TakeCard(QWidget):
    """A thumbnail and a foot; bound again and again as the strip is scrolled.

    Signals:
        pressed: somebody chose it (Entry).
        opened: somebody double-clicked it (Entry).
        wanted: a deed for it (Entry, Deed).
        rated: stars for it (Entry, int).
    """

    pressed = Signal(object)
    opened = Signal(object)
    wanted = Signal(object, str)
    rated = Signal(object, int)

    def __init__(self, studio: Studio, more: QAction, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._more = more
        self._theme = theme
        self._entry = Entry()
        self._pressed_at = QPoint()
        self.thumbnail = ClipThumbnail(studio, theme, parent=self)
        self.rating = Rating(theme)
        self.rating.rated.connect(self._rate)
        self.words = QLabel()
        self.words.setProperty("look", "secondary")
        self.words.setAlignment(Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)
        self.deeds: dict[str, QToolButton] = {
            "finish": self._button("finish", "done", self.tr("Finish")),
            "resume": self._button("resume", "resume_job", self.tr("Go on")),
            "retry": self._button("retry", "retry", self.tr("Retry")),
            "dismiss": self._button("dismiss", "close", self.tr("Dismiss")),
        }
        self._lay_out()

    @property
    def entry(self) -> Entry:
        """What it stands for."""
        return self._entry

    def show_entry(self, entry: Entry, is_current: bool) -> None:
        """Stand for something."""
        self._entry = entry
        job, take = entry.job, entry.take
        runs = job is not None and isinstance(job.state, Running)
        if job is not None and (runs or take is None) and self._studio.jobs.preview(job.id) is not None:
            self.thumbnail.show_job(job.id, moves=runs)
        else:
            self.thumbnail.show_clip(clip_of_take(take) if take else None)
        self.thumbnail.select(entry.is_selected or is_current)
        self.look()

    def look(self) -> None:
        """Say how it is now."""
        entry = self._entry
        job, take = entry.job, entry.take
        mark = number(entry.number) if take else ""
        words, centre, progress = self._said(job)
        self.thumbnail.mark(mark, words, centre)
        self.thumbnail.show_progress(progress)
        self.thumbnail.alarm(job is not None and isinstance(job.state, Failed | SetAside))
        deeds = self._deeds(job)
        for name, button in self.deeds.items():
            button.setVisible(name in deeds)
        self.rating.setVisible(take is not None and not deeds)
        self.rating.show_stars(take.rating if take else 0)
        self.words.setText(seconds(take.duration_s) if take and not deeds else "")
        told = take_words(entry, self._studio) or self._more.toolTip()
        self.thumbnail.setToolTip(told)
        self.setAccessibleName(told.partition("\n")[0])
        self.setAccessibleDescription(told)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802  Qt's name
        """Choose it."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed_at = event.position().toPoint()
            self.pressed.emit(self._entry)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802  Qt's name
        """Drag it: into a well, the bin, or another program."""
        take, far = self._entry.take, event.position().toPoint() - self._pressed_at
        is_held = bool(event.buttons() & Qt.MouseButton.LeftButton)
        if take is not None and is_held and far.manhattanLength() >= QApplication.startDragDistance():
            drag = QDrag(self)
            drag.setMimeData(carried(self._studio, [take.media]))
            drag.setPixmap(self.thumbnail.grab())
            drag.setHotSpot(self._pressed_at)
            drag.exec(Qt.DropAction.CopyAction)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802  Qt's name
        """Open it."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.opened.emit(self._entry)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  Qt's name
        """Words of buttons go where there is no room for them."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802  Qt's name
        """Another font, another room."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        foot.setContentsMargins(2, 0, 2, 0)
        foot.setSpacing(GRID_PX // 2)
        foot.addWidget(self.rating)
        for button in self.deeds.values():
            foot.addWidget(button)
        foot.addWidget(self.words, 1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.thumbnail, 1)
        rows.addLayout(foot)
        foot.setAlignment(self.rating, Qt.AlignmentFlag.AlignVCenter)
        self.words.setFixedHeight(FOOT_PX)

    def _button(self, deed: Deed, name: str, text: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name, self._theme, "accent" if deed == "finish" else "text"))
        button.setIconSize(QSize(DEED_PX, DEED_PX))
        button.setText(text)
        button.setToolTip(text)
        button.setAccessibleName(text)
        button.setAutoRaise(True)
        button.setFixedHeight(FOOT_PX)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        button.clicked.connect(lambda: self.wanted.emit(self._entry, deed))
        return button

    def _fit(self) -> None:
        """All words, or icons alone."""
        for button in self.deeds.values():
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        pair = self.deeds["retry"].sizeHint().width() + self.deeds["dismiss"].sizeHint().width() + GRID_PX
        if pair > self.width():
            self.deeds["dismiss"].setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        for button in self.deeds.values():
            if button.sizeHint().width() > self.width() - 4 * GRID_PX:
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)

    def _said(self, job: Job | None) -> tuple[str, str, float | None]:
        """Words at the bottom, words in the middle where there is no picture, and progress."""
        if job is not None:
            words = job_words(job, self._studio)
            if isinstance(job.state, Running):
                progress = part_done(self._studio.jobs.progress(job.id)) or 0.0
                return words, "", progress
            return ("", words, None) if self.thumbnail.is_bare else (" · ".join(words.splitlines()), "", None)
        if self._entry.is_more:
            return "", f"+\n{self._more.text().replace('&', '')}", None
        take, shot = self._entry.take, self._studio.film.shot
        if take is None or shot is None:
            return "", "", None
        return draft_words(take) or lineage_words(take, self._studio.film.project, shot), "", None

    def _deeds(self, job: Job | None) -> tuple[Deed, ...]:
        if job is not None:
            if isinstance(job.state, Failed | SetAside):
                return ("retry", "dismiss")
            return ("resume",) if isinstance(job.state, Paused) else ()
        take = self._entry.take
        made = self._studio.jobs.get(take.job) if take is not None and take.is_draft and take.job else None
        return ("finish",) if made is not None and isinstance(made.state, Drafted) else ()

    def _rate(self, stars: int) -> None:
        self.rated.emit(self._entry, stars)
