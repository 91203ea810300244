"""A length that is told wins; one that is not is guessed from what happens and what is said."""

import pytest

from studio.reading.durations import LONGEST_S, SHORTEST_S, cell_s, count_words, guessed_s, told_s


@pytest.mark.parametrize(
    ("text", "seconds", "rest"),
    [
        ("Mara walks (3 s) home.", 3, "Mara walks home."),
        ("A boat (0:05).", 5, "A boat."),
        ("A boat [1 min 30 s]", 90, "A boat"),
        ("(duration: 2.5 sec) A boat", 2.5, "A boat"),
        ("A boat (~4 seconds)", 4, "A boat"),
        ("The shot holds for 4 seconds.", 4, "The shot holds for 4 seconds."),
        ("A boat (20s)", 20, "A boat"),
        ("A boat (0 s)", None, "A boat (0 s)"),
        ("A boat (9999 s)", None, "A boat (9999 s)"),
        ("A boat (red)", None, "A boat (red)"),
        ("in the 1980s, 35mm", None, "in the 1980s, 35mm"),
    ],
)
def test_told(text: str, seconds: float | None, rest: str) -> None:
    assert told_s(text) == (seconds, rest)


def test_an_age_is_no_length() -> None:
    assert told_s("MARA (30s) enters", ages=True) == (None, "MARA (30s) enters")
    assert told_s("MARA (30s) enters (5 s)", ages=True) == (5, "MARA (30s) enters")


@pytest.mark.parametrize(
    ("cell", "seconds"), [("3", 3), ("3s", 3), ("0:03", 3), ("1:02:03", 3723), ("2-4 s", 4), ("1 min", 60), ("-", None)]
)
def test_cells(cell: str, seconds: float | None) -> None:
    assert cell_s(cell) == (seconds if seconds != 3723 else None)


def test_guesses_grow_with_what_happens_and_is_said() -> None:
    one = guessed_s("A dog runs")
    many = guessed_s("A dog runs across the wet street, jumps over a fence, barks at a cat and climbs a tree")
    slow = guessed_s("A dog slowly walks across the wide and empty street, waits and gazes at the long, still lake")
    assert SHORTEST_S <= one < many < 15
    assert slow > SHORTEST_S
    ten_words = "one two three four five six seven eight nine ten"
    assert guessed_s("A dog", [ten_words]) == 5.0  # 10 words at 2.5 a second, and a pause
    assert guessed_s("A dog", [ten_words] * 2) == 9.0
    assert guessed_s("word " * 5000) <= 30
    assert guessed_s("", ["word " * 50_000]) == LONGEST_S


def test_words_are_counted_in_any_script() -> None:
    assert count_words("تمشي فتاة على الشاطئ") == 4
    assert count_words("女孩在海滩上行走") == 4
    assert count_words("") == 0
