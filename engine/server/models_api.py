"""Models: fetched, checked and deleted; added from where they lie, and forgotten; the hub's token and the folders."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, HTTPException, Request
from fastapi import Path as InPath

from engine.protocol.download import Download, DownloadWish, ModelFolders, Token, TokenPlace
from engine.protocol.model_card import Adding, ModelCard, ModelToAdd, Quantizing
from engine.server.downloads import Downloads
from engine.server.library import Library
from engine.weights.tokens import Tokens

log = logging.getLogger(__name__)

LOOK_INTERVAL_S = 0.2

Model = Annotated[str, InPath(max_length=200)]


class _StoppedError(Exception):
    """Nobody waits for the model any more."""


class _Reading:
    """One model that is being read; its thread tells it how far it is, and hears from it when to stop."""

    def __init__(self, path: str) -> None:
        self.now = Adding(path=path, done_bytes=0, total_bytes=0)
        self.wanted = True

    def on_progress(self, done: int, total: int) -> None:
        """Called from the reading thread."""
        if not self.wanted:
            raise _StoppedError
        self.now = Adding(path=self.now.path, done_bytes=done, total_bytes=total)


class _Readings:
    """The models that are being read now, each as long as a request waits for it."""

    def __init__(self) -> None:
        self._readings: list[_Reading] = []

    def now(self) -> list[Adding]:
        """How far they are."""
        return [reading.now for reading in self._readings]

    async def end_of(self, path: str, work: Callable[[_Reading], ModelCard], request: Request) -> ModelCard:
        """What the work makes, on a thread of its own; it is stopped when nobody waits for it any more."""
        reading = _Reading(path)
        self._readings.append(reading)
        adding = asyncio.create_task(asyncio.to_thread(work, reading))
        try:
            while not (await asyncio.wait([adding], timeout=LOOK_INTERVAL_S))[0]:
                if await request.is_disconnected():
                    reading.wanted = False
            return adding.result()
        except _StoppedError:
            log.info("%s was not added: its reader has left", path)
            raise HTTPException(499, "nobody waits") from None
        finally:
            reading.wanted = False  # also when the engine ends: the thread would hold it up
            self._readings.remove(reading)


def model_routes(library: Library) -> APIRouter:
    """The routes that change which models there are."""
    routes = APIRouter(prefix="/models")
    readings = _Readings()

    @routes.post("", status_code=201)
    async def add(wanted: ModelToAdd, request: Request) -> ModelCard:
        return await readings.end_of(wanted.path, lambda reading: library.add(wanted, reading.on_progress), request)

    @routes.post("/{model}/quantize", status_code=201)
    async def quantize(model: Model, wish: Quantizing, request: Request) -> ModelCard:
        return await readings.end_of(model, lambda each: library.quantize(model, wish.to, each.on_progress), request)

    @routes.get("/adding")
    async def under_way() -> list[Adding]:
        return readings.now()

    @routes.delete("/{model}", status_code=204)
    async def remove(model: Model) -> None:
        if library.find(model) is None:
            raise HTTPException(404, "no such model")
        if not library.remove(model):
            raise HTTPException(409, "this model comes with Reelwright")

    return routes


def download_routes(library: Library, downloads: Downloads, is_used: Callable[[str], bool]) -> APIRouter:
    """The routes by which models come, are checked and go; `is_used` says whether a running job needs one."""
    routes = APIRouter(prefix="/models")

    @routes.get("/downloads")
    async def under_way() -> list[Download]:
        return downloads.all()

    @routes.post("/{model}/download", status_code=202)
    async def start(model: Model, wish: DownloadWish | None = None) -> Download:
        return downloads.start(model, Path(wish.folder) if wish and wish.folder else None)

    @routes.post("/{model}/download/pause")
    async def pause(model: Model) -> Download:
        return downloads.pause(model)

    @routes.delete("/{model}/download", status_code=204)
    async def cancel(model: Model) -> None:
        await downloads.cancel(model)

    @routes.post("/{model}/verify", status_code=202)
    async def verify(model: Model) -> Download:
        return downloads.verify(model)

    @routes.delete("/{model}/files", status_code=204)
    async def delete(model: Model) -> None:
        if library.find(model) is None:
            raise HTTPException(404, "no such model")
        if is_used(model):
            raise HTTPException(409, "a running job needs this model")
        if not await downloads.delete(model):
            raise HTTPException(409, "the files of this model did not come from a hub")

    return routes


def hub_routes(library: Library, tokens: Tokens) -> APIRouter:
    """The routes of the hub's token, which never comes back, and of the folders that models come to."""
    routes = APIRouter(prefix="/hub")

    @routes.get("/token")
    async def place() -> TokenPlace:
        return TokenPlace(place=await asyncio.to_thread(tokens.place))

    @routes.put("/token")
    async def put(token: Token) -> TokenPlace:
        return TokenPlace(place=await asyncio.to_thread(tokens.put, token.text))

    @routes.delete("/token")
    async def delete() -> TokenPlace:
        await asyncio.to_thread(tokens.delete)
        return TokenPlace(place=await asyncio.to_thread(tokens.place))

    @routes.get("/folders")
    async def folders() -> ModelFolders:
        return library.folders.now()

    @routes.put("/folders")
    async def choose(wish: DownloadWish) -> ModelFolders:
        return library.folders.choose(Path(wish.folder)) if wish.folder else library.folders.now()

    @routes.post("/folders/forget")
    async def forget(wish: DownloadWish) -> ModelFolders:
        return library.folders.forget(Path(wish.folder)) if wish.folder else library.folders.now()

    return routes
