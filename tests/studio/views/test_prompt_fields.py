"""What the prompt says, as chips that write back, and what a language model proposes."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from studio.models.studio import Studio
from studio.project import edits
from studio.project.bible import BibleEntry
from studio.reading.language_model import ModelAddress
from studio.reading.vocabulary import FIELD_KINDS
from studio.style.tokens import Theme
from studio.views.prompt_fields import FieldsPart, Proposal, field_names
from studio.views.prompt_style import prompt_sheet
from studio.widgets.popup import TextPopup

PROMPT = "A serene beach at sunset with seagulls flying overhead, film noir"


@pytest.fixture
def part(studio: Studio, theme: Theme, qtbot: QtBot) -> FieldsPart:
    """The part, of an open shot, unfolded."""
    made = FieldsPart(studio, theme)
    made.setStyleSheet(prompt_sheet(theme))

    def show() -> None:
        made.show_draft(studio.composer.draft)

    studio.film.changed.connect(show)
    studio.composer.change(prompt=PROMPT)
    made.disclosure.fold.setChecked(True)
    qtbot.waitUntil(lambda: bool(made.chips))
    return made


def said(part: FieldsPart) -> dict[str, str]:
    return {found.text: found.kind for found in part._found}


def prompt_of(studio: Studio) -> str:
    assert studio.composer.draft is not None
    return studio.composer.draft.prompt


def test_the_prompt_is_read_into_chips(part: FieldsPart, look: Callable[..., None], qtbot: QtBot) -> None:
    look(part, "prompt fields", 360, 260)
    read = said(part)
    assert read["beach"] == "setting"
    assert read["sunset"] == "time"
    assert read["seagulls"] in ("object", "character")
    assert [chip._label for chip in part.chips] == list(read)


def test_a_chip_is_taken_out_of_the_prompt_and_comes_back_by_undo(
    part: FieldsPart, studio: Studio, qtbot: QtBot
) -> None:
    at = [found.text for found in part._found].index("sunset")
    part.chips[at].removed.emit()
    assert "sunset" not in prompt_of(studio)
    assert "beach" in prompt_of(studio)
    qtbot.waitUntil(lambda: "sunset" not in said(part))
    studio.film.undo()
    assert prompt_of(studio) == PROMPT


def test_other_words_are_written_where_the_old_ones_stood(part: FieldsPart, studio: Studio, show: Any) -> None:
    show(part)
    found = next(found for found in part._found if found.text == "sunset")
    part._ask(found)
    (popup,) = part.window().findChildren(TextPopup)
    popup.accepted.emit("dawn")
    assert prompt_of(studio) == PROMPT.replace("sunset", "dawn")
    part._write(found, "noon")  # what stood there is gone: nothing is written over something else
    assert prompt_of(studio) == PROMPT.replace("sunset", "dawn")
    popup.close()


def test_a_field_is_added(part: FieldsPart, studio: Studio, show: Any) -> None:
    show(part)
    part.add.menu().actions()[4].trigger()
    (popup,) = part.window().findChildren(TextPopup)
    popup.accepted.emit("at night")
    assert prompt_of(studio).endswith("at night")
    popup.close()


def test_names_of_the_bible_are_what_they_are_there(part: FieldsPart, studio: Studio, qtbot: QtBot) -> None:
    entry = BibleEntry(id="p", kind="place", name="Pier", description="an old pier")
    studio.film.edit("add_entry", lambda project: edits.add_entry(project, entry))
    studio.composer.change(prompt="@Pier في المساء")
    qtbot.waitUntil(lambda: said(part) == {"@Pier": "setting"})
    studio.composer.change(prompt="مساء هادئ")
    qtbot.waitUntil(lambda: part.chips == [])
    assert not part._nothing.isHidden()


def test_every_kind_has_a_name() -> None:
    assert set(field_names()) == set(FIELD_KINDS)


class FakeModel(ThreadingHTTPServer):
    """Answers what the test says; keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: dict[str, Any] = {}
        self.asked: list[dict[str, Any]] = []

    @property
    def address(self) -> ModelAddress:
        return ModelAddress(base=f"http://127.0.0.1:{self.server_address[1]}/v1", name="small")


class _Handler(BaseHTTPRequestHandler):
    server: FakeModel

    def do_POST(self) -> None:
        self.server.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        said = {"choices": [{"message": {"role": "assistant", "content": json.dumps(self.server.answer)}}]}
        content = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def model() -> Iterator[FakeModel]:
    made = FakeModel()
    thread = Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def test_without_a_language_model_nobody_is_asked(part: FieldsPart, studio: Studio) -> None:
    assert part.richer.isHidden()
    assert part.other.isHidden()
    studio.adviser.enrich(PROMPT)
    assert not studio.adviser.is_busy


def test_a_proposal_is_shown_before_it_is_used(
    part: FieldsPart, studio: Studio, model: FakeModel, show: Any, qtbot: QtBot
) -> None:
    show(part)
    model.answer = {"prompt": "A serene beach at golden sunset, seagulls gliding low over the foam"}
    studio.adviser.ask_at(model.address)
    assert not part.richer.isHidden()
    with qtbot.waitSignal(studio.adviser.proposed):
        part.richer.click()
    assert prompt_of(studio) == PROMPT
    (popup,) = part.window().findChildren(Proposal)
    popup.use.click()
    assert prompt_of(studio) == model.answer["prompt"]
    assert model.asked[0]["messages"][1]["content"] == PROMPT
    studio.film.undo()
    assert prompt_of(studio) == PROMPT


def test_a_proposal_for_another_prompt_is_not_shown(
    part: FieldsPart, studio: Studio, model: FakeModel, show: Any, qtbot: QtBot
) -> None:
    show(part)
    model.answer = {"prompt": "something else"}
    studio.adviser.ask_at(model.address)
    with qtbot.waitSignal(studio.adviser.proposed):
        part.richer.click()
        studio.composer.change(prompt="a forest")
    assert part.window().findChildren(Proposal) == []
    assert prompt_of(studio) == "a forest"


def test_other_languages_are_read_by_the_language_model(
    part: FieldsPart, studio: Studio, model: FakeModel, qtbot: QtBot
) -> None:
    model.answer = {"fields": [{"kind": "setting", "text": "شاطئ"}, {"kind": "time", "text": "عند الغروب"}]}
    studio.adviser.ask_at(model.address)
    studio.composer.change(prompt="شاطئ هادئ عند الغروب")
    with qtbot.waitSignal(studio.adviser.understood):
        part.other.click()
    assert said(part) == {"شاطئ": "setting", "عند الغروب": "time"}


def test_an_answer_that_cannot_be_used_is_told(
    part: FieldsPart, studio: Studio, model: FakeModel, qtbot: QtBot
) -> None:
    model.answer = {"poem": "roses"}
    studio.adviser.ask_at(model.address)
    with qtbot.waitSignal(studio.adviser.failed):
        part.richer.click()
    assert "not what was asked for" in part.wrong.sentence
    assert prompt_of(studio) == PROMPT
    studio.adviser.ask_at(ModelAddress(base="http://127.0.0.1:9/v1", name="gone"))
    with qtbot.waitSignal(studio.adviser.failed):
        part.richer.click()
    assert "cannot be reached" in part.wrong.sentence
