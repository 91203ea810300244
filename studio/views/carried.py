"""What is dragged out of the window's own panels: hashes for its wells, the files themselves for other programs."""

from collections.abc import Iterable

from PySide6.QtCore import QByteArray, QMimeData, QUrl

from studio.models.studio import Studio
from studio.widgets.image_well import MEDIA_FORMAT


def carried(studio: Studio, media: Iterable[str]) -> QMimeData:
    """These files of the project (sha256)."""
    wanted, folder = list(media), studio.film.folder.media
    made = QMimeData()
    made.setData(MEDIA_FORMAT, QByteArray("\n".join(wanted).encode()))
    made.setUrls([QUrl.fromLocalFile(str(path)) for each in wanted if (path := folder.path(each)) is not None])
    return made
