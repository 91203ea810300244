"""What is behind an @ reaches the model, in any script; what is unknown stays and is told."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from studio.project.bible import BibleEntry, appended, bible_key, folded, unknown_names


def entry(name: str, description: str, kind: str = "character") -> BibleEntry:
    return BibleEntry.model_validate({"id": name, "kind": kind, "name": name, "description": description})


BIBLE = (
    entry("Mara", "a tall woman in a red coat"),
    entry("Mara Lee", "an old sailor"),
    entry("Pier", "a wooden pier", "place"),
    entry("小明", "一个小男孩"),
    entry("मीरा", "एक लड़की"),
    entry("Катя", "девочка"),
    entry("مارا", "امرأة طويلة"),
    entry("Zoë", "a cat"),
    entry("Bare", ""),
)


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("@Mara walks", "Mara (a tall woman in a red coat) walks"),
        ("walks @mara, @MARA smiles", "walks Mara (a tall woman in a red coat), Mara smiles"),
        ("@Mara Lee at @Pier.", "Mara Lee (an old sailor) at Pier (a wooden pier)."),
        ("@Mara Leeds", "Mara (a tall woman in a red coat) Leeds"),
        ("(@Pier)", "(Pier (a wooden pier))"),
        ("海滩上@小明在走", "海滩上小明 (一个小男孩)在走"),
        ("@Mara在海滩", "Mara (a tall woman in a red coat)在海滩"),
        ("@मीरा चलती", "मीरा (एक लड़की) चलती"),
        ("@катя, бежит", "Катя (девочка), бежит"),
        ("@مارا تمشي", "مارا (امرأة طويلة) تمشي"),
        ("@ZOE\u0308 sleeps", "Zoë (a cat) sleeps"),
        ("@Bare", "Bare"),
        ("@Mara@Pier", "Mara (a tall woman in a red coat)Pier (a wooden pier)"),
    ],
)
def test_names_are_told(prompt: str, told: str) -> None:
    assert folded(prompt, BIBLE) == told


@pytest.mark.parametrize(
    ("prompt", "unknown"),
    [
        ("@Maras walks with @Bob and @bob, @Bob", ("Maras", "Bob", "bob")),
        ("mail me@mara.com at 5 @ noon @", ()),
        ("@मीरान", ("मीरान",)),
        ("@Катями и @Иван", ("Катями", "Иван")),
        ("@Mara and @Pier", ()),
        ("no names", ()),
    ],
)
def test_unknown_names_stay_and_are_told(prompt: str, unknown: tuple[str, ...]) -> None:
    assert unknown_names(prompt, BIBLE) == unknown
    for name in unknown:
        assert f"@{name}" in folded(prompt, BIBLE)


def test_looks_apply_to_every_prompt_once() -> None:
    bible = (entry("Grain", "film grain", "look"), *BIBLE, entry("Teal", "teal shadows", "look"))
    assert folded("a beach", bible) == "a beach, film grain, teal shadows"
    assert folded("A beach.", bible) == "A beach. film grain, teal shadows"
    assert folded("", bible) == "film grain, teal shadows"
    assert folded("@grain on a beach", bible) == "Grain (film grain) on a beach, teal shadows"


def test_descriptions_may_name_others_and_circles_end() -> None:
    bible = (entry("A", "friend of @B"), entry("B", "friend of @A and @Nobody"))
    assert folded("@A and @B", bible) == "A (friend of B (friend of A and @Nobody)) and B"


@given(st.text(st.characters(exclude_categories=["Cs"])))
@settings(deadline=None)
def test_a_prompt_without_known_names_stays_as_it_is(prompt: str) -> None:
    assert folded(prompt, ()) == prompt or "@" in prompt
    assert "@" in prompt or unknown_names(prompt, BIBLE) == ()


@given(st.lists(st.sampled_from(["@Mara", "@Mara Lee", "@pier", "@Bob", " ", "x", "@", "，", "小", ".", "a@b"])))
@settings(deadline=None)
def test_it_is_the_same_every_time_and_tells_each_description_once(parts: list[str]) -> None:
    told = folded("".join(parts), BIBLE)
    assert told == folded("".join(parts), tuple(reversed(BIBLE)))
    assert all(told.count(each.description) <= 1 for each in BIBLE if each.description)
    for name in unknown_names("".join(parts), BIBLE):
        assert bible_key(name) not in {bible_key(each.name) for each in BIBLE}


@pytest.mark.parametrize("name", ["", " ", "@", "...", "\ud800", "🏖"])
def test_a_name_has_letters(name: str) -> None:
    with pytest.raises(ValidationError):
        entry(name, "x")


def test_names_are_written_in_one_way() -> None:
    assert entry(" @Old   Pier ", "x").name == "Old Pier"
    assert entry("e\u0301", "x").name == "é"
    assert folded(f"@{'x' * 300}", (entry("x" * 300, "long"),)).endswith("(long)")


def test_appending() -> None:
    assert [appended("a", "b"), appended("a!", "b"), appended("", "b"), appended("a", " "), appended("海。", "b")] == [
        "a, b",
        "a! b",
        "b",
        "a",
        "海。 b",
    ]
