"""ShotCard: one shot on the time axis, as wide as it is long."""

from typing import Literal

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from engine.protocol.job import Failed, Job, SetAside
from studio.models.studio import Studio, clip_of_take
from studio.project.shot import Shot
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, Theme
from studio.views.clip_thumbnail import ClipThumbnail
from studio.views.queue_words import part_done
from studio.views.storyboard_words import card_words, centre_words, is_alarming, is_running, stale_words
from studio.views.take_words import job_words
from studio.views.words import number, seconds

FOOT_PX = 3 * GRID_PX
SIGN_PX = 14
ROOMY = 1.9
"""From so many times the picture's own width on, the prompt stands beside it."""
NARROW_PX = 9 * GRID_PX
"""Below, only the picture and what is wrong are shown."""
Deed = Literal["generate", "refresh", "retry"]


class ShotCard(QWidget):
    """Bound again and again as the axis is scrolled; what is done with the mouse but for its buttons is the axis's.

    Signals:
        wanted: a deed for the shot (its id, Deed).
        continued: the shot (its id) is to start from the one before, or no more.
    """

    wanted = Signal(str, str)
    continued = Signal(str, bool)

    def __init__(self, studio: Studio, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._theme = theme
        self._shot: Shot | None = None
        self._place = 0
        self._deed: Deed | None = None
        self.thumbnail = ClipThumbnail(studio, theme, parent=self)
        self.prompt = QLabel(self)
        self.prompt.setProperty("look", "secondary")
        self.prompt.setWordWrap(True)
        self.prompt.setTextFormat(Qt.TextFormat.PlainText)
        self.prompt.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeading)
        self.prompt.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.link = self._button("continues")
        self.link.setCheckable(True)
        self.link.toggled.connect(self._continue)
        self.length = QLabel()
        self.length.setProperty("look", "secondary")
        self.length.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.act = self._button("generate")
        self.act.clicked.connect(self._want)
        self._lay_out()
        self.setAutoFillBackground(True)  # of a card that is dragged over others all is seen
        for widget in (self, self.thumbnail, self.prompt, self.length):
            widget.setMouseTracking(True)  # the axis shows where an edge can be held

    @property
    def shot_id(self) -> str:
        """The shot's; empty while it stands for none."""
        return self._shot.id if self._shot else ""

    @property
    def deed(self) -> Deed | None:
        """What its button does."""
        return self._deed

    def show_shot(self, shot: Shot, place: int, *, is_current: bool) -> None:
        """Stand for a shot at a place (0-based) of the film."""
        self._shot, self._place = shot, place
        studio = self._studio
        job, take = studio.storyboard.job_of(shot), shot.selected_take
        if job is not None and is_running(job) and studio.jobs.preview(job.id) is not None:
            self.thumbnail.show_job(job.id)
        else:
            shown = (shot.in_frame, shot.end_frame)
            self.thumbnail.show_clip(clip_of_take(take) if take else None, shown if take else None)
        self.thumbnail.select(is_current)
        self.prompt.setText(shot.draft.prompt)
        self._show_link(shot)
        self.look()
        told = card_words(shot, place, studio)
        self.thumbnail.setToolTip(told)
        self.setAccessibleName(told.partition("\n")[0])
        self.setAccessibleDescription(told)

    def look(self) -> None:
        """Say how it is now."""
        shot, studio = self._shot, self._studio
        if shot is None:
            return
        job = studio.storyboard.job_of(shot)
        has_take = shot.selected is not None
        words = job_words(job, studio) if job is not None and (has_take or is_running(job)) else ""
        centre = "" if has_take or words else centre_words(shot, job, studio)
        self.thumbnail.mark(self._mark, words, centre)
        progress = part_done(studio.jobs.progress(job.id)) or 0.0 if job is not None and is_running(job) else None
        self.thumbnail.show_progress(progress)
        self.thumbnail.alarm(is_alarming(job))
        planned = studio.storyboard.planned_s(shot)
        self.length.setText(seconds(shot.duration_s if has_take else planned))
        self._show_deed(shot, job)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  Qt's name
        """As much as there is room for."""
        super().resizeEvent(event)
        self._fit()

    @property
    def _mark(self) -> str:
        shot = self._shot
        if shot is None:
            return ""
        return f"{number(self._place + 1)}  {shot.name}" if self.width() >= NARROW_PX else number(self._place + 1)

    def _show_link(self, shot: Shot) -> None:
        """The switch of continuity; a bridge has its sign there."""
        is_fixed = shot.is_bridge or self._studio.film.read_only is not None
        self.link.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, is_fixed)
        self.link.blockSignals(True)
        self.link.setChecked(shot.continues)
        self.link.blockSignals(False)
        role = "accent" if shot.continues or shot.is_bridge else "muted"
        self.link.setIcon(icon("bridge" if shot.is_bridge else "continues", self._theme, role))
        continues = self.tr("Start from the last frame of the shot before")
        self.link.setToolTip(self.tr("Generated bridge") if shot.is_bridge else continues)
        self.link.setAccessibleName(self.link.toolTip())
        self._fit()

    def _show_deed(self, shot: Shot, job: Job | None) -> None:
        reasons = self._studio.storyboard.reasons(shot)
        self._deed = self._deed_for(shot, job, bool(reasons))
        self.act.setVisible(self._deed is not None)
        if self._deed is None:
            return
        signs = {"generate": ("generate", "accent"), "refresh": ("retry", "warn"), "retry": ("retry", "bad")}
        name, role = signs[self._deed]
        self.act.setIcon(icon(name, self._theme, role))
        words = {"generate": self.tr("Generate this shot"), "retry": self.tr("Try again")}
        self.act.setToolTip(words.get(self._deed) or stale_words(reasons))
        self.act.setAccessibleName(self.act.toolTip().replace("\n", ", "))

    def _deed_for(self, shot: Shot, job: Job | None, is_stale: bool) -> Deed | None:
        if job is not None:
            return "retry" if isinstance(job.state, Failed | SetAside) else None
        if self._studio.storyboard.is_awaited(shot) or self._studio.film.read_only is not None:
            return None
        if shot.selected is None:
            return "generate"
        return "refresh" if is_stale else None

    def _lay_out(self) -> None:
        foot = QHBoxLayout()
        foot.setContentsMargins(2, 0, 2, 0)
        foot.setSpacing(2)
        foot.addStrut(FOOT_PX)
        foot.addWidget(self.link)
        foot.addWidget(self.length, 1)
        foot.addWidget(self.act)
        upper = QHBoxLayout()
        upper.setSpacing(GRID_PX)
        upper.addWidget(self.thumbnail, 1)
        upper.addWidget(self.prompt, 1)
        self._upper = upper
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addLayout(upper, 1)
        rows.addLayout(foot)
        self.length.setFixedHeight(FOOT_PX)

    def _fit(self) -> None:
        """The prompt beside the picture where there is room for both; in a narrow card what matters most."""
        shot = self._shot
        take = shot.selected_take if shot else None
        aspect = take.width / take.height if take else 4 / 3
        own = round((self.height() - FOOT_PX) * aspect)
        is_roomy = self.width() >= ROOMY * own and bool(self.prompt.text())
        self.prompt.setVisible(is_roomy)
        self.thumbnail.setMaximumWidth(own if is_roomy else 16777215)
        narrow = self.width() < NARROW_PX
        self.length.setVisible(not narrow)
        has_sign = shot is not None and (shot.is_bridge or (self._place > 0 and not narrow))
        self.link.setVisible(has_sign)

    def _button(self, name: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name, self._theme, "muted"))
        button.setIconSize(QSize(SIGN_PX, SIGN_PX))
        button.setAutoRaise(True)
        button.setFixedSize(FOOT_PX, FOOT_PX)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return button

    def _continue(self, is_on: bool) -> None:
        self.continued.emit(self.shot_id, is_on)

    def _want(self) -> None:
        if self._deed is not None:
            self.wanted.emit(self.shot_id, self._deed)
