"""Assembly: planned shots from what a script says of them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from engine.protocol.film import Transition
from studio.project.bible import appended
from studio.reading.durations import LONGEST_ACTION_S, LONGEST_S, SEEN_WORDS_PER_S, count_words, guessed_s, told_s
from studio.reading.plan import LONGEST_NAME, Line, PlannedShot
from studio.reading.tokens import words_of
from studio.reading.understanding import Found, understood
from studio.reading.vocabulary import vocabulary

_CUT = "\ue000"
_SENTENCE = re.compile(rf"(?<=[.!?؟。！？…])[\"'”’»){_CUT}]*(?:\s+|(?<=[。！？]))")
_QUOTED = re.compile(r"[“„\"«「]([^“”„\"«»「」\n]{2,600})[”“\"»」]")
_NAME_LETTERS = 40
_NAME_WORDS = 6
_FEWEST_SPOKEN_WORDS = 2
_LONGEST_TAG_WORDS = 4
_CHUNK_S = 8.0


@dataclass
class ShotDraft:
    """A shot while its script is read.

    Attributes:
        text: what is seen.
        after: what is put behind it: the place, the time of day.
        seconds: as told; None to guess.
    """

    text: str
    name: str = ""
    after: tuple[str, ...] = ()
    lines: list[Line] = field(default_factory=list[Line])
    seconds: float | None = None
    transition: Transition = "cut"

    @cached_property
    def found(self) -> tuple[Found, ...]:
        """What its text says, when the script is read."""
        return understood(self.text)

    @property
    def said_s(self) -> float:
        """How long what is said takes."""
        return guessed_s("", [line.text for line in self.lines], ()) if self.lines else 0.0

    def finished(self) -> PlannedShot:
        """The shot as it is planned."""
        prompt = joined([self.text, *dict.fromkeys(self.after)])
        seconds = self.seconds or guessed_s(self.text, [line.text for line in self.lines], self.found)
        first_words = short_name(self.text or prompt)
        is_number = not any(letter.isalpha() for letter in self.name)
        return PlannedShot(
            name=(f"{self.name[:_NAME_LETTERS]} {first_words}".strip() if is_number else self.name)[:LONGEST_NAME],
            prompt=prompt,
            dialogue=tuple(self.lines),
            seconds=min(seconds, LONGEST_S),
            is_timed=self.seconds is not None,
            transition=self.transition,
        )


def finished(drafts: Iterable[ShotDraft]) -> tuple[PlannedShot, ...]:
    """The planned shots."""
    return tuple(draft.finished() for draft in drafts)


def short_name(text: str) -> str:
    """A name for a shot from the first words of its prompt."""
    name = " ".join(re.findall(r"[\w'’-]+", text[: 4 * _NAME_LETTERS])[:_NAME_WORDS])
    while len(name) > _NAME_LETTERS and " " in name:
        name = name.rpartition(" ")[0]
    return name[:_NAME_LETTERS] or "…"


def joined(parts: Sequence[str]) -> str:
    """Parts of a prompt as one."""
    text = ""
    for part in parts:
        text = appended(text, part)
    return text


def drafts_of(text: str, *, ages: bool = False) -> list[ShotDraft]:
    """One shot for a paragraph, or as many as it needs when it is long and no length is told."""
    seconds, text = told_s(" ".join(text.split()), ages=ages)
    if not any(letter.isalnum() for letter in text):
        return []
    parts = [text] if seconds is not None else split_long(text)
    return [ShotDraft(part, seconds=seconds) for part in parts]


def split_long(text: str) -> list[str]:
    """Text in stretches of whole sentences, each short enough for one shot where its sentences are."""
    if _length_s(text) <= LONGEST_ACTION_S:
        return [text]
    parts: list[str] = []
    for sentence in sentences(text):
        together = f"{parts[-1]} {sentence}" if parts else sentence
        if parts and _length_s(together) <= _CHUNK_S:
            parts[-1] = together
        else:
            parts.append(sentence)
    return parts


def sentences(text: str) -> list[str]:
    """The sentences of a text, in any script that ends them with a mark."""
    ends = [0, *(match.end() for match in _SENTENCE.finditer(text)), len(text)]
    found = [text[start:end].strip() for start, end in pairwise(ends)]
    return [sentence for sentence in found if sentence]


def spoken_drafts(text: str) -> tuple[list[ShotDraft], list[Line]]:
    """The shots of a paragraph with what is said in quotation marks in each; all lines where nothing is seen."""
    seen, lines = _with_cuts(" ".join(text.split()))
    drafts, left = drafts_of(seen), list(lines)
    for draft in drafts:
        count = draft.text.count(_CUT)
        draft.lines, left = left[:count], left[count:]
        draft.text = re.sub(r"\s+([,.;:!?،؛])", r"\1", " ".join(draft.text.replace(_CUT, " ").split())).strip(" ,;،")
    return drafts, [] if drafts else lines


def _with_cuts(text: str) -> tuple[str, list[Line]]:
    """The text with a mark for each quotation, without `Mara says` beside it, and what is said; a word is no speech."""
    lines: list[Line] = []

    def taken(match: re.Match[str]) -> str:
        if count_words(match[1]) < _FEWEST_SPOKEN_WORDS:
            return match[0]
        lines.append(Line(speaker="", text=match[1].strip(" ,،")))
        return _CUT

    pieces = _QUOTED.sub(taken, text.replace(_CUT, "")).split(_CUT)
    for place, piece in enumerate(pieces):
        kept = list(sentences(piece)) if lines else [piece]
        for index, line in ((0, place - 1), (-1, place)):
            if kept and 0 <= line < len(lines) and (speaker := _tag_in(kept[index])) is not None:
                lines[line] = Line(speaker=speaker or lines[line].speaker, text=lines[line].text)
                del kept[index]
        pieces[place] = " ".join(kept)
    return f"{_CUT} ".join(pieces), lines


def _tag_in(sentence: str) -> str | None:
    """Who speaks by a sentence like `Mara says.` ("" for `she says`); None when it is another one."""
    known, words = vocabulary(), words_of(sentence)
    if len(words) > _LONGEST_TAG_WORDS or not any(known.has("speaking", word) for word in words[:3]):
        return None
    names = (word for word in re.findall(r"[^\W\d_][\w'’-]*", sentence) if word[0].isupper())
    return next((name for name in names if not known.has("pronouns", name.casefold())), "")


def _length_s(text: str) -> float:
    return count_words(text) / SEEN_WORDS_PER_S
