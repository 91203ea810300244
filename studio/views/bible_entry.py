"""One entry of the bible: a chip that puts its name into the prompt, and what is known about it, open to be edited."""

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.models.reel import Reel
from studio.models.studio import Studio
from studio.project import edits
from studio.project.bible import BibleEntry, EntryKind, bible_key
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, ICON_PX, Theme
from studio.views.words import trouble_sentence
from studio.widgets.combo import Combo
from studio.widgets.elided_label import ElidedLabel
from studio.widgets.image_well import ImageWell
from studio.widgets.keys import PRESS, keep_keys
from studio.widgets.notice import Notice

KINDS: tuple[EntryKind, ...] = ("character", "place", "prop", "look")
LONGEST_NAME = 60
SEEN_PX = (320, 160)
TEXT_LINES = 4
CHIP_PX = 14 * GRID_PX


def kind_words() -> Mapping[EntryKind, str]:
    """What one of each kind is called."""
    return {
        "character": QCoreApplication.translate("bible", "Character"),
        "place": QCoreApplication.translate("bible", "Place"),
        "prop": QCoreApplication.translate("bible", "Prop"),
        "look": QCoreApplication.translate("bible", "Look"),
    }


class EntryRow(QWidget):
    """Closed: its name as a chip, and how its description begins. Open: all of it.

    Signals:
        mentioned: its name, with the @, is to go into the prompt.
        opened: its fields are to be seen.
    """

    mentioned = Signal(str)
    opened = Signal()

    def __init__(self, studio: Studio, theme: Theme, entry: BibleEntry) -> None:
        super().__init__()
        self._studio = studio
        self._theme = theme
        self._entry = entry
        self._fields: EntryFields | None = None
        self.chip = QPushButton()
        self.chip.setProperty("look", "small")
        self.chip.clicked.connect(lambda: self.mentioned.emit(f"@{self._entry.name}"))
        self.chip.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        keep_keys(self.chip, *PRESS)
        self._hint = ElidedLabel(look="secondary")
        self.fold = QToolButton()
        self.fold.setCheckable(True)
        self.fold.setAutoRaise(True)
        self.fold.setIconSize(QSize(ICON_PX, ICON_PX))
        self.fold.toggled.connect(self._open)
        keep_keys(self.fold, *PRESS)
        head = QHBoxLayout()
        head.setSpacing(GRID_PX)
        head.addWidget(self.chip)
        head.addWidget(self._hint, 1)
        head.addStretch()
        head.addWidget(self.fold)
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(GRID_PX)
        self._rows.addLayout(head)
        self.refresh(entry)

    @property
    def fields(self) -> "EntryFields | None":
        """What can be edited; made when it is opened for the first time."""
        return self._fields

    def refresh(self, entry: BibleEntry) -> None:
        """Show what the entry is now."""
        if entry is self._entry and self.chip.text():
            return
        self._entry = entry
        shown = self.fontMetrics().elidedText(f"@{entry.name}", Qt.TextElideMode.ElideRight, CHIP_PX)
        self.chip.setText(shown.replace("&", "&&"))
        self.chip.setToolTip(self.tr("Put @{name} into the prompt").format(name=entry.name))
        self.chip.setAccessibleName(self.chip.toolTip())
        self._hint.setText(entry.description or self.tr("no description yet"))
        self._name_fold()
        if self._fields is not None:
            self._fields.refresh(entry)

    @property
    def tab_stops(self) -> list[QWidget]:
        """What Tab goes through, in the order in which it is seen."""
        return [self.chip, self.fold, *(self._fields.tab_stops if self._fields is not None else [])]

    def open(self) -> None:
        """Show its fields, with the name ready to be typed over."""
        self.fold.setChecked(True)
        if self._fields is not None:
            self._fields.name.setFocus()
            self._fields.name.selectAll()

    def close_fields(self) -> None:
        """Show the chip only."""
        self.fold.setChecked(False)

    def _open(self, is_open: bool) -> None:
        if is_open and self._fields is None:
            self._fields = EntryFields(self._studio, self._theme, self._entry)
            self._rows.addWidget(self._fields)
        if self._fields is not None:
            self._fields.setVisible(is_open)
        self._hint.setVisible(not is_open)
        self._name_fold()
        if is_open:
            self.opened.emit()

    def _name_fold(self) -> None:
        is_open = self.fold.isChecked()
        closed = "chevron_left" if self.isRightToLeft() else "chevron_right"
        self.fold.setIcon(icon("chevron_down" if is_open else closed, self._theme, "muted"))
        said = self.tr("Close {name}") if is_open else self.tr("Edit {name}")
        self.fold.setToolTip(said.format(name=self._entry.name))
        self.fold.setAccessibleName(self.fold.toolTip())


class EntryFields(QWidget):
    """Every keystroke is kept at once, as one step of undo for each field; a name that cannot be is not."""

    def __init__(self, studio: Studio, theme: Theme, entry: BibleEntry) -> None:
        super().__init__()
        self._studio = studio
        self._theme = theme
        self._entry = entry
        self.name = QLineEdit()
        self.name.setMaxLength(LONGEST_NAME)
        self.name.setAccessibleName(self.tr("Name"))
        self.kind = Combo(theme)
        self.kind.setAccessibleName(self.tr("Kind"))
        for kind, words in kind_words().items():
            self.kind.addItem(words, kind)
        self.description = QPlainTextEdit()
        self.description.setTabChangesFocus(True)
        self.description.setPlaceholderText(self.tr("What the model is told wherever the name stands"))
        self.description.setAccessibleName(self.tr("Description"))
        self.description.setFixedHeight(TEXT_LINES * self.fontMetrics().lineSpacing() + 2 * GRID_PX)
        self.note = Notice(theme)
        self.picture = EntryPicture(studio, theme, entry.id)
        self._lay_out()
        self.refresh(entry)
        self.name.textEdited.connect(self._rename)
        self.name.editingFinished.connect(self._finish_name)
        self.kind.activated.connect(lambda: self._change("kind", self.kind.currentData()))
        self.description.textChanged.connect(self._describe)

    @property
    def tab_stops(self) -> list[QWidget]:
        """As `EntryRow.tab_stops`."""
        well = self.picture.well
        return [self.name, self.kind, self.description, well, *well.findChildren(QToolButton), self._take_out]

    def refresh(self, entry: BibleEntry) -> None:
        """Show what the entry is now, but leave alone what is being typed."""
        self._entry = entry
        if not self.name.hasFocus() and self.name.text() != entry.name:
            self.name.setText(entry.name)
            self.note.clear()
        self.kind.setCurrentIndex(KINDS.index(entry.kind))
        if self.description.toPlainText() != entry.description:
            self.description.setPlainText(entry.description)
        self.picture.refresh(entry.images[0] if entry.images else None)

    def _rename(self, name: str) -> None:
        try:
            self._change("name", name)
            self.note.clear()
        except ValueError:
            others = (each for each in self._studio.film.project.bible if each.id != self._entry.id)
            taken = any(bible_key(each.name) == bible_key(" ".join(name.split()).lstrip("@")) for each in others)
            said = (
                self.tr("There is one of that name already.") if taken else self.tr("Begin with a letter or a digit.")
            )
            self.note.say(said)

    def _finish_name(self) -> None:
        """A name that could not be kept gives way to the one that is."""
        self._studio.film.settle()
        if self.name.text() != self._entry.name:
            self.name.setText(self._entry.name)
            self.note.clear()

    def _describe(self) -> None:
        if self.description.toPlainText() != self._entry.description:
            self._change("description", self.description.toPlainText())

    def _change(self, field: str, value: object) -> None:
        film, entry_id = self._studio.film, self._entry.id
        if any(entry.id == entry_id for entry in film.project.bible):
            film.edit(
                "change_entry",
                lambda project: edits.change_entry(project, entry_id, **{field: value}),
                f"{field} of {entry_id}",
            )

    def _remove(self) -> None:
        entry_id = self._entry.id
        self._studio.film.edit("remove_entry", lambda project: edits.remove_entry(project, entry_id))

    def _lay_out(self) -> None:
        remove = QPushButton(self.tr("Take out"))
        remove.setProperty("look", "small")
        remove.setIcon(icon("delete", self._theme, "muted"))
        remove.setToolTip(self.tr("Prompts that name it stay as they are; undo brings it back"))
        remove.clicked.connect(self._remove)
        keep_keys(remove, *PRESS)
        top = QHBoxLayout()
        top.setSpacing(GRID_PX)
        top.addWidget(self.name, 1)
        top.addWidget(self.kind)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, GRID_PX)
        rows.setSpacing(GRID_PX)
        rows.addLayout(top)
        rows.addWidget(self.note)
        rows.addWidget(self.description)
        caption = QLabel(self.tr("Picture, for your own eyes"))
        caption.setProperty("look", "secondary")
        rows.addWidget(caption)
        rows.addWidget(self.picture)
        rows.addWidget(remove, 0, Qt.AlignmentFlag.AlignLeft)
        self._take_out = remove


class EntryPicture(QWidget):
    """A picture of the entry, dropped or chosen."""

    def __init__(self, studio: Studio, theme: Theme, entry_id: str) -> None:
        super().__init__()
        self._studio = studio
        self._entry_id = entry_id
        self._media: str | None = None
        self._reel: Reel = studio.reel(f"bible {entry_id}")
        self._reel.setParent(self)
        self._reel.arrived.connect(self._show)
        self._reel.failed.connect(lambda: self.well.show_image(None, self.tr("The file is missing")))
        self.well = ImageWell(self.tr("Picture"), theme)
        self.well.media_dropped.connect(self._keep)
        self.well.file_dropped.connect(self._bring)
        self.well.cleared.connect(lambda: self._keep(None))
        self.well.wanted.connect(self._choose)
        self._note = Notice(theme)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self.well)
        rows.addWidget(self._note)

    def refresh(self, media: str | None) -> None:
        """Show this file (sha256), or none."""
        if media != self._media:
            self._media = media
            self._reel.load(media, SEEN_PX)
        self._show()

    def _show(self) -> None:
        if self._media is None:
            self.well.show_empty()
            return
        jpeg = self._reel.frame(0)
        self.well.show_image(QImage.fromData(jpeg) if jpeg else None, "" if jpeg else self.tr("Loading…"))

    def _bring(self, path: Path) -> None:
        self._note.clear()
        self.well.show_image(None, self.tr("Bringing it into the project…"))

        def refuse(trouble: object) -> None:
            self._show()
            self._note.say(trouble_sentence(trouble), "error", "bad")  # pyright: ignore[reportArgumentType]

        self._studio.errands.import_file(path, lambda item: self._keep(item.sha256), refuse)

    def _keep(self, media: str | None) -> None:
        film, entry_id = self._studio.film, self._entry_id
        if any(entry.id == entry_id for entry in film.project.bible):
            images = () if media is None else (media,)
            film.edit("change_entry", lambda project: edits.change_entry(project, entry_id, images=images))

    def _choose(self) -> None:
        dialog = QFileDialog(self, self.tr("Choose a picture"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_chosen)
        dialog.open()

    def _on_chosen(self, name: str) -> None:
        self._bring(Path(name))
