"""Notice: one sentence beside what it is about, with a button that mends it."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from studio.style.icons import icon
from studio.style.tokens import GRID_PX, Theme
from studio.widgets.keys import PRESS, keep_keys

MARK_PX = 16
Offer = tuple[str, Callable[[], object]]
"""What a button says, and does."""


class Notice(QWidget):
    """A small mark, a sentence, and at most one offer."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shown: tuple[str, str, str | None] | None = None
        self._act: Callable[[], object] | None = None
        self._mark = QLabel(self)
        self._mark.setFixedSize(QSize(MARK_PX, MARK_PX))
        self._sentence = QLabel(self)
        self._sentence.setProperty("look", "secondary")
        self._sentence.setWordWrap(True)
        self._sentence.setTextFormat(Qt.TextFormat.PlainText)
        self._sentence.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self._button = QPushButton(self)
        self._button.setProperty("look", "small")
        self._button.setMinimumWidth(6 * GRID_PX)  # longer words are cut rather than the page made wider
        self._button.clicked.connect(self._do)
        keep_keys(self._button, *PRESS)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID_PX)
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(GRID_PX // 2)
        words.addWidget(self._sentence)
        words.addWidget(self._button, 0, Qt.AlignmentFlag.AlignLeft)
        row.addLayout(words, 1)
        self.hide()

    @property
    def sentence(self) -> str:
        """What it says; empty while there is nothing to say."""
        return self._shown[0] if self._shown else ""

    @property
    def offer(self) -> str | None:
        """What its button says, if it has one."""
        return self._shown[2] if self._shown else None

    def say(self, sentence: str, mark: str = "warning", role: str = "warn", offer: Offer | None = None) -> None:
        """Show a sentence with a mark in a colour of the theme; with `offer`, a button under it."""
        self._act = offer[1] if offer else None
        shown = (sentence, mark, offer[0] if offer else None)
        if shown == self._shown:
            return
        self._shown = shown
        self._mark.setPixmap(icon(mark, self._theme, role).pixmap(QSize(MARK_PX, MARK_PX), self.devicePixelRatioF()))
        self._sentence.setText(sentence)
        self._button.setText(offer[0] if offer else "")
        self._button.setToolTip(offer[0] if offer else "")
        self._button.setAccessibleName(f"{offer[0]}. {sentence}" if offer else "")
        self._button.setVisible(offer is not None)
        self.show()

    def clear(self) -> None:
        """Nothing to say."""
        self._shown = self._act = None
        self.hide()

    def _do(self) -> None:
        if self._act is not None:
            self._act()
