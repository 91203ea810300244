"""Finding the engine of a folder, or starting it: one engine, whoever asks and however the last one ended."""

import contextlib
import http.server
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from engine.client import attach as attach_module
from engine.client.api import EngineClient
from engine.client.attach import attach, attach_running
from engine.client.errors import EngineGoneError, EngineStartError
from engine.client.process import child_environment, module_command, worker_environment
from engine.protocol.home import (
    EXIT_ALREADY_RUNNING,
    RESOURCES,
    Rendezvous,
    read_rendezvous,
    rendezvous_file,
    write_rendezvous,
)


@pytest.fixture
def folder(tmp_path: Path, until: Callable[..., None]) -> Iterator[Path]:
    """A folder with a space and an accent; its engine and all that it started are gone after the test."""
    path = tmp_path / "mes films é"
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield path
    client = attach_running(path)
    if client is not None:
        client.stop()
        client.close()
    started = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
    for child in started:
        until(lambda c=child: not c.is_running())


def test_all_who_ask_at_once_get_one_engine_and_it_outlives_them(folder: Path) -> None:
    together = threading.Barrier(3)

    def asking(_: int) -> EngineClient:
        together.wait()
        return attach(folder)

    with ThreadPoolExecutor(3) as askers:
        clients = list(askers.map(asking, range(3)))
    first = read_rendezvous(folder)
    assert first is not None
    for client in clients:
        assert client.health() == first.build
        client.close()
    assert rendezvous_file(folder).stat().st_mode & 0o777 == 0o600
    with attach(folder) as client:
        assert client.health()
    assert read_rendezvous(folder) == first


def test_asking_right_after_the_engine_was_stopped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attach_module, "START_TIMEOUT_S", 20.0)
    with attach(folder) as client, client.events() as stream:
        first = read_rendezvous(folder)
        client.stop()
        with attach(folder) as other:
            second = read_rendezvous(folder)
            assert other.health()
        with pytest.raises(EngineGoneError):
            list(stream)
    assert first is not None
    assert second is not None
    assert first.pid != second.pid


def test_asking_while_the_last_engine_is_still_clearing_up(
    folder: Path, until: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has taken its rendezvous away and ends its worker: the folder is locked, and nobody will answer."""
    monkeypatch.setattr(attach_module, "START_TIMEOUT_S", 10.0)
    folder.mkdir()
    log = folder / "logs" / "start.log"
    with ThreadPoolExecutor(1) as asker:
        with FileLock(folder / "engine.lock"):
            asking = asker.submit(attach, folder)
            until(lambda: log.exists() and "already running" in log.read_text("utf-8"))
        with asking.result() as client:
            assert client.health()


def test_a_second_engine_says_so_and_leaves(shared_engine: EngineClient, shared_home: Path) -> None:
    before = read_rendezvous(shared_home)
    second = subprocess.run(
        module_command("engine", "--home", str(shared_home)),
        cwd=RESOURCES.parent,
        env=child_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode == EXIT_ALREADY_RUNNING == 3
    assert second.stderr.strip() == f"an engine is already running on {shared_home}"
    assert shared_engine.health()
    assert read_rendezvous(shared_home) == before


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_an_engine_that_is_asked_to_end_clears_up(
    folder: Path, until: Callable[..., None], ending: signal.Signals
) -> None:
    with subprocess.Popen(
        module_command("engine", "--home", str(folder)),
        cwd=RESOURCES.parent,
        env=child_environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as engine:
        until(lambda: read_rendezvous(folder) is not None)
        until(lambda: bool(psutil.Process(engine.pid).children()))
        (worker,) = psutil.Process(engine.pid).children()
        engine.send_signal(ending)
        _, said = engine.communicate(timeout=30)
    assert "Traceback" not in said
    assert not rendezvous_file(folder).exists()
    until(lambda: not worker.is_running())


def test_what_a_crashed_engine_left_behind_is_not_taken_for_one(folder: Path) -> None:
    folder.mkdir()
    assert attach_running(folder) is None
    write_rendezvous(folder, Rendezvous(pid=1, port=1, token="x", build="0"))
    assert attach_running(folder) is None


@pytest.mark.parametrize("answer", [b"hello", b"[]", b"{}", b""])
def test_its_port_may_be_somebody_else_s_now(folder: Path, answer: bytes) -> None:
    class Stranger(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    folder.mkdir()
    with http.server.HTTPServer(("127.0.0.1", 0), Stranger) as stranger:
        serving = threading.Thread(target=stranger.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            port = int(stranger.server_address[1])
            left = Rendezvous(pid=1, port=port, token="x", build="0")
            write_rendezvous(folder, left)
            assert attach_running(folder) is None
        finally:
            stranger.shutdown()
            serving.join()


@pytest.mark.parametrize("words", [b"", b"x"], ids=["silent", "endless"])
def test_its_port_may_be_that_of_somebody_who_never_comes_to_an_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch, words: bytes
) -> None:
    monkeypatch.setattr(attach_module, "ANSWER_S", 0.3)
    over = threading.Event()

    class Stranger(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if words:
                self.send_response(200)
                self.end_headers()
            with contextlib.suppress(OSError):  # who asked has gone
                while not over.wait(0.01):
                    self.wfile.write(words)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as stranger:
        serving = threading.Thread(target=stranger.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            port = int(stranger.server_address[1])
            write_rendezvous(folder, Rendezvous(pid=psutil.Process().pid, port=port, token="x", build="0"))
            with attach(folder) as client:
                assert client.health()
            found = read_rendezvous(folder)
            assert found is not None
            assert found.port != port
        finally:
            over.set()
            stranger.shutdown()
            serving.join()


def test_an_engine_that_nobody_can_reach_is_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its port is blocked, say, or it does not get as far as to open one."""
    monkeypatch.setattr(attach_module, "START_TIMEOUT_S", 0.3)
    asleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(attach_module, "module_command", lambda *_: asleep)
    folder.mkdir()
    write_rendezvous(folder, Rendezvous(pid=1, port=1, token="x", build="0"))
    with pytest.raises(EngineStartError, match="did not answer within"):
        attach(folder)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "[" * 100_000,
        '{"pid": 1, "port": 1, "token": "x"}',
        '{"pid": 1, "port": 70000, "token": "x", "build": "0"}',
        '{"pid": 1, "port": "1", "token": "x", "build": "0"}',
        '{"pid": 1, "port": 1, "token": "é", "build": "0"}',
        '{"pid": 1, "port": 1, "token": "x", "build": "0", "more": 1}',
    ],
)
def test_a_rendezvous_that_makes_no_sense_is_none(folder: Path, text: str) -> None:
    folder.mkdir()
    rendezvous_file(folder).write_text(text, "utf-8")
    assert read_rendezvous(folder) is None


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "a file"
    path.write_text("x", "utf-8")
    for place in (path, path / "below"):
        with pytest.raises(EngineStartError, match="a file"):
            attach(place)


def test_a_queue_of_a_newer_build(folder: Path) -> None:
    folder.mkdir()
    newer = sqlite3.connect(folder / "queue.sqlite")
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(EngineStartError, match=r"queue\.sqlite has schema 99"):
        attach(folder)
    assert not rendezvous_file(folder).exists()


def test_calls_to_an_engine_that_is_gone(tmp_path: Path) -> None:
    with EngineClient(Rendezvous(pid=1, port=1, token="x", build="0")) as client:
        with pytest.raises(EngineGoneError):
            client.jobs()
        with pytest.raises(EngineGoneError), client.events():
            pass
        with pytest.raises(EngineGoneError), (tmp_path / "x").open("wb") as file:
            client.fetch("ab" * 32, file)
        path = tmp_path / "x.png"
        path.write_bytes(b"x" * 100_000)
        with pytest.raises(EngineGoneError):
            client.upload(path)


def test_a_worker_reaches_no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert worker_environment()["HF_HUB_OFFLINE"] == "1"
    assert "hf_secret" not in worker_environment().values()


def test_what_a_child_inherits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("QT_QPA_PLATFORM_PLUGIN_PATH", "/cv2/qt")
    monkeypatch.setenv("REELWRIGHT_TEST", "kept")
    environment = child_environment()
    assert not [name for name in environment if name.startswith("QT_")]
    assert environment["REELWRIGHT_TEST"] == "kept"
    assert "HF_HUB_OFFLINE" not in environment
