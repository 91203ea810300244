"""The next batch is prepared by a thread while a GPU computes, so that neither waits for the other."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """What `make` gives, one after the other; on a GPU each is made while the one before is used.

    On a CPU nothing is made ahead: the processor is busy anyway, and a run that is resumed is the very same run. On a
    GPU what has been made ahead is not in a checkpoint, and a resumed run goes on with the next.
    """

    def __init__(self, make: Callable[[], T], device: str) -> None:
        self.make = make
        self.thread = ThreadPoolExecutor(1) if device != "cpu" else None
        self.waiting: Future[T] | None = None

    def take(self) -> T:
        """The next one."""
        if self.thread is None:
            return self.make()
        ready = self.waiting or self.thread.submit(self.make)
        made = ready.result()
        self.waiting = self.thread.submit(self.make)
        return made
