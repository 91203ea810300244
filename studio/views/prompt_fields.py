"""What the prompt says, as chips: each can be changed or taken out, and writes back into the prompt."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from studio.models.adviser import Adviser, Richer, Understood
from studio.models.studio import Studio
from studio.style.tokens import GRID_PX, Theme
from studio.views.prompt_part import Part
from studio.widgets.chip import Chip
from studio.widgets.disclosure import Disclosure
from studio.widgets.flow import FlowLayout
from studio.widgets.keys import PRESS, keep_keys
from studio.widgets.notice import Notice
from studio.widgets.popup import Popup, TextPopup

if TYPE_CHECKING:  # its words are read when somebody wants to see them
    from studio.reading.language_model import LanguageModelError
    from studio.reading.understanding import Found

READ_AFTER_MS = 250
PROPOSAL_PX = 56 * GRID_PX
_ICONS = {
    "character": "animate",
    "object": "image",
    "action": "play",
    "setting": "shot",
    "time": "light",
    "mood": "style",
    "camera": "camera",
    "style": "style",
}
_translate = QCoreApplication.translate


class FieldsPart(Part):
    """Closed until somebody opens it; read a moment after the last key."""

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__(studio, theme, lambda _: False)
        self.chips: list[Chip] = []
        self._found: tuple[Found, ...] = ()
        self._read_of: tuple[object, ...] | None = None
        self._told: Understood | None = None
        self._line = QWidget()
        self._flow = FlowLayout(self._line, GRID_PX - 2)
        self._nothing = QLabel(self.tr("Nothing that is known. Prompts are read in English."))
        self._nothing.setProperty("look", "secondary")
        self._nothing.setWordWrap(True)
        self.add = QPushButton(self.tr("Add"))
        self.richer = QPushButton(self.tr("More detail…"))
        self.richer.setToolTip(self.tr("Ask your language model; nothing is changed before you say so"))
        self.other = QPushButton(self.tr("Read by the language model"))
        self.wrong = Notice(theme)
        self._soon = QTimer(self, singleShot=True, interval=READ_AFTER_MS)
        self._soon.timeout.connect(self._read)
        self.disclosure = Disclosure(self.tr("What the words say"), self._body(), theme)
        self.disclosure.toggled.connect(self._read)
        self.rows.addWidget(self.disclosure)
        self._connect(studio.adviser)

    def refresh(self) -> None:
        """Read it again, a little later."""
        if self.disclosure.is_open:
            self._soon.start()
        self._show_adviser()

    def _connect(self, adviser: Adviser) -> None:
        self.richer.clicked.connect(lambda: adviser.enrich(self.draft.prompt))
        self.other.clicked.connect(lambda: adviser.read(self.draft.prompt))
        adviser.changed.connect(self._show_adviser)
        adviser.proposed.connect(self._propose)
        adviser.understood.connect(self._on_understood)
        adviser.failed.connect(self._on_failed)
        for button in (self.add, self.richer, self.other):
            button.setProperty("look", "small")
            keep_keys(button, *PRESS)
        menu = QMenu(self.add)
        for kind, name in field_names().items():
            menu.addAction(name, functools.partial(self._ask_new, kind))
        self.add.setMenu(menu)
        self._show_adviser()

    def _body(self) -> QWidget:
        body = QWidget()
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID_PX)
        for button in (self.add, self.other, self.richer):
            buttons.addWidget(button)
        buttons.addStretch(1)
        rows = QVBoxLayout(body)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GRID_PX)
        rows.addWidget(self._line)
        rows.addWidget(self._nothing)
        rows.addLayout(buttons)
        rows.addWidget(self.wrong)
        return body

    def _read(self) -> None:
        if not self.disclosure.is_open:
            return
        prompt, bible = self.draft.prompt, self.studio.film.project.bible
        if (prompt, bible, self._told) == self._read_of:
            return
        from studio.reading.understanding import understood

        self._read_of = (prompt, bible, self._told)
        told = self._told is not None and self._told.prompt == prompt
        self._found = self._told.found if told and self._told else understood(prompt, bible)
        self._show_chips()

    def _show_chips(self) -> None:
        for chip in self.chips:
            self._flow.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        self.chips = [self._chip(found) for found in self._found]
        for chip in self.chips:
            self._flow.addWidget(chip)
            chip.show()
        self._line.setVisible(bool(self.chips))
        self._nothing.setVisible(not self.chips)
        self._line.updateGeometry()

    def _chip(self, found: Found) -> Chip:
        name = field_names()[found.kind]
        chip = Chip(name, _ICONS.get(found.kind, "info"), self.theme)
        chip.setToolTip(name)
        menu = QMenu(chip)
        menu.addAction(self.tr("Other words…"), functools.partial(self._ask, found))
        menu.addAction(self.tr("Take it out"), functools.partial(self._write, found, ""))
        chip.set_menu(menu)
        chip.show_choice(found.text)
        chip.removed.connect(functools.partial(self._write, found, ""))
        return chip

    def _ask(self, found: Found) -> None:
        popup = TextPopup(field_names()[found.kind], self.tr("Write"), found.text, self.window())
        popup.accepted.connect(functools.partial(self._write, found))
        popup.open_over(self.window())

    def _ask_new(self, kind: str) -> None:
        popup = TextPopup(field_names()[kind], self.tr("Add"), "", self.window())
        popup.accepted.connect(functools.partial(self._write, None))
        popup.open_over(self.window())

    def _write(self, found: Found | None, words: str) -> None:
        """What was read a moment ago may not stand there any more: then nothing is written."""
        from studio.reading.understanding import written

        prompt = self.draft.prompt
        if found is None or prompt[found.start : found.end] == found.text:
            self.studio.film.settle()
            self.studio.composer.change(prompt=written(prompt, found, words))
            self.studio.film.settle()

    def _show_adviser(self) -> None:
        adviser = self.studio.adviser
        for button in (self.richer, self.other):
            button.setVisible(adviser.is_there)
            button.setEnabled(self.has_shot and bool(self.draft.prompt.strip()) and not adviser.is_busy)
        self.add.setEnabled(self.has_shot)

    def _propose(self, richer: Richer) -> None:
        """Shown before it is used; not at all when the prompt is another by now."""
        self.wrong.clear()
        if richer.prompt == self.draft.prompt:
            popup = Proposal(richer, self.window())
            popup.use.clicked.connect(functools.partial(self._use, richer, popup))
            popup.open_over(self.window())

    def _use(self, richer: Richer, popup: Proposal) -> None:
        popup.close()
        if richer.prompt == self.draft.prompt:
            self.studio.film.settle()
            self.studio.composer.change(prompt=richer.proposed)
            self.studio.film.settle()

    def _on_understood(self, told: Understood) -> None:
        self.wrong.clear()
        self._told = told
        self._read()

    def _on_failed(self, error: LanguageModelError) -> None:
        self.wrong.say(model_error_sentence(error))


class Proposal(Popup):
    """A prompt that somebody else wrote, with the choice to use it."""

    def __init__(self, richer: Richer, parent: QWidget) -> None:
        super().__init__(self.tr("What your language model proposes"), parent)
        self.setFixedWidth(PROPOSAL_PX)
        words = QLabel(richer.proposed)
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.setWordWrap(True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.use = QPushButton(self.tr("Use it"))
        self.use.setProperty("look", "primary")
        leave = QPushButton(self.tr("Leave the prompt as it is"))
        leave.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(leave)
        buttons.addWidget(self.use)
        self.rows.addWidget(words)
        self.rows.addLayout(buttons)


def field_names() -> Mapping[str, str]:
    """What the fields are called."""
    return {
        "character": _translate("fields", "Who"),
        "object": _translate("fields", "What"),
        "action": _translate("fields", "What happens"),
        "setting": _translate("fields", "Where"),
        "time": _translate("fields", "When"),
        "mood": _translate("fields", "Mood"),
        "camera": _translate("fields", "Camera"),
        "style": _translate("fields", "Style"),
    }


def model_error_sentence(error: LanguageModelError) -> str:
    """Why there is no answer."""
    said = {
        "bad_address": _translate("fields", "{detail} is no address: see Settings."),
        "unreachable": _translate("fields", "The language model cannot be reached: {detail}"),
        "refused": _translate("fields", "The language model refused: {detail}"),
        "slow": _translate("fields", "The language model did not answer within {detail}."),
        "not_json": _translate("fields", "The language model's answer could not be read."),
        "wrong_shape": _translate("fields", "The language model's answer is not what was asked for."),
        "too_long": _translate("fields", "That is too long for the language model: {detail}"),
    }
    return said[error.kind].format(detail=error.detail)
