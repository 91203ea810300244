"""Lists, headings and tables become shots."""

import pytest

from studio.reading.plan import Plan
from studio.reading.script import script_of
from studio.reading.storyboard import planned

LIST = """# My little film

## Characters
- Mara: a tall woman in a red coat
- **Tom** — her brother

## Locations
- Harbour

## Shot 1: The beach (4 s)
Wide shot of a beach at dawn, Mara walks along the water.
Camera: slow pan left
MARA: Good morning!

## Shot 2
Tom waves from the [pier](x.html). "Come here, Mara!" Tom shouts.

### INT. LIGHTHOUSE - NIGHT

1. Mara climbs the stairs (3s)
   - Duration: 5
   - Camera: low angle
   - Dialogue: "Is anybody there?"
2. A door opens slowly
3. Act two
   - Tom stands in the light
   - Mara laughs

## The end

| # | Shot | Description | Camera | Duration | Dialogue | Location |
|---|---|---|---|---|---|---|
| 1 | WS | A boat leaves | drone shot | 0:06 | | Harbour |
| 2 | CU | Mara cries | | 3 s | MARA: Goodbye | |
| | | | | | | |
"""


def plan(text: str) -> Plan:
    return planned(script_of(text.encode(), ".md"))


def test_a_shot_list() -> None:
    made = plan(LIST)
    assert made.title == "My little film"
    assert [(shot.name, shot.prompt, shot.is_timed) for shot in made.shots] == [
        ("The beach", "Wide shot of a beach at dawn, Mara walks along the water. slow pan left", True),
        ("Tom waves from the pier", "Tom waves from the pier.", False),
        ("Mara climbs the stairs", "Mara climbs the stairs, low angle, Lighthouse, at night", True),
        ("A door opens slowly", "A door opens slowly, Lighthouse, at night", False),
        ("Tom stands in the light", "Tom stands in the light, Lighthouse, at night", False),
        ("Mara laughs", "Mara laughs, Lighthouse, at night", False),
        ("1 A boat leaves", "A boat leaves, wide shot, drone shot, Harbour", True),
        ("2 Mara cries", "Mara cries, close-up", True),
    ]
    assert [shot.seconds for shot in made.shots if shot.is_timed] == [4, 5, 6, 3]
    assert [(line.speaker, line.text) for shot in made.shots for line in shot.dialogue] == [
        ("Mara", "Good morning!"),
        ("Tom", "Come here, Mara!"),
        ("", "Is anybody there?"),
        ("Mara", "Goodbye"),
    ]
    assert [(entry.kind, entry.name, entry.description) for entry in made.entries] == [
        ("character", "Mara", "a tall woman in a red coat"),
        ("character", "Tom", "her brother"),
        ("place", "Harbour", ""),
        ("place", "Lighthouse", ""),
    ]


def test_numbered_lines() -> None:
    made = planned(
        script_of(b'Shot 1: A red balloon rises (3 s)\nShot 2 (5s) - A child smiles. "Look, mama!"\nScene 3: A cat')
    )
    assert [(shot.prompt, shot.seconds, len(shot.dialogue)) for shot in made.shots] == [
        ("A red balloon rises", 3, 0),
        ("A child smiles.", 5, 1),
        ("A cat", 2, 0),
    ]


@pytest.mark.parametrize(
    "text",
    ["- " * 5000, "| a | b\n|--", "#\n##\n###", "> > > >", "```\ncode\n```", "[" * 5000, "- \n  - \n    - ", "|" * 999],
)
def test_odd_markdown_ends_in_shots_or_a_clear_error(text: str) -> None:
    made = plan(f"{text}\n\nA dog runs")
    assert any("dog runs" in shot.prompt for shot in made.shots)


def test_arabic_lists() -> None:
    made = plan("- تمشي فتاة على الشاطئ (4 s)\n- يجلس صياد على الصخور")
    assert [(shot.prompt, shot.seconds) for shot in made.shots] == [
        ("تمشي فتاة على الشاطئ", 4),
        ("يجلس صياد على الصخور", 2),
    ]
