"""One image of the draft: its well, its thumbnail, and the file on its way into the project."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from engine.protocol.media import MediaItem
from engine.protocol.problem import Problem
from studio.link.trouble import Problems, Trouble
from studio.models.reel import Reel
from studio.models.studio import Studio
from studio.project import edits
from studio.project.draft import Place
from studio.project.footage import Footage, file_name
from studio.project.planned import needs
from studio.style.tokens import GRID_PX, Theme
from studio.views.prompt_part import quiet_label
from studio.widgets.image_well import HEIGHT_PX, ImageWell

SUFFIXES = ("png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff", "gif", "mp4", "mov", "webm", "mkv", "avi")
SEEN_PX = (4 * HEIGHT_PX, 2 * HEIGHT_PX)
"""Box of the thumbnail that is fetched: sharp at 200 %."""


class PinnedImage(QWidget):
    """What is pinned at one place; a clip stands for its first frame.

    Signals:
        troubled: why a file could not be used (Trouble), or None when the next one is tried.
    """

    troubled = Signal(object)

    def __init__(self, studio: Studio, theme: Theme, place: Place, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio, self._name = studio, name
        self._place: Place = place
        self._media: str | None = None
        self._bringing: set[str] = set()
        self._is_lost, self._is_possible = False, True
        self._seen: tuple[bytes, QImage] | None = None
        self._reel: Reel = studio.reel(f"prompt {place}")
        self._reel.setParent(self)
        self._reel.arrived.connect(self._show)
        self._reel.failed.connect(self._lose)
        self._dialog: QFileDialog | None = None
        self.well = ImageWell(name, theme)
        self.well.file_dropped.connect(self.bring)
        self.well.media_dropped.connect(self._pin)
        self.well.cleared.connect(lambda: self._pin(None))
        self.well.wanted.connect(self._choose)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GRID_PX // 2)
        rows.addWidget(quiet_label(name))
        rows.addWidget(self.well)
        rows.setAlignment(Qt.AlignmentFlag.AlignTop)

    def refresh(self, media: str | None, *, is_possible: bool) -> None:
        """Show this image (sha256), or none; an empty well that the model has no use for cannot be filled."""
        self._is_possible = is_possible
        self.setEnabled((is_possible and self._studio.film.shot is not None) or media is not None)
        if media != self._media:
            self._media, self._is_lost = media, False
            self._reel.load(media, SEEN_PX)
        self._show()

    def bring(self, path: Path) -> None:
        """Copy a file into the project and pin it, in the shot that is open now, whichever is when it has arrived."""
        shot = self._studio.film.shot
        if shot is None:
            return
        shot_id = shot.id
        self._bringing.add(shot_id)
        self.troubled.emit(None)

        def keep(item: MediaItem) -> None:
            self._bringing.discard(shot_id)
            footage = Footage(item=item, name=file_name(path))  # so that it is not lost when another takes its place
            self._studio.film.edit("add_footage", lambda project: edits.add_footage(project, footage))
            if item.kind == "sound":  # it is in the bin, and shows nothing
                self.troubled.emit(Problems((Problem(field=footage.name, kind="unsupported"),)))
                self._show()
                return
            self._studio.composer.pin(self._place, item.sha256, shot_id)
            self._show()

        def refuse(trouble: Trouble) -> None:
            self._bringing.discard(shot_id)
            self.troubled.emit(trouble)
            self._show()

        self._studio.errands.import_file(path, keep, refuse)
        self._show()

    def _bring_named(self, name: str) -> None:
        self.bring(Path(name))

    def _pin(self, media: str | None) -> None:
        self.troubled.emit(None)
        self._studio.composer.pin(self._place, media)

    def _show(self) -> None:
        shot = self._studio.film.shot
        if shot is not None and shot.id in self._bringing:
            self.well.show_image(None, self.tr("Bringing it into the project…"))
        elif self._media is None:
            self.well.show_empty(self._hint())
        elif self._is_lost:
            self.well.show_image(None, self.tr("The file is missing"))
        else:
            image = self._image()
            self.well.show_image(image, "" if image else self.tr("Loading…"))

    def _hint(self) -> str | None:
        """What stands in an empty well: a shot that continues starts from the one before."""
        if not self._is_possible:
            return self.tr("This model cannot do that")
        shot, project = self._studio.film.shot, self._studio.film.project
        beside = needs(project, shot) if shot is not None and shot.continues else ()
        if self._place != "start" or not beside:
            return None
        return self.tr("The last frame of {shot}").format(shot=beside[0].name)

    def _image(self) -> QImage | None:
        """The thumbnail; decoded once, as this is asked for with every letter that is typed."""
        jpeg = self._reel.frame(0)
        if jpeg is None:
            return None
        if self._seen is None or self._seen[0] is not jpeg:
            self._seen = jpeg, QImage.fromData(jpeg)
        return self._seen[1]

    def _lose(self, _: Trouble) -> None:
        self._is_lost = True
        self._show()

    def _choose(self) -> None:
        if self._dialog is None:
            title = self.tr("Choose an image: {place}").format(place=self._name)
            self._dialog = QFileDialog(self, title)
            self._dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
            shown = " ".join(f"*.{suffix} *.{suffix.upper()}" for suffix in SUFFIXES)
            self._dialog.setNameFilters([f"{self.tr('Images and clips')} ({shown})", f"{self.tr('All files')} (*)"])
            self._dialog.fileSelected.connect(self._bring_named)
        self._dialog.open()
