"""Project drops: a project's folder, file or zip that is dropped anywhere on the window is opened."""

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, QUrl
from PySide6.QtGui import QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from studio.models.desk import ZIP, Desk
from studio.project.storage import PROJECT_FILE
from studio.widgets.image_well import MEDIA_FORMAT


class ProjectDrops(QObject):
    """Stands before every widget that takes drops: panels take files of their own, and would take these too."""

    def __init__(self, desk: Desk, window: QWidget) -> None:
        super().__init__(window)
        self._desk = desk
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def stand_before(self, page: QWidget) -> None:
        """Also before everything on a page that takes drops."""
        for widget in (page, *page.findChildren(QWidget)):
            if widget.acceptDrops():
                widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Open a project that is dropped; everything else goes on to the widget."""
        if not isinstance(event, QDropEvent):
            return False
        path = dropped_project(event.mimeData())
        if path is None:
            return False
        event.acceptProposedAction()
        if not isinstance(event, QDragMoveEvent):
            self._desk.open(path)
        return True


def dropped_project(content: QMimeData) -> Path | None:
    """The one project that is being dragged; None for anything else, and for a take of ours, which may be a zip."""
    if content.hasFormat(MEDIA_FORMAT):
        return None
    urls: list[QUrl] = content.urls() if content.hasUrls() else []
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    path = Path(urls[0].toLocalFile())
    is_project = path.name == PROJECT_FILE or (path / PROJECT_FILE).is_file() or path.suffix.lower() == ZIP
    return path if is_project and path.exists() else None
