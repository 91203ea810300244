"""The door: bearer token, Host and Origin are checked before anything else sees a request."""

import hmac
import json

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")


class Guard:
    """ASGI middleware that lets only the user's own programs in.

    Any Origin is refused: only browsers send one, and a page has no business here. The Host must be a loopback
    name with our port, so that a foreign name that resolves to this machine (DNS rebinding) is refused.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app = app
        self._bearer = f"Bearer {token}".encode()
        self._hosts = {f"{name}:{port}" for name in LOCAL_NAMES}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 400, 401 or 403 (a WebSocket is closed before it opens)."""
        status, reason = (0, "") if scope["type"] == "lifespan" else self._judge(Headers(scope=scope))
        if status == 0:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            await _refuse(send, status, reason)

    def _judge(self, headers: Headers) -> tuple[int, str]:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return 400, "wrong host"
        if "origin" in headers:
            return 403, "requests from web pages are refused"
        if not hmac.compare_digest(headers.get("authorization", "").encode(), self._bearer):
            return 401, "missing or wrong token"
        return 0, ""


async def _refuse(send: Send, status: int, reason: str) -> None:
    body = json.dumps({"error": reason}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
