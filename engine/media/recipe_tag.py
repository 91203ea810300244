"""The recipe inside a file: its key, its bounds, and the escaping of ffmpeg's metadata text format."""

import re

from engine.media.errors import MediaError

KEY = "reelwright"
MAX_RECIPE_BYTES = 4 * 1024 * 1024

# A carriage return too, though the format's page does not say so: unescaped it ends the line.
_SPECIAL = re.compile(rb"([=;#\\\n\r])")
_LINE = re.compile(rb"((?:\\.|[^\\\n])*)(?:\n|$)", re.DOTALL)
_ENTRY = re.compile(rb"((?:\\.|[^\\=])*)=(.*)", re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


def encode_recipe(recipe_json: str) -> bytes:
    """Return the recipe as UTF-8; MediaError "too_large" above 4 MiB, "unsupported" for text no file can hold."""
    try:
        encoded = recipe_json.encode()
    except UnicodeEncodeError as error:
        raise MediaError("unsupported", "the recipe holds half a surrogate pair") from error
    if b"\0" in encoded:
        raise MediaError("unsupported", "the recipe holds a NUL character")
    if not 0 < len(encoded) <= MAX_RECIPE_BYTES:
        kind = "too_large" if encoded else "unsupported"
        raise MediaError(kind, f"the recipe has {len(encoded)} bytes, allowed are 1 to {MAX_RECIPE_BYTES}")
    return encoded


def to_ffmetadata(recipe_json: str) -> bytes:
    """Return an ffmetadata file with the recipe as its one entry (https://ffmpeg.org/ffmpeg-formats.html#Metadata-2)."""
    # No newline at the end: ffmpeg takes one after a backslash, even an escaped backslash, as part of the value.
    return b";FFMETADATA1\n" + KEY.encode() + b"=" + _SPECIAL.sub(rb"\\\1", encode_recipe(recipe_json))


def from_ffmetadata(text: bytes) -> str | None:
    """Return the recipe among a file's global entries, or None; Matroska's upper-case keys count too."""
    position = 0
    while position < len(text):
        line = _LINE.match(text, position)
        if line is None or line[1].startswith(b"["):  # sections of streams and chapters follow
            return None
        position = line.end()
        entry = _ENTRY.match(line[1])
        if entry and entry[1].lower() == KEY.encode():
            value = _ESCAPED.sub(rb"\1", entry[2])
            return value.decode(errors="replace") if len(value) <= MAX_RECIPE_BYTES else None
    return None
