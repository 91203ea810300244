"""A prompt is read into fields by words of our own, and what is changed in a field is changed in the prompt."""

import json
import tomllib
from collections import Counter
from itertools import chain, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.project.bible import BibleEntry
from studio.reading.understanding import Found, understood, written
from studio.reading.vocabulary import FIELD_KINDS, FieldKind, vocabulary

HERE = Path(__file__).parent
STARTER = HERE.parents[2] / "packaging" / "starter" / "words" / "en.json"
BIBLE = (
    BibleEntry(id="m", kind="character", name="Mara", description="a tall woman"),
    BibleEntry(id="p", kind="place", name="Old Pier"),
    BibleEntry(id="k", kind="prop", name="Kite"),
    BibleEntry(id="l", kind="look", name="Retro"),
    BibleEntry(id="a", kind="character", name="مارا"),
)


def said(prompt: str) -> list[str]:
    return [f"{found.kind}: {found.text}" for found in understood(prompt)]


def score(name: str) -> tuple[dict[FieldKind, tuple[float, float]], float, float]:
    """Precision and recall by kind, and of all; a field counts when its kind and its words are right."""
    right, found, wanted = Counter[str](), Counter[str](), Counter[str]()
    for row in tomllib.loads((HERE / name).read_text("utf-8"))["prompt"]:
        got = {(each.kind, each.text.casefold()) for each in understood(row["text"])}
        expected = {(kind, words.casefold()) for kind in FIELD_KINDS for words in row.get(kind, [])}
        right.update(kind for kind, _ in got & expected)
        found.update(kind for kind, _ in got)
        wanted.update(kind for kind, _ in expected)
    by_kind = {kind: (right[kind] / found[kind], right[kind] / wanted[kind]) for kind in FIELD_KINDS}
    return by_kind, right.total() / found.total(), right.total() / wanted.total()


@pytest.mark.parametrize(
    ("name", "least", "least_of_a_kind"), [("prompts.toml", 0.99, 0.95), ("prompts_unseen.toml", 0.97, 0.9)]
)
def test_prompts_are_understood(name: str, least: float, least_of_a_kind: float) -> None:
    by_kind, precision, recall = score(name)
    assert min(precision, recall) >= least, by_kind
    assert min(min(pair) for pair in by_kind.values()) >= least_of_a_kind, by_kind


def test_all_words_of_the_starter_are_understood() -> None:
    lists = json.loads(STARTER.read_text("utf-8"))
    wanted: dict[str, set[str]] = {
        "time": {"time"},
        "setting": {"setting", "object"},
        "camera": {"camera"},
        "style": {"style"},
        "weather": {"setting", "character", "object"},
        "leaves": {"object"},
        "subject": {"character", "object"},
    }
    for name, kinds in wanted.items():
        for choices in lists[name].values():
            for text in chain(*choices.values()) if isinstance(choices, dict) else choices:
                prompt = text.replace("{c}", "red").replace("{pc}", "blue")
                assert not prompt or kinds & {found.kind for found in understood(prompt)}, (name, prompt)


@pytest.mark.parametrize(
    ("prompt", "fields"),
    [
        ("the woman waves", ["character: woman", "action: waves"]),
        ("ocean waves", ["object: ocean waves"]),
        ("city lights at night", ["object: city lights", "time: night"]),
        ("the detective lights a lamp", ["character: detective", "action: lights", "object: lamp"]),
        ("dogs run, a morning run", ["character: dogs", "action: run", "time: morning"]),
        ("a painted chair", ["object: painted chair"]),
        ("Mara opens the door", ["character: Mara", "action: opens", "object: door"]),
        ("a chef's knife", ["character: chef", "object: knife"]),
        ("a cobblestone street", ["setting: cobblestone street"]),
        ("in the style of Van Gogh, a boat", ["style: in the style of Van Gogh", "object: boat"]),
        ("a boat by Vincent van Gogh", ["object: boat", "style: by Vincent van Gogh"]),
        ("a raccoon that looks like a turtle", ["character: raccoon", "character: turtle"]),
        ("tense atmosphere", ["mood: tense"]),
        ("HOT-AIR BALLOON", ["object: HOT-AIR BALLOON"]),
        ("the sky", ["setting: sky"]),
        ("a purple sky", ["time: purple sky"]),
        ("", []),
        ("@ # 1234 ?!", []),
        ("xqzt vrbl", []),
    ],
)
def test_a_word_is_what_its_neighbours_make_it(prompt: str, fields: list[str]) -> None:
    assert said(prompt) == fields


@pytest.mark.parametrize(
    "prompt",
    [
        "فتاة تمشي على الشاطئ عند غروب الشمس",
        "一个女孩在海滩上行走",
        "Un chat noir court dans la rue sous la pluie",
        "Una mujer camina en la playa al atardecer",
        "ein Hund rennt über die Wiese",
        "девочка идёт по берегу",
        "हवा में गुब्बारा",
    ],
)
def test_of_other_languages_nothing_is_invented(prompt: str) -> None:
    assert said(prompt) == []


def test_names_are_what_the_bible_says() -> None:
    found = understood("@Mara flies the @kite at @Old Pier, @Retro, with @Nobody", BIBLE)
    assert [(each.kind, each.text, each.entry) for each in found] == [
        ("character", "@Mara", "m"),
        ("action", "flies", None),
        ("object", "@kite", "k"),
        ("setting", "@Old Pier", "p"),
        ("style", "@Retro", "l"),
    ]
    arabic = understood("@مارا تمشي على الشاطئ", BIBLE)
    assert [(each.kind, each.text) for each in arabic] == [("character", "@مارا")]


def test_a_huge_prompt_is_read_from_its_beginning() -> None:
    found = understood("a dog runs, " * 20_000)
    assert 0 < len(found) < 10_000
    assert found[0].text == "dog"


@pytest.mark.parametrize(
    ("prompt", "kind", "words", "expected"),
    [
        ("A serene beach at sunset with waves", "time", "dawn", "A serene beach at dawn with waves"),
        ("A serene beach at sunset with waves", "time", "", "A serene beach with waves"),
        ("A serene beach at sunset", "mood", "", "A beach at sunset"),
        ("an eerie forest", "mood", "", "a forest"),
        ("A dog runs", "character", "old man", "An old man runs"),
        ("an old man walks", "character", "young woman", "a young woman walks"),
        ("a beach, tense atmosphere, slow pan left", "mood", "", "a beach, slow pan left"),
        ("wide shot, a dog", "camera", "", "a dog"),
        ("a dog, wide shot", "camera", "", "a dog"),
        ("a dog. Wide shot.", "camera", "", "a dog."),
        ("a dog and a cat run", "character", "", "a cat run"),
        ("cinematic", "style", "", ""),
    ],
)
def test_a_field_is_written_back(prompt: str, kind: str, words: str, expected: str) -> None:
    found = next(each for each in understood(prompt) if each.kind == kind)
    assert written(prompt, found, words) == expected


def test_a_field_is_added() -> None:
    assert written("a dog runs", None, "at dawn") == "a dog runs, at dawn"
    assert written("A dog runs.", None, "wide shot") == "A dog runs. wide shot"
    assert written("", None, "wide shot") == "wide shot"
    assert written("a dog", None, "  ") == "a dog"


def test_a_field_of_another_prompt_is_not_written() -> None:
    with pytest.raises(ValueError, match="does not stand"):
        written("a cat", Found(kind="character", start=2, length=3, text="dog"), "fox")


_WORDS = sorted({word for phrase in vocabulary().senses for word in phrase})[::7]
_SMALL = [
    "a",
    "an",
    "the",
    "with",
    "in",
    "at",
    "and",
    ",",
    ".",
    "@Mara",
    "@x",
    "İ",
    "—",
    "日",
    "slowly",
    "camera",
    "pan",
    "left",
]
PROMPTS = st.lists(st.sampled_from([*_WORDS, *_SMALL]), max_size=14).map(" ".join) | st.text(max_size=60)


@settings(deadline=None)
@given(PROMPTS)
def test_fields_are_the_prompts_own_words_and_lie_apart(prompt: str) -> None:
    found = understood(prompt, BIBLE)
    assert all(prompt[each.start : each.end] == each.text and each.text for each in found)
    assert all(first.end <= second.start for first, second in pairwise(found))


@settings(deadline=None)
@given(PROMPTS, st.data())
def test_writing_keeps_all_else(prompt: str, data: st.DataObject) -> None:
    found = understood(prompt, BIBLE)
    if not found:
        return
    chosen = data.draw(st.sampled_from(found))
    assert written(prompt, chosen, chosen.text) == prompt
    replaced = written(prompt, chosen, "zebra")
    assert "zebra" in replaced
    assert replaced.endswith(prompt[chosen.end :])
    assert (
        written(
            replaced,
            Found(kind="object", start=replaced.rindex("zebra" + prompt[chosen.end :]), length=5, text="zebra"),
            "zebra",
        )
        == replaced
    )
    gone = written(prompt, chosen, "")
    assert len(gone) <= len(prompt) + 1
    for other in found:
        assert other is chosen or other.text in gone


@settings(deadline=None)
@given(
    st.sampled_from(["a dog runs", "A serene beach.", "", "the city at night"]),
    st.sampled_from(["at dawn", "wide shot", "noir", "eerie"]),
)
def test_what_was_added_is_found(prompt: str, words: str) -> None:
    more = written(prompt, None, words)
    assert any(words.endswith(found.text) and found.end == len(more) for found in understood(more))
