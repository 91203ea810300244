"""ScriptedLink: a link without an engine, for tests of models and views; it answers when it is told to."""

from typing import Any

from PySide6.QtCore import QObject

from engine.protocol.events import Event, Preview
from engine.protocol.job import Job
from studio.link.ask import Ask, OnFailed, Ticket
from studio.link.link import Done, Link, Models
from studio.link.state import Connected, LinkState, Starting, Stopped
from studio.link.trouble import Trouble


class ScriptedLink(Link):
    """Keeps every ask in `asked` until the test answers it; signals are emitted within the calls below.

    Attributes:
        asked: every ticket so far, oldest first; `ticket.ask.name` and `.arguments` say what was wanted.
        starts, retries, closes: how often those were called.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.asked: list[Ticket] = []
        self.starts = self.retries = self.closes = 0
        self._open: list[Ticket] = []

    def start(self) -> None:
        """Count it; `become` does the rest."""
        self.starts += 1

    def retry(self) -> None:
        """Count it, and be Starting."""
        self.retries += 1
        self.become(Starting())

    def stop_engine(self) -> None:
        """Be Stopped."""
        self.become(Stopped())

    def close(self) -> None:
        """Count it; nothing is answered any more."""
        self.closes += 1
        self._open.clear()

    def send(self, ask: Ask, done: Done[Any] = None, failed: OnFailed | None = None) -> Ticket:
        """Keep it."""
        ticket = Ticket(ask, done, failed)
        self.asked.append(ticket)
        if ask.key is not None:
            self._open = [each for each in self._open if each.ask.key != ask.key]
        self._open.append(ticket)
        return ticket

    def waiting(self, name: str) -> list[Ticket]:
        """What was asked for under that name and not answered yet, oldest first."""
        return [ticket for ticket in self._open if ticket.ask.name == name]

    def answer(self, name: str, result: object = None) -> Ticket:
        """Answer the oldest waiting ask of that name.

        Raises:
            LookupError: when none waits.
        """
        return self._end(name, result, None)

    def refuse(self, name: str, trouble: Trouble) -> Ticket:
        """End the oldest waiting ask of that name with trouble.

        Raises:
            LookupError: when none waits.
        """
        return self._end(name, None, trouble)

    def become(self, state: LinkState) -> None:
        """Stand elsewhere."""
        self._become(state)

    def connect_with(self, jobs: list[Job] | None = None, models: Models | None = None) -> None:
        """Be Connected, and tell all there is."""
        self.become(Connected())
        self.jobs_loaded.emit(jobs or [])
        self.models_loaded.emit(models or [])

    def tell(self, event: Event, jpegs: list[bytes] | None = None) -> None:
        """Let an event arrive; a preview with its frames."""
        if isinstance(event, Preview):
            self.preview.emit(event, jpegs or [])
        else:
            self.happened.emit(event)

    def _end(self, name: str, result: object, trouble: Trouble | None) -> Ticket:
        waiting = self.waiting(name)
        if not waiting:
            raise LookupError(f"nobody waits for {name}; asked so far: {[each.ask.name for each in self.asked]}")
        self._open.remove(waiting[0])
        self._finish(waiting[0], result, trouble)
        return waiting[0]
