"""Why a call came to nothing, as a value: exceptions do not cross into the GUI thread."""

import logging
from dataclasses import dataclass
from typing import TypeAlias

from engine.client.errors import EngineError, RefusedError
from engine.protocol.problem import Problem, ProblemsError
from studio.project.errors import StorageError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Problems:
    """What the user can mend, by field or file."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Refused:
    """The engine said no: no such job (404), a job in another state (409), or its disk is full (507)."""

    status: int
    reason: str


@dataclass(frozen=True)
class Gone:
    """The engine could not be reached, or went away during the call: whether it did anything is not known."""

    reason: str


@dataclass(frozen=True)
class Broken:
    """A bug; the log has it."""

    detail: str


Trouble: TypeAlias = Problems | Refused | Gone | Broken


def trouble_of(error: Exception) -> Trouble:
    """The trouble that an exception stands for; a bug is logged here, once."""
    if isinstance(error, ProblemsError):
        return Problems(tuple(error.problems))
    if isinstance(error, RefusedError):
        return Refused(error.status, str(error))
    if isinstance(error, StorageError):
        return Problems((Problem(field=error.detail, kind="not_writable"),))
    if isinstance(error, EngineError):
        return Gone(str(error))
    log.error("a call to the engine broke", exc_info=error)
    return Broken(f"{type(error).__name__}: {error}")
