"""Cast: who is named in a screenplay, by cues and introductions in capitals, and the same text without capitals."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from studio.reading.tokens import words_of
from studio.reading.understanding import Found
from studio.reading.vocabulary import vocabulary

_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_EXTENSION = re.compile(r"\([^)]*\)?|\^\s*$")
_AND = re.compile(r"\s+and\s+|\s*[&/+,]\s*", re.IGNORECASE)
_BRACKET = re.compile(r"\s*\(([^()]{1,200})\)")
_OUT_OF_SIGHT = re.compile(r"\(\s*(?:v\.?\s*o|o\.?\s*s|o\.?\s*c)\b", re.IGNORECASE)
_TITLES = {"mr": "Mr", "mrs": "Mrs", "ms": "Ms", "dr": "Dr"}
_LONGEST_ACRONYM = 3
_LONGEST_NAME_WORDS = 4
_LONGEST_PIECE_WORDS = 8
_MOST_NAMES = 4
_FEWEST_SHOTS = 2


@dataclass(frozen=True)
class Introduction:
    """Somebody named in capitals, and what is told of them there ("" for nothing): the text from `start` to `end`."""

    name: str
    description: str
    start: int
    end: int


def key_of(name: str) -> str:
    """Two names with the same key are one person's."""
    return " ".join(_EXTENSION.sub(" ", name).replace("’", "'").split()).strip(" .:").casefold()


def cue_names(cue: str) -> list[str]:
    """Who speaks under a cue: `MARA (CONT'D)` is Mara, and `MARA & TOM` are two; crowds are nobody."""
    bare = " ".join(_EXTENSION.sub(" ", cue).split()).strip(" .:^")
    parts = [part for part in _AND.split(bare) if part.strip()]
    crowds = vocabulary().sets["crowds"]
    return [titled(part) for part in parts[:_MOST_NAMES] if words_of(part) and words_of(part) not in crowds]


def is_out_of_sight(cue: str) -> bool:
    """Whether the cue says that only the voice is there: V.O., O.S., O.C."""
    return bool(_OUT_OF_SIGHT.search(cue))


def titled(name: str) -> str:
    """A name in capitals as names are written: `DR. O'NEIL` is Dr. O'Neil; others stay as they are."""
    return _WORD.sub(lambda match: _titled_word(match[0]), " ".join(name.split()))


def introductions(text: str, cues: Mapping[str, str]) -> Iterator[Introduction]:
    """All that a paragraph names in capitals and that is somebody: by a cue (in `cues` by key), age, or the words."""
    for start, end in _runs(text):
        shouted, rest = text[start:end], text[end:]
        bracket = _BRACKET.match(rest)
        known = cues.get(key_of(shouted))
        if known is None and not _is_somebody(shouted) and not (bracket and re.search(r"\d", bracket[1])):
            continue
        told_end = end + (bracket.end() if bracket else 0)
        apposition, length = _apposition(text[told_end:])
        parts = [*([bracket[1].strip()] if bracket else []), *([apposition] if apposition else [])]
        yield Introduction(known or titled(shouted), ", ".join(parts), end, told_end + length)


def calmed(text: str, names: Mapping[str, str]) -> str:
    """The text without capitals for emphasis; people (by key) keep theirs, and so do abbreviations."""
    parts: list[str] = []
    done = 0
    for start, end in _runs(text):
        begins = not text[:start].strip() or text[:start].rstrip()[-1] in ".!?:"
        parts += [text[done:start], _calm_run(text[start:end], names, begins)]
        done = end
    return "".join([*parts, text[done:]])


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """Stretches of words in capitals, one space apart."""
    start = end = -1
    for match in _WORD.finditer(text):
        shouted = match[0].isupper() and (len(match[0]) > 1 or end >= 0)
        dot = text[end : match.start()] == ". " and text[start:end].casefold() in _TITLES
        if shouted and end >= 0 and (text[end : match.start()] == " " or dot):
            end = match.end()
            continue
        if end >= 0:
            yield start, end
        start, end = (match.start(), match.end()) if match[0].isupper() and len(match[0]) > 1 else (-1, -1)
    if end >= 0:
        yield start, end


def _calm_run(run: str, names: Mapping[str, str], begins: bool) -> str:
    """One stretch: the longest names in it, all else small."""
    words, calm = run.split(" "), list[str]()
    while words:
        for length in range(min(len(words), _LONGEST_NAME_WORDS), 0, -1):
            if name := names.get(key_of(" ".join(words[:length]))):
                calm.append(name)
                del words[:length]
                break
        else:
            calm.append(_calm_word(words.pop(0)))
    text = " ".join(calm)
    return text[0].upper() + text[1:] if begins else text


def _calm_word(word: str) -> str:
    known = vocabulary()
    small = word.casefold()
    plain = any(known.has(role, small) for role in ("determiners", "prepositions", "verbal", "linking", "adjectives"))
    is_word = (small,) in known.senses and any(letter in "aeiouy" for letter in small)
    if len(word) <= _LONGEST_ACRONYM and not plain and not is_word:
        return word
    return word.lower()


def _titled_word(word: str) -> str:
    if not word.isupper() or (len(word) == 1 and word != "I"):
        return word

    def cased(part: re.Match[str]) -> str:
        is_ending = len(part[0]) == 1 and word[part.start() - 1 : part.start()] in ("'", "’")
        return part[0].lower() if is_ending else part[0].capitalize()

    return re.sub(r"[^\W_]+", cased, word)


def _is_somebody(shouted: str) -> bool:
    words = words_of(shouted)
    senses = vocabulary().senses
    for first in range(len(words)):
        if any(sense.kind == "character" and not sense.is_plural for sense in senses.get(words[first:], ())):
            return words not in vocabulary().sets["crowds"] and len(words) <= _LONGEST_NAME_WORDS
    return False


def _apposition(rest: str) -> tuple[str, int]:
    """What stands between commas behind a name, and how far it goes: `, 30s, in a red coat, ` tells of who it is."""
    if not rest.startswith(","):
        return "", 0
    sentence = re.split(r"(?<=[.!?;])\s", rest, maxsplit=1)[0]
    kept = list(_while_short(sentence.split(",")[1:-1]))
    length = sum(len(piece) + 1 for piece in kept)
    return ", ".join(piece.strip() for piece in kept), length + 1 if kept else 0


def _while_short(pieces: Iterable[str]) -> Iterator[str]:
    for piece in pieces:
        if not piece.strip() or len(piece.split()) > _LONGEST_PIECE_WORDS:
            return
        yield piece


def names_in(found: Iterable[Iterable[Found]]) -> list[str]:
    """Names of people that no list of words has and that at least two prompts say, in the order of the first."""
    senses = vocabulary().senses
    names: Counter[str] = Counter()
    for each in found:
        people = (one.text for one in each if one.kind == "character" and one.text[:1].isupper())
        names.update({name for name in people if not any((word,) in senses for word in words_of(name))})
    return [name for name, count in names.items() if count >= _FEWEST_SHOTS]
