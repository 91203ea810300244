"""The bin panel: images and clips of the film, dropped, pasted or imported, and why some cannot be used."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTemporaryDir
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from studio.link.trouble import Problems
from studio.models.imports import Unusable
from studio.models.studio import Studio
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, ICON_PX, Theme
from studio.views.bin_list import BinList
from studio.views.material_style import material_sheet
from studio.views.words import number, trouble_sentence
from studio.widgets.drop_area import DropArea
from studio.widgets.image_well import MEDIA_FORMAT
from studio.widgets.keys import PRESS, keep_keys
from studio.widgets.notice import Notice
from studio.widgets.progress_bar import ProgressBar

MOST_TOLD = 6
LARGE_ICON_PX = 32


class View(DropArea):
    """Files can be dropped anywhere on it."""

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> None:
        super().__init__(self.tr("Drop to put it into the bin"), theme, [MEDIA_FORMAT])
        self._studio = studio
        self._actions = actions
        self._theme = theme
        self._pasted: QTemporaryDir | None = None
        self._unreachable: list[str] = []
        self.setAccessibleName(self.tr("Bin"))
        self.setStyleSheet(material_sheet(theme))
        self.list = BinList(studio, actions, theme)
        self.note = Notice(theme)
        self._count = QLabel()
        self._importing = QWidget()
        self._counter = QLabel()
        self._progress = ProgressBar(theme)
        self._pages = QStackedLayout()
        self._lay_out()
        self._connect()
        self.refresh()

    def paste(self) -> None:
        """Files, or a picture, from the clipboard."""
        mime = QGuiApplication.clipboard().mimeData()
        if self.take(mime) or not mime.hasImage():
            return
        folder = QTemporaryDir()
        path = folder.filePath(self.tr("Pasted image") + ".png")
        if QGuiApplication.clipboard().image().save(path, "PNG"):  # pyright: ignore[reportArgumentType, reportCallIssue]
            self._pasted = folder  # deleted with the next one, or with the panel: the file has to last until then
            self._add([Path(path)])

    def refresh(self) -> None:
        """Say what is."""
        imports, found = self._studio.imports, len(self._studio.film.project.bin)
        self._pages.setCurrentIndex(1 if found else 0)
        self._count.setText(number(found) if found else "")
        self._importing.setVisible(imports.is_busy)
        if imports.is_busy:
            current, total = number(min(imports.done + 1, imports.total)), number(imports.total)
            self._counter.setText(self.tr("Importing {current} of {total}").format(current=current, total=total))
            self._progress.show_part(imports.done / imports.total if imports.total > 1 else None)
            self._progress.setAccessibleName(self._counter.text())

    def _connect(self) -> None:
        self._studio.film.changed.connect(self.refresh)
        self._studio.imports.changed.connect(self.refresh)
        self._studio.imports.finished.connect(self._on_finished)
        self.dropped.connect(self._add)
        self.unreachable.connect(self._on_unreachable)
        paste = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self)
        paste.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        paste.activated.connect(self.paste)

    def _add(self, paths: list[Path]) -> None:
        self.note.clear()
        self._studio.add_files(paths)

    def _on_finished(self, unusable: Sequence[Unusable]) -> None:
        if unusable:
            one, many = self.tr("1 file could not be used:"), self.tr("%n files could not be used:", "", len(unusable))
            head = one if len(unusable) == 1 else many
            self._tell(head, [_reason(each) for each in unusable])

    def _on_unreachable(self, urls: list[str]) -> None:
        head = self.tr("Only files on this machine can be used. Save it to the disk first:")
        self._tell(head, urls)

    def _tell(self, head: str, reasons: list[str]) -> None:
        """One note for all of them."""
        told = reasons[:MOST_TOLD]
        if len(reasons) > len(told):
            told.append(self.tr("and %n more", "", len(reasons) - len(told)))
        self.note.say("\n".join([head, *told]), "warning", "warn", (self.tr("Dismiss"), self.note.clear))

    def _lay_out(self) -> None:
        self._pages.addWidget(self._empty_page())
        self._pages.addWidget(self.list)
        rows = QVBoxLayout(self)
        left, right = (0, GRID_PX) if self.isRightToLeft() else (GRID_PX, 0)  # where the scroll bar is there is no gap
        rows.setContentsMargins(left, GRID_PX, right, GRID_PX)
        rows.setSpacing(GRID_PX)
        rows.addLayout(self._head())
        rows.addWidget(self._importing)
        note = QHBoxLayout()
        note.setContentsMargins(GRID_PX // 2, 0, GRID_PX, 0)
        note.addWidget(self.note)
        rows.addLayout(note)
        rows.addLayout(self._pages, 1)
        self._counter.setProperty("look", "secondary")
        stop = self._icon_button("cancel", self.tr("Leave out the rest"))
        stop.clicked.connect(self._studio.imports.stop)
        columns = QHBoxLayout(self._importing)
        columns.setContentsMargins(GRID_PX // 2, 0, GRID_PX, 0)
        texts = QVBoxLayout()
        texts.addWidget(self._counter)
        texts.addWidget(self._progress)
        columns.addLayout(texts, 1)
        columns.addWidget(stop)

    def _head(self) -> QHBoxLayout:
        heading = QLabel(self.tr("BIN"))
        heading.setProperty("look", "section")
        self._count.setProperty("look", "secondary")
        add = QToolButton()
        add.setDefaultAction(self._actions["import_files"])
        add.setIconSize(QSize(ICON_PX, ICON_PX))
        add.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        add.setAutoRaise(True)
        add.setAccessibleName(self._actions["import_files"].text())
        keep_keys(add, *PRESS)
        row = QHBoxLayout()
        row.setContentsMargins(GRID_PX // 2, 0, GRID_PX, 0)
        row.addWidget(heading)
        row.addWidget(self._count)
        row.addStretch(1)
        row.addWidget(add)
        return row

    def _empty_page(self) -> QWidget:
        page = QWidget()
        mark = QLabel()
        size = QSize(LARGE_ICON_PX, LARGE_ICON_PX)
        mark.setPixmap(icon("drop", self._theme, "muted").pixmap(size, self.devicePixelRatioF()))
        mark.setAlignment(Qt.AlignmentFlag.AlignCenter)
        words = QLabel(self.tr("Drop images and clips here"))
        words.setProperty("look", "secondary")
        words.setWordWrap(True)
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        choose = QPushButton(self.tr("Import…"))
        choose.clicked.connect(self._actions["import_files"].trigger)
        keep_keys(choose, *PRESS)
        rows = QVBoxLayout(page)
        rows.setSpacing(GRID_PX)
        rows.addStretch(1)
        rows.addWidget(mark)
        rows.addWidget(words)
        rows.addWidget(choose, 0, Qt.AlignmentFlag.AlignCenter)
        rows.addStretch(1)
        return page

    def _icon_button(self, name: str, text: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name, self._theme))
        button.setIconSize(QSize(ICON_PX, ICON_PX))
        button.setAutoRaise(True)
        button.setToolTip(text)
        button.setAccessibleName(text)
        keep_keys(button, *PRESS)
        return button


def _reason(unusable: Unusable) -> str:
    """Which file, and why; a problem with a file says its name itself."""
    said = trouble_sentence(unusable.trouble)
    names_it = isinstance(unusable.trouble, Problems) and unusable.name in said
    return said if names_it else f"{unusable.name}: {said}"
