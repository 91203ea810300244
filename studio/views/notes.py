"""Notes: what the window says on its own account, in toasts: troubles, takes that are done, files that are written."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, QUrl
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QDesktopServices
from PySide6.QtWidgets import QApplication, QWidget

from studio.link.state import Connected, Failed, LinkState, Lost
from studio.link.trouble import Trouble
from studio.models.arrivals import Arrived, Unread
from studio.models.batches import Batch, BatchKind
from studio.models.desk import Desk
from studio.models.release import Unwritten, Written
from studio.models.studio import Studio
from studio.project.take import Take
from studio.views.film_words import left_words, loss_words, names_words, unread_words, unwritten_words
from studio.views.toasts import Toast, Toasts
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
        self._batch: tuple[Batch, Toast] | None = None
        self._soon = QTimer(self, singleShot=True, interval=TOGETHER_MS)
        self._soon.timeout.connect(self._tell_arrived)
        self._is_engine_gone = False
        desk.exported.connect(self._on_exported)
        desk.link.state_changed.connect(self._on_engine)

    def watch(self, studio: Studio | None) -> None:
        """Tell of this project from now on."""
        self._studio = studio
        self._arrived.clear()
        if studio is not None:
            studio.batches.began.connect(self._on_began)
            studio.batches.ended.connect(self._on_ended)
            studio.trouble.connect(self._on_trouble)
            studio.film.taken.connect(self._on_taken)
            studio.release.written.connect(self._on_written)
            studio.release.failed.connect(self._on_unwritten)
            studio.arrivals.arrived.connect(self._on_shots)
            studio.arrivals.failed.connect(self._on_unread)

    def tell_missing(self, count: int) -> None:
        """Some of the project's files are not there."""
        if count:
            words = self.tr(
                "%n files of this project are missing. Takes can be made again from their recipes.", "", count
            )
            self._toasts.say(words, "warn")

    def _on_began(self, batch: Batch) -> None:
        """What one key has set off is said, with the way back; Generate is seen, and was meant."""
        self._forget_batch()
        words, studio = self._batch_words().get(batch.kind), self._studio
        if words is not None and studio is not None:
            toast = self._toasts.say(words.format(count=len(batch.requests)))
            toast.offer(self.tr("Cancel"), lambda: studio.batches.cancel(batch))
            self._batch = batch, toast

    def _on_ended(self, batch: Batch) -> None:
        """There is nothing left to be cancelled."""
        if self._batch is not None and self._batch[0].id == batch.id:
            self._forget_batch()

    def _forget_batch(self) -> None:
        if self._batch is not None and self._batch[1] in self._toasts.all:
            self._batch[1].leave()
        self._batch = None

    def _batch_words(self) -> dict[BatchKind, str]:
        return {
            "shots": self.tr("{count} shots are queued"),
            "variations": self.tr("{count} variations are queued"),
            "draft_board": self.tr("Draft board: {count} drafts are queued"),
            "animate": self.tr("Setting the image in motion"),
            "extend": self.tr("Extending the clip"),
            "extend_backward": self.tr("Extending the clip backward"),
            "loop": self.tr("Making the clip a loop"),
            "bridge": self.tr("Making the bridge"),
            "remix": self.tr("Remixing the clip"),
            "retake": self.tr("Making in–out anew"),
        }

    def _on_engine(self, state: LinkState) -> None:
        """While it is gone the header says so."""
        if isinstance(state, Lost | Failed):
            self._is_engine_gone = True
        elif isinstance(state, Connected) and self._is_engine_gone:
            self._is_engine_gone = False
            self._toasts.say(self.tr("The engine had gone and is back. The queue is as it was."))

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

    def _on_written(self, written: Written) -> None:
        words = self.tr("{file} is written").format(file=written.path.name)
        if written.losses:
            lost = ", ".join(loss_words(loss) for loss in written.losses)
            words = self.tr("{file} is written, without {lost}").format(file=written.path.name, lost=lost)
        self._tell_file(words, written.path, is_whole=not written.losses)

    def _on_unwritten(self, why: Unwritten) -> None:
        self._toasts.say(unwritten_words(why), "bad")

    def _on_shots(self, arrived: Arrived) -> None:
        words = self.tr("1 shot is in the film")
        if arrived.shots != 1:
            words = self.tr("%n shots are in the film", "", arrived.shots)
        if arrived.entries:
            words += self.tr(", %n names are new in the bible", "", arrived.entries)
        toast = self._toasts.say(words, "good" if arrived.shots else "warn")
        if self._studio is not None and arrived.shots:
            toast.offer(self.tr("Show"), partial(self._studio.turn_to, "storyboard"))
        if arrived.unusable:
            self._toasts.say(self.tr("Could not be used: {names}").format(names=names_words(arrived.unusable)), "warn")
        if arrived.left:
            left = ", ".join(left_words(each) for each in arrived.left)
            self._toasts.say(self.tr("Not taken over: {what}").format(what=left), "warn")

    def _on_unread(self, why: Unread) -> None:
        self._toasts.say(unread_words(why), "bad")

    def _on_exported(self, path: Path, missing: int) -> None:
        words = self.tr("{file} is written").format(file=path.name)
        if missing:
            words += self.tr(", without %n files that are not there", "", missing)
        self._tell_file(words, path, is_whole=not missing)

    def _tell_file(self, words: str, path: Path, *, is_whole: bool) -> None:
        toast = self._toasts.say(words, "good" if is_whole else "warn")
        toast.offer(self.tr("Show in folder"), lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent))))
