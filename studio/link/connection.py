"""Connection: the client in use, for which the threads of the lanes wait while there is none."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from engine.client.errors import EngineGoneError

if TYPE_CHECKING:
    from engine.client.api import EngineClient  # it takes as long to import as all the rest of the window

NOTICE_S = 3.0


class Connection:
    """At most one client; for all threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._client: EngineClient | None = None
        self._hopeless: str | None = None
        self._is_closed = False

    def open(self, client: EngineClient) -> None:
        """Calls go out by this client from now on."""
        self._set(client, None)

    def wait(self) -> None:
        """Calls wait for a client from now on."""
        self._set(None, None)

    def give_up(self, reason: str) -> None:
        """Calls fail from now on, those that wait too."""
        self._set(None, reason)

    def close(self) -> None:
        """Calls fail from now on, whatever comes."""
        with self._changed:
            self._is_closed = True
            self._client, self._hopeless = None, "the link is closed"
            self._changed.notify_all()

    def client(self, after: EngineClient | None = None) -> EngineClient:
        """The client in use, as soon as there is one.

        Given the client that a call broke off with, waits a moment for it to be replaced.

        Raises:
            EngineGoneError: when there is none to wait for.
        """
        with self._changed:
            if after is not None:
                self._changed.wait_for(lambda: self._client is not after, NOTICE_S)
            self._changed.wait_for(lambda: self._client is not None or self._hopeless is not None)
            if self._client is None:
                raise EngineGoneError(self._hopeless or "")
            return self._client

    def _set(self, client: EngineClient | None, hopeless: str | None) -> None:
        with self._changed:
            if self._is_closed:
                return
            self._client, self._hopeless = client, hopeless
            self._changed.notify_all()
