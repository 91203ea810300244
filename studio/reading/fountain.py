"""Fountain: a screenplay as planned shots, one for each thing that happens in a scene."""

# screenplain says nothing of its types.
# pyright: standard
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from screenplain.parsers.fountain import parse_lines
from screenplain.types import Action, Dialog, DualDialog, Slug
from screenplain.types import Transition as WrittenTransition

from engine.protocol.film import Transition
from studio.reading.assembly import ShotDraft, drafts_of
from studio.reading.cast import calmed, cue_names, introductions, is_out_of_sight, key_of, titled
from studio.reading.durations import told_s
from studio.reading.plan import Line, PlannedEntry, planned_entry
from studio.reading.tokens import words_of
from studio.reading.understanding import understood
from studio.reading.vocabulary import vocabulary

_HEADING = re.compile(r"(INT\.?/EXT|EXT\.?/INT|I/E|INT|EXT|EST)[. ]+", re.IGNORECASE)
_DASH = re.compile(r"\s+[-–—]+\s+|\s*[–—]\s*")
_TITLE_CARD = re.compile(r"\b(?:SUPER|SUPERIMPOSE|TITLE|CHYRON|CAPTION)\s*:\s*(?:[\"“][^\"”]*[\"”]|[^.!?]*)[.!?]*")
_MOST_SAID_S = 15.0
_TRANSITIONS: tuple[tuple[str, Transition], ...] = (
    ("dissolve", "crossfade"),
    ("crossfade", "crossfade"),
    ("cross fade", "crossfade"),
    ("fade", "dip"),
)


@dataclass(frozen=True)
class Scene:
    """Where and when the shots are that follow."""

    number: str = ""
    place: str = ""
    time: str = ""
    inside: bool = False


@dataclass
class Screenplay:
    """What is read of a screenplay, from its first paragraph to its last."""

    title: str = ""
    drafts: list[ShotDraft] = field(default_factory=list[ShotDraft])
    entries: list[PlannedEntry] = field(default_factory=list[PlannedEntry])
    _scene: Scene = field(default_factory=Scene)
    _scenes: int = 0
    _in_scene: list[ShotDraft] = field(default_factory=list[ShotDraft])
    _people: dict[str, str] = field(default_factory=dict[str, str])
    _told: dict[str, str] = field(default_factory=dict[str, str])
    _places: dict[str, tuple[str, bool]] = field(default_factory=dict[str, tuple[str, bool]])

    def read(self, text: str) -> None:
        """Read all of it."""
        lines, synopses = _prepared(text)
        screenplay = parse_lines(lines)
        paragraphs = list(screenplay)
        self.title = " ".join(str(line) for line in screenplay.get_rich_attribute("Title"))
        for cue in _cues(paragraphs):
            self._people |= {key_of(name): name for name in cue_names(cue)}
        for paragraph in paragraphs:
            self._take(paragraph)
        if not self.drafts:
            for synopsis in synopses:
                self._action(synopsis)
        people = [(name, self._told.get(key, "")) for key, name in self._people.items()]
        self.entries = [planned_entry("character", name, told) for name, told in people]
        for name, inside in self._places.values():
            told = next(iter(vocabulary().sets["inside"]))[0] if inside else ""
            self.entries.append(planned_entry("place", name, told))

    def _take(self, paragraph: object) -> None:
        match paragraph:
            case Slug():
                self._heading(str(paragraph.line), str(paragraph.scene_number or ""))
            case Action() if not paragraph.centered:
                self._action(" ".join(str(line) for line in paragraph.lines))
            case Dialog():
                self._speech(paragraph)
            case DualDialog():
                self._speech(paragraph.left)
                self._speech(paragraph.right)
            case WrittenTransition():
                self._transition(str(paragraph.line))
            case _:
                pass

    def _heading(self, line: str, number: str) -> None:
        self._scenes += 1
        self._scene = scene_of(line, number or str(self._scenes), self._scene)
        self._in_scene = []
        if self._scene.place:
            self._places.setdefault(key_of(self._scene.place), (self._scene.place, self._scene.inside))

    def _action(self, text: str) -> None:
        if text.lstrip().startswith("~"):
            self._say(Line(speaker="", text=text.strip("~ ")), seen="")
            return
        if text.isupper() and words_of(text)[:1] in vocabulary().sets["transitions"]:
            self._transition(text)
            return
        text = _TITLE_CARD.sub("", text)
        for found in reversed(list(introductions(text, self._people))):
            key = key_of(found.name)
            self._people.setdefault(key, found.name)
            if found.description:
                self._told.setdefault(key, calmed(found.description, self._people))
                text = f"{text[: found.start]}{text[found.end :]}"
        for draft in drafts_of(text, ages=True):
            draft.text = calmed(draft.text, self._people)
            self._add(draft)

    def _speech(self, speech: Dialog) -> None:
        cue = str(speech.character)
        names = cue_names(cue)
        said = " ".join(str(text) for is_aside, text in speech.blocks if not is_aside)
        asides = [str(text).strip("() ") for is_aside, text in speech.blocks if is_aside]
        seconds, _ = told_s(" ".join(f"({aside})" for aside in asides))
        seen = "" if is_out_of_sight(cue) else ", ".join([*names, *(aside for aside in asides if seconds is None)][:3])
        if said.strip():
            self._say(Line(speaker=" & ".join(names) or titled(cue), text=said), seen)

    def _say(self, line: Line, seen: str) -> None:
        """Put a line to the shot that is there, or to a new one of who speaks."""
        last = self._in_scene[-1] if self._in_scene else None
        if last is None or last.said_s > _MOST_SAID_S:
            last = ShotDraft(seen)
            self._add(last)
        last.lines.append(line)

    def _add(self, draft: ShotDraft) -> None:
        scene = self._scene
        draft.after = tuple(part for part in (scene.place, scene.time) if part)
        self._in_scene.append(draft)
        self.drafts.append(draft)
        if scene.number:
            draft.name = f"{scene.number}.{len(self._in_scene)} {scene.place}".strip()

    def _transition(self, line: str) -> None:
        if "FADE IN" in line.upper():
            return
        for word, transition in _TRANSITIONS:
            if word in line.casefold() and self.drafts:
                self.drafts[-1].transition = transition
                return


def scene_of(line: str, number: str = "", before: Scene | None = None) -> Scene:
    """Where and when a scene is, from its heading; `CONTINUOUS` and the like are when the one before was."""
    heading = _HEADING.match(line)
    pieces = [
        piece.strip(" .") for piece in _DASH.split(line[heading.end() :] if heading else line) if piece.strip(" .")
    ]
    known, time, place = vocabulary(), "", list[str]()
    for piece in pieces:
        words = words_of(piece)
        if words in known.sets["same_time"]:
            time = time or (before.time if before else "")
        elif place and (told := known.times.get(words)):
            time = told
        elif place and any(found.kind == "time" for found in understood(piece.lower())):
            time = piece.lower()
        else:
            place.append(titled(piece))
    inside = heading is not None and heading[1].casefold().startswith("int") and "/" not in heading[1]
    return Scene(number, " ".join(place), time, inside)


def _cues(paragraphs: list[object]) -> Iterator[str]:
    for paragraph in paragraphs:
        match paragraph:
            case Dialog():
                yield str(paragraph.character)
            case DualDialog():
                yield str(paragraph.left.character)
                yield str(paragraph.right.character)
            case _:
                pass


def _prepared(text: str) -> tuple[list[str], list[str]]:
    """The lines without what the parser takes for something else, and the synopses among them.

    Remarks and notes go, but for lengths in notes, which stay in brackets.
    """
    text = _cut(text, "/*", "*/", lambda _: "")
    text = _cut(text, "[[", "]]", _length_in).replace("[[", "")  # the parser takes long over what is never closed
    lines, synopses = list[str](), list[str]()
    for line in text.split("\n"):
        line = re.sub(r"(?<=\S)[ \t]{3,}", "  ", line)
        if line.startswith("=") and not line.startswith("=="):
            synopses.append(line[1:].strip())
        else:
            lines.append(line)
    return lines, [synopsis for synopsis in synopses if synopsis]


def _length_in(note: str) -> str:
    seconds, _ = told_s(f"({note.strip()})")
    return f"({seconds:g} s)" if seconds else ""


def _cut(text: str, opening: str, closing: str, kept: Callable[[str], str]) -> str:
    """The text with `kept` of what is between marks; a mark that is never closed stays."""
    parts, done = list[str](), 0
    while (start := text.find(opening, done)) >= 0 and (end := text.find(closing, start + 2)) >= 0:
        parts += [text[done:start], kept(text[start + 2 : end])]
        done = end + 2
    return "".join([*parts, text[done:]])
