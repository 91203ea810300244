"""One model of the library: what it is, whether it can be used here, and the way to use it."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from engine.protocol.model_card import ModelCard
from studio.models.library import machine_bytes
from studio.models.studio import Studio
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, Theme
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
        self._needs = _text("", "secondary")
        self._state = QLabel()
        self._mark = QLabel()
        self.use_button = QPushButton(self.tr("Use"))
        self.use_button.clicked.connect(lambda: self.used.emit(card.id))
        self.use_button.setAccessibleName(self.tr("Use {model} for this shot").format(model=card.name))
        keep_keys(self.use_button, *PRESS)
        self._lay_out()
        self.refresh()

    def refresh(self) -> None:
        """What changes while the card stays: who uses it, and what the machine is known to be."""
        draft = self._studio.composer.draft
        is_used = draft is not None and draft.model == self._card.id
        words, mark, role = self.tr("Ready"), "done", "good"
        if self._missing:
            words, mark, role = self.tr("Files missing"), "warning", "warn"
        elif is_used:
            words = self.tr("Used by this shot")
        self._state.setText(words)
        self._mark.setPixmap(icon(mark, self._theme, role).pixmap(QSize(MARK_PX, MARK_PX), self.devicePixelRatioF()))
        self.use_button.setVisible(not is_used)
        self.use_button.setEnabled(not self._missing and draft is not None and self._studio.film.read_only is None)
        self._needs.setText(needs_words(self._card, self._studio.workers.all(), machine_bytes()))

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
        if self._missing:
            rows.addWidget(_text(missing_words(self._missing), "secondary"))

    def _files_words(self) -> str:
        size = sum(file.size_bytes for file in self._card.files) + (
            self._card.gguf.size_bytes if self._card.gguf else 0
        )
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
