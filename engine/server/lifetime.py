"""When the engine leaves by itself: no client and no job for a while."""

import asyncio
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

CHECK_INTERVAL_S = 0.5


class Lifetime:
    """ASGI middleware that notes when clients were last here, and calls `stop` after `idle_exit_s` without any.

    An open request or WebSocket is a client; `idle_exit_s` None means to stay.
    """

    def __init__(self, app: ASGIApp, idle_exit_s: float | None, is_idle: Callable[[], bool]) -> None:
        self._app = app
        self._idle_exit_s = idle_exit_s
        self._is_idle = is_idle
        self._open = 0
        self._last_s = time.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        counted = scope["type"] != "lifespan"
        self._open += counted
        try:
            await self._app(scope, receive, send)
        finally:
            self._open -= counted
            self._last_s = time.monotonic()

    async def watch(self, stop: Callable[[], None]) -> None:
        """Until nobody has needed the engine for long enough; then call `stop`."""
        while self._idle_exit_s is not None:
            await asyncio.sleep(CHECK_INTERVAL_S)
            if self._open or not self._is_idle():
                self._last_s = time.monotonic()
            elif time.monotonic() - self._last_s > self._idle_exit_s:
                return stop()
        return None
