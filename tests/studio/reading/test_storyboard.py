"""A plan becomes shots and bible entries; what is in the project stays as it is."""

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.protocol.home import RESOURCES
from studio.project.bible import BibleEntry, folded
from studio.project.project import Project
from studio.project.shot import Shot
from studio.reading.plan import Line, Plan, PlannedEntry, PlannedShot, ScriptForm
from studio.reading.script import Script, ScriptError, script_of
from studio.reading.storyboard import add_storyboard, planned

PROSE = "The Walk\n\nMara opens the door. Mara smiles.\n\n“Where are you?” she asks.\n\nMara runs."
EMPTY = Project(id="p", name="Film", created_at=0.0)
PLAN = Plan(
    form="prose",
    encoding="utf-8",
    shots=(
        PlannedShot(
            name="One",
            prompt="Mara Lee and Mara walk at the Beach, @Mara, marathon",
            dialogue=(Line(speaker="Mara", text="Hello."), Line(speaker="", text="Who?")),
            seconds=3.5,
            transition="crossfade",
        ),
        PlannedShot(name="Two", prompt="Will the dog run?", seconds=2),
    ),
    entries=(
        PlannedEntry(kind="character", name="Mara", description="somebody else"),
        PlannedEntry(kind="character", name="Mara Lee", description="an old sailor"),
        PlannedEntry(kind="place", name="Beach"),
    ),
)


def test_shots_and_entries_are_added_and_nothing_is_overwritten() -> None:
    mara = BibleEntry(id="mine", kind="character", name="Mara", description="a tall woman")
    before = EMPTY.changed(bible=(mara,), shots=(Shot(id="first", name="First"),))
    ids = map(str, itertools.count())
    after = add_storyboard(before, PLAN, lambda: next(ids))
    assert after.bible[0] is mara
    assert [(entry.kind, entry.name, entry.description) for entry in after.bible[1:]] == [
        ("character", "Mara Lee", "an old sailor"),
        ("place", "Beach", ""),
    ]
    assert after.shots[0] is before.shots[0]
    one, two = after.shots[1:]
    assert (one.name, one.draft.seconds, one.transition) == ("One", 3.5, "crossfade")
    assert one.draft.prompt == "@Mara Lee and @Mara walk at the @Beach, @Mara, marathon"
    assert one.dialogue == ("Hello.", "Who?")
    assert two.draft.prompt == "Will the dog run?"
    assert folded(one.draft.prompt, after.bible).startswith("Mara Lee (an old sailor) and Mara (a tall woman)")


def test_twice_the_same_script_is_twice_the_shots_and_one_bible() -> None:
    once = add_storyboard(EMPTY, PLAN)
    twice = add_storyboard(once, PLAN)
    assert (len(twice.shots), twice.bible) == (4, once.bible)


def test_prose() -> None:
    made = planned(script_of(PROSE.encode()))
    assert made.title == "The Walk"
    assert [shot.prompt for shot in made.shots] == ["Mara opens the door. Mara smiles.", "Mara runs."]
    assert [line.text for line in made.shots[0].dialogue] == ["Where are you?"]
    assert [(entry.kind, entry.name) for entry in made.entries] == [("character", "Mara")]


def test_an_arabic_script_is_shots_by_paragraphs() -> None:
    text = "تمشي فتاة على الشاطئ. النوارس تحلق.\n\nيجلس صياد عجوز. «إلى أين تذهبين؟»\n\nيحل الليل."
    made = planned(script_of(text.encode()))
    assert [shot.prompt for shot in made.shots] == [
        "تمشي فتاة على الشاطئ. النوارس تحلق.",
        "يجلس صياد عجوز.",
        "يحل الليل.",
    ]
    assert [line.text for line in made.shots[1].dialogue] == ["إلى أين تذهبين؟"]
    assert made.entries == ()
    assert len(add_storyboard(EMPTY, made).shots) == 3


@pytest.mark.parametrize("form", ["fountain", "shot_list", "prose"])
def test_a_script_in_which_nothing_is_seen_is_empty(form: str) -> None:
    for text in ("* * *", "—", "\n\n", "Title: X\nAuthor: Y\n"[: 0 if form != "fountain" else None] or "..."):
        with pytest.raises(ScriptError) as caught:
            planned(Script(text, form))  # pyright: ignore[reportArgumentType]
        assert caught.value.kind == "empty"


def test_too_many_shots_are_refused() -> None:
    with pytest.raises(ScriptError) as caught:
        planned(Script("\n".join(f"- dog {index}" for index in range(10_001)), "shot_list"))
    assert caught.value.kind == "too_long"


def test_a_hundred_pages_take_seconds() -> None:
    page = (
        "INT. KITCHEN {0} - DAY\n\nMARA opens the door slowly and looks at the rain. TOM pours coffee into a cup.\n\n"
        "MARA\nI never thought that we would see this place again, did you?\n\nTOM\nNo, never.\n\n"
        "EXT. STREET {0} - NIGHT\n\nA red car drives through the wet street. The camera follows it to the harbour.\n\n"
    )
    text = "".join(page.format(index) * 2 for index in range(100))
    began_s = time.process_time()
    made = planned(script_of(text.encode(), ".fountain"))
    add_storyboard(EMPTY, made)
    assert len(made.shots) == 400
    assert time.process_time() - began_s < 10


def test_the_words_ship() -> None:
    assert (RESOURCES / "words" / "en.toml").is_file()


_PIECES = st.sampled_from(
    [
        *(
            "INT. ROOM - DAY",
            "EXT. SEA -- LATER #2#",
            "MARA",
            "TOM (V.O.)",
            "@x ^",
            "(softly)",
            "FADE OUT.",
            "> x <",
            "= a",
            "~la la",
        ),
        *(
            "# A",
            "## Shot 1: B (3 s)",
            "- a dog runs",
            "  - Camera: pan",
            "Duration: 9",
            "| a | Duration |",
            "|---|---|",
            "| b | 2 |",
        ),
        *(
            "“Where are you?” she asks.",
            "A DOG (30s), old, barks.",
            "[[5 s]]",
            "/*",
            "*/",
            "[[",
            "...",
            "日本。女孩走。",
            "«نعم أنا»",
            "---",
            "",
        ),
    ]
)
TEXTS = st.lists(_PIECES | st.text(max_size=20), max_size=25).map("\n".join)


@settings(deadline=None, max_examples=150)
@given(TEXTS, st.sampled_from(["fountain", "shot_list", "prose"]))
def test_any_text_is_a_storyboard_or_empty(text: str, form: ScriptForm) -> None:
    made = read(text.encode("utf-8", "replace"), form)
    if isinstance(made, str):
        assert made in ("empty", "not_text")
        return
    after = add_storyboard(EMPTY, made)
    assert len(after.shots) == len(made.shots) > 0
    assert all(shot.draft.seconds == told.seconds > 0 for shot, told in zip(after.shots, made.shots, strict=True))
    assert Project.model_validate_json(after.model_dump_json()) == after


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_script_or_told(content: bytes) -> None:
    made = read(content)
    assert made in ("empty", "not_text") if isinstance(made, str) else made.shots


def read(content: bytes, form: ScriptForm | None = None) -> Plan | str:
    """The plan, or the kind of the error."""
    try:
        script = script_of(content)
        return planned(Script(script.text, form or script.form))
    except ScriptError as error:
        return error.kind
