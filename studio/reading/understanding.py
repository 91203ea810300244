"""Understanding: a prompt read into fields, each with the words that it was read from, and written back."""

import re
from collections.abc import Sequence

from engine.protocol.frozen import Frozen
from studio.project.bible import BibleEntry, EntryKind, appended, named
from studio.reading.marking import Mark, Marking
from studio.reading.tokens import Token, tokens_of, words_of
from studio.reading.vocabulary import FieldKind, Vocabulary, vocabulary

_OF_ENTRIES: dict[EntryKind, FieldKind] = {
    "character": "character",
    "place": "setting",
    "prop": "object",
    "look": "style",
}
_FEWEST_FOREIGN = 2
_LONGEST_PROMPT = 20_000
_LAST_WORD = re.compile(r"(^|(?<=\s))([^\W_]+)(\s+)$")


class Found(Frozen):
    """One thing that a prompt says.

    Attributes:
        start, length: where the words stand in the prompt, in characters.
        text: the words as typed, with the @ of a name.
        entry: id of the bible entry that is named.
    """

    kind: FieldKind
    start: int
    length: int
    text: str
    entry: str | None = None

    @property
    def end(self) -> int:
        """The place behind the last character."""
        return self.start + self.length


def understood(prompt: str, bible: Sequence[BibleEntry] = ()) -> tuple[Found, ...]:
    """What the prompt says, in its order; no two have a character in common.

    Names behind an @ are what the bible says they are. All else is English by word lists: of a prompt that is in
    another language nothing but those names is known, and of one far too long only the beginning is read.
    """
    names = named(prompt, bible)
    told = [
        Found(
            kind=_OF_ENTRIES[name.entry.kind],
            start=name.start,
            length=name.length,
            text=prompt[name.start : name.start + name.length],
            entry=name.entry.id,
        )
        for name in names
        if name.entry is not None
    ]
    tokens, words = tokens_of(prompt[:_LONGEST_PROMPT]), vocabulary()
    if not _is_english(tokens, words):
        return tuple(told)
    spans = [(name.start, name.start + name.length, name.entry) for name in names]
    marks = Marking(tokens, words, _name_marks(tokens, spans)).read()
    found = [_found(prompt, tokens, mark) for mark in marks if mark.entry is None]
    return tuple(sorted([*told, *found], key=lambda each: each.start))


def written(prompt: str, found: Found | None, words: str) -> str:
    """The prompt with other words for what was found in it; without them it goes, and for None they are added.

    All else stays as typed, but for the commas, articles and prepositions that go with what goes.

    Raises:
        ValueError: when what was found is not in this prompt.
    """
    words = words.strip()
    if found is None:
        return appended(prompt, words) if words else prompt
    if prompt[found.start : found.end] != found.text:
        raise ValueError(f"{found.text!r} does not stand at {found.start}")
    if words:
        return _agreeing(prompt[: found.start], found.text, words) + prompt[found.end :]
    return _without(prompt, found)


def _is_english(tokens: Sequence[Token], words: Vocabulary) -> bool:
    said = [token.word for token in tokens]
    others = sum(words.has("others", word) for word in said)
    return others < _FEWEST_FOREIGN or sum(words.has("own", word) for word in said) >= others


def _name_marks(tokens: Sequence[Token], spans: Sequence[tuple[int, int, BibleEntry | None]]) -> dict[int, Mark | None]:
    """Marks for names behind an @, by their first token; tokens of unknown names are marked as nothing."""
    marks: dict[int, Mark | None] = {}
    for start, end, entry in spans:
        inside = [index for index, token in enumerate(tokens) if start <= token.start and token.end <= end]
        if entry is None:
            marks |= dict.fromkeys(inside)
        elif inside:
            marks[inside[0]] = Mark(inside[0], inside[-1] + 1, _OF_ENTRIES[entry.kind], "noun", entry=entry.id)
    return marks


def _found(prompt: str, tokens: Sequence[Token], mark: Mark) -> Found:
    start, end = tokens[mark.first].start, tokens[mark.end - 1].end
    text = prompt[start:end]
    if mark.part == "noun" and text[-2:].casefold() in ("'s", "’s"):
        text = text[:-2]
    return Found(kind=mark.kind, start=start, length=len(text), text=text)


def _agreeing(before: str, old: str, new: str) -> str:
    """What stands before the new words, and those, with `a` or `an` as they need it where the old ones had it."""
    article = _LAST_WORD.search(before)
    if article is None or article[2].casefold() not in ("a", "an") or _takes_an(old) == _takes_an(new):
        return before + new
    right = "an" if _takes_an(new) else "a"
    return before[: article.start(2)] + (right.capitalize() if article[2][0].isupper() else right) + article[3] + new


def _takes_an(text: str) -> bool:
    return text[:1].casefold() in tuple("aeiou")


def _without(prompt: str, found: Found) -> str:
    """The prompt without it, and without the small words that led to it and what they leave behind."""
    words = vocabulary()
    before, after = prompt[: found.start], prompt[found.end :]
    if found.kind == "mood" and (told := words_of(after)[:1]) in words.sets["after_moods"]:
        after = after[after.casefold().index(told[0]) + len(told[0]) :]
    fence = max((each.end for each in understood(prompt) if each.end <= found.start), default=0)
    while found.kind not in ("mood", "action") and (last := _LAST_WORD.search(before)) and last.start() >= fence:
        if not any(words.has(role, last[2].casefold()) for role in ("determiners", "prepositions", "linking")):
            break
        before = before[: last.start()]
    return _closed(before, after, found.text)


def _closed(before: str, after: str, gone: str) -> str:
    """Two parts of a prompt put together, with one space or comma between them where there were two."""
    left, right = before.rstrip(), after.lstrip()
    if left == "" or left[-1] in ".!?":
        right = right.lstrip(".!?,;: ")
        first, _, rest = right.partition(" ")
        right = rest.lstrip() if vocabulary().has("linking", first.casefold()) else right
    if right == "" or right[0] in ".!?,;:":
        return left.rstrip(",;: ") + right
    return _agreeing(f"{left} ", gone, right) if left else right
