"""Notes: what the window says on its own account, in toasts: troubles, takes that are done, files that are written."""

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, QUrl
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QDesktopServices
from PySide6.QtWidgets import QApplication, QWidget

from studio.link.trouble import Trouble
from studio.models.desk import Desk
from studio.models.studio import Studio
from studio.project.take import Take
from studio.views.toasts import Toasts
from studio.views.words import trouble_sentence

TOGETHER_MS = 150
"""Takes that arrive within that are told of together: those made while no window was open come all at once."""
MOST_TOLD = 2


class Notes(QObject):
    """Listens to the desk and to the project on it; `watch` the next project when it opens."""

    def __init__(self, desk: Desk, toasts: Toasts, window: QWidget) -> None:
        super().__init__(toasts)
        self._desk = desk
        self._toasts = toasts
        self._window = window
        self._studio: Studio | None = None
        self._arrived: list[str] = []
        self._soon = QTimer(self, singleShot=True, interval=TOGETHER_MS)
        self._soon.timeout.connect(self._tell_arrived)
        desk.exported.connect(self._on_exported)

    def watch(self, studio: Studio | None) -> None:
        """Tell of this project from now on."""
        self._studio = studio
        self._arrived.clear()
        if studio is not None:
            studio.trouble.connect(self._on_trouble)
            studio.film.taken.connect(self._on_taken)

    def tell_missing(self, count: int) -> None:
        """Some of the project's files are not there."""
        if count:
            words = self.tr(
                "%n files of this project are missing. Takes can be made again from their recipes.", "", count
            )
            self._toasts.say(words, "warn")

    def _on_trouble(self, trouble: Trouble) -> None:
        self._toasts.say(trouble_sentence(trouble), "bad")

    def _on_taken(self, take: Take) -> None:
        """A take that appears before one's eyes needs no words; screen readers get them always."""
        studio = self._studio
        if studio is None:
            return
        shot = studio.film.project.shot_of(take.id)
        words = self.tr("A take of {shot} is done").format(shot=shot.name)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._window, words))
        is_seen = self._window.isActiveWindow() and studio.film.shot is not None and shot.id == studio.film.shot.id
        if not is_seen and self._desk.preferences.value("tell_when_done"):
            self._arrived.append(take.id)
            self._soon.start()

    def _tell_arrived(self) -> None:
        arrived, self._arrived = self._arrived, []
        studio = self._studio
        if studio is None:
            return
        QApplication.alert(self._window)
        if len(arrived) > MOST_TOLD:
            self._toasts.say(self.tr("%n takes have arrived", "", len(arrived)), "good")
            return
        for take_id in arrived:
            self._tell_take(studio, take_id)

    def _tell_take(self, studio: Studio, take_id: str) -> None:
        shot = next(
            (each for each in studio.film.project.shots if any(take.id == take_id for take in each.takes)), None
        )
        if shot is None:
            return

        def show() -> None:
            if studio is self._studio and studio.film.project.has_shot(shot.id):
                studio.film.open_shot(shot.id)
                studio.show_take(take_id)

        toast = self._toasts.say(self.tr("A take of {shot} is done").format(shot=shot.name), "good")
        toast.offer(self.tr("Show"), show)

    def _on_exported(self, path: Path, missing: int) -> None:
        words = self.tr("{file} is written").format(file=path.name)
        if missing:
            words += self.tr(", without %n files that are not there", "", missing)
        toast = self._toasts.say(words, "warn" if missing else "good")
        toast.offer(self.tr("Show in folder"), lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent))))
