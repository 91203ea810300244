"""The form that adds a model from the disk: its folder, a GGUF file if there is one, and how far reading them is."""

import os
from collections.abc import Callable

from pydantic import ValidationError
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QFormLayout, QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout

from engine.protocol.model_card import ModelToAdd
from studio.link.trouble import Problems, Trouble
from studio.models.library import Library
from studio.style.tokens import GRID_PX, Theme
from studio.views.library_words import gigabytes
from studio.views.words import problem_sentence, trouble_sentence
from studio.widgets.keys import PRESS, keep_keys
from studio.widgets.notice import Notice
from studio.widgets.progress_bar import ProgressBar

MOST_PROBLEMS = 8


class AddForm(QFrame):
    """Nothing is copied: the model is used where it lies."""

    def __init__(self, library: Library, theme: Theme) -> None:
        super().__init__()
        self._library = library
        self.setProperty("look", "panel")
        self.folder = QLineEdit()
        self.gguf = QLineEdit()
        self.gguf.setPlaceholderText(self.tr("in place of the folder's transformer, or alone for a model that is here"))
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("the name of the folder"))
        self.name.setMaxLength(200)
        self.add_button = QPushButton(self.tr("Add"))
        self.close_button = QPushButton(self.tr("Close"))
        self.note = Notice(theme)
        self._counter = QLabel()
        self._counter.setProperty("look", "secondary")
        self._progress = ProgressBar(theme)
        self._lay_out()
        self.add_button.clicked.connect(self.add)
        self.close_button.clicked.connect(self.hide)
        for line in (self.folder, self.gguf):
            line.textChanged.connect(self.refresh)
        library.adding_changed.connect(self.refresh)
        library.added.connect(self._on_added)
        library.refused.connect(self._on_refused)
        if library.refusal is not None:  # it came while nobody looked
            self._on_refused(library.refusal)
        self.refresh()

    def add(self) -> None:
        """Let the engine look at what is chosen."""
        self.note.clear()
        gguf = self.gguf.text().strip()
        try:
            wanted = ModelToAdd(
                path=_absolute(self.folder.text().strip() or gguf),
                gguf=_absolute(gguf) if gguf and self.folder.text().strip() else None,
                name=self.name.text().strip() or None,
            )
        except ValidationError:
            self.note.say(self.tr("Choose the folder of a diffusers model."))
            return
        self._library.add(wanted)

    def refresh(self) -> None:
        """What can be done now, and how far it is."""
        is_adding = self._library.wanted is not None
        for widget in (self.folder, self.gguf, self.name):
            widget.setEnabled(not is_adding)
        is_named = bool(self.folder.text().strip() or self.gguf.text().strip())
        self.add_button.setEnabled(not is_adding and is_named)
        self._counter.setVisible(is_adding)
        self._progress.setVisible(is_adding)
        adding = self._library.adding
        if adding is None or not adding.total_bytes:
            self._counter.setText(self.tr("Looking at the model…"))
            self._progress.show_part(None)
        else:
            done, total = gigabytes(adding.done_bytes), gigabytes(adding.total_bytes)
            self._counter.setText(
                self.tr("Reading it once, to know it again: {done} of {total}").format(done=done, total=total)
            )
            self._progress.show_part(adding.done_bytes / adding.total_bytes)

    def _on_added(self) -> None:
        for line in (self.folder, self.gguf, self.name):
            line.clear()
        self.hide()

    def _on_refused(self, trouble: Trouble) -> None:
        if isinstance(trouble, Problems):
            told = [problem_sentence(problem) for problem in trouble.problems[:MOST_PROBLEMS]]
            self.note.say("\n".join([self.tr("This model cannot be used here:"), *told]), "error", "bad")
        else:
            self.note.say(trouble_sentence(trouble), "error", "bad")

    def _choose_folder(self) -> None:
        dialog = QFileDialog(self, self.tr("Choose a model's folder"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        self._ask(dialog, self.folder)

    def _choose_gguf(self) -> None:
        dialog = QFileDialog(self, self.tr("Choose a GGUF file"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([f"{self.tr('GGUF files')} (*.gguf)", f"{self.tr('All files')} (*)"])
        self._ask(dialog, self.gguf)

    def _ask(self, dialog: QFileDialog, line: QLineEdit) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(line.setText)
        dialog.open()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setSpacing(GRID_PX)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.tr("Folder"), self._with_button(self.folder, self._choose_folder))
        form.addRow(self.tr("GGUF file"), self._with_button(self.gguf, self._choose_gguf))
        form.addRow(self.tr("Name"), self.name)
        hint = QLabel(self.tr("An LTX-Video or Wan model as diffusers stores it. It is used where it lies."))
        hint.setProperty("look", "secondary")
        hint.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self._counter)
        buttons.addWidget(self._progress, 1)
        buttons.addStretch()
        buttons.addWidget(self.close_button)
        buttons.addWidget(self.add_button)
        for button in (self.close_button, self.add_button):
            keep_keys(button, *PRESS)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        rows.setSpacing(GRID_PX)
        rows.addWidget(hint)
        rows.addLayout(form)
        rows.addWidget(self.note)
        rows.addLayout(buttons)

    def _with_button(self, line: QLineEdit, choose: Callable[[], None]) -> QHBoxLayout:
        button = QPushButton(self.tr("Choose…"))
        button.clicked.connect(choose)
        keep_keys(button, *PRESS)
        row = QHBoxLayout()
        row.setSpacing(GRID_PX)
        row.addWidget(line, 1)
        row.addWidget(button)
        return row


def _absolute(path: str) -> str:
    """As the user named it, links and all: a Hugging Face cache is a folder of links."""
    given = os.path.expanduser(path.strip())  # noqa: PTH111  pathlib would lose a path that is none
    return os.path.normpath(given) if ".." in given else given
