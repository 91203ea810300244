"""Cancelling: what waits never runs, what runs stops at once, and the next job is none the worse for it."""

import time
from collections.abc import Callable
from pathlib import Path

from engine.client.api import EngineClient
from engine.protocol.events import JobChanged, Progress
from engine.protocol.job import Cancelled, Done, Job

QUICKLY_S = 5.0
"""Of a cancel on a machine that others use as well; tests/bench measures it."""


def test_a_running_job_stops_and_the_next_one_is_right(
    shared_engine: EngineClient, submit: Callable[..., Job], over: Callable[[Job], Job], shared_home: Path
) -> None:
    before = over(submit())
    with shared_engine.events() as stream:
        job = submit(num_inference_steps=100, num_frames=17)
        waiting = submit()
        for event, _ in stream:
            if isinstance(event, Progress) and event.job_id == job.id and event.step >= 1:
                break
        asked_s = time.monotonic()
        assert shared_engine.cancel(job.id).state.kind == "running"
        assert shared_engine.cancel(job.id).id == job.id  # impatience does no harm
        for event, _ in stream:
            if isinstance(event, JobChanged) and event.job.id == job.id and event.job.is_over:
                break
        assert time.monotonic() - asked_s < QUICKLY_S
    ended = shared_engine.job(job.id)
    assert isinstance(ended.state, Cancelled)
    assert ended.worker_deaths == 0
    after = over(waiting)
    assert isinstance(before.state, Done)
    assert isinstance(after.state, Done)
    assert after.state.take.media == before.state.take.media
    assert list((shared_home / "media" / "incoming").iterdir()) == []


def test_a_waiting_job_never_runs(
    shared_engine: EngineClient, submit: Callable[..., Job], over: Callable[[Job], Job]
) -> None:
    with shared_engine.events() as stream:
        running = submit()
        waiting = submit()
        last = submit()
        assert shared_engine.cancel(waiting.id).state.kind == "cancelled"
        seen: list[str] = []
        for event, _ in stream:
            if isinstance(event, JobChanged) and event.job.id == waiting.id:
                seen.append(event.job.state.kind)
            if isinstance(event, JobChanged) and event.job.id == last.id and event.job.is_over:
                break
    assert seen[-1] == "cancelled"
    assert "running" not in seen
    assert over(running).state.kind == over(last).state.kind == "done"
    assert shared_engine.job(waiting.id).state.kind == "cancelled"
