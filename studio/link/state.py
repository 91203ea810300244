"""Where the link to the engine stands."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Starting:
    """Looks for the engine, or starts it."""


@dataclass(frozen=True)
class Connected:
    """Events arrive and calls go out; all jobs follow with `jobs_loaded`."""


@dataclass(frozen=True)
class Lost:
    """The engine went away and is looked for again by itself; calls wait. `attempt` counts from 1."""

    reason: str
    attempt: int


@dataclass(frozen=True)
class Failed:
    """There is no engine to be had until `retry`; calls end with `Gone`."""

    reason: str


@dataclass(frozen=True)
class Stopped:
    """The engine was asked to end, and does not come back before `retry`; calls end with `Gone`."""


LinkState: TypeAlias = Starting | Connected | Lost | Failed | Stopped
