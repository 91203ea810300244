"""Lane: calls that wait in a row for a thread of their own, so that slow ones hold up only each other."""

import itertools
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Lane(Generic[_T]):
    """Carries out what is put in, in order, on `threads` threads that start when there is something to do.

    What has a key is replaced by something newer of that key while it waits, and waits while another of it is carried
    out: so each key's order is kept with more than one thread, too. `carry_out` must not raise.
    """

    def __init__(self, name: str, carry_out: Callable[[_T], None], threads: int = 1) -> None:
        self._name = name
        self._carry_out = carry_out
        self._most_threads = threads
        self._changed = threading.Condition()
        self._waiting: dict[str | int, _T] = {}
        self._busy: set[str | int] = set()
        self._numbers = itertools.count()
        self._threads: list[threading.Thread] = []
        self._is_closed = False

    def put(self, thing: _T, key: str | None = None) -> _T | None:
        """Add something; returns what it replaced."""
        with self._changed:
            if self._is_closed:
                return thing
            place = next(self._numbers) if key is None else key
            replaced = self._waiting.pop(place, None)
            self._waiting[place] = thing
            if len(self._threads) < self._most_threads and len(self._threads) < len(self._waiting) + len(self._busy):
                self._threads.append(threading.Thread(target=self._run, name=f"link {self._name}", daemon=True))
                self._threads[-1].start()
            self._changed.notify()
        return replaced

    def close(self, drop: bool) -> None:
        """Take nothing more; what waits is dropped, or carried out still. Threads end by themselves after that."""
        with self._changed:
            self._is_closed = True
            if drop:
                self._waiting.clear()
            self._changed.notify_all()

    def join(self, until_s: float) -> bool:
        """Wait for the threads to end, up to an instant of the monotonic clock; True when they have."""
        for thread in self._threads:
            thread.join(max(0.0, until_s - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        while (taken := self._take()) is not None:
            place, thing = taken
            self._carry_out(thing)
            del taken, thing  # a thread that waits holds on to nothing
            with self._changed:
                self._busy.discard(place)
                self._changed.notify_all()

    def _take(self) -> tuple[str | int, _T] | None:
        with self._changed:
            while True:
                place = next((place for place in self._waiting if place not in self._busy), None)
                if place is not None:
                    self._busy.add(place)
                    return place, self._waiting.pop(place)
                if self._is_closed:
                    return None
                self._changed.wait()
