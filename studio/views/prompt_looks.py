"""Style, camera and light as chips, and what all of it becomes: the prompt as the model reads it."""

import functools

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from engine.protocol.problem import ProblemsError
from studio.models.studio import Studio
from studio.project.draft import full_prompt
from studio.project.phrases import Phrase, PhraseKind, phrases
from studio.style.tokens import GRID_PX, Theme
from studio.views.phrase_words import phrase_words
from studio.views.prompt_part import Part
from studio.widgets.chip import Chip
from studio.widgets.disclosure import Disclosure
from studio.widgets.flow import FlowLayout
from studio.widgets.growing_text import GrowingText

KINDS: tuple[PhraseKind, ...] = ("style", "camera", "light")


class LooksPart(Part):
    """A click adds words to the prompt; nothing is added that cannot be seen here."""

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__(studio, theme, lambda field: field in KINDS)
        self._choices: dict[tuple[PhraseKind, str | None], QAction] = {}
        names: dict[PhraseKind, str] = {
            "style": self.tr("Style"),
            "camera": self.tr("Camera"),
            "light": self.tr("Light"),
        }
        self.chips: dict[PhraseKind, Chip] = {}
        line = QWidget()
        flow = FlowLayout(line, GRID_PX - 2)
        for kind in KINDS:
            self.chips[kind] = chip = Chip(names[kind], kind, theme)
            chip.set_menu(self._menu(kind, chip))
            chip.removed.connect(functools.partial(self._choose, kind, None))
            flow.addWidget(chip)
        self.text = GrowingText((1, 12))
        self.text.setProperty("look", "read")
        self.text.setReadOnly(True)
        self.text.setAccessibleName(self.tr("What the model reads"))
        self.reading = Disclosure(self.tr("What the model reads"), self.text, theme)
        self.reading.toggled.connect(self._read)
        self.rows.addWidget(line)
        self.rows.addWidget(self.problems)
        self.rows.addWidget(self.reading)

    def refresh(self) -> None:
        """What is chosen, also where this build does not know it."""
        chosen = {kind: getattr(self.draft, kind) for kind in KINDS}
        for kind, chip in self.chips.items():
            picked: str | None = chosen[kind]
            chip.show_choice(phrase_words(kind, picked) if picked is not None else None)
            chip.setEnabled(self.has_shot)
        for (kind, phrase_id), action in self._choices.items():
            action.setChecked(chosen[kind] == phrase_id)
        self.problems.refresh()
        self._read()

    def _menu(self, kind: PhraseKind, chip: Chip) -> QMenu:
        menu = QMenu(chip)
        menu.setToolTipsVisible(True)
        self._choice(menu, kind, None)
        menu.addSeparator()
        for each in phrases():
            if each.kind == kind:
                self._choice(menu, kind, each)
        return menu

    def _choice(self, menu: QMenu, kind: PhraseKind, phrase: Phrase | None) -> None:
        phrase_id = phrase.id if phrase else None
        action = menu.addAction(phrase_words(kind, phrase.id) if phrase else self.tr("None"))
        action.setCheckable(True)
        action.setToolTip(self.tr("adds “{text}”").format(text=phrase.text) if phrase else "")
        action.triggered.connect(functools.partial(self._choose, kind, phrase_id))
        self._choices[kind, phrase_id] = action

    def _choose(self, kind: PhraseKind, phrase_id: str | None, *_: object) -> None:
        self.studio.composer.change(**{kind: phrase_id})

    def _read(self) -> None:
        if not self.reading.is_open:
            return
        try:
            text = full_prompt(self.draft, self.studio.film.project.bible)
        except ProblemsError:
            text = self.draft.prompt
        self.text.show_text(text or self.tr("Nothing yet."))
