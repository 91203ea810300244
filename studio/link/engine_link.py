"""EngineLink: the link to a real engine, over threads of its own."""

from __future__ import annotations

import functools
import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from engine.client.errors import EngineGoneError
from engine.client.process import IDLE_EXIT_S
from engine.protocol.events import Preview
from studio.link.ask import Ask, LaneName, OnFailed, Ticket
from studio.link.connection import Connection
from studio.link.keeper import Attach, Heard, Keeper, Loaded, News
from studio.link.lane import Lane
from studio.link.link import Done, Link
from studio.link.mailbox import Mailbox
from studio.link.state import Connected
from studio.link.trouble import Trouble, trouble_of

if TYPE_CHECKING:
    from engine.client.api import EngineClient

log = logging.getLogger(__name__)

QUICK_GRACE_S = 0.8
CLOSE_LIMIT_S = 1.8
FRAME_THREADS = 2


def attach_to(folder: Path | None, idle_exit_s: float | None = IDLE_EXIT_S) -> Attach:
    """The way to the engine of a folder (default: the user's), which is started if there is none."""

    def attaching(given_up: threading.Event) -> EngineClient:
        from engine.client.attach import attach  # on the keeper's thread: the window is painted meanwhile

        return attach(folder, idle_exit_s, given_up)

    return attaching


class EngineLink(Link):
    """The engine behind `attach`; `start` it, and `close` it before it is deleted."""

    def __init__(self, attach: Attach, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._mailbox = Mailbox(self)
        self._connection = Connection()
        self._keeper = Keeper(attach, self._connection, self._hear)
        self._under_way: dict[int, Ticket] = {}  # callbacks stay on this thread: a model must not die on another
        self._lanes: dict[LaneName, Lane[tuple[int, Ask]]] = {
            "quick": Lane("quick", self._carry_out),
            "bulk": Lane("bulk", self._carry_out),
            "adding": Lane("adding", self._carry_out),
            "frames": Lane("frames", self._carry_out, FRAME_THREADS),
        }

    def start(self) -> None:
        """Attach to the engine, or start it; once."""
        self._keeper.start()

    def retry(self) -> None:
        """Look for the engine again after Failed or Stopped."""
        self._keeper.retry()

    def stop_engine(self) -> None:
        """Ask the engine to end; jobs stay in its queue."""
        self._keeper.expect_end()
        self.send(Ask("stop_engine", (), lambda client: client.stop(), repeatable=False), failed=_ignore)

    def send(self, ask: Ask, done: Done[object] = None, failed: OnFailed | None = None) -> Ticket:
        """Make any call."""
        ticket = Ticket(ask, done, failed)
        self._under_way[ticket.number] = ticket
        replaced = self._lanes[ask.lane].put((ticket.number, ask), ask.key)
        if replaced is not None:
            self._under_way.pop(replaced[0], None)
        return ticket

    def close(self) -> None:
        """End all of it within 2 s; quick calls that wait go out before, if they can. The engine lives on."""
        now_s = time.monotonic()
        self._mailbox.close()
        self._under_way.clear()
        quick = self._lanes["quick"]
        for lane in self._lanes.values():
            lane.close(drop=lane is not quick or not isinstance(self._state, Connected))
        quick.join(now_s + QUICK_GRACE_S)
        quick.close(drop=True)
        self._connection.close()
        self._keeper.close()
        left = [each for each in (self._keeper, *self._lanes.values()) if not each.join(now_s + CLOSE_LIMIT_S)]
        if left:
            log.warning("%d threads of the link did not end in time", len(left))

    def _carry_out(self, numbered: tuple[int, Ask]) -> None:
        """On a lane's thread."""
        number, ask = numbered
        result, trouble = None, None
        try:
            result = self._call(ask)
        except Exception as error:  # noqa: BLE001  it is told, and logged if it is a bug
            trouble = trouble_of(error)
        self._mailbox.put(functools.partial(self._answer, number, result, trouble))

    def _call(self, ask: Ask) -> object:
        client = self._connection.client()
        try:
            return ask.call(client)
        except EngineGoneError:
            if not ask.repeatable:
                raise
        return ask.call(self._connection.client(after=client))

    def _answer(self, number: int, result: object, trouble: Trouble | None) -> None:
        ticket = self._under_way.pop(number, None)
        if ticket is not None:
            self._finish(ticket, result, trouble)

    def _hear(self, news: News) -> None:
        """On the keeper's thread."""
        self._mailbox.put(functools.partial(self._tell, news), news.event.key if isinstance(news, Heard) else None)

    def _tell(self, news: News) -> None:
        match news:
            case Heard(Preview() as preview, jpegs):
                self.preview.emit(preview, jpegs)
            case Heard(event, _):
                self.happened.emit(event)
            case Loaded(jobs, models):
                self.jobs_loaded.emit(jobs)
                self.models_loaded.emit(models)
            case _:
                self._become(news)


def _ignore(_: Trouble) -> None:
    """Nobody has to know that an engine that is to end is gone already."""
