"""A language model's answer is used only when it is what was asked for; a server of our own says all that it can."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from studio.models.preferences import Preferences
from studio.reading.language_model import (
    LARGEST_ANSWER_BYTES,
    LanguageModel,
    LanguageModelError,
    ModelAddress,
    model_address,
)


@dataclass
class Server:
    """What it answers, and what it was asked."""

    status: int = 200
    body: bytes = b""
    refuses_schemas: bool = False
    drips: bool = False
    asked: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def says(self, content: str, **choice: object) -> None:
        self.body = json.dumps({"id": "x", "choices": [{"message": {"content": content}, **choice}]}).encode()

    @property
    def address(self) -> ModelAddress:
        found = model_address(f"http://127.0.0.1:{self.port}/v1/", "small", "secret")
        assert found is not None
        return found


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that speaks chat completions, as the test says."""
    made = Server()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.asked.append((self.path, dict(self.headers), question))
            refused = made.refuses_schemas and "response_format" in question
            self.send_response(400 if refused else made.status)
            self.send_header("Location", f"http://127.0.0.1:{made.port}/elsewhere")
            self.end_headers()
            try:
                self.wfile.write(b"no schemas" if refused else made.body)
                while made.drips and not made.stopped.wait(0.02):
                    self.wfile.write(b" ")
            except OSError:
                return

        def log_request(self, code: object = "-", size: object = "-") -> None:
            return

    served = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    made.port = served.server_address[1]
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.stopped.set()
    served.shutdown()
    served.server_close()
    thread.join()


def kind_of(asking: Callable[[], object]) -> str:
    with pytest.raises(LanguageModelError) as caught:
        asking()
    return caught.value.kind


def test_a_prompt_is_made_richer(server: Server) -> None:
    server.says('{"prompt": "a dog\\n runs over wet grass"}')
    with LanguageModel(server.address) as model:
        assert model.enriched("a dog") == "a dog runs over wet grass"
    path, headers, question = server.asked[0]
    assert (path, headers["Authorization"], question["model"]) == ("/v1/chat/completions", "Bearer secret", "small")
    assert question["messages"][-1] == {"role": "user", "content": "a dog"}


def test_fields_are_words_of_the_prompt(server: Server) -> None:
    prompt = "فتاة تمشي على الشاطئ، فتاة"
    told = [("setting", "الشاطئ"), ("character", "فتاة"), ("action", "تمشي"), ("mood", "حزين"), ("character", "فتاة")]
    server.says(json.dumps({"fields": [{"kind": kind, "text": text} for kind, text in told]}))
    with LanguageModel(server.address) as model:
        found = model.fields(prompt)
    assert [(each.kind, each.text) for each in found] == [
        ("character", "فتاة"),
        ("action", "تمشي"),
        ("setting", "الشاطئ"),
        ("character", "فتاة"),
    ]
    assert all(prompt[each.start : each.end] == each.text for each in found)


@pytest.mark.parametrize(
    "content", ['```json\n{"prompt": "x"}\n```', '<think>{"no"}\n</think>\n{"prompt": "x"}', ' {"prompt": "x"} ']
)
def test_what_is_around_an_answer_is_taken_away(server: Server, content: str) -> None:
    server.says(content)
    with LanguageModel(server.address) as model:
        assert model.enriched("a dog") == "x"


def test_a_server_without_schemas_is_asked_again(server: Server) -> None:
    server.refuses_schemas = True
    server.says('{"prompt": "x"}')
    with LanguageModel(server.address) as model:
        assert model.enriched("a dog") == "x"
    assert ["response_format" in question for _, _, question in server.asked] == [True, False]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("Sure! Here is your prompt: a dog", "not_json"),
        ("", "not_json"),
        ('{"prompt": 3}', "wrong_shape"),
        ('{"prompt": ""}', "wrong_shape"),
        ('{"prompt": "x", "more": 1}', "wrong_shape"),
        ('["x"]', "wrong_shape"),
        (json.dumps({"prompt": "x" * 5000}), "wrong_shape"),
    ],
)
def test_an_answer_of_another_shape_is_none(server: Server, content: str, kind: str) -> None:
    server.says(content)
    with LanguageModel(server.address) as model:
        assert kind_of(lambda: model.enriched("a dog")) == kind


@pytest.mark.parametrize(
    "fields", [[{"kind": "hero", "text": "dog"}], [{"kind": "object", "text": "cat"}], [{"kind": "object"}], "dog"]
)
def test_fields_of_another_shape_are_none(server: Server, fields: object) -> None:
    server.says(json.dumps({"fields": fields}))
    with LanguageModel(server.address) as model:
        assert kind_of(lambda: model.fields("a dog")) == "wrong_shape"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"<html>", "not_json"),
        (200, b"{}", "wrong_shape"),
        (200, b'{"choices": []}', "wrong_shape"),
        (200, b"\xff\xfe", "not_json"),
        (200, b" " * (LARGEST_ANSWER_BYTES + 1), "too_long"),
        (401, b"no key", "refused"),
        (404, b"no such model", "refused"),
        (500, b"oh", "refused"),
        (302, b"", "refused"),
    ],
)
def test_what_a_server_can_do_wrong(server: Server, status: int, body: bytes, kind: str) -> None:
    server.status, server.body = status, body
    with LanguageModel(server.address) as model:
        assert kind_of(lambda: model.enriched("a dog")) == kind
    assert len(server.asked) == 1


def test_an_answer_that_was_cut_is_none(server: Server) -> None:
    server.says('{"prompt": "x"}', finish_reason="length")
    with LanguageModel(server.address) as model:
        assert kind_of(lambda: model.enriched("a dog")) == "too_long"


def test_a_server_that_drips_or_is_silent_is_slow(server: Server) -> None:
    server.drips = True
    with LanguageModel(server.address, limit_s=0.3) as model:
        assert kind_of(lambda: model.enriched("a dog")) == "slow"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = ModelAddress(base=f"http://127.0.0.1:{silent.getsockname()[1]}", name="x")
        with LanguageModel(address, limit_s=0.2) as model:
            assert kind_of(lambda: model.enriched("a dog")) == "slow"


def test_nobody_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with LanguageModel(ModelAddress(base=f"http://127.0.0.1:{port}", name="x")) as model:
        assert kind_of(lambda: model.enriched("a dog")) == "unreachable"


def test_too_much_is_not_sent(server: Server) -> None:
    with LanguageModel(server.address) as model:
        assert kind_of(lambda: model.enriched("x" * 5000)) == "too_long"
        assert kind_of(lambda: model.enriched("half an emoji \ud83d")) == "wrong_shape"
    assert server.asked == []


@pytest.mark.parametrize("base", ["ftp://x", "localhost:1", "http://", "http://[", "x", "http://a b"])
def test_an_address_that_is_none_is_told(base: str) -> None:
    assert kind_of(lambda: LanguageModel(ModelAddress(base=base, name="x"))) == "bad_address"
    assert kind_of(lambda: LanguageModel(ModelAddress(base="http://x", name="x", key="ключ"))) == "bad_address"


def test_nobody_is_asked_unless_named() -> None:
    assert model_address("", "x") is None
    assert model_address("http://x", " ") is None
    named = model_address(" http://x/v1/chat/completions ", "m", "k")
    assert named == ModelAddress(base="http://x/v1", name="m", key="k")
    assert "'k'" not in repr(named)


def test_none_is_named_until_the_user_does() -> None:
    preferences = Preferences()
    assert preferences.language_model is None
    preferences.choose("language_model_address", "http://127.0.0.1:8080/v1")
    assert preferences.language_model is None
    preferences.choose("language_model_name", "small")
    assert Preferences().language_model == ModelAddress(base="http://127.0.0.1:8080/v1", name="small")
