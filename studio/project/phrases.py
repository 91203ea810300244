"""Phrases: the styles, camera moves and lights that a click adds to a prompt."""

import tomllib
from functools import cache
from typing import Literal

from engine.protocol.home import RESOURCES
from studio.project.value import Value

PhraseKind = Literal["style", "camera", "light"]


class Phrase(Value):
    """One of them; `text` is what the model reads, and views have the words for its chip."""

    id: str
    kind: PhraseKind
    text: str


@cache
def phrases() -> tuple[Phrase, ...]:
    """All that ship, in the order in which they are shown."""
    rows = tomllib.loads((RESOURCES / "phrases.toml").read_text("utf-8"))["phrase"]
    return tuple(Phrase.model_validate(row) for row in rows)


def phrase(kind: PhraseKind, phrase_id: str) -> Phrase:
    """The phrase of this kind and id; KeyError when there is none."""
    for found in phrases():
        if (found.kind, found.id) == (kind, phrase_id):
            return found
    raise KeyError(phrase_id)
