"""Marking: which words of an English text tell something about the clip, by word lists and a few rules."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from studio.reading.tokens import Token
from studio.reading.vocabulary import FieldKind, Part, Sense, Vocabulary

_DECADE = re.compile(r"(?:1[89]|20)?\d0s")
_LONGEST_NAME = 3
_LONGEST_STYLE = 5
_LONGEST_RUN = 4


@dataclass(frozen=True)
class Mark:
    """Tokens from `first` to before `end` that tell one thing; the name of a bible entry is a noun."""

    first: int
    end: int
    kind: FieldKind
    part: Part
    is_plural: bool = False
    entry: str | None = None


@dataclass
class Marking:
    """One text while it is read, from its first word to its last.

    Attributes:
        names: marks of what is behind an @, by their first token; None for those that are not in the bible.
    """

    tokens: list[Token]
    vocabulary: Vocabulary
    names: Mapping[int, Mark | None] = field(default_factory=dict[int, Mark | None])
    marks: list[Mark] = field(default_factory=list[Mark])

    def read(self) -> list[Mark]:
        """All marks, in order; no two have a token in common."""
        at = 0
        while at < len(self.tokens):
            if at in self.names:
                name = self.names[at]
                self.marks += [name] if name else []
                at = name.end if name else at + 1
                continue
            mark = self._camera(at) or self._made_by(at) or self._phrase(at) or self._named(at)
            at = self._keep(mark) if mark else at + 1
        return self.marks

    def _keep(self, mark: Mark) -> int:
        """Take the words before it that belong to it; where reading goes on."""
        if mark.part == "noun" and mark.entry is None:
            mark = self._with_modifiers(mark)
        elif mark.kind == "camera" and self._is(mark.first - 1, "how") and self._joined(mark.first):
            mark = _moved(mark, mark.first - 1)
        elif mark.kind == "style":
            mark = self._with_looks(mark)
        elif mark.part == "verb":
            mark = self._with_adverbs(mark)
        while self.marks and self.marks[-1].end > mark.first:
            self.marks.pop()
        kind = mark.kind
        if kind == "time" and self._words(mark.first, mark.end) in self.vocabulary.sets["skies"]:
            if self._word(mark.first) == "day":
                return mark.end
            kind = "setting"
        self.marks.append(Mark(mark.first, mark.end, kind, mark.part, mark.is_plural, mark.entry))
        return mark.end

    def _phrase(self, at: int) -> Mark | None:
        """The longest phrase that begins here and makes sense here."""
        for length in range(self.vocabulary.longest.get(self._bare(at), 0), 0, -1):
            end = at + length
            if end > len(self.tokens) or not all(self._joined(index) for index in range(at + 1, end)):
                continue
            words = (*self._words(at, end - 1), self._bare(end - 1))
            sense = self._sense(at, end, self.vocabulary.senses.get(words, ()))
            if sense:
                return self._extended(Mark(at, end, sense.kind, sense.part, sense.is_plural))
        return None

    def _extended(self, mark: Mark) -> Mark:
        """A term with the move that goes on from it: `handheld camera follows her`, `slow pan left`."""
        if mark.kind != "camera":
            return mark
        last, end = self._word(mark.end - 1), None
        if last == "camera" and self._joined(mark.end):
            end = self._move_end(mark.end)
        elif self._is(mark.end - 1, "bare"):
            end = self._move_end(mark.end - 1)
        return Mark(mark.first, end or mark.end, "camera", "fixed")

    def _sense(self, at: int, end: int, senses: tuple[Sense, ...]) -> Sense | None:
        """Which of the senses fits what stands around; nouns go before verbs where both do."""
        verb = next((sense for sense in senses if sense.part == "verb"), None)
        other = next((sense for sense in senses if sense.part != "verb"), None)
        if verb is None:
            return other
        if other is not None and (other.part == "fixed" or not self._speaks_for_a_verb(at, verb)):
            return other
        return verb if self._can_be_a_verb(at, end, verb) else None

    def _speaks_for_a_verb(self, at: int, verb: Sense) -> bool:
        before = self._before(at)
        if before is None and self._is(at - 1, "linking"):
            return bool(self.marks) and self.marks[-1].part == "verb" and self.marks[-1].end >= at - 3
        if before is None and verb.form == "present" and self._is_unheard_of(at - 1):
            return not self._starts_a_noun(at + 1)
        if before is None:
            return self._is(at - 1, "verbal") or self._is_adverb(at - 1)
        if before.part != "noun" or not self._joined(at):
            return False
        if before.kind == "character" or (before.is_plural and verb.form == "base"):
            return True
        return verb.form == "present" and (self._is(at + 1, "determiners") or self._starts_a_noun(at + 1))

    def _can_be_a_verb(self, at: int, end: int, verb: Sense) -> bool:
        if verb.form == "going" or (self._word(end) == "like" and self._word(at).startswith("look")):
            return verb.form == "going"
        if not self._joined(at):
            return verb.form == "present"
        before = self._before(at)
        if before is None:
            return not self._is_determined(at) and (verb.form == "present" or self._is_led_to(at))
        if verb.form == "present":
            return before.part != "noun" or before.kind != "time"
        if verb.form == "base":
            return before.is_plural or before.entry is not None or self._follows_an_and(at)
        return before.part == "noun" and not self._starts_a_noun(end)

    def _is_led_to(self, at: int) -> bool:
        """Whether a verb is expected: behind `and`, `who`, an adverb or a name."""
        return self._is(at - 1, "verbal") or self._is_adverb(at - 1) or self._looks_like_a_name(at - 1)

    def _is_determined(self, at: int) -> bool:
        """Whether a determiner, number, preposition or adjective stands before it, as before nouns."""
        roles = ("determiners", "prepositions", "adjectives", "numbers")
        return self._word(at - 1) != "to" and any(self._is(at - 1, role) for role in roles)

    def _starts_a_noun(self, at: int) -> bool:
        senses = self.vocabulary.senses.get(self._words(at, at + 1), ()) if self._joined(at) else ()
        return any(sense.part == "noun" for sense in senses)

    def _follows_an_and(self, at: int) -> bool:
        return any(self._word(index) == "and" for index in range(max(0, at - 4), at))

    def _with_modifiers(self, mark: Mark) -> Mark:
        """A noun with the adjectives, numbers and nouns before it: `two small red mountain huts`."""
        first = mark.first
        while first > 0 and self._joined(first) and first - 1 not in self._named_tokens:
            taken = self._modifier(first)
            if taken is None:
                break
            first = taken
        return _moved(mark, first)

    def _modifier(self, first: int) -> int | None:
        """Where the modifier begins that ends before this token."""
        before = self._before(first)
        if before is not None and before.part != "verb":
            is_compound = before.part == "noun" and not before.is_plural and not self._is_possessive(before.end - 1)
            is_compound = is_compound and before.entry is None
            return before.first if is_compound else None
        if self._word(first - 1) == "of" and self._is(first - 2, "groups") and self._joined(first - 1):
            return first - 2
        for length in (2, 1):
            words = self._words(first - length, first)
            if length <= first and words in self.vocabulary.sets["adjectives"]:
                return first - length
        roles = ("numbers", "intensifiers")
        unheard_of = self._is_unheard_of(first - 1) or (self._is_title(first) and self._is_title(first - 1))
        return first - 1 if unheard_of or any(self._is(first - 1, role) for role in roles) else None

    def _is_title(self, at: int) -> bool:
        """Whether it is written as part of a name, within a sentence: `Washington Square`."""
        token = self.tokens[at]
        return token.text[0].isupper() and not token.begins and not self._is(at, "verbal")

    def _is_unheard_of(self, at: int) -> bool:
        """Whether it is in no list and stands where modifiers do: `a cobblestone street`."""
        word = self._word(at)
        led = self._joined(at) and (self._is(at - 1, "determiners") or self._is(at - 1, "adjectives"))
        held = ("determiners", "prepositions", "verbal", "linking", "own")
        known = (word,) in self.vocabulary.senses or any(self._is(at, role) for role in held)
        return led and word.isalpha() and not known

    def _with_adverbs(self, mark: Mark) -> Mark:
        """A verb with what says how and where to: `gently drifting to the left`."""
        is_led = self._is_adverb(mark.first - 1) and self._joined(mark.first) and self._before(mark.first) is None
        end = mark.end
        while end < len(self.tokens) and self._joined(end):
            longer = self._run(end, "directions") or (end + 1 if self._is_adverb(end) else 0)
            if not longer:
                break
            end = longer
        return Mark(mark.first - is_led, end, mark.kind, mark.part)

    def _with_looks(self, mark: Mark) -> Mark:
        """A look with its decade and what says that it is one: `90s VHS footage`, `western film style`."""
        is_dated = bool(_DECADE.fullmatch(self._word(mark.first - 1))) and self._joined(mark.first)
        end = mark.end
        while self._joined(end) and self._is(end, "after_styles"):
            end += 1
        return Mark(mark.first - is_dated, end, mark.kind, mark.part)

    def _camera(self, at: int) -> Mark | None:
        """A move: `the camera slowly pulls back`, `zoom in`."""
        if self._word(at) == "camera":
            end = self._move_end(at + 1) if self._joined(at + 1) else None
            return Mark(at, end, "camera", "fixed") if end else None
        before = self._before(at)
        if not self._is(at, "bare") or (before and before.part == "noun" and self._joined(at)):
            return None
        end = self._move_end(at)
        return Mark(at, end, "camera", "fixed") if end and end > at + 1 else None

    def _move_end(self, at: int) -> int | None:
        """The end of a move that begins here, if there is one."""
        end, moves = at, False
        found: int | None = None
        while end < len(self.tokens) and (end == at or self._joined(end)):
            longer = self._run(end, "where") or (self._run(end, "whom") if moves else None)
            if self._is(end, "moves"):
                longer, moves = end + 1, True
            if longer:
                end = found = longer
            elif self._is(end, "how"):
                end += 1
            else:
                break
        return found if moves else None

    def _made_by(self, at: int) -> Mark | None:
        """`in the style of` somebody, or `by` somebody with a name."""
        start = self._run(at, "by")
        if start is None or start >= len(self.tokens):
            return None
        end = start
        while end < len(self.tokens) and end - start < _LONGEST_STYLE and self._joined(end):
            is_name = self._is_name_part(end) or (end > start and self._is(end, "name_particles"))
            if self._is(end, "prepositions") or (start == at + 1 and not is_name):
                break
            end += 1
        return Mark(at, end, "style", "fixed") if end > start else None

    def _named(self, at: int) -> Mark | None:
        """A name that no list has, before a verb: `Mara walks`."""
        end = at
        while end < len(self.tokens) and end - at < _LONGEST_NAME and self._looks_like_a_name(end):
            end += 1
            if self._is_acting(end):
                return Mark(at, end, "character", "noun")
            if end < len(self.tokens) and not self._joined(end):
                break
        return None

    def _is_acting(self, at: int) -> bool:
        at += self._word(at) in ("is", "was")
        senses = self.vocabulary.senses.get(self._words(at, at + 1), ()) if self._joined(at) else ()
        return any(sense.part == "verb" and sense.form != "base" for sense in senses)

    def _looks_like_a_name(self, at: int) -> bool:
        return self._is_name_part(at) and (self._word(at),) not in self.vocabulary.senses

    def _is_name_part(self, at: int) -> bool:
        if not 0 <= at < len(self.tokens):
            return False
        text = self.tokens[at].text
        held = ("determiners", "prepositions", "verbal", "adjectives", "numbers", "how")
        is_plain = not any(self._is(at, role) for role in held)
        return len(text) > 1 and text[0].isupper() and is_plain and not self._is_adverb(at)

    @cached_property
    def _named_tokens(self) -> frozenset[int]:
        spans = [range(at, mark.end if mark else at + 1) for at, mark in self.names.items()]
        return frozenset(index for span in spans for index in span)

    def _before(self, at: int) -> Mark | None:
        """The mark that ends right before this token."""
        return self.marks[-1] if self.marks and self.marks[-1].end == at else None

    def _run(self, at: int, role: str) -> int | None:
        """The end of the longest phrase of this role that begins here."""
        if self._word(at) not in self.vocabulary.firsts(role):
            return None
        for length in range(_LONGEST_RUN, 0, -1):
            joined = all(self._joined(index) for index in range(at + 1, at + length))
            if joined and self._words(at, at + length) in self.vocabulary.sets[role]:
                return at + length
        return None

    def _words(self, first: int, end: int) -> tuple[str, ...]:
        return self._all_words[max(first, 0) : end]

    def _word(self, at: int) -> str:
        return self._all_words[at] if 0 <= at < len(self.tokens) else ""

    @cached_property
    def _all_words(self) -> tuple[str, ...]:
        return tuple(token.word for token in self.tokens)

    def _bare(self, at: int) -> str:
        """The word without its possessive ending."""
        return self._word(at).removesuffix("'s")

    def _is_possessive(self, at: int) -> bool:
        return self._word(at).endswith("'s")

    def _is_adverb(self, at: int) -> bool:
        word = self._word(at)
        return len(word) > 4 and word.endswith("ly") and (word,) not in self.vocabulary.senses

    def _is(self, at: int, role: str) -> bool:
        return (self._word(at),) in self.vocabulary.sets.get(role, frozenset())

    def _joined(self, at: int) -> bool:
        return 0 < at < len(self.tokens) and self.tokens[at].joined


def _moved(mark: Mark, first: int) -> Mark:
    return Mark(first, mark.end, mark.kind, mark.part, mark.is_plural, mark.entry)
