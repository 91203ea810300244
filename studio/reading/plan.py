"""Plan: a film as a script tells it, shot by shot, to be corrected before anything is made."""

from typing import Annotated, Literal

from pydantic import Field

from engine.protocol.film import Transition
from studio.project.bible import EntryKind
from studio.project.value import Name, Text, Value
from studio.reading.understanding import Found, understood

ScriptForm = Literal["fountain", "shot_list", "prose"]
Seconds = Annotated[float, Field(gt=0, le=3600)]
MOST_SHOTS = 10_000
LONGEST_NAME = 100
_LONGEST_DESCRIPTION = 2000


class Line(Value):
    """What somebody says; the speaker is "" where the script does not tell."""

    speaker: Text
    text: Text


class PlannedShot(Value):
    """A shot to be.

    Attributes:
        prompt: what is seen, and not what is said; names of the bible stand in it without an @.
        is_timed: the script gives the length; it is guessed otherwise.
        transition: to the next shot.
    """

    name: Name
    prompt: Text
    dialogue: tuple[Line, ...] = ()
    seconds: Seconds
    is_timed: bool = False
    transition: Transition = "cut"

    @property
    def fields(self) -> tuple[Found, ...]:
        """What the prompt says."""
        return understood(self.prompt)


class PlannedEntry(Value):
    """A character or place to be, for the bible."""

    kind: EntryKind
    name: Name
    description: Text = ""


def planned_entry(kind: EntryKind, name: str, description: str = "") -> PlannedEntry:
    """An entry whose name and description are cut where they are longer than any."""
    return PlannedEntry(kind=kind, name=name[:LONGEST_NAME], description=description[:_LONGEST_DESCRIPTION])


class Plan(Value):
    """All of a script.

    Attributes:
        title: as the script has it, or "".
        encoding: how its bytes were read.
    """

    title: Text = ""
    form: ScriptForm
    encoding: str
    shots: tuple[PlannedShot, ...]
    entries: tuple[PlannedEntry, ...] = ()

    @property
    def seconds(self) -> float:
        """How long the film will be."""
        return sum(shot.seconds for shot in self.shots)
