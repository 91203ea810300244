"""Part: a piece of the prompt panel, and the problems that stand beside it."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from engine.protocol.problem import Problem
from studio.models.studio import Studio
from studio.project.draft import Draft
from studio.style.tokens import GRID_PX, Theme
from studio.views.words import fix_label, problem_sentence
from studio.widgets.notice import Notice, Offer

Belongs = Callable[[str], bool]
"""Whether a problem of this field stands here."""
Actions = Mapping[str, QAction]
LABEL_PX, WIDEST_LABEL_PX = 9 * GRID_PX, 14 * GRID_PX
COLUMN = "column"


class Part(QWidget):
    """Shows a piece of the open shot's draft; `refresh` is called after everything that may have changed it.

    Attributes:
        draft: of the open shot; an empty one where there is none.
        problems: those of the fields that belong to it; where they stand is for the part to say.
    """

    def __init__(self, studio: Studio, theme: Theme, belongs: Belongs) -> None:
        super().__init__()
        self.studio = studio
        self.theme = theme
        self.draft, self.has_shot = Draft(), False
        self.problems = ProblemNotes(studio, theme, belongs)
        self.rows = QVBoxLayout(self)
        self.rows.setContentsMargins(0, 0, 0, 0)
        self.rows.setSpacing(GRID_PX)

    def show_draft(self, draft: Draft | None) -> None:
        """Show the open shot's draft, or that there is no shot."""
        self.has_shot, self.draft = draft is not None, draft or Draft()
        self.refresh()

    def refresh(self) -> None:
        """Show what is true now; cheap where nothing changed, and never taking the focus."""
        raise NotImplementedError


class ProblemNotes(QWidget):
    """The problems of some fields, each with its fix."""

    def __init__(self, studio: Studio, theme: Theme, belongs: Belongs) -> None:
        super().__init__()
        self._studio, self._theme, self.belongs = studio, theme, belongs
        self._notes: list[Notice] = []
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(GRID_PX)
        self.hide()

    @property
    def notes(self) -> list[Notice]:
        """Those that are shown."""
        return [note for note in self._notes if note.sentence]

    def refresh(self, extra: tuple[Problem, ...] = ()) -> None:
        """Show those of the composer, and `extra` ones."""
        found = [each for each in self._studio.composer.problems if self.belongs(each.field)]
        found += [each for each in extra if each not in found]
        while len(self._notes) < len(found):
            self._notes.append(Notice(self._theme, self))
            self._rows.addWidget(self._notes[-1])
        for note, problem in zip(self._notes, found, strict=False):
            note.say(problem_sentence(problem), offer=self._offer(problem))
        for note in self._notes[len(found) :]:
            note.clear()
        self.setVisible(bool(found))

    def _offer(self, problem: Problem) -> Offer | None:
        recipe = self._studio.composer.recipe
        label = fix_label(problem, recipe.fps if recipe else None)
        if label is None or problem.field not in Draft.model_fields:
            return None
        return label, lambda: self._studio.composer.mend(problem)


def column_label(text: str) -> QLabel:
    """One of the labels that stand under each other."""
    return quiet_label(text, COLUMN)


def align_columns(page: QWidget) -> None:
    """Make those labels as wide as the longest of them, within bounds: words are longer in some languages."""
    labels = page.findChildren(QLabel, COLUMN)
    widest = max(label.fontMetrics().horizontalAdvance(word) for label in labels for word in label.text().split())
    for label in labels:
        label.setFixedWidth(max(LABEL_PX, min(widest + 2, WIDEST_LABEL_PX)))


def row_of(label: QLabel, *widgets: QWidget) -> QHBoxLayout:
    """A label and what it names, in one line."""
    row = QHBoxLayout()
    row.setSpacing(GRID_PX)
    row.addWidget(label)
    for place, widget in enumerate(widgets):
        row.addWidget(widget, 0 if place else 1)
    return row


def quiet_label(text: str, name: str = "") -> QLabel:
    """What stands beside a field, in muted text; more words go on in a second line."""
    label = QLabel(text)
    label.setProperty("look", "secondary")
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setObjectName(name)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    return label
