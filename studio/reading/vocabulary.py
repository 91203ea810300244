"""Vocabulary: the words of a language that tell something about a clip, from `resources/words`."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from engine.protocol.home import RESOURCES
from studio.reading.inflection import Form, forms, irregular_forms, plural
from studio.reading.tokens import words_of

FieldKind = Literal["character", "object", "action", "setting", "time", "mood", "camera", "style"]
FIELD_KINDS: tuple[FieldKind, ...] = (
    "character",
    "object",
    "action",
    "setting",
    "time",
    "mood",
    "camera",
    "style",
)
Part = Literal["noun", "fixed", "verb"]
Phrase = tuple[str, ...]
"""Words as they are compared: casefolded, hyphens are spaces."""
_Lists = Mapping[str, Mapping[str, str]]
_MORE_SETS = (
    ("skies", "times", "skies"),
    ("adjectives", "adjectives", "words"),
    ("after_moods", "moods", "after"),
    ("after_styles", "styles", "after"),
    ("by", "styles", "by"),
)


@dataclass(frozen=True)
class Sense:
    """What a phrase can be: nouns take adjectives before them, what is fixed does not, verbs have a form."""

    kind: FieldKind
    part: Part
    form: Form | None = None
    is_plural: bool = False


@dataclass(frozen=True)
class Vocabulary:
    """The words of one language.

    Attributes:
        senses: all that a phrase can be.
        longest: for a first word, how many words the longest phrase has that begins with it.
        sets: words that only hold others together, by their role.
        times, shot_types: what abbreviations and headings of scripts are in a prompt.
    """

    senses: dict[Phrase, tuple[Sense, ...]] = field(default_factory=dict[Phrase, tuple[Sense, ...]])
    longest: dict[str, int] = field(default_factory=dict[str, int])
    sets: dict[str, frozenset[Phrase]] = field(default_factory=dict[str, frozenset[Phrase]])
    times: dict[Phrase, str] = field(default_factory=dict[Phrase, str])
    shot_types: dict[Phrase, str] = field(default_factory=dict[Phrase, str])
    _firsts: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    def add(self, phrase: Phrase, sense: Sense) -> None:
        """Learn a phrase; the first sense of a kind stays."""
        known = self.senses.get(phrase, ())
        if phrase and all((each.kind, each.part) != (sense.kind, sense.part) for each in known):
            self.senses[phrase] = (*known, sense)
            self.longest[phrase[0]] = max(self.longest.get(phrase[0], 0), len(phrase))

    def firsts(self, role: str) -> frozenset[str]:
        """The words with which phrases of a role begin."""
        if role not in self._firsts:
            self._firsts[role] = frozenset(words[0] for words in self.sets[role])
        return self._firsts[role]

    def has(self, role: str, *words: str) -> bool:
        """Whether these words play the role."""
        return words in self.sets[role]


@cache
def vocabulary(language: str = "en") -> Vocabulary:
    """All words of a language that ships."""
    lists: _Lists = tomllib.loads((RESOURCES / "words" / f"{language}.toml").read_text("utf-8"))
    made = Vocabulary()
    _learn_nouns(made, lists)
    for phrase, kind in _fixed(lists):
        made.add(words_of(phrase), Sense(kind, "fixed"))
    verbs = {words[0]: irregular_forms(words) for words in map(str.split, listed(lists["verbs"]["irregular"]))}
    _learn_verbs(made, lists, verbs)
    for table in ("words", "language", "cameras", "paces", "scripts"):
        made.sets.update({role: _phrases(text) for role, text in lists[table].items()})
    for role in ("moves", "bare"):
        moves = listed(lists["cameras"][role])
        made.sets[role] = frozenset((form,) for verb in moves for form in verbs.get(verb) or forms(verb))
    for role, table, name in _MORE_SETS:
        made.sets[role] = _phrases(lists[table][name])
    made.times.update(_pairs(lists["scripts"]["times"]))
    made.shot_types.update(_pairs(lists["scripts"]["shot_types"]))
    return made


def _learn_nouns(made: Vocabulary, lists: _Lists) -> None:
    irregular = {words[0]: words[1] for words in map(str.split, listed(lists["plurals"]["irregular"]))}
    nouns: list[tuple[str, str, FieldKind]] = [
        (phrase, _plural(phrase, irregular), kind) for phrase, kind in _nouns(lists)
    ]
    for phrase, more, kind in nouns:  # first, as some nouns are listed as plurals too
        if more != phrase:
            made.add(words_of(more), Sense(kind, "noun", is_plural=True))
    for phrase, _, kind in nouns:
        made.add(words_of(phrase), Sense(kind, "noun"))
    for name in listed(lists["settings"]["names"]):
        made.add(words_of(name), Sense("setting", "noun"))


def _learn_verbs(made: Vocabulary, lists: _Lists, irregular: Mapping[str, dict[str, Form]]) -> None:
    never = set(listed(lists["verbs"]["not_actions"]))
    for verb in [*listed(lists["verbs"]["regular"]), *irregular]:
        for form, kind in (irregular.get(verb) or forms(verb)).items():
            if form not in never:
                made.add(words_of(form), Sense("action", "verb", kind))


def listed(text: str) -> list[str]:
    """The entries of a list in the file: between commas, on as many lines as it takes."""
    return [" ".join(entry.split()) for entry in text.split(",") if entry.strip()]


def _nouns(lists: _Lists) -> Iterator[tuple[str, FieldKind]]:
    rows: tuple[tuple[str, str, FieldKind], ...] = (
        ("characters", "people", "character"),
        ("characters", "animals", "character"),
        ("objects", "things", "object"),
        ("settings", "places", "setting"),
        ("settings", "weather", "setting"),
        ("times", "nouns", "time"),
        ("times", "skies", "time"),
    )
    for table, name, kind in rows:
        for phrase in listed(lists[table][name]):
            yield phrase, kind


def _fixed(lists: _Lists) -> Iterator[tuple[str, FieldKind]]:
    rows: tuple[tuple[str, str, FieldKind], ...] = (
        ("times", "fixed", "time"),
        ("cameras", "terms", "camera"),
        ("styles", "looks", "style"),
        ("moods", "words", "mood"),
    )
    for table, name, kind in rows:
        for phrase in listed(lists[table][name]):
            yield phrase, kind


def _pairs(text: str) -> Iterator[tuple[Phrase, str]]:
    for entry in listed(text):
        said, _, told = entry.partition(" = ")
        yield words_of(said), told


def _plural(noun: str, irregular: Mapping[str, str]) -> str:
    before, space, last = noun.rpartition(" ")
    return f"{before}{space}{irregular.get(last) or plural(last)}"


def _phrases(text: str) -> frozenset[Phrase]:
    return frozenset(words for entry in listed(text) if (words := words_of(entry)))
