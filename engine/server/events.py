"""Events to every client: the newest of each kind waits, so a slow client costs no memory and no time."""

import asyncio
import contextlib
from collections.abc import Generator

from engine.protocol.events import Event


class Subscription:
    """What one client has not been sent yet: at most one event per key, in order of arrival."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[Event, bytes]] = {}
        self._arrived = asyncio.Event()

    def push(self, event: Event, blob: bytes) -> None:
        """Add an event; a waiting one with the same key is dropped, so that a job's end is the last of it."""
        self._waiting.pop(event.key, None)
        self._waiting[event.key] = (event, blob)
        self._arrived.set()

    async def next(self) -> tuple[Event, bytes]:
        """The oldest waiting event, and a preview's JPEGs."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        return self._waiting.pop(next(iter(self._waiting)))


class Hub:
    """Hands every event to every subscription; for the event loop's thread only."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()

    def publish(self, event: Event, blob: bytes = b"") -> None:
        """Tell every client."""
        for subscription in self._subscriptions:
            subscription.push(event, blob)

    @property
    def clients(self) -> int:
        """How many clients listen."""
        return len(self._subscriptions)

    @contextlib.contextmanager
    def subscribed(self) -> Generator[Subscription]:
        """A subscription for as long as the block runs."""
        subscription = Subscription()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
