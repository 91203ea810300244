"""A screenplay becomes shots, people and places; nothing of what is said or remarked is seen."""

from studio.reading.fountain import scene_of
from studio.reading.plan import Plan
from studio.reading.script import Script
from studio.reading.storyboard import planned

SCRIPT = """Title: The Pier
Author: Nobody

FADE IN:

EXT. BEACH - SUNSET #7A#

= Mara comes home.

MARA (30s, in a red coat) walks along the water. GULLS circle overhead. [[5 s]]

[[a note
over two lines]]

An OLD FISHERMAN, 70, bent and smiling, mends a net.

MARA
(softly)
Is this the way to the pier?

OLD FISHERMAN
It always *was*.

DISSOLVE TO:

INT. LIGHTHOUSE - STAIRCASE - NIGHT

Mara climbs the stairs. A DOOR SLAMS. The TV flickers.

MARA (V.O.) (CONT'D)
I had not been here for ten years.

/* cut this
out */

EXT. PIER - CONTINUOUS

@McAVOY
Stop!

DR. O'NEIL
What?

MARA & TOM ^
Nothing.

ALL
Hurrah!

FADE OUT.

> THE END <
"""


def plan(text: str) -> Plan:
    return planned(Script(text, "fountain"))


def test_a_screenplay() -> None:
    made = plan(SCRIPT)
    assert made.title == "The Pier"
    assert [(shot.name, shot.prompt) for shot in made.shots] == [
        ("7A.1 Beach", "Mara walks along the water. Gulls circle overhead. Beach, at sunset"),
        ("7A.2 Beach", "An Old Fisherman mends a net. Beach, at sunset"),
        (
            "2.1 Lighthouse Staircase",
            "Mara climbs the stairs. A door slams. The TV flickers. Lighthouse Staircase, at night",
        ),
        ("3.1 Pier", "McAVOY, Pier, at night"),
    ]
    assert (made.shots[0].seconds, made.shots[0].is_timed) == (5, True)
    assert [shot.transition for shot in made.shots] == ["cut", "crossfade", "cut", "dip"]
    assert [(line.speaker, line.text) for line in made.shots[1].dialogue] == [
        ("Mara", "Is this the way to the pier?"),
        ("Old Fisherman", "It always was."),
    ]
    assert [line.text for line in made.shots[3].dialogue] == ["Stop!", "What?", "Nothing.", "Hurrah!"]
    assert [(entry.kind, entry.name, entry.description) for entry in made.entries] == [
        ("character", "Mara", "30s, in a red coat"),
        ("character", "Old Fisherman", "70, bent and smiling"),
        ("character", "McAVOY", ""),
        ("character", "Dr. O'Neil", ""),
        ("character", "Tom", ""),
        ("place", "Beach", ""),
        ("place", "Lighthouse Staircase", "interior"),
        ("place", "Pier", ""),
    ]


def test_headings() -> None:
    day = scene_of("INT. KITCHEN - DAY")
    assert (day.place, day.time, day.inside) == ("Kitchen", "in daylight", True)
    assert scene_of("INT./EXT. CAR - RAINY NIGHT").time == "rainy night"
    assert not scene_of("INT./EXT. CAR - NIGHT").inside
    assert scene_of("EXT. MARA'S HOUSE – GARDEN – LATER", before=day).time == "in daylight"
    assert scene_of("EXT. MARA'S HOUSE – GARDEN").place == "Mara's House Garden"
    assert scene_of("MONTAGE").place == "Montage"


def test_long_talk_is_more_than_one_shot() -> None:
    talk = "\n\n".join(f"{name}\nI never thought that we would see this old place again, did you?" for name in "AB" * 6)
    shots = plan(f"INT. ROOM - DAY\n\nTwo friends sit.\n\n{talk}").shots
    assert len(shots) > 2
    assert all(shot.seconds < 30 for shot in shots)
    assert shots[1].prompt.startswith(("A, Room", "B, Room"))


def test_long_action_is_split_at_sentences() -> None:
    sentence = "The old man walks along the empty pier and looks out at the grey and stormy sea."
    shots = plan(f"EXT. PIER - DAY\n\n{' '.join([sentence] * 6)}").shots
    assert len(shots) > 2
    assert all(shot.prompt.startswith("The old man walks") and "sea. Pier" in shot.prompt for shot in shots)


def test_an_outline_of_synopses_is_told_by_them() -> None:
    assert [shot.prompt for shot in plan("# Act one\n\n= A dog runs.\n\n= A cat sleeps.").shots] == [
        "A dog runs.",
        "A cat sleeps.",
    ]


def test_remarks_that_are_never_closed_stay_bounded() -> None:
    assert len(plan("INT. ROOM - DAY\n\n" + "[[ a /* b " * 20_000).shots) > 0
