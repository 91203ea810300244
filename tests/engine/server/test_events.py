"""What waits for a client that is slow: the newest of each kind, in an order that makes sense."""

import asyncio

from engine.protocol.events import Event, JobChanged, JobRemoved, Preview, Progress
from engine.protocol.job import Cancelled, Job, JobRequest, Running
from engine.protocol.recipe import Recipe
from engine.server.events import Hub, Subscription


def preview(job_id: str, step: int) -> Preview:
    return Preview(job_id=job_id, step=step, total_steps=99, fps=12, width=8, height=8, frame_sizes_bytes=(3,))


def progress(job_id: str, step: int) -> Progress:
    return Progress(job_id=job_id, stage="denoise", step=step, total_steps=99, elapsed_s=0)


def running(recipe: Recipe) -> Job:
    return Job(id="1", request=JobRequest(recipe=recipe), created_at=0, state=Running(started_at=0, device="cpu"))


def drained(subscription: Subscription) -> list[tuple[Event, bytes]]:
    """All that waits."""

    async def drain() -> list[tuple[Event, bytes]]:
        found: list[tuple[Event, bytes]] = []
        while True:
            try:
                found.append(await asyncio.wait_for(subscription.next(), 0.01))
            except TimeoutError:
                return found

    return asyncio.run(drain())


def test_everything_comes_in_order() -> None:
    subscription = Subscription()
    events = [progress("1", 0), preview("1", 0), progress("2", 0), JobRemoved(job_id="3")]
    for event in events:
        subscription.push(event, b"")
    assert [event for event, _ in drained(subscription)] == events


def test_the_newest_preview_wins_and_keeps_its_own_frames() -> None:
    subscription = Subscription()
    for step in range(1000):
        subscription.push(preview("1", step), f"{step:03}".encode())
        subscription.push(progress("1", step), b"")
    subscription.push(preview("2", 5), b"two")
    found = drained(subscription)
    assert found == [(preview("1", 999), b"999"), (progress("1", 999), b""), (preview("2", 5), b"two")]


def test_nothing_of_a_job_comes_after_its_end(recipe: Recipe) -> None:
    job = running(recipe)
    ended = JobChanged(job=job.changed(state=Cancelled(finished_at=1)))
    subscription = Subscription()
    for event in (JobChanged(job=job), progress("1", 3), preview("1", 3), ended):
        subscription.push(event, b"abc")
    assert drained(subscription)[-1][0] == ended


def test_a_removed_job_is_not_changed_any_more(recipe: Recipe) -> None:
    subscription = Subscription()
    subscription.push(JobChanged(job=running(recipe)), b"")
    subscription.push(JobRemoved(job_id="1"), b"")
    assert [event.kind for event, _ in drained(subscription)] == ["job_removed"]


def test_a_client_that_waits_is_woken() -> None:
    async def waking() -> Event:
        subscription = Subscription()
        waiting = asyncio.ensure_future(subscription.next())
        await asyncio.sleep(0)
        subscription.push(progress("1", 1), b"")
        event, _ = await asyncio.wait_for(waiting, 10)
        return event

    assert asyncio.run(waking()) == progress("1", 1)


def test_clients_come_and_go() -> None:
    hub = Hub()
    hub.publish(progress("1", 0))
    with hub.subscribed() as one:
        with hub.subscribed() as two:
            assert hub.clients == 2
            hub.publish(progress("1", 1))
        hub.publish(progress("1", 2))
        assert [event for event, _ in drained(one)] == [progress("1", 2)]
        assert [event for event, _ in drained(two)] == [progress("1", 1)]
    assert hub.clients == 0
