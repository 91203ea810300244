"""A language model of the user's own choice, at any address that speaks OpenAI's chat completions: off until named.

What it answers is checked, and is for the user to look at before anything is made of it.
"""

import re
import time
from collections.abc import Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Annotated, Literal, Self, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.protocol.frozen import Frozen
from studio.reading.understanding import Found
from studio.reading.vocabulary import FieldKind

LIMIT_S = 60.0
CONNECT_S = 5.0
LARGEST_ANSWER_BYTES = 256 * 1024
LONGEST_PROMPT = 4000
_MOST_TOKENS = 2000
ModelErrorKind = Literal["bad_address", "unreachable", "slow", "refused", "not_json", "wrong_shape", "too_long"]
_HOST = re.compile(r"[\w.:-]+")
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_FENCE = re.compile(r"\s*```[a-z]*\s*(.*?)\s*```\s*", re.DOTALL)
_ENRICH = (
    "You write prompts for a video generator. Rewrite the user's prompt, in its language, so that it tells more of "
    "what is seen: subject, action, setting, light, camera. Keep all that it says and every name behind an @. At most "
    '80 words. Answer with one JSON object: {"prompt": "..."}'
)
_READ = (
    "You read prompts for a video generator, in any language. List what the user's prompt says as fields, each with a "
    "kind (character, object, action, setting, time, mood, camera, style) and the very words of the prompt, copied "
    'exactly. Add nothing. Answer with one JSON object: {"fields": [{"kind": "...", "text": "..."}]}'
)


class LanguageModelError(Exception):
    """No answer that can be used.

    Attributes:
        kind: what went wrong.
        detail: what was said, or by whom.
    """

    def __init__(self, kind: ModelErrorKind, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind: ModelErrorKind = kind
        self.detail = detail


class ModelAddress(Frozen):
    """Where a language model is: the address before `/chat/completions`, its name there, and a key if it wants one."""

    base: str
    name: str
    key: str = Field(default="", repr=False)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Richer(_Answer):
    prompt: Annotated[str, Field(min_length=1, max_length=LONGEST_PROMPT)]


class _Field(_Answer):
    kind: FieldKind
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_PROMPT)]


class _Fields(_Answer):
    fields: Annotated[list[_Field], Field(max_length=100)]


class _Message(BaseModel):
    content: str


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Completion(BaseModel):
    choices: Annotated[list[_Choice], Field(min_length=1)]


_Shape = TypeVar("_Shape", bound=_Answer)


def model_address(base: str, name: str, key: str = "") -> ModelAddress | None:
    """The language model that was named; None where address or name is empty, and so nothing is to be asked."""
    base, name, key = base.strip().rstrip("/"), name.strip(), key.strip()
    return ModelAddress(base=base.removesuffix("/chat/completions"), name=name, key=key) if base and name else None


class LanguageModel:
    """One connection; each question waits for its answer, in a thread of its own where a window asks."""

    def __init__(self, address: ModelAddress, limit_s: float = LIMIT_S) -> None:
        """Connect to nothing yet.

        Raises:
            LanguageModelError: "bad_address".
        """
        try:
            url = httpx.URL(address.base)
            if url.scheme not in ("http", "https") or not _HOST.fullmatch(url.host):
                raise ValueError(address.base)
            address.key.encode("ascii")
            headers = {"Authorization": f"Bearer {address.key}"} if address.key else {}
            # no proxy of the environment, no other place: what is written goes where the user says
            self._http = httpx.Client(
                base_url=url, headers=headers, timeout=httpx.Timeout(limit_s, connect=CONNECT_S), trust_env=False
            )
        except (httpx.InvalidURL, ValueError) as error:
            raise LanguageModelError("bad_address", address.base) from error
        self._address, self._limit_s = address, limit_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; a question that still waits ends with "unreachable"."""
        self._http.close()

    def enriched(self, prompt: str) -> str:
        """The prompt with more detail.

        Raises:
            LanguageModelError: when there is no answer that can be used.
        """
        return " ".join(self._asked(_ENRICH, prompt, _Richer).prompt.split())

    def fields(self, prompt: str) -> tuple[Found, ...]:
        """What the prompt says, in any language; only what stands in it word for word, in its order.

        Raises:
            LanguageModelError: when there is no answer that can be used; "wrong_shape" also when nothing of it is in
                the prompt.
        """
        told = self._asked(_READ, prompt, _Fields).fields
        found = _placed(prompt, told)
        if told and not found:
            raise LanguageModelError("wrong_shape", "its words are not those of the prompt")
        return found

    def _asked(self, task: str, prompt: str, shape: type[_Shape]) -> _Shape:
        if len(prompt) > LONGEST_PROMPT:
            raise LanguageModelError("too_long", f"{len(prompt)} characters")
        question: dict[str, object] = {
            "model": self._address.name,
            "messages": [{"role": "system", "content": task}, {"role": "user", "content": prompt}],
            "max_tokens": _MOST_TOKENS,
            "stream": False,
        }
        schema = {"name": "answer", "strict": True, "schema": shape.model_json_schema()}
        asking = {"response_format": {"type": "json_schema", "json_schema": schema}}
        deadline = time.monotonic() + self._limit_s
        status, content = self._posted(question | asking, deadline)
        if status in (
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.UNPROCESSABLE_ENTITY,
        ):  # a server that does not know how to keep to a schema
            status, content = self._posted(question, deadline)
        if status != HTTPStatus.OK:
            raise LanguageModelError("refused", f"{status} {content[:300].decode('utf-8', 'replace')}".strip())
        return _checked(_said(content), shape)

    def _posted(self, question: dict[str, object], deadline: float) -> tuple[int, bytes]:
        """The status and body of the answer; never more of it than can be one, and never after the deadline."""
        content = bytearray()
        try:
            with self._http.stream("POST", "/chat/completions", json=question) as reply:
                for piece in reply.iter_bytes():
                    content += piece
                    if len(content) > LARGEST_ANSWER_BYTES:
                        raise LanguageModelError("too_long", f"more than {LARGEST_ANSWER_BYTES} bytes")
                    if time.monotonic() > deadline:
                        raise LanguageModelError("slow", f"{self._limit_s:g} s")
                return reply.status_code, bytes(content)
        except (httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout) as error:
            raise LanguageModelError("slow", f"{self._limit_s:g} s") from error
        except httpx.DecodingError as error:
            raise LanguageModelError("not_json", str(error)) from error
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError) as error:  # closed from another thread
            raise LanguageModelError("unreachable", str(error) or type(error).__name__) from error
        except UnicodeEncodeError as error:  # half an emoji
            raise LanguageModelError("wrong_shape", str(error)) from error


def _said(content: bytes) -> str:
    """The text of an answer, without what the model thought and without a code block around it."""
    try:
        choice = _Completion.model_validate_json(content).choices[0]
    except ValidationError as error:
        raise LanguageModelError(_kind_of(error), _first(error)) from error
    if choice.finish_reason == "length":
        raise LanguageModelError("too_long", f"more than {_MOST_TOKENS} tokens")
    text = _THOUGHT.sub("", choice.message.content)
    fence = _FENCE.fullmatch(text)
    return fence[1] if fence else text


def _checked(text: str, shape: type[_Shape]) -> _Shape:
    try:
        return shape.model_validate_json(text)
    except ValidationError as error:
        raise LanguageModelError(_kind_of(error), _first(error)) from error


def _kind_of(error: ValidationError) -> ModelErrorKind:
    return "not_json" if error.errors()[0]["type"] == "json_invalid" else "wrong_shape"


def _first(error: ValidationError) -> str:
    found = error.errors()[0]
    return f"{'.'.join(map(str, found['loc']))} {found['msg']}".strip()[:300]


def _placed(prompt: str, told: Sequence[_Field]) -> tuple[Found, ...]:
    """Where the words stand; the same words again are looked for further on, and what overlaps is left out."""
    found: list[Found] = []
    for each in told:
        start = prompt.find(each.text)
        while start >= 0 and any(start < one.end and one.start < start + len(each.text) for one in found):
            start = prompt.find(each.text, start + 1)
        if start >= 0:
            found.append(Found(kind=each.kind, start=start, length=len(each.text), text=each.text))
    return tuple(sorted(found, key=lambda one: one.start))
