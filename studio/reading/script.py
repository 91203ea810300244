"""Script: the text in a file, whatever wrote it, and what kind of script it is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from charset_normalizer import from_bytes

from studio.reading.plan import ScriptForm

LARGEST_BYTES = 8 << 20
ScriptErrorKind = Literal["unreadable", "empty", "not_text", "too_long"]
_FORMS: dict[str, ScriptForm] = {
    ".fountain": "fountain",
    ".spmd": "fountain",
    ".md": "shot_list",
    ".markdown": "shot_list",
}
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_LIKELY = [
    "cp1252",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "shift_jis",
    "gb18030",
    "euc_kr",
    "big5",
]
_MOST_LIKELY = "cp1252"
_MOST_CONTROLS = 0.002
SCENE_HEADING = re.compile(r"(?:INT\.?/EXT|EXT\.?/INT|I/E|INT|EXT|EST)[. ]", re.IGNORECASE)
_SHOT_LIST = re.compile(
    r"^(?:#{1,6}\s|\s*[-*+]\s|\s*\d{1,4}[.)]\s|\s*\|.*\||\s*(?:shot|scene|clip)\s*#?\d+\s*[:.–—-])", re.IGNORECASE
)
_SAMPLE_LINES = 2000
_LONGEST_LINE = 4000
_LONGEST_PARAGRAPH = 20_000


class ScriptError(Exception):
    """A script of which no storyboard can be made.

    Attributes:
        kind: what is wrong.
        detail: names the file, or how much there is.
    """

    def __init__(self, kind: ScriptErrorKind, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind: ScriptErrorKind = kind
        self.detail = detail


@dataclass(frozen=True)
class Script:
    """A text with "\\n" at the ends of its lines, what kind of script it is, and how its bytes were read."""

    text: str
    form: ScriptForm
    encoding: str = "utf-8"


def read_script(path: Path) -> Script:
    """The script in a file; its name's ending tells the form where it can.

    Raises:
        ScriptError: "unreadable", "empty", "not_text", "too_long".
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError) as error:
        said = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ScriptError("unreadable", f"{path}: {said}") from error
    return script_of(content, path.suffix)


def script_of(content: bytes, suffix: str = "") -> Script:
    """The script in the content of a file.

    Raises:
        ScriptError: "empty", "not_text", "too_long".
    """
    if len(content) > LARGEST_BYTES:
        raise ScriptError("too_long", f"more than {LARGEST_BYTES} bytes")
    text, encoding = _decoded(content)
    text = re.sub(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]", "\n", text).replace("\0", "")
    if not text.strip():
        raise ScriptError("empty")
    if _controls(text) > _MOST_CONTROLS * len(text):
        raise ScriptError("not_text")
    text = "\n".join(_bounded(text.split("\n")))
    return Script(text, _FORMS.get(suffix.lower()) or _form(text), encoding)


def _bounded(lines: list[str]) -> Iterator[str]:
    """The lines, with an empty one in what is longer than any paragraph: parsers take more than twice as long for that.

    Tables stay whole.
    """
    letters = 0
    for line in lines:
        for piece in _pieces(line):
            letters = letters + len(piece) if piece.strip() else 0
            if letters > _LONGEST_PARAGRAPH and "|" not in piece:
                yield ""
                letters = len(piece)
            yield piece


def _pieces(line: str) -> Iterator[str]:
    while len(line) > _LONGEST_LINE:
        cut = line.rfind(" ", 0, _LONGEST_LINE) + 1 or _LONGEST_LINE
        yield line[:cut]
        yield ""
        line = line[cut:]
    yield line


def _decoded(content: bytes) -> tuple[str, str]:
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), None) or _without_mark(content)
    if encoding is not None:
        try:
            return content.decode(encoding), encoding.removesuffix("-sig")
        except UnicodeDecodeError as error:
            raise ScriptError("not_text", f"no {encoding}") from error
    if b"\0" in content:
        raise ScriptError("not_text")
    found = from_bytes(content, cp_isolation=_LIKELY, preemptive_behaviour=False)
    best = found.best()
    if best is None:
        raise ScriptError("not_text")
    alike = [each for each in found if (each.chaos, each.coherence) == (best.chaos, best.coherence)]
    chosen = next((each for each in alike if _MOST_LIKELY in each.could_be_from_charset), best)
    is_same = _MOST_LIKELY in chosen.could_be_from_charset
    return str(chosen), _MOST_LIKELY if is_same else chosen.encoding


def _without_mark(content: bytes) -> str | None:
    """UTF-8 where it is that; UTF-16 where every other byte is nearly always zero."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        if b"\0" not in content:
            return "utf-8"
    half = len(content) // 2
    if half and content[1::2].count(0) > 0.4 * half > 5 * content[0::2].count(0):
        return "utf-16-le"
    if half and content[0::2].count(0) > 0.4 * half > 5 * content[1::2].count(0):
        return "utf-16-be"
    return None


def _controls(text: str) -> int:
    return len(re.findall(r"[\x00-\x08\x0e-\x1f\x7f\ufffd]", text))


def _form(text: str) -> ScriptForm:
    lines = text.split("\n", _SAMPLE_LINES)[:_SAMPLE_LINES]
    if any(SCENE_HEADING.match(line.strip()) and line.strip().isupper() for line in lines):
        return "fountain"
    listed = sum(bool(_SHOT_LIST.match(line)) for line in lines)
    filled = sum(bool(line.strip()) for line in lines)
    return "shot_list" if listed >= max(1, filled / 5) else "prose"
