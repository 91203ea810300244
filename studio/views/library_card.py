"""One model of the library: what it is, whether it can be used here, and the way to use it."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from engine.protocol.model_card import ModelCard
from studio.models.library import machine_bytes
from studio.models.studio import Studio
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, Theme
from studio.views.library_download import DownloadPart
from studio.views.library_download_words import state_words
from studio.views.library_plan import plan_words
from studio.views.library_words import gigabytes, makes_words, missing_words, near_home, needs_words, takes_words
from studio.widgets.elided_label import ElidedLabel
from studio.widgets.keys import PRESS, keep_keys

MARK_PX = 16


class CardView(QFrame):
    """Signals: `used`: the open shot is to be made with it. `removed`: it is to be forgotten."""

    used = Signal(str)
    removed = Signal(str)

    def __init__(self, studio: Studio, theme: Theme, card: ModelCard, missing: list[str]) -> None:
        super().__init__()
        self._studio = studio
        self._theme = theme
        self._card = card
        self._missing = missing
        self.setProperty("look", "panel")
        self.setAccessibleName(card.name)
        self.download = DownloadPart(studio.library.downloads, theme, card, missing)
        self._needs = _text("", "secondary")
        self._state = QLabel()
        self._mark = QLabel()
        self.use_button = QPushButton(self.tr("Use"))
        self.use_button.clicked.connect(lambda: self.used.emit(card.id))
        self.use_button.setAccessibleName(self.tr("Use {model} for this shot").format(model=card.name))
        keep_keys(self.use_button, *PRESS)
        studio.library.downloads.changed.connect(self._on_download)
        self._lay_out()
        self.refresh()

    def refresh(self) -> None:
        """What changes while the card stays: who uses it, and what the machine is known to be."""
        draft = self._studio.composer.draft
        is_used = draft is not None and draft.model == self._card.id
        words, mark, role = self._stands(is_used)
        self._state.setText(words)
        self._mark.setPixmap(icon(mark, self._theme, role).pixmap(QSize(MARK_PX, MARK_PX), self.devicePixelRatioF()))
        can_run = not self._missing and self._card.runs_here
        self.use_button.setVisible(not is_used and can_run)
        self.use_button.setEnabled(draft is not None and self._studio.film.read_only is None)
        workers = self._studio.workers.all()
        self._needs.setText(plan_words(self._card, workers) or needs_words(self._card, workers, machine_bytes()))

    def _stands(self, is_used: bool) -> tuple[str, str, str]:
        """What is said beside the name, with its mark and the mark's role."""
        download = self._studio.library.downloads.of(self._card.id)
        if not self._card.runs_here:
            return self.tr("Needs a newer Reelwright"), "info", "muted"
        if download is not None and download.state.kind != "checked":
            return state_words(download), "download", "muted"
        if self._missing:
            is_new = self._card.is_from_hub and not self._card.files
            words = self.tr("Not downloaded") if is_new else self.tr("Files missing")
            return (words, "download", "muted") if is_new else (words, "warning", "warn")
        return (self.tr("Used by this shot") if is_used else self.tr("Ready")), "done", "good"

    def _on_download(self, model: str) -> None:
        if model == self._card.id:
            self.refresh()

    def _lay_out(self) -> None:
        card = self._card
        head = QHBoxLayout()
        head.setSpacing(GRID_PX)
        name = _text(card.name, "heading")
        head.addWidget(name)
        head.addWidget(self._mark)
        self._state.setProperty("look", "secondary")
        head.addWidget(self._state)
        head.addStretch(1)
        if card.location is not None:
            head.addWidget(self._remove_button())
        head.addWidget(self.use_button)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(2 * GRID_PX, GRID_PX + GRID_PX // 2, 2 * GRID_PX, GRID_PX + GRID_PX // 2)
        rows.setSpacing(GRID_PX // 2)
        rows.addLayout(head)
        rows.addWidget(_text(card.description, ""))
        for words in (takes_words(card), makes_words(card)):
            rows.addWidget(_text(words, "secondary"))
        rows.addWidget(self._needs)
        rows.addWidget(_text(self._files_words(), "secondary"))
        if card.location is not None:
            rows.addWidget(ElidedLabel(near_home(card.gguf.path if card.gguf else card.location), "secondary"))
        if self._missing and (card.files or not card.is_from_hub):
            rows.addWidget(_text(missing_words(self._missing), "secondary"))
        if card.few_steps:
            names = ", ".join(lora.name for lora in card.few_steps)
            rows.addWidget(_text(self.tr("Fewer steps with {names}").format(names=names), "secondary"))
        rows.addWidget(self.download)

    def _files_words(self) -> str:
        size = sum(file.size_bytes for file in self._card.files) + (
            self._card.gguf.size_bytes if self._card.gguf else 0
        )
        if not size:
            return self.tr("Licence {licence}").format(licence=self._card.licence)
        words = self.tr("{size} on the disk · licence {licence}")
        return words.format(size=gigabytes(size), licence=self._card.licence)

    def _remove_button(self) -> QWidget:
        button = QPushButton(self.tr("Forget"))
        button.setToolTip(self.tr("Its files stay where they are"))
        button.setAccessibleName(self.tr("Forget {model}").format(model=self._card.name))
        button.clicked.connect(lambda: self.removed.emit(self._card.id))
        keep_keys(button, *PRESS)
        return button


def _text(text: str, look: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(look != "heading")
    if look:
        label.setProperty("look", look)
    return label
