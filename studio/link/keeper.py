"""Keeper: one thread that finds or starts the engine, hears its events, and does so again when it goes away."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from engine.client.errors import EngineError, EngineStartError
from engine.protocol.events import Event
from engine.protocol.job import Job
from engine.protocol.model_card import ModelCard
from studio.link.connection import Connection
from studio.link.state import Connected, Failed, LinkState, Lost, Starting, Stopped

if TYPE_CHECKING:
    from engine.client.api import EngineClient  # it takes as long to import as all the rest of the window

log = logging.getLogger(__name__)

PAUSES_S = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Before each new attempt; more losses than that within the window are too many."""
WINDOW_S = 60.0
PAGE = 200

Attach: TypeAlias = "Callable[[threading.Event], EngineClient]"
"""Finds or starts the engine; ends early, by an EngineError, when the event is set."""


@dataclass(frozen=True)
class Loaded:
    """All there is; events that are told later come behind it."""

    jobs: list[Job]
    models: list[tuple[ModelCard, list[str]]]


@dataclass(frozen=True)
class Heard:
    """An event, and a preview's frames."""

    event: Event
    jpegs: list[bytes]


News: TypeAlias = LinkState | Loaded | Heard


class Keeper:
    """Lives from `start` to `close`; tells its news on its own thread."""

    def __init__(self, attach: Attach, connection: Connection, tell: Callable[[News], None]) -> None:
        self._attach = attach
        self._connection = connection
        self._tell = tell
        self._client: EngineClient | None = None
        self._losses_s: deque[float] = deque()
        self._closing = threading.Event()
        self._retrying = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="link events", daemon=True)

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def retry(self) -> None:
        """End the rest after Failed or Stopped."""
        self._is_stopping = False
        self._retrying.set()

    def expect_end(self) -> None:
        """The engine was asked to end: let it, and do not start another one."""
        self._is_stopping = True

    def close(self) -> None:
        """End whatever is under way; `join` afterwards."""
        self._closing.set()
        self._retrying.set()
        client = self._client
        if client is not None:
            client.abort()

    def join(self, until_s: float) -> bool:
        """Wait for the thread to end, up to an instant of the monotonic clock; True when it has."""
        if self._thread.ident is not None:
            self._thread.join(max(0.0, until_s - time.monotonic()))
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                ended = self._live_once()
            except Exception as error:
                log.exception("the link to the engine broke")
                ended = Failed(f"{type(error).__name__}: {error}")
            if not self._closing.is_set():
                self._rest(ended)

    def _live_once(self) -> LinkState:
        """From attaching to the engine's end; returns what the link is then."""
        try:
            client = self._client = self._attach(self._closing)
        except EngineStartError as error:
            return Failed(str(error))
        except EngineError as error:
            return self._lost(str(error))
        try:
            return self._follow(client)
        finally:
            self._connection.wait()
            client.abort()
            client.close()
            self._client = None

    def _follow(self, client: EngineClient) -> LinkState:
        if self._closing.is_set():  # set before `close` could see the client
            return Stopped()
        try:
            with client.events() as stream:
                jobs, models = _all_jobs(client), client.models()
                self._tell(Connected())
                self._tell(Loaded(jobs, models))
                self._connection.open(client)
                while (heard := stream.next()) is not None:
                    self._tell(Heard(*heard))
        except EngineError as error:
            return Stopped() if self._is_stopping else self._lost(str(error))
        return self._lost("the engine went silent")

    def _lost(self, reason: str) -> LinkState:
        now_s = time.monotonic()
        while self._losses_s and now_s - self._losses_s[0] > WINDOW_S:
            self._losses_s.popleft()
        self._losses_s.append(now_s)
        attempt = len(self._losses_s)
        return Lost(reason, attempt) if attempt <= len(PAUSES_S) else Failed(reason)

    def _rest(self, ended: LinkState) -> None:
        """After a loss a while, else until somebody asks for more."""
        self._tell(ended)
        if isinstance(ended, Lost):
            self._closing.wait(PAUSES_S[ended.attempt - 1])
            return
        self._connection.give_up(ended.reason if isinstance(ended, Failed) else "the engine was stopped")
        self._retrying.clear()
        if self._closing.is_set():
            return
        self._retrying.wait()
        self._losses_s.clear()
        self._connection.wait()
        self._tell(Starting())


def _all_jobs(client: EngineClient) -> list[Job]:
    """Every job, next first; in pages, because reading a large one would keep the GUI's thread from running."""
    found: dict[str, Job] = {}
    last: str | None = None
    while page := client.jobs(after=last, limit=PAGE):
        found.update((job.id, job) for job in page)
        last = page[-1].id
    return list(found.values())
