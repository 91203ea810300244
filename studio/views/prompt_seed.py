"""The seed with dice and lock, and the way to everything else that can be chosen."""

from PySide6.QtCore import QRegularExpression, QSize, Qt
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton

from engine.protocol.rules import LARGEST_SEED
from studio.models.studio import Studio
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, ICON_PX, Theme
from studio.views.prompt_part import Part, column_label
from studio.widgets.disclosure import Fold
from studio.widgets.keys import PRESS, keep_keys

WIDEST_ROLL = "0000000000"


class SeedPart(Part):
    """Another seed is another take of the same words; a locked one stays after Generate."""

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__(studio, theme, lambda field: field == "seed")
        self._shown_lock: bool | None = None
        self.seed = QLineEdit()
        self.seed.setAccessibleName(self.tr("Seed"))
        self.seed.setValidator(QRegularExpressionValidator(QRegularExpression("[0-9]{1,19}"), self.seed))
        self.seed.setMinimumWidth(6 * GRID_PX)
        digits_px = self.seed.fontMetrics().horizontalAdvance(WIDEST_ROLL)
        self.seed.setMaximumWidth(digits_px + 4 * GRID_PX)  # all of a rolled seed can be read
        self.seed.editingFinished.connect(self._choose)
        self.dice = self._button(self.tr("Roll another seed"), "dice")
        self.dice.clicked.connect(studio.composer.new_seed)
        self.lock = self._button(self.tr("Keep this seed after Generate"), "unlock")
        self.lock.setCheckable(True)
        self.lock.clicked.connect(lambda: studio.composer.change(seed_locked=self.lock.isChecked()))
        self.advanced = Fold(self.tr("Advanced"), theme)
        self.advanced.toggled.connect(studio.composer.show_advanced)
        row = QHBoxLayout()
        row.setSpacing(GRID_PX // 2)
        label = column_label(self.tr("Seed"))
        label.setBuddy(self.seed)
        row.addWidget(label)
        row.addSpacing(GRID_PX // 2)
        for widget in (self.seed, self.dice, self.lock):
            row.addWidget(widget)
        row.addStretch()
        self.rows.addLayout(row)
        self.rows.addWidget(self.problems)
        self.rows.addWidget(self.advanced, 0, Qt.AlignmentFlag.AlignLeft)

    def refresh(self) -> None:
        """The seed of the next take; what is being typed is left alone."""
        draft, has_shot = self.draft, self.has_shot
        if not (self.seed.hasFocus() and self.seed.isModified()) and self.seed.text() != str(draft.seed):
            self.seed.setText(str(draft.seed))
        for widget in (self.seed, self.dice, self.lock):
            widget.setEnabled(has_shot)
        if self.lock.isChecked() != draft.seed_locked or self._shown_lock is None:
            self.lock.setChecked(draft.seed_locked)
        if self._shown_lock != draft.seed_locked:
            self._shown_lock = draft.seed_locked
            name, role = ("lock", "accent") if draft.seed_locked else ("unlock", "muted")
            self.lock.setIcon(icon(name, self.theme, role))
        self.advanced.setChecked(self.studio.composer.shows_advanced)
        self.problems.refresh()

    def _button(self, name: str, icon_name: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(icon_name, self.theme, "muted"))
        button.setIconSize(QSize(ICON_PX, ICON_PX))
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setAccessibleName(name)
        button.setToolTip(name)
        keep_keys(button, *PRESS)
        return button

    def _choose(self) -> None:
        if self.seed.isModified() and self.seed.text():
            self.seed.setModified(False)
            self.studio.composer.change(seed=min(int(self.seed.text()), LARGEST_SEED))
