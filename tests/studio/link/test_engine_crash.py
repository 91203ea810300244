"""An engine that dies under an open window is started again, and its jobs go on."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pytestqt.qtbot import QtBot

from engine.client import attach as attach_module
from engine.client.attach import attach_running
from engine.protocol.events import JobChanged, Progress
from engine.protocol.home import read_rendezvous, rendezvous_file
from engine.protocol.job import Done, JobRequest
from engine.protocol.recipe import Recipe
from studio.link.engine_link import EngineLink, attach_to
from studio.link.keeper import Attach
from studio.link.state import Connected, Failed, Lost, Starting, Stopped
from studio.link.trouble import Gone, Trouble

LIMIT_MS = 120_000
IDLE_EXIT_S = 10.0

Make = Callable[[Attach], EngineLink]
Hear = Callable[[EngineLink], Any]


@pytest.fixture
def folder(tmp_path: Path, until: Callable[..., None]) -> Iterator[Path]:
    """A folder for an engine of the test's own; the engine and all that it started are gone after the test."""
    path = tmp_path / "mes films é"
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield path
    client = attach_running(path)
    if client is not None:
        client.stop()
        client.close()
    for child in psutil.Process().children(recursive=True):
        if child.pid not in before:
            until(lambda c=child: not c.is_running())


def pid_of(folder: Path) -> int:
    found = read_rendezvous(folder)
    assert found is not None
    return found.pid


def is_second_step(event: object) -> bool:
    return isinstance(event, Progress) and event.step >= 2


def test_a_killed_engine_comes_back_and_finishes_the_job(
    folder: Path, make_link: Make, hear: Hear, qtbot: QtBot, recipe: Recipe
) -> None:
    link = make_link(attach_to(folder, IDLE_EXIT_S))
    heard = hear(link)
    assert link.state == Starting()
    link.start()
    with qtbot.waitSignal(link.happened, timeout=LIMIT_MS, check_params_cb=is_second_step):
        link.submit(JobRequest(recipe=recipe.changed(num_inference_steps=30)))  # it waits for the engine
    killed = pid_of(folder)
    with qtbot.waitSignal(
        link.happened, timeout=LIMIT_MS, check_params_cb=lambda e: isinstance(e, JobChanged) and e.job.is_over
    ) as ended:
        os.kill(killed, signal.SIGKILL)
    assert ended.args is not None
    job = ended.args[0].job
    assert isinstance(job.state, Done), job.state
    assert pid_of(folder) != killed
    first, lost, second = heard.of("state")
    assert (first, second) == (Connected(), Connected())
    assert isinstance(lost, Lost)
    assert lost.attempt == 1
    before, after = heard.of("jobs")
    assert before == []
    assert [each.id for each in after] == [job.id]
    order = [what for what in heard.said if what[0] in ("state", "jobs")]
    assert [kind for kind, _ in order] == ["state", "jobs", "state", "state", "jobs"]
    assert heard.of("trouble") == []


def test_an_engine_that_was_stopped_stays_away_until_it_is_wanted(
    folder: Path, make_link: Make, hear: Hear, qtbot: QtBot, until: Callable[..., None]
) -> None:
    link = make_link(attach_to(folder, IDLE_EXIT_S))
    heard = hear(link)
    with qtbot.waitSignal(link.models_loaded, timeout=LIMIT_MS):
        link.start()
    stopped = pid_of(folder)
    with qtbot.waitSignal(link.state_changed, timeout=LIMIT_MS):
        link.stop_engine()
    assert link.state == Stopped()
    until(lambda: not psutil.pid_exists(stopped) or psutil.Process(stopped).status() == psutil.STATUS_ZOMBIE)
    assert not rendezvous_file(folder).exists()
    troubles: list[Trouble] = []
    link.workers(failed=troubles.append)
    qtbot.waitUntil(lambda: bool(troubles))
    assert troubles == [Gone("the engine was stopped")]
    with qtbot.waitSignal(link.models_loaded, timeout=LIMIT_MS):
        link.retry()
    assert [*map(type, heard.of("state"))] == [Connected, Stopped, Starting, Connected]
    assert pid_of(folder) != stopped


def test_an_engine_that_cannot_start_is_failed_with_its_reason(make_link: Make, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", "utf-8")
    link = make_link(attach_to(tmp_path / "file" / "home"))
    with qtbot.waitSignal(link.state_changed, timeout=LIMIT_MS):
        link.start()
    assert isinstance(link.state, Failed)
    assert "Not a directory" in link.state.reason


def test_an_engine_that_nobody_can_reach_is_failed_until_somebody_tries_again(
    folder: Path, make_link: Make, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    link = make_link(attach_to(folder, IDLE_EXIT_S))
    with monkeypatch.context() as blocked:
        blocked.setattr(attach_module, "START_TIMEOUT_S", 0.3)
        blocked.setattr(attach_module, "module_command", lambda *_: asleep)
        with qtbot.waitSignal(link.state_changed, timeout=LIMIT_MS):
            link.start()
    assert isinstance(link.state, Failed)
    assert "did not answer" in link.state.reason
    with qtbot.waitSignal(link.models_loaded, timeout=LIMIT_MS):
        link.retry()
    assert link.state == Connected()


def test_it_closes_while_the_engine_starts(folder: Path, make_link: Make) -> None:
    link = make_link(attach_to(folder, IDLE_EXIT_S))
    link.start()
    link.close()
    assert link_threads() == []


def test_it_closes_though_the_engine_hangs(link: EngineLink, shared_home: Path, tmp_path: Path) -> None:
    path = tmp_path / "still.png"
    path.write_bytes(bytes(10_000_000))
    engine = psutil.Process(pid_of(shared_home))
    engine.suspend()
    try:
        link.cancel("1")
        link.upload(path)
        link.frames("viewer", "ab" * 32)
        link.close()
        assert link_threads() == []
    finally:
        engine.resume()


def link_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("link ")]
