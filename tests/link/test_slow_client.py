"""A client that opens the event stream and never reads holds up nobody."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.client.api import EngineClient
from engine.protocol.events import JobChanged, Preview
from engine.protocol.home import read_rendezvous
from engine.protocol.job import Done, Job


@pytest.fixture
def deaf(shared_engine: EngineClient, shared_home: Path) -> Iterator[socket.socket]:
    """An open event socket with the smallest of buffers, of which nothing but the handshake's answer is read."""
    rendezvous = read_rendezvous(shared_home)
    assert rendezvous is not None
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        line.connect(("127.0.0.1", rendezvous.port))
        line.settimeout(30)
        line.sendall(
            b"GET /events HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            + f"Host: 127.0.0.1:{rendezvous.port}\r\nAuthorization: Bearer {rendezvous.token}\r\n\r\n".encode()
        )
        assert line.recv(12) == b"HTTP/1.1 101"
        yield line


def test_the_job_and_the_other_clients_go_on(
    shared_engine: EngineClient, deaf: socket.socket, submit: Callable[..., Job]
) -> None:
    with shared_engine.events() as stream:
        job = submit(width=192, height=192, num_frames=49, num_inference_steps=5, guidance_scale=1.0)
        previews = 0
        for event, jpegs in stream:
            if isinstance(event, Preview) and event.job_id == job.id:
                previews += 1
                assert len(jpegs) == 49
                assert shared_engine.health()
            if isinstance(event, JobChanged) and event.job.id == job.id and event.job.is_over:
                break
        assert isinstance(event.job.state, Done), event.job.state
    assert previews
