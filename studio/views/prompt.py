"""The prompt panel: what is to be made, from its words to its seed, and the button that makes it."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from studio.models.studio import Studio
from studio.style.tokens import GRID_PX, Theme
from studio.views.prompt_advanced import AdvancedPart
from studio.views.prompt_fields import FieldsPart
from studio.views.prompt_frame import FramePart
from studio.views.prompt_images import ImagesPart
from studio.views.prompt_looks import LooksPart
from studio.views.prompt_model import ModelPart
from studio.views.prompt_part import Part, align_columns
from studio.views.prompt_seed import SeedPart
from studio.views.prompt_send import SendPart
from studio.views.prompt_style import prompt_sheet
from studio.views.prompt_text import TextPart

LEAST_PX = 300
SETTLES_MS = 300


class View(QWidget):
    """A page that scrolls, and Generate under it; every part shows the open shot's draft."""

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> None:
        super().__init__()
        self._studio = studio
        self._seen: tuple[object, ...] = ()
        self.setAccessibleName(self.tr("Prompt"))
        self.setMinimumWidth(LEAST_PX)
        self.setStyleSheet(prompt_sheet(theme))
        self.text = TextPart(studio, theme)
        self.fields = FieldsPart(studio, theme)
        self.looks = LooksPart(studio, theme)
        self.images = ImagesPart(studio, theme)
        self.model = ModelPart(studio, actions, theme)
        self.frame = FramePart(studio, theme)
        self.seed = SeedPart(studio, theme)
        self.advanced = AdvancedPart(studio, theme)
        self.send = SendPart(studio, actions, theme, self._has_place)
        self._parts: tuple[Part, ...] = (
            self.text,
            self.fields,
            self.looks,
            self.images,
            self.model,
            self.frame,
            self.seed,
            self.advanced,
            self.send,
        )
        self._settling = QTimer(self, singleShot=True, interval=SETTLES_MS)
        self._lay_out()
        self.page.verticalScrollBar().rangeChanged.connect(self._on_range)
        align_columns(self)
        self.setFocusProxy(self.text.field)
        QWidget.setTabOrder(self.text.field, self.text.opener)
        studio.composer.advanced_changed.connect(self._show_advanced)
        studio.film.changed.connect(self._refresh)
        studio.library.changed.connect(self._refresh)
        studio.composer.changed.connect(self._refresh)
        studio.link.state_changed.connect(self._refresh)
        self._refresh()

    def focus_prompt(self) -> None:
        """Where F6 and a new shot lead."""
        self.text.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _lay_out(self) -> None:
        content = QWidget()
        content.setObjectName("page")
        rows = QVBoxLayout(content)
        rows.setContentsMargins(2 * GRID_PX, GRID_PX, 2 * GRID_PX, GRID_PX)
        rows.setSpacing(2 * GRID_PX)
        for part in (self.text, self.looks, self.fields, self.images):
            rows.addWidget(part)
        numbers = QVBoxLayout()
        numbers.setSpacing(GRID_PX)
        for part in (self.model, self.frame, self.seed, self.advanced):
            numbers.addWidget(part)
        rows.addLayout(numbers)
        rows.addStretch()
        self.page = QScrollArea()
        self.page.setWidgetResizable(True)
        self.page.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.page.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.page.setWidget(content)
        line = QFrame()
        line.setProperty("look", "line")
        line.setFixedHeight(1)
        self.send.rows.setContentsMargins(2 * GRID_PX, GRID_PX, 2 * GRID_PX, GRID_PX)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.page, 1)
        whole.addWidget(line)
        whole.addWidget(self.send)

    def _show_advanced(self, is_shown: bool) -> None:
        """What was asked for is to be seen, and not only below the edge."""
        self._refresh()
        if is_shown:
            self._settling.start()

    def _on_range(self) -> None:
        """The page grows in several turns of the event loop, part by part."""
        if self._settling.isActive():
            self.page.ensureWidgetVisible(self.advanced, 0, GRID_PX)

    def _has_place(self, field: str) -> bool:
        """Whether a problem of this field is shown beside it."""
        return any(part.problems.belongs(field) for part in self._parts if part is not self.send)

    def _refresh(self) -> None:
        """Whatever has changed; one change often comes by several signals."""
        studio, composer = self._studio, self._studio.composer
        known = (studio.film.project, studio.library.all(), studio.link.state)
        seen = (*known, composer.recipe, composer.problems, composer.hindrance, composer.shows_advanced)
        if len(seen) == len(self._seen) and all(now is then for now, then in zip(seen, self._seen, strict=True)):
            return
        self._seen = seen
        draft = composer.draft
        for part in self._parts:
            part.show_draft(draft)
