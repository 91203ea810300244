"""Links that are closed after the test, and an engine that does what the test says."""

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from engine.client.api import EngineClient
from engine.client.errors import EngineGoneError
from engine.protocol.events import Event, JobChanged
from engine.protocol.home import Rendezvous
from engine.protocol.job import Job
from engine.protocol.model_card import ModelCard
from studio.link.engine_link import EngineLink, attach_to
from studio.link.keeper import Attach
from studio.link.state import Connected

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

LIMIT_MS = 60_000


class Heard(QObject):
    """All that a link said, in order."""

    def __init__(self, link: EngineLink) -> None:
        super().__init__()
        self.said: list[tuple[str, Any]] = []
        link.state_changed.connect(lambda state: self.said.append(("state", state)))
        link.jobs_loaded.connect(lambda jobs: self.said.append(("jobs", jobs)))
        link.models_loaded.connect(lambda models: self.said.append(("models", models)))
        link.happened.connect(lambda event: self.said.append(("event", event)))
        link.preview.connect(lambda preview, jpegs: self.said.append(("preview", (preview, jpegs))))
        link.trouble.connect(lambda ticket, trouble: self.said.append(("trouble", (ticket, trouble))))

    def of(self, kind: str) -> list[Any]:
        """What was said of one kind."""
        return [what for each, what in self.said if each == kind]

    def states(self, job_id: str) -> list[str]:
        """The states of a job that were told by events."""
        changes = [event for event in self.of("event") if isinstance(event, JobChanged)]
        return [change.job.state.kind for change in changes if change.job.id == job_id]


class ScriptedEngine(EngineClient):
    """A client without an engine: events are what the test tells, calls do what it says."""

    def __init__(self) -> None:
        super().__init__(Rendezvous(pid=0, port=1, token="", build=""))
        self.heard: queue.Queue[tuple[Event, list[bytes]] | EngineGoneError] = queue.Queue()
        self.calls: list[str] = []
        self.does: dict[str, Callable[..., Any]] = {}
        self.listening = threading.Event()

    def abort(self) -> None:
        self.heard.put(EngineGoneError("given up"))

    @contextlib.contextmanager
    def events(self) -> Generator[Any]:
        self.listening.set()
        yield self

    def next(self) -> tuple[Event, list[bytes]]:
        heard = self.heard.get()
        if isinstance(heard, EngineGoneError):
            raise heard
        return heard

    def jobs(self, state: str | None = None, after: str | None = None, limit: int = 100) -> list[Job]:
        return self._do("jobs", [], after)

    def models(self) -> list[tuple[ModelCard, list[str]]]:
        return self._do("models", [])

    def cancel(self, job_id: str) -> Any:
        return self._do("cancel", job_id, job_id)

    def submit(self, request: Any) -> Any:
        return self._do("submit", None, request)

    def upload(self, path: Path) -> Any:
        return self._do("upload", path, path)

    def stop(self) -> None:
        self._do("stop", None)

    def frames(self, sha256: str, *numbers: Any) -> Any:
        return self._do("frames", (sha256, *numbers), sha256, *numbers)

    def _do(self, name: str, usual: Any, *arguments: Any) -> Any:
        self.calls.append(name)
        return self.does[name](*arguments) if name in self.does else usual


@pytest.fixture
def make_link(qapp: object) -> Iterator[Callable[[Attach], EngineLink]]:
    """Return a function that makes a link; it is closed after the test, and leaves no thread."""
    made: list[EngineLink] = []

    def making(attach: Attach) -> EngineLink:
        made.append(EngineLink(attach))
        return made[-1]

    yield making
    for link in made:
        link.close()
    assert link_threads() == []


def link_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("link ")]


@pytest.fixture
def hear() -> Callable[[EngineLink], Heard]:
    """Return a function that notes from now on all that a link says."""
    return Heard


@pytest.fixture
def link(
    make_link: Callable[[Attach], EngineLink], qtbot: QtBot, shared_engine: EngineClient, shared_home: Path
) -> EngineLink:
    """A link to the shared engine."""
    made = make_link(attach_to(shared_home))
    connect(made, qtbot)
    return made


@pytest.fixture
def make_engine() -> type[ScriptedEngine]:
    """The class of engines that a test writes."""
    return ScriptedEngine


@pytest.fixture
def scripted(make_link: Callable[[Attach], EngineLink], qtbot: QtBot) -> tuple[EngineLink, ScriptedEngine]:
    """A link to an engine that the test writes."""
    engine = ScriptedEngine()
    made = make_link(lambda _: engine)
    connect(made, qtbot)
    return made, engine


def connect(link: EngineLink, qtbot: QtBot) -> None:
    with qtbot.waitSignal(
        link.state_changed, timeout=LIMIT_MS, check_params_cb=lambda state: isinstance(state, Connected)
    ):
        link.start()
