"""Project deeds: what the actions of projects do, from the first name to the zip."""

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QDir, QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.models.arrivals import SCRIPTS, TIMELINES
from studio.models.desk import Desk
from studio.project import edits
from studio.project.recent import new_folder
from studio.widgets.popup import TextPopup

LONGEST_NAME = 200
MEDIA = "*.png *.jpg *.jpeg *.webp *.bmp *.tif *.tiff *.avif *.gif *.mp4 *.mov *.mkv *.webm *.avi *.m4v"


class ProjectDeeds(QObject):
    """Connects the actions, once for a window."""

    def __init__(self, actions: Mapping[str, QAction], desk: Desk, window: QWidget) -> None:
        super().__init__(window)
        self._desk = desk
        self._window = window
        deeds = {
            "undo": self._undo,
            "redo": self._redo,
            "import_files": self._import_files,
            "import_script": self._import_script,
            "import_timeline": self._import_timeline,
            "import_clips": self._import_clips,
            "new_project": self._new,
            "open_project": self._open,
            "rename_project": self._rename,
            "export_zip": self._export,
            "import_zip": self._import,
        }
        for name, deed in deeds.items():
            actions[name].triggered.connect(deed)

    def _undo(self) -> None:
        if self._desk.studio is not None:
            self._desk.studio.film.undo()
            self._desk.studio.show_selected()

    def _redo(self) -> None:
        if self._desk.studio is not None:
            self._desk.studio.film.redo()
            self._desk.studio.show_selected()

    def _import_files(self) -> None:
        dialog = self._dialog(self.tr("Import images and clips"), QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters([self.tr("Images and clips ({endings})").format(endings=MEDIA), self.tr("All files (*)")])
        dialog.filesSelected.connect(self._add_files)
        dialog.open()

    def _add_files(self, paths: list[str]) -> None:
        if self._desk.studio is not None:
            self._desk.studio.add_files([Path(path) for path in paths])

    def _import_script(self) -> None:
        dialog = self._dialog(self.tr("Shots from a script"), QFileDialog.FileMode.ExistingFile)
        endings = " ".join(f"*{ending}" for ending in SCRIPTS)
        dialog.setNameFilters([self.tr("Scripts ({endings})").format(endings=endings)])
        dialog.fileSelected.connect(_with_path(self._bring))
        dialog.open()

    def _import_timeline(self) -> None:
        dialog = self._dialog(self.tr("Shots from a timeline"), QFileDialog.FileMode.ExistingFile)
        endings = " ".join(f"*{ending}" for ending in TIMELINES)
        dialog.setNameFilters([self.tr("Timelines ({endings})").format(endings=endings)])
        dialog.fileSelected.connect(_with_path(self._bring))
        dialog.open()

    def _import_clips(self) -> None:
        dialog = self._dialog(self.tr("Shots from a folder of clips"), QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(_with_path(self._bring))
        dialog.open()

    def _bring(self, path: Path) -> None:
        if self._desk.studio is not None:
            self._desk.studio.arrivals.bring(path)

    def _new(self) -> None:
        popup = TextPopup(self.tr("Name of the new project"), self.tr("Create"), self.tr("New film"), self._window)
        popup.line.setMaxLength(LONGEST_NAME)
        popup.accepted.connect(self._create)
        popup.open_over(self._window)

    def _create(self, name: str) -> None:
        self._desk.create(name, self.tr("Shot {number}").format(number=1))

    def _rename(self) -> None:
        studio = self._desk.studio
        if studio is None:
            return

        def rename(name: str) -> None:
            studio.film.edit("rename_project", lambda project: edits.rename_project(project, name))

        name = studio.film.project.name
        popup = TextPopup(self.tr("Name of the project"), self.tr("Rename"), name, self._window)
        popup.line.setMaxLength(LONGEST_NAME)
        popup.accepted.connect(rename)
        popup.open_over(self._window)

    def _open(self) -> None:
        dialog = self._dialog(self.tr("Open a project's folder"), QFileDialog.FileMode.Directory)
        dialog.setDirectory(str(self._desk.preferences.projects_folder))
        dialog.fileSelected.connect(_with_path(self._desk.open))
        dialog.open()

    def _import(self) -> None:
        dialog = self._dialog(self.tr("Import a project from a zip file"), QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(self.tr("Projects ({endings})").format(endings="*.zip"))
        dialog.fileSelected.connect(_with_path(self._desk.import_zip))
        dialog.open()

    def _export(self) -> None:
        studio = self._desk.studio
        if studio is None:
            return
        dialog = self._dialog(self.tr("Export the project as a zip file"), QFileDialog.FileMode.AnyFile)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("zip")
        dialog.selectFile(f"{new_folder(Path(), studio.film.project.name).name}.zip")
        dialog.fileSelected.connect(_with_path(self._desk.export_zip))
        dialog.open()

    def _dialog(self, title: str, mode: QFileDialog.FileMode) -> QFileDialog:
        """Not modal for the program: renders go on, and it is deleted when it is answered."""
        dialog = QFileDialog(self._window, title, QDir.homePath())
        dialog.setFileMode(mode)
        dialog.finished.connect(dialog.deleteLater)
        return dialog


def _with_path(act: Callable[[Path], None]) -> Callable[[str], None]:
    def call(path: str) -> None:
        act(Path(path))

    return call
