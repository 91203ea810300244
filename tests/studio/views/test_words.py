"""Sentences: one for every kind there is, with units, and none that says what it does not know."""

from collections.abc import Iterator
from typing import get_args

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from engine.protocol.failure import Failure, FailureKind
from engine.protocol.job import Notice
from engine.protocol.problem import Problem, ProblemKind
from studio.link.trouble import Broken, Gone, Problems, Refused, Trouble
from studio.project.errors import StorageErrorKind
from studio.views import words

TROUBLES: dict[type, Trouble] = {
    Problems: Problems((Problem(field="media", kind="unreadable"),)),
    Refused: Refused(500, "not today"),
    Gone: Gone("timeout"),
    Broken: Broken("KeyError: 'x'"),
}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))
    yield
    QLocale.setDefault(before)


def is_sentence(text: str) -> bool:
    return text[0].isupper() and text.endswith((".", ")")) and not set("{}") & set(text) and "  " not in text


@pytest.mark.parametrize("kind", get_args(ProblemKind))
@pytest.mark.parametrize("value", [None, 24, "starter", 2.5])
@pytest.mark.parametrize("field", ["num_frames", "prompt", "conditions[1].strength", "/there/x/a b.png", "style"])
def test_every_problem_has_a_sentence(kind: ProblemKind, value: object, field: str) -> None:
    problem = Problem.model_validate({"field": field, "kind": kind, "value": value, "detail": "why"})
    assert is_sentence(words.problem_sentence(problem).replace("a b.png", "A b.png"))


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_every_failure_says_what_happened_and_what_to_do(kind: FailureKind) -> None:
    happened, todo = words.failure_sentence(Failure(kind=kind, detail="the detail"))
    assert is_sentence(happened)
    assert is_sentence(todo)
    assert happened != todo


@pytest.mark.parametrize("kind", get_args(Trouble))
def test_every_trouble_has_a_sentence(kind: type) -> None:
    said = words.trouble_sentence(TROUBLES[kind])
    assert said[0].isupper()
    assert not set("{}") & set(said)


def test_a_file_of_another_kind_is_called_that() -> None:
    said = words.problem_sentence(Problem(field="/films/letter.pdf", kind="unsupported", detail="PDF file"))
    assert said == "letter.pdf: files of this kind cannot be used. (PDF file)"
    assert "not possible" in words.problem_sentence(Problem(field="conditions[0]", kind="unsupported"))


def test_refusals_have_their_own_words() -> None:
    said = {words.trouble_sentence(Refused(status, "reason")) for status in (404, 409, 507, 418)}
    assert len(said) == 4
    assert "reason" in words.trouble_sentence(Refused(418, "reason"))


@pytest.mark.parametrize("kind", get_args(StorageErrorKind))
def test_every_storage_error_has_a_sentence(kind: StorageErrorKind) -> None:
    assert is_sentence(words.storage_sentence(kind))


@pytest.mark.parametrize("kind", get_args(Notice.model_fields["kind"].annotation))
def test_every_notice_has_a_sentence(kind: str) -> None:
    notice = Notice.model_validate({"kind": kind, "field": "prompt", "kept": 64, "given": 1200})
    assert is_sentence(words.notice_sentence(notice))
    assert ("1,200" in words.notice_sentence(notice)) == (kind != "smaller_plan")  # what was done has no number


def test_a_fix_says_the_old_and_the_new_value_with_units() -> None:
    off = Problem(field="num_frames", kind="off_grid", value=24, nearest=25)
    assert words.fix_label(off) == "24 frames → 25 frames"
    assert words.fix_label(off, fps=12) == "24 frames → 25 frames, 2.1 s"
    assert words.fix_label(Problem(field="width", kind="off_grid", value=130, nearest=128)) == "130 px → 128 px"
    assert words.fix_label(Problem(field="fps", kind="too_large", value=400.0, nearest=120.0)) == "400 fps → 120 fps"


def test_what_has_no_nearest_value_has_no_fix() -> None:
    assert words.fix_label(Problem(field="model", kind="unknown_model", value="x")) is None
    assert words.fix_label(Problem(field="prompt", kind="too_long", value=5000, nearest=4000)) is None


def test_what_can_only_be_given_up_says_so() -> None:
    assert words.fix_label(Problem(field="loop", kind="unsupported", value="x")) == "Switch it off"
    assert words.fix_label(Problem(field="style", kind="missing", value="x")) == "Take it out"


def test_a_limit_is_told() -> None:
    problem = Problem(field="prompt", kind="too_long", value=5000, nearest=4000)
    assert words.problem_sentence(problem) == "Prompt: 5000 characters are too many, 4000 can be read."


def test_a_file_is_called_by_its_name() -> None:
    for path in ("/there/my pictures/sea 🌊.pdf", "C:\\pictures\\sea 🌊.pdf"):
        assert words.problem_sentence(Problem(field=path, kind="unreadable")).startswith("sea 🌊.pdf cannot be read")


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0.0 s"), (1.44, "1.4 s"), (12.4, "12 s"), (95, "1 min 35 s"), (3599.7, "1 h 00 min"), (7260, "2 h 01 min")],
)
def test_lengths_of_time(value: float, said: str) -> None:
    assert words.seconds(value) == said


@pytest.mark.parametrize(
    ("frame", "fps", "said"),
    [(0, 24, "00:00:00:00"), (29, 24, "00:00:01:05"), (12, 12, "00:00:01:00"), (107892, 29.97, "00:59:56:12")],
)
def test_timecode(frame: int, fps: float, said: str) -> None:
    assert words.timecode(frame, fps) == said


@pytest.mark.parametrize(
    ("width", "height", "said"),
    [
        (128, 96, "128×96 · 4:3"),
        (1920, 1080, "1920×1080 · 16:9"),
        (192, 128, "192×128 · 3:2"),
        (224, 128, "224×128 · ≈ 16:9"),
        (96, 128, "96×128 · 3:4"),
        (64, 192, "64×192 · 1:3"),
        (1000, 130, "1000×130 · 7.69:1"),
    ],
)
def test_sizes_and_their_shapes(width: int, height: int, said: str) -> None:
    assert words.size_words(width, height) == said


def test_a_size_keeps_its_order_among_words_read_from_the_right(qapp: QApplication) -> None:
    QGuiApplication.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    try:
        assert words.size_words(128, 96) == "\u2066128×96 · 4:3\u2069"
    finally:
        QGuiApplication.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


def test_numbers_are_written_as_in_the_users_language() -> None:
    QLocale.setDefault(QLocale(QLocale.Language.German, QLocale.Country.Germany))
    assert words.seconds(1.4) == "1,4 s"
    assert words.frames_words(1) == "1 frame"
    assert words.frames_words(25) == "25 frames"
