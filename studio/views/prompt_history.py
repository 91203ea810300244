"""Earlier and saved prompts in a popup: search, reuse, save and forget."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.models.studio import Studio
from studio.project import edits
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, Theme
from studio.views.prompt_style import prompt_sheet
from studio.widgets.keys import MOVE, keep_keys
from studio.widgets.overlay import Overlay, overlay_sheet

WIDTH_PX, HEIGHT_PX = 45 * GRID_PX, 50 * GRID_PX
ICON_PX = 16
_PROMPT = Qt.ItemDataRole.UserRole


class HistoryPopup(Overlay):
    """Saved prompts first, then what was sent, newest first.

    Signals:
        chosen: a prompt is to be used again.
    """

    chosen = Signal(str)

    def __init__(self, studio: Studio, theme: Theme, owner: QWidget) -> None:
        super().__init__(owner, theme)
        self._studio, self._theme = studio, theme
        self._under = owner
        self.setStyleSheet(prompt_sheet(theme) + overlay_sheet(theme))
        self.search = self._search_field()
        self.list = self._list()
        self.empty = QLabel()
        self.empty.setProperty("look", "secondary")
        self.empty.setWordWrap(True)
        self.keep_this = self._button(self.tr("Save this prompt"), self._keep_this)
        self.keep = self._button(self.tr("Save"), self._keep)
        self.forget = self._button(self.tr("Forget"), self._forget)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(GRID_PX, GRID_PX, GRID_PX, GRID_PX)
        rows.setSpacing(GRID_PX)
        rows.addWidget(self.search)
        rows.addWidget(self.list, 1)
        rows.addWidget(self.empty)
        row = QHBoxLayout()
        row.addWidget(self.keep_this)
        row.addStretch()
        row.addWidget(self.keep)
        row.addWidget(self.forget)
        rows.addLayout(row)

    def _search_field(self) -> QLineEdit:
        field = QLineEdit()
        field.setPlaceholderText(self.tr("Search prompts"))
        field.setAccessibleName(self.tr("Search prompts"))
        field.setClearButtonEnabled(True)
        field.addAction(icon("search", self._theme, "muted"), QLineEdit.ActionPosition.LeadingPosition)
        field.textChanged.connect(self.refresh)
        field.installEventFilter(self)
        keep_keys(field, Qt.Key.Key_Escape, *MOVE)
        return field

    def _list(self) -> QListWidget:
        made = QListWidget()
        made.setAccessibleName(self.tr("Prompts"))
        made.setWordWrap(True)
        made.setTextElideMode(Qt.TextElideMode.ElideRight)
        made.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        made.setIconSize(QSize(ICON_PX, ICON_PX))
        made.itemClicked.connect(self._use)
        made.currentItemChanged.connect(self._offer)
        made.installEventFilter(self)
        keep_keys(made, Qt.Key.Key_Escape, Qt.Key.Key_Delete, *MOVE)
        return made

    def _button(self, text: str, act: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setProperty("look", "small")
        button.setAutoDefault(False)
        button.clicked.connect(act)
        return button

    def open(self) -> None:
        """Show it under its button."""
        self.search.clear()
        self.refresh()
        self.open_at(self._under.rect(), QSize(WIDTH_PX, HEIGHT_PX), from_end=True)
        self.search.setFocus()

    def refresh(self) -> None:
        """What the project remembers and the search finds; the same one stays current."""
        project, wanted = self._studio.film.project, self.search.text().casefold().split()
        current = self.current
        self.list.clear()
        saved = set(project.saved_prompts)
        for prompt in dict.fromkeys((*project.saved_prompts, *project.prompt_history)):
            if all(word in prompt.casefold() for word in wanted):
                self._add(prompt, prompt in saved, current)
        if self.list.currentRow() < 0 and self.list.count():
            self.list.setCurrentRow(0)
        found = self.list.count() > 0
        self.list.setVisible(found)
        has_any = bool(project.saved_prompts or project.prompt_history)
        nothing = self.tr("No prompt has these words.")
        self.empty.setText(nothing if has_any else self.tr("Nothing yet: prompts come here when they are sent."))
        self.empty.setVisible(not found)
        draft = self._studio.composer.draft
        this = draft.prompt.strip() if draft else ""
        self.keep_this.setEnabled(bool(this) and this not in saved)
        self._offer()

    @property
    def current(self) -> str | None:
        """The prompt that stands out."""
        return str(self.list.currentItem().data(_PROMPT)) if self.list.currentRow() >= 0 else None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  Qt's name
        """From the search the arrows walk the list and Enter uses; in the list Delete forgets."""
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        if watched not in (self.search, self.list):
            return False
        key = event.key()
        if watched is self.search and key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            step = 1 if key == Qt.Key.Key_Down else -1
            self.list.setCurrentRow(max(0, min(self.list.count() - 1, self.list.currentRow() + step)))
            return True
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._use()
            return True
        if watched is self.list and key == Qt.Key.Key_Delete:
            self._forget()
            return True
        return super().eventFilter(watched, event)

    def _add(self, prompt: str, is_saved: bool, current: str | None) -> None:
        first = " ".join(prompt.split())
        item = QListWidgetItem(first if len(first) <= 160 else f"{first[:159]}…")
        item.setData(_PROMPT, prompt)
        item.setToolTip(prompt if len(prompt) < 2000 else f"{prompt[:2000]}…")
        role = "accent" if is_saved else "muted"
        item.setIcon(icon("bookmark" if is_saved else "history", self._theme, role))
        saved = self.tr("saved: {prompt}").format(prompt=first)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, saved if is_saved else first)
        self.list.addItem(item)
        if prompt == current:
            self.list.setCurrentItem(item)

    def _offer(self) -> None:
        current = self.current
        self.forget.setEnabled(current is not None)
        self.keep.setEnabled(current is not None and current not in self._studio.film.project.saved_prompts)

    def _use(self) -> None:
        if self.current is not None:
            prompt = self.current
            self.hide()
            self.chosen.emit(prompt)

    def _keep(self) -> None:
        if (prompt := self.current) is not None:
            self._studio.film.note(lambda project: edits.save_prompt(project, prompt))
            self.refresh()

    def _keep_this(self) -> None:
        draft = self._studio.composer.draft
        if draft is not None:
            self._studio.film.note(lambda project: edits.save_prompt(project, draft.prompt))
            self.refresh()

    def _forget(self) -> None:
        if (prompt := self.current) is not None:
            row = self.list.currentRow()
            self._studio.film.note(lambda project: edits.forget_prompt(project, prompt))
            self.refresh()
            self.list.setCurrentRow(min(row, self.list.count() - 1))
