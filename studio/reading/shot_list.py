"""Shot lists: Markdown headings, lists and tables, or numbered lines, as planned shots."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from studio.project.bible import EntryKind
from studio.reading.assembly import ShotDraft, joined, spoken_drafts
from studio.reading.cast import titled
from studio.reading.durations import cell_s, told_s
from studio.reading.fountain import Scene, scene_of
from studio.reading.plan import Line, PlannedEntry, planned_entry
from studio.reading.script import SCENE_HEADING
from studio.reading.tokens import words_of
from studio.reading.vocabulary import vocabulary

_SHOT = re.compile(r"(?:shot|scene|clip)\s*#?(\d+[a-z]?)\b\s*(.*)", re.IGNORECASE | re.DOTALL)
_TAKEN_OUT = " \t:.–—-|"
_KEYED = re.compile(r"([^\W\d_][\w ]{0,24}?)\s*[:=]\s+(\S.*)", re.DOTALL)
_SPOKEN = re.compile(r"([^\W\d_][\w .'’&-]{0,40}?)\s*(?:\([^)]*\))?\s*:\s*(\S.*)", re.DOTALL)
_ROLES = ("duration", "dialogue", "camera", "place", "style", "people", "visual", "name")
_ENTRY_KINDS: dict[str, EntryKind] = {"people": "character", "place": "place", "prop": "prop", "style": "look"}
_QUOTES = '"“”„«»「」'
_LONGEST_TITLE = 200
_LINK = re.compile(r"(?:!\[[^\[\]\n]*|\[([^\[\]\n]*))\]\([^()\n]*\)")
"""Links are their words, and pictures are nothing; the parser takes long over brackets that are never closed."""


@dataclass
class ShotList:
    """What is read of a shot list, from its first block to its last."""

    title: str = ""
    drafts: list[ShotDraft] = field(default_factory=list[ShotDraft])
    entries: list[PlannedEntry] = field(default_factory=list[PlannedEntry])
    _waiting: ShotDraft | None = None
    _scene: Scene = field(default_factory=Scene)
    _section: EntryKind | None = None

    def read(self, text: str) -> None:
        """Read all of it."""
        parser = MarkdownIt("commonmark").enable("table").disable(["link", "image"])
        for node in SyntaxTreeNode(parser.parse(_LINK.sub(r"\1", text))).children:
            self._block(node)
        self._settle()

    def _block(self, node: SyntaxTreeNode) -> None:
        match node.type:
            case "heading":
                self._take_heading(_plain(node), int(node.tag[1:]))
            case "paragraph":
                self._paragraph(_plain(node))
            case "bullet_list" | "ordered_list":
                for item in node.children:
                    self._item(item)
            case "table":
                self._table(node)
            case "blockquote":
                for child in node.children:
                    self._say("", _plain(child))
            case _:
                pass

    def _take_heading(self, text: str, level: int) -> None:
        self._settle()
        self._section = _section(text)
        shot = _SHOT.fullmatch(text)
        if self._section:
            return
        if SCENE_HEADING.match(text):
            self._set_scene(text)
        elif shot:
            seconds, name = told_s(shot[2].strip(_TAKEN_OUT))
            self._waiting = ShotDraft("", name=name, seconds=seconds)
        elif level == 1 and not self.title and not self.drafts:
            self.title = text[:_LONGEST_TITLE]
        else:
            self._scene = Scene()
            seconds, name = told_s(text)
            self._waiting = ShotDraft("", name=name, seconds=seconds) if seconds else None

    def _set_scene(self, line: str) -> None:
        self._scene = scene_of(line, before=self._scene)
        if self._scene.place:
            self.entries.append(planned_entry("place", self._scene.place))

    def _paragraph(self, text: str) -> None:
        """Each line that is told for itself is; the others belong together."""
        together: list[str] = []
        for line in text.split("\n"):
            if not (SCENE_HEADING.match(line) or _is_keyed(line)):
                together.append(line)
                continue
            self._prose(" ".join(together))
            together = []
            if SCENE_HEADING.match(line):
                self._settle()
                self._set_scene(line)
            elif not self._take(line):
                together.append(line)
        self._prose(" ".join(together))

    def _item(self, item: SyntaxTreeNode) -> None:
        text = " ".join(_plain(child) for child in item.children if child.type == "paragraph")
        inner = [each for child in item.children if child.type.endswith("_list") for each in child.children]
        if self._section and text:
            self._entry(text)
            return
        is_title = bool(inner) and not any(_is_keyed(_item_text(each)) for each in inner)
        if text and not is_title and not (_is_keyed(text) and self._take(text)):
            if self._waiting is None or self._waiting.text:
                self._settle()
            self._prose(text, keep=bool(inner))
        for each in inner:
            self._item(each)
        if inner:
            self._settle()

    def _entry(self, text: str) -> None:
        name, _, told = text.partition(":") if ":" in text else re.split(r"(\s[–—-]\s)", f"{text} - ", maxsplit=1)[:3]
        if words_of(name) and self._section:
            told = " ".join(told.split()).strip("- ")
            self.entries.append(planned_entry(self._section, titled(name), told))

    def _take(self, line: str) -> bool:
        """Take a line that is a shot's own, or tells one thing of the shot before it; False where there is none."""
        shot = _SHOT.fullmatch(line.strip())
        if shot:
            self._settle()
            self._waiting = _numbered(shot)
            return True
        current = self._waiting or (self.drafts[-1] if self.drafts else None)
        if current is None:
            return False
        role, spoken = _role_of(line), _speech_of(line)
        if role and (match := _KEYED.fullmatch(line.strip())):
            self._tell(current, role, match[2])
        elif spoken:
            self._say(*spoken)
        return bool(role or spoken)

    def _tell(self, draft: ShotDraft, role: str, told: str) -> None:
        """Put one thing that is told of a shot where it belongs."""
        match role:
            case "duration":
                draft.seconds = cell_s(told) or draft.seconds
            case "dialogue":
                spoken = _speech_of(told) or ("", told.strip(_QUOTES + " "))
                draft.lines += [Line(speaker=titled(spoken[0]), text=spoken[1])] if spoken[1] else []
            case "place":
                draft.after = (*draft.after, told)
                self.entries.append(planned_entry("place", told))
            case "visual":
                draft.text = joined([draft.text, told])
            case "name":
                camera = vocabulary().shot_types.get(words_of(told))
                draft.after = (*draft.after, camera) if camera else draft.after
                draft.name = draft.name if camera else told
            case _:
                draft.after = (*draft.after, told)

    def _prose(self, text: str, *, keep: bool = False) -> None:
        """A shot of what a text shows; with `keep` what comes next may tell more of it."""
        parts, said = spoken_drafts(text)
        for line in said:
            self._say(line.speaker, line.text)
        if not parts:
            return
        waiting = self._waiting
        if waiting is not None and not waiting.text:
            waiting.text, waiting.seconds = parts[0].text, parts[0].seconds or waiting.seconds
            waiting.lines += parts[0].lines
            parts[0] = waiting
        elif waiting is not None:
            self._settle()
        self._waiting = parts.pop() if keep else None
        for part in parts:
            self._add(part)

    def _say(self, speaker: str, text: str) -> None:
        current = self._waiting or (self.drafts[-1] if self.drafts else None)
        if current is not None and text.strip():
            current.lines.append(Line(speaker=titled(speaker), text=" ".join(text.split()).strip(_QUOTES + " ")))

    def _table(self, table: SyntaxTreeNode) -> None:
        self._settle()
        rows = [[_plain(cell) for cell in row.children] for part in table.children for row in part.children]
        roles = _roles(rows[0]) if rows else []
        for row in rows[1:]:
            draft = ShotDraft("")
            for role, cell in zip(roles, row, strict=False):
                if cell.strip() and role:
                    self._tell(draft, role, " ".join(cell.split()))
            if draft.text or draft.after or draft.lines:
                self._add(draft)

    def _settle(self) -> None:
        """Let the shot go that was still being told of."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None and (waiting.text or waiting.name or waiting.lines):
            self._add(waiting)

    def _add(self, draft: ShotDraft) -> None:
        draft.text = draft.text or draft.name
        draft.after = (*draft.after, *(part for part in (self._scene.place, self._scene.time) if part))
        self.drafts.append(draft)


def _numbered(shot: re.Match[str]) -> ShotDraft:
    """A shot by its number; the words behind it are its name and, where no others come, what is seen."""
    seconds, text = told_s(shot[2])
    drafts, said = spoken_drafts(text.strip(_TAKEN_OUT))
    text = joined([draft.text for draft in drafts])
    return ShotDraft(text, lines=said + [line for draft in drafts for line in draft.lines], seconds=seconds)


def _is_keyed(line: str) -> bool:
    return bool(_SHOT.fullmatch(line.strip()) or _role_of(line) or _speech_of(line))


def _section(text: str) -> EntryKind | None:
    words = words_of(text)
    known = vocabulary()
    return next((kind for role, kind in _ENTRY_KINDS.items() if words in known.sets[role]), None)


def _role_of(line: str) -> str | None:
    """What a line like `Camera: slow pan` tells of a shot."""
    match = _KEYED.fullmatch(line.strip())
    words = words_of(match[1]) if match else ()
    known = vocabulary()
    return next((role for role in _ROLES if words in known.sets[role]), None)


def _speech_of(line: str) -> tuple[str, str] | None:
    """Who says what in a line like `MARA: Hello.` or `Mara: "Hello."`."""
    match = _SPOKEN.fullmatch(line.strip())
    if match and (match[1].isupper() or match[2][0] in _QUOTES) and _role_of(line) is None:
        return match[1], match[2].strip(_QUOTES + " ")
    return None


def _roles(header: Sequence[str]) -> list[str | None]:
    """What each column of a table tells; where none tells what is seen, the last unknown one does."""
    known = vocabulary()
    roles = [next((role for role in _ROLES if words_of(cell) in known.sets[role]), None) for cell in header]
    roles = [role if words_of(cell) else "name" for role, cell in zip(roles, header, strict=True)]
    if "visual" not in roles and None in roles:
        roles[len(roles) - 1 - roles[::-1].index(None)] = "visual"
    return list(roles)


def _plain(node: SyntaxTreeNode) -> str:
    """The text of a block, without marks; lines stay lines."""
    if node.type in ("text", "code_inline"):
        return node.content
    if node.type in ("softbreak", "hardbreak"):
        return "\n"
    if node.type in ("image", "html_inline", "fence", "code_block", "html_block"):
        return ""
    return "".join(_plain(child) for child in node.children)


def _item_text(item: SyntaxTreeNode) -> str:
    return " ".join(_plain(child) for child in item.children if child.type == "paragraph")
