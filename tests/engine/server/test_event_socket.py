"""The event socket of one client never holds up another's, nor what is published."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.protocol.events import Preview, Progress
from engine.protocol.wire import unpack
from engine.server.app import Engine, create_app


class Visitor:
    """One end of an ASGI WebSocket: what it was sent, and whether it takes any more."""

    def __init__(self) -> None:
        self.got: list[str | bytes] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.leaving = asyncio.Event()
        self.opened = asyncio.Event()
        self._greeted = False

    async def receive(self) -> dict[str, Any]:
        if not self._greeted:
            self._greeted = True
            return {"type": "websocket.connect"}
        await self.leaving.wait()
        return {"type": "websocket.disconnect", "code": 1001}

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.accept":
            self.opened.set()
            return
        await self.reads.wait()
        self.got.append(message.get("text") or message["bytes"])


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(tmp_path)
    yield made
    made.store.close()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def steps(visitor: Visitor) -> list[int]:
    heads = [unpack(got)[0] if isinstance(got, bytes) else got for got in visitor.got]
    return [json.loads(head)["step"] for head in heads]


def test_a_client_that_does_not_read_gets_the_newest_when_it_does(engine: Engine) -> None:
    app = create_app(engine, lambda: None)
    scope = {"type": "websocket", "path": "/events", "headers": [], "query_string": b"", "subprotocols": []}

    async def visiting() -> None:
        slow, quick = Visitor(), Visitor()
        slow.reads.clear()
        visits = [asyncio.ensure_future(app(dict(scope), v.receive, v.send)) for v in (slow, quick)]
        await asyncio.gather(slow.opened.wait(), quick.opened.wait())
        assert engine.hub.clients == 2
        for step in range(50):
            engine.hub.publish(
                Preview(job_id="1", step=step, total_steps=50, fps=1, width=8, height=8, frame_sizes_bytes=(3,)), b"jpg"
            )
            await settle()
        assert steps(quick) == list(range(50))
        slow.reads.set()
        await settle()
        assert steps(slow) == [0, 49]
        for visitor in (slow, quick):
            visitor.leaving.set()
        await asyncio.gather(*visits)
        assert engine.hub.clients == 0

    asyncio.run(asyncio.wait_for(visiting(), 30))


def test_previews_are_bytes_and_all_else_is_text(engine: Engine) -> None:
    app = create_app(engine, lambda: None)
    scope = {"type": "websocket", "path": "/events", "headers": [], "query_string": b"", "subprotocols": []}

    async def visiting() -> None:
        visitor = Visitor()
        visit = asyncio.ensure_future(app(scope, visitor.receive, visitor.send))
        await visitor.opened.wait()
        engine.hub.publish(Progress(job_id="1", stage="load", step=0, total_steps=1, elapsed_s=0))
        engine.hub.publish(
            Preview(job_id="1", step=1, total_steps=1, fps=1, width=8, height=8, frame_sizes_bytes=(1, 2)), b"abc"
        )
        await settle()
        visitor.leaving.set()
        await visit
        text, binary = visitor.got
        assert isinstance(text, str)
        assert isinstance(binary, bytes)
        assert unpack(binary)[1] == b"abc"

    asyncio.run(asyncio.wait_for(visiting(), 30))
