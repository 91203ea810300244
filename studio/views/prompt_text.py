"""The prompt itself: one large field that knows the bible, its history, and what is wrong with it."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton

from studio.models.studio import Studio
from studio.project import edits
from studio.project.bible import BibleEntry, EntryKind, named, unknown_names
from studio.project.value import new_id
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, ICON_PX, Theme
from studio.views.prompt_history import HistoryPopup
from studio.views.prompt_part import Part
from studio.widgets.keys import PRESS, keep_keys
from studio.widgets.mention_edit import Mark, MentionEdit
from studio.widgets.notice import Notice

MERGE = "prompt"


class TextPart(Part):
    """Typing is one step of undo until the field is left; what the window says back never moves the cursor."""

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__(studio, theme, lambda field: field == "prompt")
        self._bible: tuple[BibleEntry, ...] | None = None
        self._shot_id: str | None = None
        self._cursors: dict[str | None, int] = {}
        self.field = MentionEdit(theme)
        self.field.setProperty("look", "prompt")
        self.field.setAccessibleName(self.tr("Prompt"))
        self.field.setPlaceholderText(self.tr("Describe the shot: what is to be seen, and what happens?"))
        self.field.edited.connect(self._write)
        self.field.left.connect(self._leave)
        self.opener = QToolButton()
        self.opener.setIcon(icon("history", theme, "muted"))
        self.opener.setIconSize(QSize(ICON_PX, ICON_PX))
        self.opener.setAutoRaise(True)
        self.opener.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.opener.setAccessibleName(self.tr("Earlier and saved prompts"))
        self.opener.setToolTip(self.tr("Earlier and saved prompts"))
        self.history = HistoryPopup(studio, theme, self.opener)
        self.history.chosen.connect(self._reuse)
        self.opener.clicked.connect(self.history.open)
        keep_keys(self.opener, *PRESS)
        self.unknown = Notice(theme)
        self.rows.addLayout(self._header())
        self.rows.addWidget(self.field)
        self.rows.addWidget(self.unknown)
        self.rows.addWidget(self.problems)

    def refresh(self) -> None:
        """The prompt of the open shot, with the names that the bible knows."""
        studio, shot = self.studio, self.studio.film.shot
        shot_id = shot.id if shot else None
        is_other = shot_id != self._shot_id
        if is_other:
            self._cursors[self._shot_id] = self.field.textCursor().position()
            self._shot_id = shot_id
            studio.film.settle()
        self.field.setReadOnly(shot is None)
        self.field.show_text(self.draft.prompt)
        if is_other:
            self._put_cursor(self._cursors.get(shot_id))
        bible = studio.film.project.bible
        if bible is not self._bible:
            self._bible = bible
            self.field.set_names([(entry.name, self._kind(entry.kind)) for entry in bible], self._marks)
        self._refresh_unknown(bible)
        self.problems.refresh()

    def _header(self) -> QHBoxLayout:
        title = QLabel(self.tr("PROMPT"))
        title.setProperty("look", "section")
        row = QHBoxLayout()
        row.setSpacing(GRID_PX)
        row.addWidget(title)
        row.addStretch()
        row.addWidget(self.opener)
        return row

    def _put_cursor(self, position: int | None) -> None:
        """Where it was when this shot was left, else at the end."""
        cursor = self.field.textCursor()
        end = self.field.document().characterCount() - 1
        cursor.setPosition(end if position is None else min(position, end))
        self.field.setTextCursor(cursor)

    def _refresh_unknown(self, bible: tuple[BibleEntry, ...]) -> None:
        unknown = unknown_names(self.draft.prompt, bible) if "@" in self.draft.prompt else ()
        unknown = [name for name in unknown if name != self.field.name_in_work]
        if not unknown:
            self.unknown.clear()
            return
        name = unknown[0]
        said = self.tr("@{name} is not in the bible: the model reads it as it is typed.").format(name=name)
        self.unknown.say(said, "info", "muted", (self.tr("Add @{name}").format(name=name), lambda: self._add(name)))

    def _add(self, name: str) -> None:
        entry = BibleEntry(id=new_id(), kind="character", name=name)
        self.studio.film.edit("add_entry", lambda project: edits.add_entry(project, entry))

    def _marks(self, line: str) -> list[Mark]:
        return [Mark(each.start, each.length, each.entry is not None) for each in named(line, self._bible or ())]

    def _leave(self) -> None:
        self.studio.film.settle()
        self._refresh_unknown(self.studio.film.project.bible)

    def _write(self, text: str) -> None:
        self.studio.composer.change(MERGE, prompt=text)

    def _reuse(self, prompt: str) -> None:
        self.studio.composer.change(prompt=prompt)
        self.field.setFocus()

    def _kind(self, kind: EntryKind) -> str:
        match kind:
            case "character":
                return self.tr("character")
            case "place":
                return self.tr("place")
            case "prop":
                return self.tr("prop")
            case "look":
                return self.tr("look")
