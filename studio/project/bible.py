"""The bible: recurring characters, places, props and looks, and how they get into a prompt."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from studio.project.value import Sha256, Text, Value

EntryKind = Literal["character", "place", "prop", "look"]
_SPACELESS = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "IDEOGRAPHIC", "HALFWIDTH")
"""Scripts that put no space between words, by the first word of their characters' Unicode names."""
_JOINERS = "_\u200c\u200d"


def _as_name(text: str) -> str:
    name = " ".join(unicodedata.normalize("NFC", text).split()).lstrip("@")
    if not name or not _is_word(name[0]):
        raise ValueError("a name begins with a letter or a digit")
    return name


class BibleEntry(Value):
    """Something that comes back in several shots.

    Attributes:
        name: what is typed behind an @; single spaces are part of it.
        description: what the model is told.
        images: sha256 of pictures of it.
    """

    id: str
    kind: EntryKind
    name: Annotated[Text, Field(max_length=1000), AfterValidator(_as_name)]
    description: Text = ""
    images: tuple[Sha256, ...] = ()


def bible_key(name: str) -> str:
    """Two names with the same key are the same name."""
    return unicodedata.normalize("NFC", name).casefold()


def folded(prompt: str, bible: Sequence[BibleEntry]) -> str:
    """The prompt as the model is to read it: deterministic, and shown to the user.

    `@Mara` becomes `Mara (her description)` where it first stands, and `Mara` after that; descriptions may name other
    entries. Looks come at the end unless they were named. What is behind an @ and not in the bible stays as typed.
    """
    said: set[str] = set()
    text = _told(prompt, bible, said)
    for entry in bible:
        if entry.kind == "look" and entry.id not in said:
            said.add(entry.id)
            text = appended(text, _told(entry.description, bible, said))
    return text


def unknown_names(prompt: str, bible: Sequence[BibleEntry]) -> tuple[str, ...]:
    """Names that stand behind an @ in the prompt and are not in the bible; each once, in their order."""
    pieces = _pieces(prompt, bible)
    return tuple(dict.fromkeys(piece.name for piece in pieces if isinstance(piece, _Mention) and piece.entry is None))


@dataclass(frozen=True)
class Named:
    """A name behind an @: where it stands in the text (in characters, with the @), and what it names, if anything."""

    start: int
    length: int
    entry: BibleEntry | None


def named(text: str, bible: Sequence[BibleEntry]) -> tuple[Named, ...]:
    """All names behind an @, in their order; none where the text is not NFC, as its places are not those then."""
    if not unicodedata.is_normalized("NFC", text):
        return ()
    found, at = list[Named](), 0
    for piece in _pieces(text, bible):
        length = len(piece) if isinstance(piece, str) else 1 + len(piece.name)
        if isinstance(piece, _Mention):
            found.append(Named(at, length, piece.entry))
        at += length
    return tuple(found)


def appended(text: str, addition: str) -> str:
    """Both, with a comma between them where the first does not end a sentence."""
    text, addition = text.rstrip(), addition.strip()
    if not text or not addition:
        return text or addition
    ends = unicodedata.category(text[-1]) == "Po" and text[-1] not in "\"'%&*@#\\/"
    return f"{text}{' ' if ends else ', '}{addition}"


@dataclass(frozen=True)
class _Mention:
    name: str
    entry: BibleEntry | None


def _told(text: str, bible: Sequence[BibleEntry], said: set[str]) -> str:
    """`said` holds the ids of the entries that have been described; it grows, so that circles end."""
    told: list[str] = []
    for piece in _pieces(text, bible):
        if isinstance(piece, str):
            told.append(piece)
        elif piece.entry is None:
            told.append(f"@{piece.name}")
        elif piece.entry.id in said or not piece.entry.description.strip():
            told.append(piece.entry.name)
        else:
            said.add(piece.entry.id)
            told.append(f"{piece.entry.name} ({_told(piece.entry.description.strip(), bible, said)})")
    return "".join(told)


def _pieces(text: str, bible: Sequence[BibleEntry]) -> Iterator[str | _Mention]:
    """The text in order, as what was typed and as what was named; every character of it is in one of them."""
    if "@" not in text:
        yield text
        return
    text = unicodedata.normalize("NFC", text)
    known = sorted(bible, key=lambda entry: -len(entry.name))
    done = at = 0
    while (at := text.find("@", at)) >= 0:
        found = _mention(text, at, known) if at == done or _may_begin(text, at) else None
        if found is None:
            at += 1
            continue
        yield text[done:at]
        yield found
        done = at = at + 1 + len(found.name)
    yield text[done:]


def _mention(text: str, at: int, known: Sequence[BibleEntry]) -> _Mention | None:
    """What the @ at this place names; `known` has the longest names first."""
    for entry in known:
        end = at + 1 + len(entry.name)
        if bible_key(text[at + 1 : end]) == bible_key(entry.name) and _may_end(text, end):
            return _Mention(text[at + 1 : end], entry)
    end = at + 1
    while end < len(text) and _is_word(text[end]):
        end += 1
    return _Mention(text[at + 1 : end], None) if end > at + 1 else None


def _may_begin(text: str, at: int) -> bool:
    """Whether the @ at this place is no part of a word, as it is in an address."""
    return at == 0 or not _is_word(text[at - 1]) or _is_spaceless(text[at - 1])


def _may_end(text: str, end: int) -> bool:
    """Whether a word can end before this place."""
    if end == len(text) or not _is_word(text[end]):
        return True
    return _is_spaceless(text[end - 1]) or _is_spaceless(text[end])


def _is_word(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character)[0] in "LMN"


def _is_spaceless(character: str) -> bool:
    return unicodedata.name(character, "").startswith(_SPACELESS)
