"""Downloads: models that come from a hub, are checked or go; the folder they come to, and the hub's token."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.protocol.download import Checked, Download, ModelFolders, Token, TokenPlace
from engine.protocol.events import DownloadChanged, Event
from studio.link.link import Link
from studio.link.state import Connected
from studio.link.trouble import Trouble


class Downloads(QObject):
    """As the engine tells them; `models_changed` is called when other models are here than before.

    Signals:
        changed: of a model (its id).
        refused: an intent for a model (its id) was not done (Trouble).
        places_changed: the folders, or where the token is.
    """

    changed = Signal(str)
    refused = Signal(str, object)
    places_changed = Signal()

    def __init__(self, link: Link, models_changed: Callable[[], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._models_changed = models_changed
        self._now: dict[str, Download] = {}
        self.folders: ModelFolders | None = None
        self.token: TokenPlace | None = None
        link.happened.connect(self._apply)
        link.state_changed.connect(self._on_state)

    def of(self, model: str) -> Download | None:
        """How far a model is; None when nothing is to be said of it."""
        return self._now.get(model)

    def start(self, model: str) -> None:
        """Fetch what the model lacks, or go on with it."""
        self._link.download(model, failed=self._refusal(model))

    def pause(self, model: str) -> None:
        """Let it wait; what has arrived stays."""
        self._link.pause_download(model, failed=self._refusal(model))

    def cancel(self, model: str) -> None:
        """End it; what has arrived goes."""
        self._link.cancel_download(model, failed=self._refusal(model))

    def verify(self, model: str) -> None:
        """Read all its files again."""
        self._link.verify_model(model, failed=self._refusal(model))

    def delete(self, model: str) -> None:
        """Remove its files."""
        self._link.delete_model(model, lambda _: self._models_changed(), self._refusal(model))

    def ask_places(self) -> None:
        """Ask where models come to, and where the token is: who shows it wants to know."""
        self._link.model_folders(self._on_folders, _ignore)
        self._link.token_place(self._on_token, _ignore)

    def choose_folder(self, folder: Path) -> None:
        """New models come there."""

        def chosen(folders: ModelFolders) -> None:
            self._on_folders(folders)
            self._models_changed()

        self._link.choose_model_folder(folder, chosen, self._refusal(""))

    def put_token(self, token: Token, model: str = "") -> None:
        """Keep the token, and go on with the model that wanted it."""

        def kept(place: TokenPlace) -> None:
            self._on_token(place)
            if model:
                self.start(model)

        self._link.put_token(token, kept, self._refusal(model))

    def forget_token(self) -> None:
        """Forget it."""
        self._link.delete_token(self._on_token, self._refusal(""))

    def _on_state(self, state: object) -> None:
        if isinstance(state, Connected):
            self._link.downloads(self._load, _ignore)

    def _load(self, downloads: list[Download]) -> None:
        found = {download.model: download for download in downloads}
        changed = [model for model in {**self._now, **found} if self._now.get(model) != found.get(model)]
        self._now = found
        for model in changed:
            self.changed.emit(model)

    def _apply(self, event: Event) -> None:
        if not isinstance(event, DownloadChanged):
            return
        if event.download is None:
            self._now.pop(event.model, None)
        else:
            self._now[event.model] = event.download
        self.changed.emit(event.model)
        if event.download is None or isinstance(event.download.state, Checked):
            self._models_changed()

    def _on_folders(self, folders: ModelFolders) -> None:
        self.folders = folders
        self.places_changed.emit()

    def _on_token(self, place: TokenPlace) -> None:
        self.token = place
        self.places_changed.emit()

    def _refusal(self, model: str) -> Callable[[Trouble], None]:
        return lambda trouble: self.refused.emit(model, trouble)


def _ignore(_: Trouble) -> None:
    """The next connect, or the next who looks, asks again."""
