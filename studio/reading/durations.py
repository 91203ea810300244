"""Durations: how long a shot is, as the script says, or guessed from what happens and what is said."""

import re
from collections.abc import Sequence

from studio.reading.tokens import tokens_of
from studio.reading.understanding import Found, understood
from studio.reading.vocabulary import vocabulary

SHORTEST_S = 2.0
LONGEST_S = 600.0
LONGEST_ACTION_S = 12.0
SPOKEN_WORDS_PER_S = 2.5
SEEN_WORDS_PER_S = 3.0
_ACTION_S = 1.5
_PAUSE_S = 1.0
_LONGEST_GUESS_S = 30.0
_SLOW, _QUICK = 1.5, 0.75
_LETTERS_PER_WORD = 2.0
_STEP_S = 0.5
_NUMBER = r"(\d{1,4}(?:[.,]\d{1,3})?)"
_SECONDS = rf"{_NUMBER}\s*-?\s*(?:s|secs?|seconds?|”|″|\")"
_TOLD = re.compile(
    rf"[(\[]\s*(?:(?:duration|length|time)\s*[:=]?\s*)?(?:~|about|ca\.?)?\s*{_SECONDS}\s*[)\]]"
    rf"|\b(?:duration|length)\s*[:=]\s*(?:~|about)?\s*{_SECONDS}(?!\w)"
    rf"|\bfor (?:about )?{_NUMBER} ?(?:s|sec|secs|seconds)\b"
    rf"|[(\[]\s*(?:{_NUMBER}\s*(?:m|min|mins|minutes?)\s*)(?:{_NUMBER}\s*(?:s|sec|secs|seconds?))?\s*[)\]]"
    r"|[(\[]\s*(\d{1,2}):([0-5]\d)\s*[)\]]",
    re.IGNORECASE,
)
_AGE = re.compile(r"[(\[]\s*[1-9]0s\s*[)\]]", re.IGNORECASE)
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{2}(?:\.\d+)?)")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def told_s(text: str, *, ages: bool = False) -> tuple[float | None, str]:
    """The length in seconds that a text gives, if any, and the text without it where it stands in brackets.

    Args:
        ages: `(30s)` is how old somebody is, as in screenplays.
    """
    for match in _TOLD.finditer(text):
        if ages and _AGE.fullmatch(match[0]):
            continue
        seconds = _seconds(match)
        if not 0 < seconds <= LONGEST_S:
            continue
        if match[0][0] in "([":
            text = re.sub(r" +([.,;:!?])", r"\1", f"{text[: match.start()].rstrip()} {text[match.end() :].lstrip()}")
        return seconds, text.strip()
    return None, text


def cell_s(text: str) -> float | None:
    """The length in a cell of a table: `3`, `3 s`, `0:03`; of a range its longer end."""
    clock = _CLOCK.fullmatch(text.strip())
    if clock:
        seconds = int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3])
    else:
        numbers = re.findall(r"\d{1,4}(?:[.,]\d{1,3})?", text)
        seconds = max((float(number.replace(",", ".")) for number in numbers), default=0.0)
        seconds *= 60 if re.search(r"\d\s*m(?:in|ins|inutes?)?\b", text, re.IGNORECASE) else 1
    return seconds if 0 < seconds <= LONGEST_S else None


def guessed_s(prompt: str, lines: Sequence[str] = (), found: Sequence[Found] | None = None) -> float:
    """A length in seconds for what is seen and said, in half seconds.

    Words that are read in a script's usual minute a page, a time for each action, longer or shorter where the words
    are slow or quick, and all that is said.
    """
    found = understood(prompt) if found is None else found
    words = [token.word for token in tokens_of(prompt)]
    actions = sum(each.kind == "action" for each in found)
    seen_s = max(count_words(prompt) / SEEN_WORDS_PER_S, _ACTION_S * actions) * _pace(words)
    said_s = sum(count_words(line) / SPOKEN_WORDS_PER_S for line in lines)
    seconds = max(min(seen_s, _LONGEST_GUESS_S), said_s + _PAUSE_S if lines else 0.0, SHORTEST_S)
    return min(round(seconds / _STEP_S) * _STEP_S, LONGEST_S)


def count_words(text: str) -> float:
    """How many words there are; two letters stand for one where there is no space between words."""
    wide = len(_WIDE.findall(text))
    return len(_WIDE.sub(" ", text).split()) + wide / _LETTERS_PER_WORD


def _pace(words: Sequence[str]) -> float:
    known = vocabulary()
    slow, quick = (sum(known.has(role, word) for word in words) for role in ("slow", "quick"))
    return _SLOW if slow > quick else _QUICK if quick > slow else 1.0


def _seconds(match: re.Match[str]) -> float:
    *plain, minutes, more, clock_minutes, clock_seconds = match.groups()
    if clock_seconds is not None:
        return int(clock_minutes) * 60.0 + int(clock_seconds)
    if minutes is not None:
        return _number(minutes) * 60 + (_number(more) if more else 0.0)
    return next(_number(number) for number in plain if number is not None)


def _number(text: str) -> float:
    return float(text.replace(",", "."))
