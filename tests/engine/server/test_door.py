"""Who is let in: only the user's own programs, by name, without an origin, with the token."""

import socket
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import pytest

from engine.client.api import EngineClient
from engine.client.errors import EngineError, RefusedError
from engine.protocol.home import Rendezvous

WRONG_TOKENS = ["", "Bearer", "Bearer wrong", "Basic x", "bearer {token}", "Bearer {token}x", "{token}"]
FOREIGN_ORIGINS = ["https://evil.example", "null", "http://127.0.0.1", "http://localhost:{port}", "file://", ""]
FOREIGN_HOSTS = [
    *("evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:{port}"),
    *("localhost:{port}.evil.example", "user@127.0.0.1:{port}", "0.0.0.0:{port}", "127.0.0.1:{port}, evil.example"),
]
ROUTES = [
    *(
        ("GET", "/health"),
        ("GET", "/jobs"),
        ("POST", "/jobs"),
        ("POST", "/stop"),
        ("PUT", "/media"),
        ("GET", "/models"),
    ),
    *(("GET", "/media/" + "ab" * 32), ("OPTIONS", "/jobs"), ("GET", "/docs"), ("GET", "/openapi.json"), ("GET", "/")),
]


def ask(rendezvous: Rendezvous, method: str = "GET", path: str = "/health", **headers: str) -> int:
    """The status of a request with the right headers, but for those given; an empty name leaves one out."""
    port, token = rendezvous.port, rendezvous.token
    wanted = {"authorization": "Bearer {token}", **headers}
    filled = {name: value.format(port=port, token=token) for name, value in wanted.items()}
    address = f"http://127.0.0.1:{port}{path}"
    return httpx.request(method, address, headers=filled, trust_env=False).status_code


def knock(rendezvous: Rendezvous, *lines: str) -> int:
    """The status that raw request lines are answered with."""
    text = "\r\n".join([*lines, "", ""]).format(port=rendezvous.port, token=rendezvous.token)
    with socket.create_connection(("127.0.0.1", rendezvous.port), timeout=30) as line:
        line.sendall(text.encode())
        answer = b""
        while b"\r\n" not in answer:
            chunk = line.recv(4096)
            assert chunk, "closed without an answer"
            answer += chunk
    return int(answer.split()[1])


def shake_hands(rendezvous: Rendezvous, *headers: str) -> int:
    """The status that a WebSocket handshake is answered with; 101 means that it is open."""
    return knock(
        rendezvous,
        "GET /events HTTP/1.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *headers,
    )


def test_the_right_visitor_is_let_in(rendezvous: Rendezvous) -> None:
    assert ask(rendezvous) == 200
    for host in ("127.0.0.1:{port}", "localhost:{port}", "[::1]:{port}"):
        assert ask(rendezvous, host=host) == 200
        assert shake_hands(rendezvous, f"Host: {host}", "Authorization: Bearer {token}") == 101


@pytest.mark.parametrize("authorization", WRONG_TOKENS)
def test_a_wrong_token(rendezvous: Rendezvous, authorization: str) -> None:
    assert ask(rendezvous, authorization=authorization) == 401
    assert shake_hands(rendezvous, "Host: 127.0.0.1:{port}", f"Authorization: {authorization}") == 403


def test_no_token_or_one_in_another_script(rendezvous: Rendezvous) -> None:
    assert knock(rendezvous, "GET /health HTTP/1.1", "Host: 127.0.0.1:{port}") == 401
    assert knock(rendezvous, "GET /health HTTP/1.1", "Host: 127.0.0.1:{port}", "Authorization: Bearer é🏖️") == 401
    assert shake_hands(rendezvous, "Host: 127.0.0.1:{port}") == 403


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_a_web_page(rendezvous: Rendezvous, origin: str) -> None:
    assert ask(rendezvous, origin=origin) == 403
    headers = ("Host: 127.0.0.1:{port}", "Authorization: Bearer {token}", f"Origin: {origin}")
    assert shake_hands(rendezvous, *headers) == 403


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_foreign_name_for_this_machine(rendezvous: Rendezvous, host: str) -> None:
    assert ask(rendezvous, host=host) == 400
    assert shake_hands(rendezvous, f"Host: {host}", "Authorization: Bearer {token}") in (400, 403)


def test_no_name_or_two(rendezvous: Rendezvous) -> None:
    token = "Authorization: Bearer {token}"
    assert knock(rendezvous, "GET /health HTTP/1.0", token) == 400
    assert knock(rendezvous, "GET /health HTTP/1.1", token) == 400
    assert knock(rendezvous, "GET /health HTTP/1.1", "Host: 127.0.0.1:{port}", "Host: evil.example", token) == 400


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_route_is_open(rendezvous: Rendezvous, method: str, path: str) -> None:
    assert ask(rendezvous, method, path, authorization="Bearer wrong") == 401
    assert ask(rendezvous, method, path, origin="null") == 403
    assert ask(rendezvous, method, path, host="evil.example") == 400


def test_there_is_no_documentation_to_read(rendezvous: Rendezvous) -> None:
    for path in ("/docs", "/redoc", "/openapi.json", "/"):
        assert ask(rendezvous, path=path) == 404


def test_a_client_with_a_wrong_token(rendezvous: Rendezvous, shared_engine: EngineClient) -> None:
    with EngineClient(replace(rendezvous, token="wrong")) as stranger:
        with pytest.raises(RefusedError) as caught:
            stranger.jobs()
        assert caught.value.status == 401
        with pytest.raises(EngineError), stranger.events():
            pass
        with pytest.raises(RefusedError):
            stranger.stop()
    assert shared_engine.health()


def test_the_token_is_written_nowhere_else(rendezvous: Rendezvous, shared_home: Path) -> None:
    ask(rendezvous)
    ask(rendezvous, authorization="Bearer {token}x")
    shake_hands(rendezvous, "Host: 127.0.0.1:{port}", "Authorization: Bearer {token}", "Origin: null")
    holders = [
        path.relative_to(shared_home).as_posix()
        for path in shared_home.rglob("*")
        if path.is_file() and rendezvous.token.encode() in path.read_bytes()
    ]
    assert holders == ["engine.json"]
    engine = psutil.Process(rendezvous.pid)
    for process in (engine, *engine.children()):
        assert rendezvous.token not in " ".join(process.cmdline())
        assert rendezvous.token not in process.environ().values()
