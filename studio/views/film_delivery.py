"""The delivery panel: how the film is to be, what is in its way, and the files that are made of it."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QDir, QSize, Qt
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from engine.protocol.job import Job, suffix
from engine.protocol.problem import Problem
from studio.models.release import SUBTITLES, TIMELINES
from studio.models.studio import Studio
from studio.project.presets import presets
from studio.style.tokens import GRID_PX, Theme
from studio.views.film_fields import FilmFields
from studio.views.film_jobs import FilmJobs
from studio.views.film_words import clip_name, film_summary, preset_hint, preset_name
from studio.views.prompt_style import prompt_sheet
from studio.views.storyboard_pdf import StoryboardPdf
from studio.widgets.keys import PRESS, keep_keys
from studio.widgets.notice import Notice, Offer

PDF = ".pdf"
BUTTON_PX = 4 * GRID_PX
ROW_PX = 3 * GRID_PX + 2
SHOWN_ROWS = 12


class View(QFrame):
    """From what is chosen at the top to the button that makes it at the bottom."""

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__()
        self._studio = studio
        self._release = studio.release
        self.setProperty("look", "bar")
        self.setAccessibleName(self.tr("Deliver"))
        self.setStyleSheet(prompt_sheet(theme))
        self.presets = self._preset_list()
        self.fields = FilmFields(self._release, theme)
        self.summary = QLabel()
        self.summary.setProperty("look", "secondary")
        self.summary.setWordWrap(True)
        self.missing, self.stale, self.wrong = (Notice(theme) for _ in range(3))
        self.jobs = FilmJobs(studio, theme, self._save_again)
        self.export = QPushButton(self.tr("Export film…"))
        self.export.setProperty("look", "primary")
        self.export.setFixedHeight(BUTTON_PX)
        self.export.clicked.connect(self._export)
        self.others = self._others_button()
        for button in (self.export, self.others):
            keep_keys(button, *PRESS)
        self._lay_out()
        self._release.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Say what is."""
        film, storyboard = self._release.film, self._studio.storyboard
        self.fields.refresh()
        self._show_preset()
        empty = self.tr("No shot has a take yet: there is nothing to make a film of.")
        self.summary.setText(film_summary(film) if film else empty)
        self.export.setEnabled(film is not None)
        self.others.setEnabled(bool(self._studio.film.project.shots))
        missing = len(storyboard.missing)
        stale = len(storyboard.to_refresh) if film else 0
        _say(
            self.missing,
            missing,
            self.tr("A shot has no take, and is not in the film.")
            if missing == 1
            else self.tr("%n shots have no take, and are not in the film.", "", missing),
            (self.tr("Generate missing"), storyboard.generate_missing),
        )
        _say(
            self.stale,
            stale,
            self.tr("A shot has changed since its take was made.")
            if stale == 1
            else self.tr("%n shots have changed since their takes were made.", "", stale),
            (self.tr("Make them again"), storyboard.refresh),
        )
        problems = self._release.problems
        if problems:
            self._say_problem(problems[0])
        else:
            self.wrong.clear()

    def _say_problem(self, problem: Problem) -> None:
        """A transition that is too long, with the length that fits as its fix."""
        project = self._studio.film.project
        index = int(problem.field.removeprefix("clips[").partition("]")[0])
        shot = [each for each in project.shots if each.selected is not None][index]
        nearest = float(problem.nearest or 0.0)

        def mend() -> None:
            self._studio.storyboard.set_transition(shot.id, shot.transition, nearest)

        said = self.tr("The transition behind “{shot}” is longer than the clips around it.")
        self.wrong.say(said.format(shot=clip_name(project, index)), offer=(self.tr("As long as fits"), mend))

    def _preset_list(self) -> QListWidget:
        listed = QListWidget()
        listed.setAccessibleName(self.tr("Deliver as"))
        for each in presets():
            item = QListWidgetItem(preset_name(each))
            item.setToolTip(preset_hint(each))
            item.setSizeHint(QSize(0, ROW_PX))
            item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, preset_hint(each))
            item.setData(Qt.ItemDataRole.UserRole, each.id)
            listed.addItem(item)
        listed.setUniformItemSizes(True)
        listed.setFixedHeight(SHOWN_ROWS * ROW_PX + 2)
        listed.currentItemChanged.connect(self._choose)
        return listed

    def _choose(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._release.choose(preset=item.data(Qt.ItemDataRole.UserRole))

    def _show_preset(self) -> None:
        ids = [each.id for each in presets()]
        row = ids.index(self._release.choice.preset)
        if self.presets.currentRow() != row:
            blocked = self.presets.blockSignals(True)
            self.presets.setCurrentRow(row)
            self.presets.blockSignals(blocked)
        self.hint.setText(preset_hint(self._release.preset))

    def _others_button(self) -> QPushButton:
        button = QPushButton(self.tr("Other files"))
        menu = QMenu(button)
        timelines = (
            (self.tr("Timeline, with everything (OTIO)…"), TIMELINES[0]),
            (self.tr("Premiere, Resolve (XML)…"), TIMELINES[1]),
            (self.tr("Final Cut (FCPXML)…"), TIMELINES[2]),
            (self.tr("List of edits (EDL)…"), TIMELINES[3]),
        )
        for said, ending in timelines:
            menu.addAction(said, lambda ending=ending: self._write(ending))
        menu.addSeparator()
        menu.addAction(self.tr("Subtitles (SRT)…"), lambda: self._write(SUBTITLES[0]))
        menu.addAction(self.tr("Storyboard on paper (PDF)…"), lambda: self._write(PDF))
        button.setMenu(menu)
        return button

    def _lay_out(self) -> None:
        self.hint = QLabel()
        self.hint.setProperty("look", "secondary")
        self.hint.setWordWrap(True)
        heading = QLabel(self.tr("Deliver"))
        heading.setProperty("look", "heading")
        inside = QWidget()
        rows = QVBoxLayout(inside)
        rows.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, GRID_PX)
        rows.setSpacing(GRID_PX)
        for widget in (heading, self.presets, self.hint, self.fields, self.missing, self.stale, self.wrong, self.jobs):
            rows.addWidget(widget)
        rows.addStretch(1)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID_PX)
        buttons.addWidget(self.others)
        buttons.addWidget(self.export, 1)
        foot = QVBoxLayout()
        foot.setContentsMargins(2 * GRID_PX, GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        foot.setSpacing(GRID_PX)
        foot.addWidget(self.summary)
        foot.addLayout(buttons)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(area, 1)
        whole.addLayout(foot)

    def _export(self) -> None:
        self._ask_where(f".{suffix(self._release.preset.container)}", self._release.export)

    def _write(self, ending: str) -> None:
        self._ask_where(ending, self._print if ending == PDF else self._release.write)

    def _print(self, path: Path) -> None:
        made = StoryboardPdf(self._studio, path)
        made.written.connect(self._release.tell_written)
        made.failed.connect(self._release.failed)
        made.start()

    def _save_again(self, job: Job) -> None:
        container = job.request.delivery.container
        self._ask_where(f".{suffix(container)}", lambda path: self._release.save_again(job.id, path))

    def _ask_where(self, ending: str, then: Callable[[Path], None]) -> None:
        dialog = QFileDialog(self.window(), self.tr("Save as"), QDir.homePath())
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(ending[1:])
        dialog.selectFile(self._studio.film.project.name.replace("/", "-") + ending)

        def go_on(chosen: str) -> None:
            then(Path(chosen))

        dialog.fileSelected.connect(go_on)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _say(notice: Notice, count: int, sentence: str, offer: Offer) -> None:
    if count:
        notice.say(sentence, "info", "muted", offer)
    else:
        notice.clear()
