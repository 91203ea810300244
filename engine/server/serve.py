"""The engine process: one per user folder, on a loopback port that the rendezvous file names."""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import sqlite3
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import FrameType

import uvicorn
from filelock import FileLock, Timeout

from engine.pool.local import LocalPool
from engine.protocol.home import BUILD, Rendezvous, rendezvous_file, write_rendezvous
from engine.server.app import Engine, create_app
from engine.server.auth import Guard
from engine.server.lifetime import Lifetime

LOG_BYTES = 2 * 2**20
TIDY_INTERVAL_S = 3600.0


class AlreadyRunningError(Exception):
    """Another engine owns this folder."""


def serve(folder: Path, idle_exit_s: float | None) -> None:
    """Run the engine until it is stopped or idle for too long.

    Raises:
        AlreadyRunningError: when another engine owns the folder.
        NewerQueueError: when a newer Reelwright wrote the queue.
        OSError: when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(folder / "engine.lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise AlreadyRunningError(f"an engine is already running on {folder}") from None
    with lock:
        _log_to(folder / "logs" / "engine.log")
        asyncio.run(_serve(folder, idle_exit_s))


class _Server(uvicorn.Server):
    """A server that says when it answers, and ends in order on a signal.

    Uvicorn's own would raise the signal again afterwards, and so skip what comes after.
    """

    def __init__(self, config: uvicorn.Config, rendezvous: Path) -> None:
        super().__init__(config)
        self.answers = asyncio.Event()
        self._rendezvous = rendezvous

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answers.set()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.leave()

    def leave(self) -> None:
        """End after the replies under way."""
        self._rendezvous.unlink(missing_ok=True)  # at once, so that nobody attaches to an engine on its way out
        self.should_exit = True


async def _serve(folder: Path, idle_exit_s: float | None) -> None:
    engine = Engine(folder)
    # The protocol by name: without it asyncio leaves Nagle's algorithm on, and every answer waits 40 ms for an ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    port = int(listener.getsockname()[1])
    token = secrets.token_urlsafe(32)
    app = Lifetime(create_app(engine, lambda: server.leave()), idle_exit_s, engine.is_idle)
    config = uvicorn.Config(
        Guard(app, token, port),
        lifespan="off",
        log_config=None,
        access_log=False,
        ws="websockets-sansio",
        ws_per_message_deflate=False,  # compression costs previews a factor of 80
        timeout_graceful_shutdown=2,
    )
    server = _Server(config, rendezvous_file(folder))
    rendezvous = Rendezvous(pid=os.getpid(), port=port, token=token, build=BUILD)
    write_rendezvous(folder, rendezvous)
    try:
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(server.serve(sockets=[listener]))
            await server.answers.wait()
            pool = LocalPool(folder, engine.jobs)  # only now: a worker's start takes a processor of its own
            engine.jobs.use(pool)
            engine.downloads.resume()
            beside = [tasks.create_task(app.watch(server.leave)), tasks.create_task(_tidy(engine))]
            await serving
            for each in beside:
                each.cancel()
            await pool.stop()
    finally:
        engine.downloads.close()
        rendezvous_file(folder).unlink(missing_ok=True)
        engine.store.close()


async def _tidy(engine: Engine) -> None:
    while True:
        with contextlib.suppress(sqlite3.Error, OSError):  # it is tried again
            engine.media.drop_unneeded(engine.store.needs)
        await asyncio.sleep(TIDY_INTERVAL_S)


def _log_to(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    to_file = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8")
    handlers: list[logging.Handler] = [to_file, logging.StreamHandler(sys.stderr)]
    logging.basicConfig(level=logging.INFO, handlers=handlers, format="%(asctime)s %(levelname)s %(name)s %(message)s")
