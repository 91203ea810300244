"""Tokens: the words of a text and where they stand in it."""

import re
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_JOINT = re.compile(r"[ \t\n\r\u00a0]*|[-‐‑]")
_ENDS = re.compile(r"[.!?;:\n]")


@dataclass(frozen=True)
class Token:
    """A word, or a part of one with hyphens.

    Attributes:
        word: as it is compared.
        text: as typed.
        start, end: where it stands, in characters.
        joined: only space or a hyphen is between it and the token before.
        begins: it is the first one of a sentence.
    """

    word: str
    text: str
    start: int
    end: int
    joined: bool
    begins: bool


def tokens_of(text: str) -> list[Token]:
    """All words of a text, in order."""
    found: list[Token] = []
    end = 0
    for match in _WORD.finditer(text):
        gap = text[end : match.start()]
        begins = not found or bool(_ENDS.search(gap))
        joined = bool(found) and bool(_JOINT.fullmatch(gap)) and "\n\n" not in gap
        found.append(Token(_word(match[0]), match[0], match.start(), match.end(), joined, begins))
        end = match.end()
    return found


def words_of(text: str) -> tuple[str, ...]:
    """The words of a phrase as they are compared."""
    return tuple(_word(match[0]) for match in _WORD.finditer(text))


def _word(text: str) -> str:
    return text.replace("’", "'").casefold()
