"""The sockets of one client, so that another thread can end what waits on them."""

import contextlib
import socket
import threading
import weakref
from collections.abc import Mapping
from typing import Any

import httpx


class Lines:
    """Every open socket of one client; once `cut`, none opens any more. For all threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._open = weakref.WeakSet[socket.socket]()
        self._is_cut = False

    def open(self, port: int, timeout_s: float) -> socket.socket:
        """A connection to a port of this machine.

        Raises:
            OSError: when there is none to be had, `ConnectionAbortedError` after the cut.
        """
        line = socket.create_connection(("127.0.0.1", port), timeout_s)
        self._add(line)
        if self._is_cut:
            line.close()
            raise ConnectionAbortedError("given up")
        return line

    def watch(self, request: httpx.Request) -> None:
        """Note the connection that a request opens."""
        if self._is_cut:
            raise httpx.ConnectError("given up")
        request.extensions = {**request.extensions, "trace": self._trace}

    def cut(self) -> None:
        """End every connection; a thread that reads or writes on one gets an error at once (closing would not do)."""
        with self._guard:
            self._is_cut = True
            lines = list(self._open)
        for line in lines:
            _shut(line)

    def _trace(self, event: str, facts: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            self._add(facts["return_value"].get_extra_info("socket"))

    def _add(self, line: socket.socket) -> None:
        with self._guard:
            self._open.add(line)
            is_late = self._is_cut
        if is_late:
            _shut(line)


def _shut(line: socket.socket) -> None:
    with contextlib.suppress(OSError):  # closed meanwhile
        line.shutdown(socket.SHUT_RDWR)
