"""Downloads and checks of models: each on a thread, told to every client, and gone on with after a restart."""

import asyncio
import contextlib
import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fastapi import HTTPException

from engine.protocol.download import Asking, Checked, Download, DownloadState, Paused, Reading, Stuck
from engine.protocol.events import DownloadChanged
from engine.protocol.home import write_private
from engine.protocol.model_card import ModelCard
from engine.protocol.problem import Problem, ProblemsError
from engine.server.events import Hub as Events
from engine.server.library import Library
from engine.weights.download import DiskFullError, Downloader, verify
from engine.weights.fetch import StoppedError
from engine.weights.meter import Meter
from engine.weights.record import delete, drop_parts, here_bytes, read_record
from engine.weights.source import HubError

log = logging.getLogger(__name__)

END_WAIT_S = 1.0


@dataclass
class _Task:
    """One model's thread; `fetches`: it is gone on with after a restart."""

    meter: Meter
    thread: threading.Thread
    fetches: bool


class Downloads:
    """For the event loop's thread only; a `downloader` is made on a download's own thread, since that takes a while."""

    def __init__(self, folder: Path, library: Library, events: Events, downloader: Callable[[], Downloader]) -> None:
        self._file = folder / "models" / "downloads.json"
        self._library = library
        self._events = events
        self._downloader = downloader
        self._now: dict[str, Download] = {}
        self._tasks: dict[str, _Task] = {}
        self._wanted = self._read_wanted()

    def all(self) -> list[Download]:
        """What is under way, was paused, cannot go on or was checked; by model."""
        return [self._now[model] for model in sorted(self._now)]

    @property
    def is_idle(self) -> bool:
        """Whether nothing goes on."""
        return not any(download.is_active for download in self._now.values())

    def resume(self) -> None:
        """Go on with what an earlier engine was at, and know what it had paused."""
        wanted = self._wanted
        for status in self._library.all():
            model, found = status.card.id, self._library.find(status.card.id)
            record = read_record(found[0]) if found and status.card.is_from_hub else None
            if found is None or record is None or (record.files and model not in wanted):
                continue
            if model in wanted:
                self.start(model)
            else:
                total = sum(file.size_bytes for file in record.listing.files)
                done = here_bytes(found[0], record.listing)
                self._now[model] = Download(model=model, state=Paused(), done_bytes=done, total_bytes=total)

    def start(self, model: str, folder: Path | None = None) -> Download:
        """Fetch what the model lacks, into `folder` unless the model is whole elsewhere.

        Raises:
            ProblemsError: when it does not come from a hub, or the folder cannot be used.
        """
        card, before = self._find(model)
        if card.repository is None or not card.is_from_hub:
            raise ProblemsError([Problem(field="model", kind="unsupported", value=model)])
        if folder is not None:
            self._library.folders.choose(folder)
        is_whole = bool(card.files)
        place = before if folder is None or is_whole else folder / card.folder
        repository = card.repository

        def bring(meter: Meter) -> DownloadState | None:
            self._downloader().bring(repository, place, meter.ear)
            if place != before:
                delete(before)  # what had arrived there was taken along
            return None

        return self._begin(model, bring, Asking(), fetches=True)

    def verify(self, model: str) -> Download:
        """Read all files of a model again; of those that came from a hub, the damaged ones are removed.

        Raises:
            ProblemsError: when the model is not here.
        """
        card, place = self._find(model)
        files = (*card.files, *([card.gguf] if card.gguf else []))
        if not files:
            raise ProblemsError([Problem(field="model", kind="not_installed", value=model)])

        def check(meter: Meter) -> DownloadState | None:
            meter.begin(0, sum(file.size_bytes for file in files))
            damaged = verify(files, place, self._library.hashes, meter.ear)
            for path in damaged if card.is_from_hub else ():
                (place / path).unlink(missing_ok=True)
            return Checked(damaged=damaged)

        return self._begin(model, check, Reading(file=files[0].path))

    def pause(self, model: str) -> Download:
        """Let it wait; what has arrived stays."""
        download = self._under_way(model)
        task = self._tasks.pop(model, None)
        if task is not None:
            task.meter.ear.end()
            download = task.meter.now(Paused())
        self._set(model, download.changed(state=Paused()))
        return self._now[model]

    async def cancel(self, model: str) -> None:
        """End it, and remove what has arrived unless the model was whole before."""
        self._under_way(model)
        task = self._tasks.pop(model, None)
        if task is not None:
            task.meter.ear.end()
            await asyncio.to_thread(task.thread.join)
        _, place = self._find(model)
        record = read_record(place)
        if record is not None and record.files:
            drop_parts(place, record.listing)
        else:
            self._library.delete(model)
        self._set(model, None)

    async def delete(self, model: str) -> bool:
        """Remove a model's files, whether all of them have come or not; False when they are not ours to remove."""
        if model in self._now:
            await self.cancel(model)
        is_deleted = await asyncio.to_thread(self._library.delete, model)
        self._set(model, None)
        return is_deleted

    def close(self) -> None:
        """End all threads; the next engine goes on."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.meter.ear.end()
        for task in tasks:
            task.thread.join(END_WAIT_S)  # one that waits for the network is left behind: parts are safe at any time

    def _find(self, model: str) -> tuple[ModelCard, Path]:
        found = self._library.find(model)
        if found is None:
            raise ProblemsError([Problem(field="model", kind="unknown_model", value=model)])
        return found[1].card, found[0]

    def _under_way(self, model: str) -> Download:
        if model not in self._now:
            raise HTTPException(409, "nothing is under way for this model")
        return self._now[model]

    def _begin(
        self, model: str, work: Callable[[Meter], DownloadState | None], state: DownloadState, fetches: bool = False
    ) -> Download:
        """Start a thread, unless one is at it; one that was paused a moment ago ends first."""
        if model in self._tasks:
            return self._now[model]
        loop = asyncio.get_running_loop()
        before = self._now.get(model)

        def tell(download: Download | None) -> None:
            with contextlib.suppress(RuntimeError):  # the engine has ended
                loop.call_soon_threadsafe(self._hear, task, model, download)

        meter = Meter(model, tell)
        paused = [each for each in threading.enumerate() if each.name == _name(model)]

        def run() -> None:
            for thread in paused:
                thread.join()
            tell(_outcome(model, meter, work))

        task = _Task(meter, threading.Thread(target=run, name=_name(model), daemon=True), fetches)
        self._tasks[model] = task
        self._set(model, before.changed(state=state) if before else Download(model=model, state=state))
        task.thread.start()
        return self._now[model]

    def _hear(self, task: _Task, model: str, download: Download | None) -> None:
        """What a thread tells; one that was paused or cancelled has nothing to say any more."""
        if self._tasks.get(model) is not task:
            return
        if download is None or not download.is_active:
            del self._tasks[model]
        self._set(model, download)

    def _set(self, model: str, download: Download | None) -> None:
        if download is None:
            self._now.pop(model, None)
        else:
            self._now[model] = download
        self._write_wanted()
        self._events.publish(DownloadChanged(model=model, download=download))

    def _read_wanted(self) -> set[str]:
        try:
            return {str(model) for model in json.loads(self._file.read_text("utf-8"))}
        except (OSError, ValueError, TypeError):
            return set()

    def _write_wanted(self) -> None:
        """Which are to go on by themselves after a restart."""
        wanted = {model for model, task in self._tasks.items() if task.fetches}
        if wanted == self._wanted:
            return
        self._wanted = wanted
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_private(self._file, json.dumps(sorted(wanted)))
        except OSError as error:
            log.warning("which downloads go on cannot be kept: %s", error)


def _name(model: str) -> str:
    return f"download {model}"


def _outcome(model: str, meter: Meter, work: Callable[[Meter], DownloadState | None]) -> Download | None:
    """Do it; the state it ends in, or None when there is nothing to say but that the models have changed."""
    try:
        state = work(meter)
    except StoppedError:
        state = Paused()
    except HubError as error:
        state = Stuck(why=error.why, detail=error.detail, retry_s=error.retry_s)
    except DiskFullError as error:
        state = Stuck(why="disk_full", needed_bytes=error.needed_bytes, free_bytes=error.free_bytes)
    except OSError as error:
        state = Stuck(why="not_writable", detail=error.strerror or type(error).__name__)
    except Exception:
        log.exception("the download of %s broke", model)
        state = Stuck(why="internal")
    if isinstance(state, Stuck):
        log.warning("the download of %s stopped: %s %s", model, state.why, state.detail)
    return None if state is None else meter.now(state)
