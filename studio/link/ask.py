"""Ask: one call to the engine as a value, and the ticket that its caller keeps."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from studio.link.trouble import Trouble

if TYPE_CHECKING:
    from engine.client.api import EngineClient  # it takes as long to import as all the rest of the window

LaneName: TypeAlias = Literal["quick", "bulk", "adding", "frames"]
OnFailed: TypeAlias = Callable[[Trouble], None]

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Ask:
    """One call.

    Attributes:
        name, arguments: what the caller said; for people and fakes.
        call: the call itself; runs in a thread of the lane.
        lane: calls of one lane go out one after another (frames: two at a time, one for each viewer).
        key: a newer ask of the same key replaces this one while it waits.
        repeatable: is made once more when the engine went away in its middle.
    """

    name: str
    arguments: tuple[Any, ...]
    call: Callable[[EngineClient], Any]
    lane: LaneName = "quick"
    key: str | None = None
    repeatable: bool = True


class Ticket:
    """Stands for an ask under way; for the GUI thread."""

    def __init__(self, ask: Ask, done: Callable[[Any], None] | None, failed: OnFailed | None) -> None:
        self.number = next(_numbers)
        self.ask = ask
        self.done = done
        self.failed = failed
        self.is_forgotten = False

    def forget(self) -> None:
        """Let the call go on, but hear no more of it."""
        self.is_forgotten = True
        self.done = self.failed = None
