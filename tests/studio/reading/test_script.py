"""Files of all kinds become a script or a clear error."""

import random
from pathlib import Path

import pytest

from studio.reading.script import LARGEST_BYTES, ScriptError, read_script, script_of

ARABIC = "تمشي فتاة على الشاطئ عند غروب الشمس. النوارس تحلق فوق البحر."
SPANISH = "La niña camina por la playa mañana, ¿dónde está el señor Núñez?"


@pytest.mark.parametrize(
    ("text", "encoding", "read_as"),
    [
        ("A café.", "utf-8", "utf-8"),
        ("A café.", "utf-8-sig", "utf-8"),
        ("A café.", "utf-16", "utf-16"),
        ("A dog runs over the hills", "utf-16-le", "utf-16-le"),
        ("A dog runs over the hills", "utf-16-be", "utf-16-be"),
        (SPANISH, "latin-1", "cp1252"),
        (ARABIC, "cp1256", "cp1256"),
        ("Девочка идёт по берегу моря.", "cp1251", "cp1251"),
        (ARABIC, "utf-8", "utf-8"),
    ],
)
def test_text_is_read_whatever_wrote_it(text: str, encoding: str, read_as: str) -> None:
    script = script_of(text.encode(encoding))
    assert (script.text, script.encoding) == (text, read_as)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty"),
        (b" \n\t\r\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\0" * 1000, "not_text"),
        (random.Random(1).randbytes(50_000), "not_text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 20, "not_text"),
        (b"\xff\xfea", "not_text"),
        (b"a\x01\x02\x03\x04", "not_text"),
        (b"a" * (LARGEST_BYTES + 1), "too_long"),
    ],
)
def test_what_is_no_script_is_told(content: bytes, kind: str) -> None:
    with pytest.raises(ScriptError) as caught:
        script_of(content)
    assert caught.value.kind == kind


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "no.txt", tmp_path, Path("a\0b")):
        with pytest.raises(ScriptError) as caught:
            read_script(path)
        assert caught.value.kind == "unreadable"


@pytest.mark.parametrize(
    ("text", "suffix", "form"),
    [
        ("INT. HOUSE - DAY\n\nA dog.", ".txt", "fountain"),
        ("A dog.", ".fountain", "fountain"),
        ("# Film\n- A dog", "", "shot_list"),
        ("A dog", ".md", "shot_list"),
        ("Shot 1: A dog\nShot 2: A cat", ".txt", "shot_list"),
        ("1. A dog\n2. A cat", ".txt", "shot_list"),
        ("A dog runs. A cat sleeps.\n\nA bird.", ".txt", "prose"),
        (ARABIC, "", "prose"),
    ],
)
def test_the_form_is_known_by_name_or_by_look(text: str, suffix: str, form: str) -> None:
    assert script_of(text.encode(), suffix).form == form


def test_ends_of_lines_are_one() -> None:
    assert script_of(b"a\r\nb\rc\x0cd").text == "a\nb\nc\nd"


def test_no_line_is_endless() -> None:
    text = script_of(b"word " * 100_000).text
    assert max(map(len, text.split("\n"))) <= 4000
    assert text.split() == ["word"] * 100_000
