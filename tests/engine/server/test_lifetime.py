"""The engine stays for as long as anybody needs it, and no longer."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from engine.server import lifetime
from engine.server.lifetime import Lifetime


class Clock:
    """Time that passes only while somebody sleeps; `at` is called at given moments."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.at: dict[float, Callable[[], None]] = {}

    def monotonic(self) -> float:
        return self.now_s

    async def sleep(self, delay_s: float) -> None:
        self.now_s += delay_s
        for moment_s in [m for m in self.at if m <= self.now_s]:
            self.at.pop(moment_s)()
        assert self.now_s < 1000, "it never leaves"
        await asyncio.sleep(0)
        await asyncio.sleep(0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(lifetime, "time", made)
    monkeypatch.setattr(lifetime, "asyncio", SimpleNamespace(sleep=made.sleep))
    return made


def left_at(clock: Clock, engine: Lifetime) -> float:
    """The moment at which the engine leaves."""
    moments: list[float] = []
    asyncio.run(engine.watch(lambda: moments.append(clock.now_s)))
    (moment,) = moments
    return moment


async def nothing(*_: object) -> None:
    return


def test_it_leaves_when_nobody_ever_comes(clock: Clock) -> None:
    assert 60 < left_at(clock, Lifetime(nothing, 60.0, lambda: True)) <= 61


def test_it_stays_while_a_job_waits_or_runs(clock: Clock) -> None:
    idle: list[bool] = []
    clock.at[500] = lambda: idle.append(True)
    assert 560 <= left_at(clock, Lifetime(nothing, 60.0, lambda: bool(idle))) <= 561


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_it_stays_while_a_client_is_there(clock: Clock, kind: str) -> None:
    async def visit(*_: object) -> None:
        await gone.wait()

    async def living() -> float:
        visiting = asyncio.ensure_future(engine({"type": kind}, nothing, nothing))
        await asyncio.sleep(0)
        moments: list[float] = []
        await engine.watch(lambda: moments.append(clock.now_s))
        await visiting
        return moments[0]

    gone = asyncio.Event()
    clock.at[300] = gone.set
    engine = Lifetime(visit, 60.0, lambda: True)
    assert 360 <= asyncio.run(living()) <= 361


def test_a_client_that_broke_off_does_not_count_for_ever(clock: Clock) -> None:
    async def broken(*_: object) -> None:
        raise ConnectionError

    async def living() -> None:
        with pytest.raises(ConnectionError):
            await engine({"type": "http"}, nothing, nothing)
        await engine.watch(lambda: None)

    engine = Lifetime(broken, 60.0, lambda: True)
    asyncio.run(living())
    assert clock.now_s <= 61


def test_one_that_is_to_stay_is_not_watched(clock: Clock) -> None:
    asyncio.run(Lifetime(nothing, None, lambda: True).watch(lambda: pytest.fail("it left")))
