"""The engine's API as typed calls; synchronous, one connection, events as an iterator."""

import contextlib
import json
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from engine.client.errors import EngineGoneError, RefusedError
from engine.client.lines import Lines
from engine.protocol.clip_frames import ClipFrames, FramesHeader
from engine.protocol.download import Download, DownloadWish, ModelFolders, Token, TokenPlace
from engine.protocol.events import Event, Preview, event_adapter
from engine.protocol.home import Rendezvous
from engine.protocol.job import AnyRequest, Job, JobRequest, StateKind
from engine.protocol.media import MediaItem
from engine.protocol.model_card import Adding, ModelCard, ModelToAdd, Quantizing
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.wire import split, unpack
from engine.protocol.worker_status import WorkerStatus

TIMEOUT_S = 30.0
INSPECT_TIMEOUT_S = 180.0
CLOSE_TIMEOUT_S = 1.0
LARGEST_EVENT_BYTES = 64 * 2**20

_jobs = TypeAdapter(list[Job])
_problems = TypeAdapter(list[Problem])
_workers = TypeAdapter(list[WorkerStatus])
_addings = TypeAdapter(list[Adding])
_downloads = TypeAdapter(list[Download])


class EngineClient:
    """A connection to one engine; raises `EngineGoneError`, `RefusedError` and `ProblemsError`."""

    def __init__(self, rendezvous: Rendezvous) -> None:
        self._port = rendezvous.port
        self._address = f"127.0.0.1:{rendezvous.port}"
        self._headers = {"Authorization": f"Bearer {rendezvous.token}"}
        self._http = httpx.Client(
            base_url=f"http://{self._address}", headers=self._headers, timeout=TIMEOUT_S, trust_env=False
        )
        self._lines = Lines()
        self._http.event_hooks = {"request": [self._lines.watch]}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the engine goes on."""
        self._http.close()

    def abort(self) -> None:
        """End what other threads wait for, their events too, with `EngineGoneError`; so does all that comes later."""
        self._lines.cut()

    def health(self, timeout_s: float = TIMEOUT_S) -> str:
        """The engine's build; `EngineGoneError` also when something else answers."""
        reply = self._call("GET", "/health", timeout=timeout_s)
        try:
            return str(reply.json()["build"])
        except (ValueError, TypeError, KeyError):
            raise EngineGoneError("what answers is no engine") from None

    def submit(self, request: AnyRequest) -> Job:
        """Queue a job; it is on the engine's disk when this returns. A film's media are looked into before."""
        try:
            body = request.model_dump_json()
        except PydanticSerializationError:  # a terminal that is not UTF-8 gives halves of surrogate pairs
            raise ProblemsError(_unwritable(request)) from None
        return _job(self._call("POST", "/jobs", content=body, headers=_JSON, timeout=INSPECT_TIMEOUT_S))

    def jobs(self, state: StateKind | None = None, after: str | None = None, limit: int = 100) -> list[Job]:
        """One page of jobs, next first, from behind the job `after`."""
        wanted = {"state": state, "after": after, "limit": limit}
        return _jobs.validate_json(
            self._call("GET", "/jobs", params={k: v for k, v in wanted.items() if v is not None}).content
        )

    def job(self, job_id: str) -> Job:
        """One job."""
        return _job(self._call("GET", f"/jobs/{job_id}"))

    def cancel(self, job_id: str) -> Job:
        """Cancel a job; a running one changes its state a moment later."""
        return _job(self._call("POST", f"/jobs/{job_id}/cancel"))

    def pause(self, job_id: str) -> Job:
        """Let a job wait until it is resumed; a running one changes its state a moment later."""
        return _job(self._call("POST", f"/jobs/{job_id}/pause"))

    def resume(self, job_id: str) -> Job:
        """Let a job go on that is paused, drafted, failed or set aside."""
        return _job(self._call("POST", f"/jobs/{job_id}/resume"))

    def stop_early(self, job_id: str) -> Job:
        """Let a running job make its take of what is there."""
        return _job(self._call("POST", f"/jobs/{job_id}/stop_early"))

    def acknowledge(self, job_id: str) -> Job:
        """Say that the end of the job was seen."""
        return _job(self._call("POST", f"/jobs/{job_id}/acknowledge"))

    def move(self, job_id: str, before: str | None = None) -> list[str]:
        """Put a waiting job in front of another one, or last; returns the waiting jobs' order."""
        return list(self._call("POST", f"/jobs/{job_id}/move", json={"before": before}).json()["job_ids"])

    def delete(self, job_id: str) -> None:
        """Forget a job that is over."""
        self._call("DELETE", f"/jobs/{job_id}")

    def upload(self, path: Path) -> MediaItem:
        """Hand an image, a clip or a sound to the engine.

        Raises:
            ProblemsError: when the file is missing, unreadable, too large or of no known kind.
        """
        return MediaItem.model_validate_json(self._send_file("PUT", "/media", path))

    def upload_lora(self, path: Path, model: str) -> str:
        """Hand a LoRA to the engine; its sha256.

        Raises:
            ProblemsError: when the file is missing, is no safetensors file, or is not for this model.
        """
        sha256 = json.loads(self._send_file("PUT", f"/media/loras/{quote(model, safe='')}", path))
        assert isinstance(sha256, str)
        return sha256

    def inspect(self, path: Path) -> MediaItem:
        """What is in an image, a clip or a sound, without keeping it."""
        return MediaItem.model_validate_json(self._send_file("POST", "/media/inspect", path))

    def media_item(self, sha256: str) -> MediaItem:
        """What is in media that the engine keeps."""
        reply = self._call("GET", f"/media/{sha256}/item", timeout=INSPECT_TIMEOUT_S)
        return MediaItem.model_validate_json(reply.content)

    def frames(
        self, sha256: str, first: int = 0, count: int = 1, width: int | None = None, height: int | None = None
    ) -> ClipFrames:
        """JPEGs of at most `count` (up to 64) frames of a clip's grid, or of a still, within a box of pixels.

        Raises:
            ProblemsError: for numbers out of range, or when the clip cannot be read.
        """
        wanted = {"first": first, "count": count, "width": width, "height": height}
        given = {name: number for name, number in wanted.items() if number is not None}
        reply = self._call("GET", f"/media/{sha256}/frames", params=given, timeout=INSPECT_TIMEOUT_S)
        header, blob = unpack(reply.content)
        found = FramesHeader.model_validate_json(header)
        jpegs = tuple(split(blob, found.frame_sizes_bytes))
        return ClipFrames(found.first, found.total_frames, found.fps, found.width, found.height, jpegs)

    def fetch(self, sha256: str, file: IO[bytes]) -> None:
        """Write media to an open file."""
        with self._translated(), self._http.stream("GET", f"/media/{sha256}") as reply:
            _check(reply)
            for chunk in reply.iter_bytes():
                file.write(chunk)

    def models(self) -> list[tuple[ModelCard, list[str]]]:
        """Every model's card and the files that are missing for it (none: it can run)."""
        rows = self._call("GET", "/models").json()
        return [(ModelCard.model_validate(row["card"]), list(row["missing"])) for row in rows]

    def add_model(self, wanted: ModelToAdd) -> ModelCard:
        """Use a model where it lies; all its files are read before this returns, which takes minutes for large ones.

        Raises:
            ProblemsError: with all that is wrong with it, by file.
        """
        try:
            body = wanted.model_dump_json()
        except PydanticSerializationError:
            raise ProblemsError([Problem(field="path", kind="invalid", detail="no Unicode text")]) from None
        reply = self._call("POST", "/models", content=body, headers=_JSON, timeout=None)
        return ModelCard.model_validate_json(reply.content)

    def quantize_model(self, model: str, wish: Quantizing) -> ModelCard:
        """Make a smaller copy of a model's transformer; the card of the model with it. Takes minutes.

        Raises:
            ProblemsError: with what is wrong.
        """
        path = f"/models/{quote(model, safe='')}/quantize"
        reply = self._call("POST", path, content=wish.model_dump_json(), headers=_JSON, timeout=None)
        return ModelCard.model_validate_json(reply.content)

    def adding(self) -> list[Adding]:
        """How far the models are that are being added now."""
        return _addings.validate_json(self._call("GET", "/models/adding").content)

    def remove_model(self, model: str) -> None:
        """Forget a model that was added; its files stay where they are."""
        self._call("DELETE", f"/models/{quote(model, safe='')}")

    def downloads(self) -> list[Download]:
        """What of models is under way, was paused, cannot go on or was checked."""
        return _downloads.validate_json(self._call("GET", "/models/downloads").content)

    def download(self, model: str, folder: Path | None = None) -> Download:
        """Fetch what a model lacks, or go on with it; into `folder` where nothing of it is here.

        Raises:
            ProblemsError: when the model does not come from a hub, or the folder cannot be used.
        """
        wish = DownloadWish(folder=str(folder) if folder else None).model_dump_json()
        reply = self._call("POST", f"/models/{quote(model, safe='')}/download", content=wish, headers=_JSON)
        return Download.model_validate_json(reply.content)

    def pause_download(self, model: str) -> Download:
        """Let a download wait; what has arrived stays."""
        reply = self._call("POST", f"/models/{quote(model, safe='')}/download/pause")
        return Download.model_validate_json(reply.content)

    def cancel_download(self, model: str) -> None:
        """End a download, and remove what has arrived."""
        self._call("DELETE", f"/models/{quote(model, safe='')}/download")

    def verify_model(self, model: str) -> Download:
        """Let all files of a model be read again; events tell how that goes."""
        return Download.model_validate_json(self._call("POST", f"/models/{quote(model, safe='')}/verify").content)

    def delete_model(self, model: str) -> None:
        """Remove the files of a model that came from a hub."""
        self._call("DELETE", f"/models/{quote(model, safe='')}/files", timeout=INSPECT_TIMEOUT_S)

    def token_place(self) -> TokenPlace:
        """Where the hub's token is kept."""
        return TokenPlace.model_validate_json(self._call("GET", "/hub/token").content)

    def put_token(self, token: Token) -> TokenPlace:
        """Let the engine keep the hub's token."""
        reply = self._call("PUT", "/hub/token", content=token.model_dump_json(), headers=_JSON)
        return TokenPlace.model_validate_json(reply.content)

    def delete_token(self) -> TokenPlace:
        """Let the engine forget the hub's token."""
        return TokenPlace.model_validate_json(self._call("DELETE", "/hub/token").content)

    def model_folders(self) -> ModelFolders:
        """The folders that models are looked for in."""
        return ModelFolders.model_validate_json(self._call("GET", "/hub/folders").content)

    def choose_model_folder(self, folder: Path) -> ModelFolders:
        """New models come to this folder from now on."""
        wish = DownloadWish(folder=str(folder)).model_dump_json()
        return ModelFolders.model_validate_json(self._call("PUT", "/hub/folders", content=wish, headers=_JSON).content)

    def forget_model_folder(self, folder: Path) -> ModelFolders:
        """Look for models there no longer; what is in it stays."""
        wish = DownloadWish(folder=str(folder)).model_dump_json()
        reply = self._call("POST", "/hub/folders/forget", content=wish, headers=_JSON)
        return ModelFolders.model_validate_json(reply.content)

    def workers(self) -> list[WorkerStatus]:
        """How the engine's workers are right now."""
        return _workers.validate_json(self._call("GET", "/workers").content)

    def stop(self) -> None:
        """Ask the engine to end; jobs stay in its queue."""
        self._call("POST", "/stop")

    @contextlib.contextmanager
    def events(self) -> Generator["EventStream"]:
        """The events from now on; nothing that happens after the block is entered is missed."""
        try:
            socket = connect(
                f"ws://{self._address}/events",
                sock=self._lines.open(self._port, TIMEOUT_S),
                additional_headers=self._headers,
                compression=None,
                max_size=LARGEST_EVENT_BYTES,
                open_timeout=TIMEOUT_S,
                close_timeout=CLOSE_TIMEOUT_S,
                proxy=None,
            )
        except (OSError, InvalidHandshake) as error:
            raise EngineGoneError(str(error)) from error
        with socket:
            yield EventStream(socket)

    def _call(self, method: str, path: str, **parts: Any) -> httpx.Response:
        with self._translated():
            reply = self._http.request(method, path, **parts)
            _check(reply)
            return reply

    def _send_file(self, method: str, path: str, file: Path) -> bytes:
        try:
            if file.exists() and not file.is_file():  # a folder, a device, a pipe that never ends
                raise ProblemsError([Problem(field="media", kind="unreadable", detail="not a file")])
            with file.open("rb") as content:
                reply = self._call(method, path, content=content, timeout=INSPECT_TIMEOUT_S)
        except FileNotFoundError:
            raise ProblemsError([Problem(field=str(file), kind="missing")]) from None
        except OSError as error:
            raise ProblemsError([Problem(field=str(file), kind="unreadable", detail=error.strerror or "")]) from error
        except ProblemsError as error:
            raise ProblemsError([p.changed(field=str(file)) for p in error.problems]) from None
        return reply.content

    @contextlib.contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except httpx.TransportError as error:
            raise EngineGoneError(f"the engine does not answer: {error}") from error


class EventStream:
    """The engine's events, oldest first; previews come with their JPEG frames."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def next(self, timeout_s: float | None = None) -> tuple[Event, list[bytes]] | None:
        """The next event, or None when none came in time.

        Raises:
            EngineGoneError: when the engine went away.
        """
        try:
            message = self._socket.recv(timeout_s)
        except TimeoutError:
            return None
        except (ConnectionClosed, OSError) as error:
            raise EngineGoneError("the engine went away") from error
        if isinstance(message, str):
            return event_adapter.validate_json(message), []
        header, blob = unpack(message)
        preview = Preview.model_validate_json(header)
        return preview, split(blob, preview.frame_sizes_bytes)

    def __iter__(self) -> Iterator[tuple[Event, list[bytes]]]:
        while (found := self.next()) is not None:
            yield found


_JSON = {"content-type": "application/json"}


def _unwritable(request: AnyRequest) -> list[Problem]:
    """The text fields that are no Unicode text."""
    recipe = dict(request.recipe) if isinstance(request, JobRequest) else {}
    fields = {**recipe, "project": request.project, "shot": request.shot}
    broken = [
        f for f, text in fields.items() if isinstance(text, str) and any(0xD800 <= ord(c) <= 0xDFFF for c in text)
    ]
    return [Problem(field=field, kind="invalid", detail="half a surrogate pair") for field in broken]


def _job(reply: httpx.Response) -> Job:
    return Job.model_validate_json(reply.content)


def _check(reply: httpx.Response) -> None:
    if reply.status_code < 300:
        return
    reply.read()
    try:
        said: dict[str, Any] = reply.json()
    except ValueError:
        said = {}
    if reply.status_code == 422 and "problems" in said:
        raise ProblemsError(_problems.validate_python(said["problems"]))
    raise RefusedError(reply.status_code, str(said.get("error") or said.get("detail") or reply.reason_phrase))
