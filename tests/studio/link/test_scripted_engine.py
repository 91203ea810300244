"""The link's threads against an engine that is slow, refuses, floods or dies as the test says."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from engine.client.errors import EngineError, EngineGoneError, EngineStartError, RefusedError
from engine.protocol.events import Preview, Progress, QueueReordered
from engine.protocol.job import Job, JobRequest
from engine.protocol.recipe import Recipe
from studio.link import keeper
from studio.link.engine_link import EngineLink
from studio.link.keeper import Attach
from studio.link.state import Connected, Failed, Lost, Starting
from studio.link.trouble import Broken, Gone, Refused, Trouble

Scripted = tuple[EngineLink, Any]
Make = Callable[[Attach], EngineLink]
Hear = Callable[[EngineLink], Any]
JPEGS = [b"\xff\xd8" + bytes(5000)] * 49


@pytest.fixture
def held() -> threading.Event:
    """What a slow call waits for."""
    return threading.Event()


def preview(step: int, job_id: str = "1") -> Preview:
    sizes = tuple(len(jpeg) for jpeg in JPEGS)
    return Preview(job_id=job_id, step=step, total_steps=1000, fps=12, width=192, height=192, frame_sizes_bytes=sizes)


def progress(step: int) -> Progress:
    return Progress(job_id="1", stage="denoise", step=step, total_steps=1000, elapsed_s=0)


def test_a_slow_upload_does_not_hold_up_cancel(scripted: Scripted, qtbot: QtBot, held: threading.Event) -> None:
    link, engine = scripted
    engine.does["upload"] = lambda path: held.wait(30) and path
    ended: list[object] = []
    link.upload(Path("first"), ended.append)
    link.upload(Path("second"), ended.append)
    link.cancel("1", ended.append)
    qtbot.waitUntil(lambda: bool(ended))
    assert ended == ["1"]
    held.set()
    qtbot.waitUntil(lambda: len(ended) == 3)
    assert ended == ["1", Path("first"), Path("second")]


def test_quick_calls_keep_their_order(scripted: Scripted, qtbot: QtBot) -> None:
    link, _ = scripted
    ended: list[str] = []
    for number in range(200):
        link.cancel(str(number), ended.append)
    assert ended == []
    qtbot.waitUntil(lambda: len(ended) == 200)
    assert ended == [str(number) for number in range(200)]


def test_a_viewer_gets_the_frames_it_wanted_last(scripted: Scripted, qtbot: QtBot, held: threading.Event) -> None:
    link, engine = scripted
    started = threading.Event()

    def slow(*numbers: object) -> object:
        started.set()
        held.wait(30)
        return numbers[1]

    engine.does["frames"] = slow
    shown: list[object] = []
    link.frames("viewer", "a", 0, done=shown.append)
    qtbot.waitUntil(started.is_set)
    for first in range(1, 100):
        link.frames("viewer", "a", first, done=shown.append)
    held.set()
    qtbot.waitUntil(lambda: len(shown) == 2)
    assert shown == [0, 99]
    assert engine.calls.count("frames") == 2


def test_one_viewer_does_not_wait_for_another(scripted: Scripted, qtbot: QtBot, held: threading.Event) -> None:
    link, engine = scripted
    engine.does["frames"] = lambda sha256, *_: (sha256 != "slow" or held.wait(30)) and sha256
    shown: list[object] = []
    link.frames("one", "slow", done=shown.append)
    link.frames("other", "quick", done=shown.append)
    qtbot.waitUntil(lambda: bool(shown))
    assert shown == ["quick"]
    held.set()


def test_what_a_call_raises_arrives_as_a_value(
    scripted: Scripted, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    link, engine = scripted
    troubles: list[Trouble] = []
    raised: list[Exception] = [RefusedError(409, "the job is over"), KeyError("a bug")]

    def cancel(job_id: str) -> None:
        raise raised[int(job_id)]

    engine.does["cancel"] = cancel
    for number in range(2):
        link.cancel(str(number), failed=troubles.append)
    qtbot.waitUntil(lambda: len(troubles) == 2)
    assert troubles == [Refused(409, "the job is over"), Broken("KeyError: 'a bug'")]
    assert [record.message for record in caplog.records] == ["a call to the engine broke"]


def test_a_forgotten_call_is_not_answered(scripted: Scripted, qtbot: QtBot) -> None:
    link, engine = scripted
    ended: list[str] = []
    link.cancel("1", ended.append).forget()
    link.cancel("2", ended.append)
    qtbot.waitUntil(lambda: bool(ended))
    assert ended == ["2"]
    assert engine.calls.count("cancel") == 2


def test_a_callback_that_raises_harms_only_itself(scripted: Scripted, qtbot: QtBot) -> None:
    link, _ = scripted
    ended: list[str] = []

    def broken(_: object) -> None:
        raise ZeroDivisionError

    with qtbot.captureExceptions() as raised:
        link.cancel("1", broken)
        link.cancel("2", ended.append)
        qtbot.waitUntil(lambda: bool(ended))
    assert [kind for kind, *_ in raised] == [ZeroDivisionError]


def test_a_busy_gui_gets_few_previews_and_the_newest_last(
    scripted: Scripted, hear: Hear, qtbot: QtBot, until: Callable[..., None]
) -> None:
    link, engine = scripted
    heard = hear(link)
    for step in range(1000):
        engine.heard.put((preview(step), JPEGS))
        engine.heard.put((progress(step), []))
    engine.heard.put((QueueReordered(job_ids=()), []))
    busy_until_s = time.monotonic() + 0.2
    until(lambda: engine.heard.empty() and time.monotonic() > busy_until_s)  # the GUI's thread does nothing else
    with qtbot.waitSignal(link.happened, check_params_cb=lambda event: isinstance(event, QueueReordered)):
        pass
    steps = [each.step for each, _ in heard.of("preview")]
    assert steps[-1] == 999
    assert len(steps) <= 3
    assert steps == sorted(steps)
    assert heard.of("event")[-2] == progress(999)


def test_each_job_keeps_its_newest_preview(scripted: Scripted, hear: Hear, qtbot: QtBot) -> None:
    link, engine = scripted
    heard = hear(link)
    for step in range(100):
        for job_id in ("1", "2"):
            engine.heard.put((preview(step, job_id), JPEGS))
    engine.heard.put((QueueReordered(job_ids=()), []))
    with qtbot.waitSignal(link.happened):
        pass
    last = {each.job_id: each.step for each, _ in heard.of("preview")}
    assert last == {"1": 99, "2": 99}


def test_a_dialog_does_not_hold_up_events(scripted: Scripted, hear: Hear, qtbot: QtBot) -> None:
    link, engine = scripted
    heard = hear(link)
    inner: list[int] = []

    def open_dialog(event: object) -> None:
        if event == progress(0):
            engine.heard.put((QueueReordered(job_ids=("1",)), []))
            with qtbot.waitSignal(link.happened, check_params_cb=lambda each: isinstance(each, QueueReordered)):
                pass
            inner.append(len(heard.of("event")))

    link.happened.connect(open_dialog)
    engine.heard.put((progress(0), []))
    qtbot.waitUntil(lambda: bool(inner))
    assert inner == [2]


def test_every_page_of_jobs_is_loaded_and_none_twice(
    make_link: Make, make_engine: Any, hear: Hear, qtbot: QtBot, recipe: Recipe
) -> None:
    request = JobRequest(recipe=recipe)
    jobs = [Job(id=str(number), request=request, created_at=0) for number in range(5)]
    pages = {None: jobs[:3], "2": jobs[2:], "4": []}
    engine = make_engine()
    engine.does["jobs"] = lambda after: pages[after]
    link = make_link(lambda _: engine)
    heard = hear(link)
    with qtbot.waitSignal(link.jobs_loaded):
        link.start()
    assert heard.of("jobs") == [jobs]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "PAUSES_S", (0.0, 0.01, 0.02))


@pytest.mark.usefixtures("impatient")
def test_an_engine_that_keeps_dying_is_given_up_until_retry(
    make_link: Make, make_engine: Any, hear: Hear, qtbot: QtBot
) -> None:
    engines: list[Any] = []

    def attach(_: threading.Event) -> Any:
        engines.append(make_engine())
        if len(engines) <= 4:
            engines[-1].heard.put(EngineGoneError("died"))
        return engines[-1]

    link = make_link(attach)
    heard = hear(link)
    with qtbot.waitSignal(link.state_changed, check_params_cb=lambda state: isinstance(state, Failed)):
        link.start()
    lost = [state for state in heard.of("state") if not isinstance(state, Connected)]
    assert lost == [Lost("died", 1), Lost("died", 2), Lost("died", 3), Failed("died")]
    assert len(heard.of("jobs")) == 4
    troubles: list[Trouble] = []
    link.cancel("1", failed=troubles.append)
    qtbot.waitUntil(lambda: bool(troubles))
    assert troubles == [Gone("died")]
    with qtbot.waitSignal(link.models_loaded):
        link.retry()
    assert heard.of("state")[-2:] == [Starting(), Connected()]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (EngineStartError("the disk is full"), Failed("the disk is full")),
        (EngineGoneError("went away"), Lost("went away", 1)),
        (ValueError("nonsense"), Failed("ValueError: nonsense")),
    ],
)
def test_an_engine_that_cannot_be_had(
    make_link: Make, hear: Hear, qtbot: QtBot, error: Exception, state: object
) -> None:
    def attach(_: threading.Event) -> Any:
        raise error

    link = make_link(attach)
    heard = hear(link)
    with qtbot.waitSignal(link.state_changed):
        link.start()
    assert heard.of("state")[0] == state


@pytest.mark.usefixtures("impatient")
def test_a_call_that_broke_off_is_made_again_unless_it_may_not(
    make_link: Make, make_engine: Any, qtbot: QtBot, recipe: Recipe
) -> None:
    first, second = make_engine(), make_engine()
    engines = [first, second]

    def die(*_: object) -> None:
        first.heard.put(EngineGoneError("died"))
        raise EngineGoneError("in its middle")

    first.does = {"cancel": die, "submit": die}
    link = make_link(lambda _: engines.pop(0))
    ended: list[object] = []
    link.cancel("1", ended.append)
    link.start()
    qtbot.waitUntil(lambda: bool(ended))
    assert ended == ["1"]
    assert second.calls.count("cancel") == 1
    second.does = {"submit": lambda _: die()}
    link.submit(JobRequest(recipe=recipe), failed=ended.append)
    qtbot.waitUntil(lambda: len(ended) == 2)
    assert ended[1] == Gone("in its middle")
    assert second.calls.count("submit") == 1


def test_calls_wait_for_the_engine(make_link: Make, make_engine: Any, qtbot: QtBot, held: threading.Event) -> None:
    engine = make_engine()

    def attach(_: threading.Event) -> Any:
        held.wait(30)
        return engine

    link = make_link(attach)
    link.start()
    ended: list[str] = []
    link.cancel("1", ended.append)
    QTimer.singleShot(0, held.set)
    qtbot.waitUntil(lambda: bool(ended))
    assert link.state == Connected()


def test_what_was_asked_quickly_goes_out_before_it_closes(scripted: Scripted) -> None:
    link, engine = scripted
    for number in range(50):
        link.cancel(str(number))
    link.close()
    assert engine.calls.count("cancel") == 50


def test_the_engine_is_stopped_before_it_closes(scripted: Scripted) -> None:
    link, engine = scripted
    link.stop_engine()
    link.close()
    assert engine.calls[-1] == "stop"


def test_nothing_is_told_after_it_has_closed(scripted: Scripted, hear: Hear, qtbot: QtBot) -> None:
    link, engine = scripted
    heard = hear(link)
    ended: list[str] = []
    engine.heard.put((progress(0), []))
    link.cancel("1", ended.append)
    link.close()
    link.close()
    link.cancel("2", ended.append)
    with qtbot.assertNotEmitted(link.happened, wait=50):
        pass
    assert (heard.said, ended) == ([], [])


def test_it_closes_though_attaching_goes_on(make_link: Make, qtbot: QtBot) -> None:
    begun = threading.Event()

    def attach(given_up: threading.Event) -> Any:
        begun.set()
        given_up.wait(30)
        raise EngineError("given up")

    link = make_link(attach)
    link.start()
    link.submit(None)  # type: ignore[arg-type]
    qtbot.waitUntil(begun.is_set)
    link.close()
