"""From any thread to the GUI's: in order, the newest of each key only, and one pending wakeup however much waits."""

import itertools
import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal, Slot


class Mailbox(QObject):
    """What waits for the thread that this was made on.

    One delivery for each turn of the event loop: input and painting come between, and a delivery that runs a loop of
    its own (a dialog) does not hold up the others.
    """

    _arrived = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._guard = threading.Lock()
        self._waiting: dict[str | int, Callable[[], None]] = {}
        self._numbers = itertools.count()
        self._is_woken = False
        self._is_closed = False
        self._arrived.connect(self._deliver_next, Qt.ConnectionType.QueuedConnection)

    def put(self, deliver: Callable[[], None], key: str | None = None) -> None:
        """Add a delivery, for any thread; a waiting one of the same key is dropped, so that the newest is the last."""
        with self._guard:
            if self._is_closed:
                return
            place = next(self._numbers) if key is None else key
            self._waiting.pop(place, None)
            self._waiting[place] = deliver
            self._wake()

    def close(self) -> None:
        """Deliver no more."""
        with self._guard:
            self._is_closed = True
            self._waiting.clear()

    @Slot()
    def _deliver_next(self) -> None:
        with self._guard:
            self._is_woken = False
            if not self._waiting:
                return
            deliver = self._waiting.pop(next(iter(self._waiting)))
            if self._waiting:
                self._wake()
        deliver()

    def _wake(self) -> None:
        if not self._is_woken:
            self._is_woken = True
            self._arrived.emit()
