"""Link: what models say to the engine and hear from it, whoever stands behind it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from PySide6.QtCore import QObject, Signal

from engine.protocol.clip_frames import ClipFrames
from engine.protocol.download import Download, ModelFolders, Token, TokenPlace
from engine.protocol.job import AnyRequest, Job
from engine.protocol.media import MediaItem
from engine.protocol.model_card import Adding, ModelCard, ModelToAdd
from engine.protocol.worker_status import WorkerStatus
from studio.link.ask import Ask, OnFailed, Ticket
from studio.link.state import LinkState, Starting
from studio.link.trouble import Trouble
from studio.project.files import replacing
from studio.project.media import MediaFolder

if TYPE_CHECKING:
    from engine.client.api import EngineClient  # it takes as long to import as all the rest of the window

_T = TypeVar("_T")
Models: TypeAlias = list[tuple[ModelCard, list[str]]]
Done: TypeAlias = Callable[[_T], None] | None


class Link(QObject):
    """Signals and intents; everything is called and delivered on the thread it was made on, the GUI's.

    Intents return at once; `done` gets the result or `failed` the trouble, never within the call itself. Trouble of
    an intent without `failed` arrives by the signal `trouble`. Intents of one lane go out in order: `upload`,
    `inspect`, `fetch` and `save` are one, `add_model` one, `frames` one, and all others one.

    A job that an intent returns may be older than an event that has been delivered already: take states from
    `jobs_loaded` and `happened` only.

    Signals:
        state_changed: the new LinkState.
        jobs_loaded: every job there is, next first (list[Job]), after every connect; what was known before is void.
        happened: a JobChanged, JobRemoved, QueueReordered, Progress, WorkerChanged or DownloadChanged; one that still
            waits is replaced by a newer one of its key.
        preview: a Preview and its frames as JPEGs (list[bytes]); the newest of each job.
        models_loaded: every model's card and the files it lacks (Models), after every connect and `models()`.
        trouble: a Ticket and its Trouble.
    """

    state_changed = Signal(object)
    jobs_loaded = Signal(object)
    happened = Signal(object)
    preview = Signal(object, object)
    models_loaded = Signal(object)
    trouble = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state: LinkState = Starting()

    @property
    def state(self) -> LinkState:
        """Where the link stands; as `state_changed` said last."""
        return self._state

    def start(self) -> None:
        """Attach to the engine, or start it; once."""
        raise NotImplementedError

    def retry(self) -> None:
        """Look for the engine again after Failed or Stopped."""
        raise NotImplementedError

    def stop_engine(self) -> None:
        """Ask the engine to end; jobs stay in its queue."""
        raise NotImplementedError

    def close(self) -> None:
        """End all of it within 2 s; quick calls that wait go out before, if they can. The engine lives on."""
        raise NotImplementedError

    def send(self, ask: Ask, done: Done[Any] = None, failed: OnFailed | None = None) -> Ticket:
        """Make any call; the intents below are all made of it."""
        raise NotImplementedError

    def submit(self, request: AnyRequest, done: Done[Job] = None, failed: OnFailed | None = None) -> Ticket:
        """Queue a job. Gone leaves open whether it was queued: the next `jobs_loaded` tells."""
        ask = Ask("submit", (request,), lambda client: client.submit(request), repeatable=False)
        return self.send(ask, done, failed)

    def cancel(self, job_id: str, done: Done[Job] = None, failed: OnFailed | None = None) -> Ticket:
        """Cancel a job."""
        return self.send(Ask("cancel", (job_id,), lambda client: client.cancel(job_id)), done, failed)

    def pause(self, job_id: str, done: Done[Job] = None, failed: OnFailed | None = None) -> Ticket:
        """Let a job wait until it is resumed."""
        return self.send(Ask("pause", (job_id,), lambda client: client.pause(job_id)), done, failed)

    def resume(self, job_id: str, done: Done[Job] = None, failed: OnFailed | None = None) -> Ticket:
        """Let a job go on that is paused, drafted, failed or set aside."""
        ask = Ask("resume", (job_id,), lambda client: client.resume(job_id), repeatable=False)
        return self.send(ask, done, failed)

    def stop_early(self, job_id: str, done: Done[Job] = None, failed: OnFailed | None = None) -> Ticket:
        """Let a running job make its take of what is there."""
        ask = Ask("stop_early", (job_id,), lambda client: client.stop_early(job_id), repeatable=False)
        return self.send(ask, done, failed)

    def acknowledge(self, job_id: str, done: Done[Job] = None, failed: OnFailed | None = None) -> Ticket:
        """Say that the end of a job was seen."""
        return self.send(Ask("acknowledge", (job_id,), lambda client: client.acknowledge(job_id)), done, failed)

    def delete(self, job_id: str, done: Done[None] = None, failed: OnFailed | None = None) -> Ticket:
        """Forget a job that is over."""
        ask = Ask("delete", (job_id,), lambda client: client.delete(job_id), repeatable=False)
        return self.send(ask, done, failed)

    def move(
        self, job_id: str, before: str | None = None, done: Done[list[str]] = None, failed: OnFailed | None = None
    ) -> Ticket:
        """Put a waiting job in front of another one, or last; the result is the waiting jobs' order."""
        return self.send(Ask("move", (job_id, before), lambda client: client.move(job_id, before)), done, failed)

    def upload(self, path: Path, done: Done[MediaItem] = None, failed: OnFailed | None = None) -> Ticket:
        """Hand an image or clip to the engine."""
        return self.send(Ask("upload", (path,), lambda client: client.upload(path), "bulk"), done, failed)

    def inspect(self, path: Path, done: Done[MediaItem] = None, failed: OnFailed | None = None) -> Ticket:
        """What is in an image or clip, without keeping it."""
        return self.send(Ask("inspect", (path,), lambda client: client.inspect(path), "bulk"), done, failed)

    def media_item(self, sha256: str, done: Done[MediaItem] = None, failed: OnFailed | None = None) -> Ticket:
        """What is in media that the engine keeps."""
        return self.send(Ask("media_item", (sha256,), lambda client: client.media_item(sha256), "bulk"), done, failed)

    def fetch(
        self, sha256: str, suffix: str, media: MediaFolder, done: Done[Path] = None, failed: OnFailed | None = None
    ) -> Ticket:
        """Bring media into a project's folder, whole and checked by its hash; the result is the file."""

        def receive(client: EngineClient) -> Path:
            return media.receive(sha256, suffix, lambda file: client.fetch(sha256, file))

        return self.send(Ask("fetch", (sha256, suffix), receive, "bulk"), done, failed)

    def save(self, sha256: str, path: Path, done: Done[Path] = None, failed: OnFailed | None = None) -> Ticket:
        """Write media to a file of the user's, whole or not at all."""

        def receive(client: EngineClient) -> Path:
            with replacing(path) as file:
                client.fetch(sha256, file)
            return path

        return self.send(Ask("save", (sha256, path), receive, "bulk"), done, failed)

    def frames(  # noqa: PLR0913  what is seen, who sees it, and the two answers
        self,
        viewer: str,
        sha256: str,
        first: int = 0,
        count: int = 1,
        box_px: tuple[int | None, int | None] = (None, None),
        done: Done[ClipFrames] = None,
        failed: OnFailed | None = None,
    ) -> Ticket:
        """JPEGs of frames of a clip's grid, or of a still, within a box.

        An ask that still waits is replaced by a newer one of the same `viewer`, and never answered then.
        """
        ask = Ask(
            "frames",
            (sha256, first, count, box_px),
            lambda client: client.frames(sha256, first, count, *box_px),
            "frames",
            key=viewer,
        )
        return self.send(ask, done, failed)

    def models(self, done: Done[Models] = None, failed: OnFailed | None = None) -> Ticket:
        """Every model and what it lacks; `models_loaded` tells everybody."""

        def loaded(models: Models) -> None:
            self.models_loaded.emit(models)
            if done is not None:
                done(models)

        return self.send(Ask("models", (), lambda client: client.models()), loaded, failed)

    def add_model(self, wanted: ModelToAdd, done: Done[ModelCard] = None, failed: OnFailed | None = None) -> Ticket:
        """Use a model where it lies; takes minutes for large ones, and `adding` tells how far it is."""
        ask = Ask("add_model", (wanted,), lambda client: client.add_model(wanted), "adding", repeatable=False)
        return self.send(ask, done, failed)

    def adding(self, done: Done[list[Adding]] = None, failed: OnFailed | None = None) -> Ticket:
        """How far the models are that are being added now."""
        return self.send(Ask("adding", (), lambda client: client.adding()), done, failed)

    def remove_model(self, model: str, done: Done[None] = None, failed: OnFailed | None = None) -> Ticket:
        """Forget a model that was added; its files stay."""
        ask = Ask("remove_model", (model,), lambda client: client.remove_model(model), repeatable=False)
        return self.send(ask, done, failed)

    def downloads(self, done: Done[list[Download]] = None, failed: OnFailed | None = None) -> Ticket:
        """What of models is under way, was paused, cannot go on or was checked."""
        return self.send(Ask("downloads", (), lambda client: client.downloads()), done, failed)

    def download(self, model: str, done: Done[Download] = None, failed: OnFailed | None = None) -> Ticket:
        """Fetch what a model lacks, or go on with it; events tell how far it is."""
        return self.send(Ask("download", (model,), lambda client: client.download(model)), done, failed)

    def pause_download(self, model: str, done: Done[Download] = None, failed: OnFailed | None = None) -> Ticket:
        """Let a download wait."""
        ask = Ask("pause_download", (model,), lambda client: client.pause_download(model), repeatable=False)
        return self.send(ask, done, failed)

    def cancel_download(self, model: str, done: Done[None] = None, failed: OnFailed | None = None) -> Ticket:
        """End a download, and remove what has arrived."""
        ask = Ask("cancel_download", (model,), lambda client: client.cancel_download(model), repeatable=False)
        return self.send(ask, done, failed)

    def verify_model(self, model: str, done: Done[Download] = None, failed: OnFailed | None = None) -> Ticket:
        """Let all files of a model be read again; events tell how that goes."""
        return self.send(Ask("verify_model", (model,), lambda client: client.verify_model(model)), done, failed)

    def delete_model(self, model: str, done: Done[None] = None, failed: OnFailed | None = None) -> Ticket:
        """Remove the files of a model that came from a hub."""
        ask = Ask("delete_model", (model,), lambda client: client.delete_model(model), repeatable=False)
        return self.send(ask, done, failed)

    def model_folders(self, done: Done[ModelFolders] = None, failed: OnFailed | None = None) -> Ticket:
        """The folders that models are looked for in."""
        return self.send(Ask("model_folders", (), lambda client: client.model_folders()), done, failed)

    def choose_model_folder(
        self, folder: Path, done: Done[ModelFolders] = None, failed: OnFailed | None = None
    ) -> Ticket:
        """New models come to this folder from now on."""
        ask = Ask("choose_model_folder", (folder,), lambda client: client.choose_model_folder(folder))
        return self.send(ask, done, failed)

    def token_place(self, done: Done[TokenPlace] = None, failed: OnFailed | None = None) -> Ticket:
        """Where the hub's token is kept."""
        return self.send(Ask("token_place", (), lambda client: client.token_place()), done, failed)

    def put_token(self, token: Token, done: Done[TokenPlace] = None, failed: OnFailed | None = None) -> Ticket:
        """Let the engine keep the hub's token."""
        return self.send(Ask("put_token", (token,), lambda client: client.put_token(token)), done, failed)

    def delete_token(self, done: Done[TokenPlace] = None, failed: OnFailed | None = None) -> Ticket:
        """Let the engine forget the hub's token."""
        return self.send(Ask("delete_token", (), lambda client: client.delete_token()), done, failed)

    def workers(self, done: Done[list[WorkerStatus]] = None, failed: OnFailed | None = None) -> Ticket:
        """How the engine's workers are right now."""
        return self.send(Ask("workers", (), lambda client: client.workers()), done, failed)

    def _become(self, state: LinkState) -> None:
        self._state = state
        self.state_changed.emit(state)

    def _finish(self, ticket: Ticket, result: object, trouble: Trouble | None) -> None:
        """Tell the caller how it ended; what a caller's callback raises is no business of the others."""
        if ticket.is_forgotten:
            return
        try:
            if trouble is None:
                if ticket.done is not None:
                    ticket.done(result)
            elif ticket.failed is not None:
                ticket.failed(trouble)
            else:
                self.trouble.emit(ticket, trouble)
        except Exception:  # noqa: BLE001  as Qt does with what a slot raises
            sys.excepthook(*sys.exc_info())  # pyright: ignore[reportArgumentType]
