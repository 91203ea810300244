"""How fast a download is and how long it takes: measured, told a few times a second, and never made up."""

import pytest

from engine.protocol.download import Download, Fetching, Paused, Reading, Waiting
from engine.weights.meter import Meter


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def told() -> list[Download]:
    return []


@pytest.fixture
def meter(clock: Clock, told: list[Download]) -> Meter:
    made = Meter("wan", told.append, clock)
    made.ear.on_sizes(1_000_000, 11_000_000)
    made.ear.on_file("a.safetensors")
    return made


def come(meter: Meter, clock: Clock, seconds: float, bytes_per_s: int) -> None:
    for _ in range(int(seconds * 10)):
        clock.now_s += 0.1
        meter.ear.on_bytes(bytes_per_s // 10)


def test_speed_and_time_left_are_measured(meter: Meter, clock: Clock, told: list[Download]) -> None:
    come(meter, clock, 0.5, 1_000_000)
    assert told[-1].state == Fetching(file="a.safetensors")  # nothing to measure yet
    come(meter, clock, 3.5, 1_000_000)
    state = told[-1].state
    assert isinstance(state, Fetching)
    assert state.bytes_per_s == pytest.approx(1_000_000, rel=0.05)
    assert state.eta_s == pytest.approx((11_000_000 - told[-1].done_bytes) / 1_000_000, rel=0.05)


def test_the_last_seconds_count(meter: Meter, clock: Clock, told: list[Download]) -> None:
    come(meter, clock, 4, 1_000_000)
    come(meter, clock, 10, 100_000)
    state = told[-1].state
    assert isinstance(state, Fetching)
    assert state.bytes_per_s == pytest.approx(100_000, rel=0.05)


def test_it_is_told_a_few_times_a_second(meter: Meter, clock: Clock, told: list[Download]) -> None:
    before = len(told)
    for _ in range(1000):
        clock.now_s += 0.001
        meter.ear.on_bytes(10)
    assert len(told) - before <= 4


def test_what_had_to_go_counts_back_and_never_below_nothing(meter: Meter, clock: Clock, told: list[Download]) -> None:
    meter.ear.on_bytes(-5_000_000)
    assert meter.now(Paused()).done_bytes == 0
    meter.ear.on_bytes(50_000_000)
    assert meter.now(Paused()).done_bytes == 11_000_000


def test_reading_and_waiting_are_told_at_once(meter: Meter, told: list[Download]) -> None:
    meter.ear.on_read("b.safetensors")
    assert told[-1].state == Reading(file="b.safetensors")
    meter.ear.on_wait("rate_limited", 30.0)
    assert told[-1].state == Waiting(why="rate_limited", retry_s=30.0)
    assert told[-1].is_active
