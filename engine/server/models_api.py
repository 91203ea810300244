"""Models that are added from where they lie, and forgotten again."""

import asyncio
import logging
from typing import Annotated

from fastapi import APIRouter, HTTPException, Request
from fastapi import Path as InPath

from engine.protocol.model_card import Adding, ModelCard, ModelToAdd
from engine.server.library import Library

log = logging.getLogger(__name__)

LOOK_INTERVAL_S = 0.2


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


def model_routes(library: Library) -> APIRouter:
    """The routes that change which models there are."""
    routes = APIRouter(prefix="/models")
    readings: list[_Reading] = []

    @routes.post("", status_code=201)
    async def add(wanted: ModelToAdd, request: Request) -> ModelCard:
        reading = _Reading(wanted.path)
        readings.append(reading)
        adding = asyncio.create_task(asyncio.to_thread(library.add, wanted, reading.on_progress))
        try:
            while not (await asyncio.wait([adding], timeout=LOOK_INTERVAL_S))[0]:
                if await request.is_disconnected():
                    reading.wanted = False
            return adding.result()
        except _StoppedError:
            log.info("%s was not added: its reader has left", wanted.path)
            raise HTTPException(499, "nobody waits") from None
        finally:
            reading.wanted = False  # also when the engine ends: the thread would hold it up
            readings.remove(reading)

    @routes.get("/adding")
    async def under_way() -> list[Adding]:
        return [reading.now for reading in readings]

    @routes.delete("/{model}", status_code=204)
    async def remove(model: Annotated[str, InPath(max_length=200)]) -> None:
        if library.find(model) is None:
            raise HTTPException(404, "no such model")
        if not library.remove(model):
            raise HTTPException(409, "this model comes with Reelwright")

    return routes
