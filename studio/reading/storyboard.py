"""Storyboard: from a script to a plan, and from a plan to shots and bible entries of a project."""

import re
from collections.abc import Callable, Iterator

from studio.project.bible import BibleEntry, bible_key, named
from studio.project.draft import Draft
from studio.project.project import Project
from studio.project.shot import Shot
from studio.project.value import new_id
from studio.reading.assembly import ShotDraft, finished, spoken_drafts
from studio.reading.cast import names_in
from studio.reading.plan import MOST_SHOTS, Plan, PlannedEntry, planned_entry
from studio.reading.script import Script, ScriptError

_LONGEST_TITLE_WORDS = 10
_ENDS = re.compile(r"[.!?؟。！？…:,;]\W*$")


def planned(script: Script) -> Plan:
    """The shots of a script, with the people and places that come up in it.

    Raises:
        ScriptError: "empty" when nothing in it can be seen; "too_long".
    """
    title, drafts, entries = _read(script)
    if not drafts:
        raise ScriptError("empty")
    if len(drafts) > MOST_SHOTS:
        raise ScriptError("too_long", f"{len(drafts)} shots")
    shots = finished(drafts)
    if script.form != "fountain":
        people = names_in(draft.found for draft in drafts)
        entries = [*entries, *(planned_entry("character", name) for name in people)]
    return Plan(title=title, form=script.form, encoding=script.encoding, shots=shots, entries=tuple(_once(entries)))


def add_storyboard(project: Project, plan: Plan, ids: Callable[[], str] = new_id) -> Project:
    """The project with the plan's shots behind its own, and with those entries that its bible has not.

    Names of the bible, old and new, stand behind an @ in the new prompts.
    """
    known = {bible_key(entry.name) for entry in project.bible}
    new = [entry for entry in plan.entries if bible_key(entry.name) not in known]
    added = [BibleEntry(id=ids(), kind=each.kind, name=each.name, description=each.description) for each in new]
    bible = (*project.bible, *added)
    mention = _mentioning(bible)
    shots = [
        Shot(
            id=ids(),
            name=shot.name,
            draft=Draft(prompt=mention(shot.prompt), seconds=shot.seconds),
            transition=shot.transition,
            dialogue=tuple(line.text for line in shot.dialogue),
        )
        for shot in plan.shots
    ]
    return project.changed(bible=bible, shots=(*project.shots, *shots)) if shots or added else project


def _read(script: Script) -> tuple[str, list[ShotDraft], list[PlannedEntry]]:
    match script.form:
        case "fountain":
            from studio.reading.fountain import Screenplay

            read = Screenplay()
        case "shot_list":
            from studio.reading.shot_list import ShotList

            read = ShotList()
        case "prose":
            title, drafts = _prose(script.text)
            return title, drafts, []
    read.read(script.text)
    return read.title, read.drafts, read.entries


def _prose(text: str) -> tuple[str, list[ShotDraft]]:
    """Its title, and its shots by paragraphs; what is said goes to the shot it stands in, or to the one before."""
    paragraphs = _paragraphs(text)
    title = ""
    if len(paragraphs) > 1 and len(paragraphs[0].split()) <= _LONGEST_TITLE_WORDS and not _ENDS.search(paragraphs[0]):
        title = paragraphs.pop(0)
    drafts: list[ShotDraft] = []
    for paragraph in paragraphs:
        found, said = spoken_drafts(paragraph)
        drafts += found or ([] if drafts else [ShotDraft("")])
        drafts[-1].lines += said
    return title, [draft for draft in drafts if draft.text or draft.lines]


def _paragraphs(text: str) -> list[str]:
    """Between empty lines; where there are none, each line that ends a sentence ends a paragraph."""
    blocks = [" ".join(block.split()) for block in re.split(r"\n\s*\n", text)]
    if len(blocks) == 1:
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        if sum(bool(_ENDS.search(line)) for line in lines) > len(lines) / 2:
            blocks = lines
    return [block for block in blocks if any(letter.isalnum() for letter in block)]


def _once(entries: list[PlannedEntry]) -> Iterator[PlannedEntry]:
    """Each name once, with the first description that there is."""
    first: dict[str, PlannedEntry] = {}
    for entry in entries:
        try:
            name = BibleEntry(id="", kind=entry.kind, name=entry.name).name
        except ValueError:
            continue
        known = first.setdefault(bible_key(name), entry.changed(name=name))
        if not known.description and entry.description:
            first[bible_key(name)] = known.changed(description=entry.description)
    yield from first.values()


def _mentioning(bible: tuple[BibleEntry, ...]) -> Callable[[str], str]:
    """What puts an @ before names; those with small letters only are words, and stay as they are."""
    names = sorted((entry.name for entry in bible if entry.kind != "look"), key=len, reverse=True)
    names = [name for name in names if name != name.lower() or name.upper() == name.lower()]
    if not names:
        return lambda prompt: prompt
    pattern = re.compile(rf"(?<![\w@])(?:{'|'.join(map(re.escape, names))})(?!\w)")

    def mention(prompt: str) -> str:
        kept = [(each.start, each.start + each.length) for each in named(prompt, bible)]
        return pattern.sub(
            lambda match: match[0] if any(start <= match.start() < end for start, end in kept) else f"@{match[0]}",
            prompt,
        )

    return mention
