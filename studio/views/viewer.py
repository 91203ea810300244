"""Viewer: the picture as large as it fits, what to do while there is none, and images dropped to be set in motion."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QFocusEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from engine.protocol.job import Job, Paused, Queued, Running
from studio.models.studio import Studio
from studio.project.footage import Footage
from studio.style.tokens import GRID_PX, Theme
from studio.views.full_screen import FullScreen
from studio.views.queue_words import state_words
from studio.views.screen import Screen
from studio.views.words import trouble_sentence
from studio.widgets.drop_note import DropNote
from studio.widgets.image_well import MEDIA_FORMAT

SAID_MS = 8000
MENU = (
    ("extend", "extend_backward", "loop", "bridge", "remix", "retake"),
    ("use_last_frame", "animate"),
    ("set_in", "set_out", "clear_range"),
    ("compare", "full_screen"),
    ("save_take_as", "reveal_file"),
)


class View(QWidget):
    """The hero: no chrome but a thin line of progress while something is made."""

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> None:
        super().__init__()
        self._studio = studio
        self._actions = actions
        self._theme = theme
        self._dropped: list[Path] = []
        self._is_pinned = False
        self._full: FullScreen | None = None
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # a click on the picture takes the keys out of the prompt
        self.setAccessibleName(self.tr("Viewer"))
        self.screen_view = Screen(studio, theme, self)
        self.screen_view.double_clicked.connect(actions["full_screen"].trigger)
        self._sentence = QLabel(self.screen_view)
        self._first = self._button(actions["generate"])
        self._second = self._button(actions["import_files"])
        self._again = QPushButton(self.screen_view)
        self._wipe = QPushButton(self.tr("Wipe"), self.screen_view)
        self._note = DropNote(theme, self)
        self._said = QTimer(self, singleShot=True, interval=SAID_MS)
        self._build()
        self._connect()
        self._look()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802  Qt's name
        """Everything that can be done with what is in view."""
        self.menu().popup(event.globalPos())

    def menu(self) -> QMenu:
        """The verbs; it goes when it is closed."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for names in MENU:
            menu.addActions([self._actions[name] for name in names])
            menu.addSeparator()
        return menu

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802  Qt's name
        """Say what would happen."""
        if self._studio.film.read_only is None and (_media(event) or _paths(event)):
            event.acceptProposedAction()
            self._note.invite(self.tr("Drop an image to set it in motion, or a clip to look at it"))

    def dragLeaveEvent(self, _: QDragLeaveEvent) -> None:  # noqa: N802  Qt's name
        """Nothing happens."""
        self._note.clear()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802  Qt's name
        """Bring the files into the bin; `_on_kept` does the rest."""
        event.acceptProposedAction()
        self._note.clear()
        media = _media(event)
        if media:
            self._use_footage(media)
        else:
            self.bring(_paths(event))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  Qt's name
        """The note lies over all of it."""
        super().resizeEvent(event)
        self._note.setGeometry(self.rect())

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802  Qt's name
        """Show that keys are meant for it, to those who came by keys."""
        super().focusInEvent(event)
        self.screen_view.frame(event.reason() != Qt.FocusReason.MouseFocusReason)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802  Qt's name
        """No more."""
        super().focusOutEvent(event)
        self.screen_view.frame(False)

    @property
    def sentence(self) -> str:
        """What it says in the place of a picture; empty while there is one."""
        return self._sentence.text()

    @property
    def note(self) -> str:
        """What it says of a drop."""
        return self._note.sentence

    @property
    def full(self) -> FullScreen | None:
        """The full screen while it is there."""
        return self._full

    def bring(self, paths: Iterable[Path]) -> None:
        """Bring files into the bin; the first image becomes what the open shot starts from."""
        self._dropped = list(paths)
        self._is_pinned = False
        if self._dropped:
            self._studio.add_files(self._dropped)

    def _button(self, action: QAction) -> QPushButton:
        button = QPushButton(self.screen_view)
        button.clicked.connect(action.trigger)
        button.setText(action.text().replace("&", ""))
        button.setToolTip(action.toolTip())
        action.changed.connect(self._look_at_actions)
        return button

    def _build(self) -> None:
        self._sentence.setWordWrap(True)
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._sentence.setStyleSheet(f"color: {self._theme.on_stage}; background: transparent;")
        self._sentence.setTextFormat(Qt.TextFormat.PlainText)
        self._first.setProperty("look", "primary")
        inside = QVBoxLayout(self.screen_view)
        inside.setSpacing(2 * GRID_PX)
        self._wipe.setProperty("look", "small")
        self._wipe.setCheckable(True)
        self._wipe.setToolTip(self.tr("Lay one over the other; drag the line between them"))
        inside.addWidget(self._wipe, 0, Qt.AlignmentFlag.AlignHCenter)
        inside.addStretch(1)
        inside.addWidget(self._sentence)
        for button in (self._first, self._second, self._again):
            inside.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        inside.addStretch(1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self.screen_view)
        self._note.raise_()

    def _connect(self) -> None:
        self.screen_view.state_changed.connect(self._look)
        self._studio.film.shot_changed.connect(self._look)
        self._studio.film.shot_changed.connect(self._note.clear)
        self._studio.imports.kept.connect(self._on_kept)
        self._said.timeout.connect(self._note.clear)
        self._wipe.toggled.connect(self._compare_as)
        self._studio.playback.shown_changed.connect(self._look_at_compared)
        self._again.clicked.connect(self._go_on)
        self._studio.jobs.progressed.connect(self._on_progress)
        self._actions["full_screen"].triggered.connect(self._go_full)

    def _look(self) -> None:
        """One sentence and a button while there is no picture."""
        screen, playback = self.screen_view, self._studio.playback
        trouble = playback.trouble if screen.is_waiting else None
        sentence = ""
        if screen.is_empty:
            sentence = self.tr("Describe the shot and generate it, or drop an image here to set it in motion.")
        elif trouble is not None:
            sentence = trouble_sentence(trouble)
        elif screen.is_waiting:
            sentence = self._job_sentence(self._job)
        self._sentence.setText(sentence)
        self._sentence.setVisible(bool(sentence))
        self._first.setVisible(screen.is_empty)
        self._second.setVisible(screen.is_empty)
        is_stopped = self._job is not None and self._job.can_resume
        self._again.setVisible(trouble is not None or is_stopped)
        is_paused = self._job is not None and isinstance(self._job.state, Paused)
        self._again.setText(self.tr("Go on") if is_paused else self.tr("Try again"))
        self._look_at_compared()
        self._look_at_actions()

    @property
    def _job(self) -> Job | None:
        """The one that is looked at."""
        job_id = self._studio.playback.job_id
        return self._studio.jobs.get(job_id) if job_id is not None else None

    def _job_sentence(self, job: Job | None) -> str:
        """What stands in the place of a preview."""
        if job is None:
            return ""
        if isinstance(job.state, Running):
            return self.tr("The first pictures come in a moment.")
        return state_words(job, self._studio)

    def _on_progress(self, _: str) -> None:
        """While one waits, what is before it gets on."""
        if self._job is not None and isinstance(self._job.state, Queued):
            self._look()

    def _go_on(self) -> None:
        """The job that stopped, or the picture that did not come."""
        job = self._job
        if job is not None and job.can_resume:
            self._studio.jobs.resume(job.id)
        else:
            self._studio.playback.ask_again()

    def _look_at_compared(self) -> None:
        self._wipe.setVisible(self._studio.playback.compared is not None)

    def _compare_as(self, wiped: bool) -> None:
        self.screen_view.compare_as("wipe" if wiped else "beside")

    def _look_at_actions(self) -> None:
        for button, name in ((self._first, "generate"), (self._second, "import_files")):
            button.setEnabled(self._actions[name].isEnabled())
            button.setToolTip(self._actions[name].toolTip())

    def _on_kept(self, path: Path, footage: Footage) -> None:
        if path not in self._dropped:
            return
        if footage.item.kind == "image" and not self._is_pinned:
            self._is_pinned = True
            self._pin(footage)
        elif path == self._dropped[0]:
            self._studio.show_footage(footage.sha256)
            self._say(self.tr("{name} is in the bin.").format(name=footage.name))

    def _use_footage(self, media: list[str]) -> None:
        """What is in the project already: an image becomes the start, a clip is shown."""
        footage = next((each for each in self._studio.film.project.bin if each.sha256 == media[0]), None)
        if footage is None:
            shot = self._studio.film.shot
            take = next((each for each in shot.takes if each.media == media[0]), None) if shot is not None else None
            if take is not None:
                self._studio.show_take(take.id)
        elif footage.item.kind == "image":
            self._pin(footage)
        else:
            self._studio.show_footage(footage.sha256)

    def _pin(self, footage: Footage) -> None:
        self._studio.composer.pin("start", footage.sha256)
        self._studio.show_footage(footage.sha256)
        said = self.tr("{name} is the first picture of this shot now: generate sets it in motion.")
        self._say(said.format(name=footage.name))

    def _say(self, sentence: str) -> None:
        self._note.say(sentence)
        self._said.start()

    def _go_full(self) -> None:
        if self._full is not None:
            self._full.close()
            return
        self._full = FullScreen(self._studio, self._actions, self._theme, self)
        self._full.left.connect(self._on_left)
        self._full.showFullScreen()
        self._actions["full_screen"].setChecked(True)

    def _on_left(self) -> None:
        """Frames are as large as the window again."""
        self._full = None
        self._actions["full_screen"].setChecked(False)
        self._studio.playback.fit(*self.screen_view.room_px)


def _paths(event: QDropEvent) -> list[Path]:
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]


def _media(event: QDropEvent) -> list[str]:
    """Sha256 of what is dragged out of the bin."""
    return bytes(event.mimeData().data(MEDIA_FORMAT).data()).decode().split()
