"""What a weights file holds, read from its header alone; nothing in a header is believed before it is checked."""

import json
import math
import re
import struct
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from engine.protocol.problem import ProblemKind

Shapes = dict[str, tuple[int, ...]]

LARGEST_HEADER_BYTES = 100_000_000
"""The limit of the safetensors library itself."""
LARGEST_TENSOR = 1 << 40
_DTYPE_BYTES = {"F32": 4, "F16": 2, "BF16": 2}

GGUF_VERSIONS = (2, 3)
GGUF_TYPES = {
    kind: (values, stored)
    for values, stored, kinds in (
        (1, 4, (0,)),  # F32
        (1, 2, (1, 30)),  # F16, BF16
        (32, 18, (2, 20)),  # Q4_0, IQ4_NL
        (32, 20, (3,)),  # Q4_1
        (32, 22, (6,)),  # Q5_0
        (32, 24, (7,)),  # Q5_1
        (32, 34, (8,)),  # Q8_0
        (256, 84, (10,)),  # Q2_K
        (256, 110, (11,)),  # Q3_K
        (256, 144, (12,)),  # Q4_K
        (256, 176, (13,)),  # Q5_K
        (256, 210, (14,)),  # Q6_K
        (256, 136, (23,)),  # IQ4_XS
    )
    for kind in kinds
}
"""Types that diffusers reads, by GGML's number: values in a block, bytes of a block."""
_GGUF_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_LARGEST_COUNT = 1 << 20
_LARGEST_RANK = 8
_ALIGNMENT = 32


class HeaderError(Exception):
    """A file whose header says that it cannot be used; kind as in `Problem`."""

    def __init__(self, kind: ProblemKind, detail: str) -> None:
        super().__init__(detail)
        self.kind: ProblemKind = kind
        self.detail = detail


def safetensors_shapes(path: Path) -> Shapes:
    """The tensors of a safetensors file: [u64 length][JSON][tensors, without gaps].

    Raises:
        HeaderError: when it is none, is cut off, or holds other numbers than float32, float16 and bfloat16.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        refuse_stand_in(file)
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or not 2 <= length <= min(LARGEST_HEADER_BYTES, size - 8):
            raise HeaderError("invalid", "no safetensors file, or cut off")
        try:
            header = json.loads(file.read(length).decode())
        except (ValueError, RecursionError):
            raise HeaderError("invalid", "its header is no JSON") from None
    if not isinstance(header, dict):
        raise HeaderError("invalid", "its header is no table")
    rows = {name: row for name, row in header.items() if name != "__metadata__"}
    shapes = {name: _checked_shape(name, row) for name, row in rows.items()}
    end = 0
    for name in sorted(rows, key=lambda name: rows[name]["data_offsets"]):
        begin, stop = rows[name]["data_offsets"]
        if begin != end or stop - begin != math.prod(shapes[name]) * _DTYPE_BYTES[rows[name]["dtype"]]:
            raise HeaderError("invalid", f"tensor {name} is not where its shape says")
        end = stop
    if 8 + length + end != size:
        raise HeaderError("invalid", f"cut off: {size} bytes instead of {8 + length + end}")
    return shapes


def refuse_stand_in(file: BinaryIO) -> None:
    """Go on from the file's first byte, if it is not one of the things that are found in a weights file's place.

    Raises:
        HeaderError: with what to do about it.
    """
    head = file.read(64).lstrip().lower()
    file.seek(0)
    if head.startswith(b"version https://git-lfs"):
        raise HeaderError("invalid", "it is a pointer of git LFS: run `git lfs pull` in its folder")
    if head.startswith((b"<!doctype", b"<html")):
        raise HeaderError("invalid", "it is a web page, not weights: download it again, logged in")


def _checked_shape(name: str, row: Any) -> tuple[int, ...]:
    """The shape of one entry, whose offsets are two whole numbers."""
    if not isinstance(row, dict) or not _are_sizes(row.get("shape")) or not _are_sizes(row.get("data_offsets")):
        raise HeaderError("invalid", f"tensor {name} has no shape or place")
    if len(row["data_offsets"]) != 2:
        raise HeaderError("invalid", f"tensor {name} has no shape or place")
    if row.get("dtype") not in _DTYPE_BYTES:
        raise HeaderError("unsupported", f"tensor {name} is in {str(row.get('dtype'))[:20]}")
    return tuple(row["shape"])


def _are_sizes(values: Any) -> bool:
    return isinstance(values, list) and all(type(v) is int and 0 <= v < LARGEST_TENSOR for v in values)


def gguf_shapes(path: Path, architecture: str) -> Shapes:
    """The tensors of a GGUF file (spec: ggml/docs/gguf.md) of this architecture, or of none that it names.

    Raises:
        HeaderError: when it is none, is cut off, or holds types that diffusers does not read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        refuse_stand_in(file)
        reader = _GgufReader(file)
        if file.read(4) != b"GGUF":
            raise HeaderError("invalid", "no GGUF file")
        if (version := reader.number("I")) not in GGUF_VERSIONS:
            raise HeaderError("unsupported", f"GGUF version {version}")
        tensors, settings = reader.count(), reader.count()
        said = dict(reader.setting() for _ in range(settings))
        named = said.get("general.architecture", architecture)
        if named != architecture:
            raise HeaderError("unsupported", f"its architecture is {str(named)[:40]}, not {architecture}")
        found = [reader.tensor() for _ in range(tensors)]
        start = _aligned(file.tell(), said)
    end = max((start + offset + stored for _, _, offset, stored in found), default=start)
    if not found or end > size:
        raise HeaderError("invalid", f"cut off: {size} bytes instead of {end}")
    return {name: shape for name, shape, _, _ in found}


class _GgufReader:
    """Reads the header's values one after the other; none of them can ask for much memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def number(self, code: str) -> Any:
        form = struct.Struct(f"<{code}")
        return form.unpack(self._bytes(form.size))[0]

    def count(self) -> int:
        count = self.number("Q")
        if count > _LARGEST_COUNT:
            raise HeaderError("invalid", f"a count of {count} in its header")
        return count

    def text(self) -> str:
        return self._bytes(self.count()).decode(errors="replace")

    def setting(self) -> tuple[str, Any]:
        name = self.text()
        kind = self.number("I")
        if kind != _ARRAY:
            return name, self._value(kind)
        item, count = self.number("I"), self.count()
        for _ in range(count):  # tokens and the like: nothing of ours
            self._value(item)
        return name, None

    def tensor(self) -> tuple[str, tuple[int, ...], int, int]:
        """Name, shape (outermost first), offset, bytes."""
        name, rank = self.text(), self.number("I")
        if not 1 <= rank <= _LARGEST_RANK:
            raise HeaderError("invalid", f"tensor {name[:80]} has {rank} dimensions")
        sizes = [self.number("Q") for _ in range(rank)]
        kind, offset = self.number("I"), self.number("Q")
        if kind not in GGUF_TYPES:
            raise HeaderError("unsupported", f"tensor {name[:80]} is in GGML type {kind}")
        values, stored = GGUF_TYPES[kind]
        if math.prod(sizes) >= LARGEST_TENSOR or sizes[0] % values:
            raise HeaderError("invalid", f"tensor {name[:80]} has a shape that its type cannot have")
        return name, tuple(reversed(sizes)), offset, math.prod(sizes) // values * stored

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.text()
        if kind not in _GGUF_SCALARS:
            raise HeaderError("invalid", f"a value of type {kind} in its header")
        return self.number(_GGUF_SCALARS[kind])

    def _bytes(self, count: int) -> bytes:
        found = self._file.read(count)
        if len(found) < count or self._file.tell() > LARGEST_HEADER_BYTES:
            raise HeaderError("invalid", "cut off in its header")
        return found


def _aligned(position: int, said: Mapping[str, Any]) -> int:
    step = said.get("general.alignment", _ALIGNMENT)
    if type(step) is not int or not 1 <= step <= 1 << 16:
        raise HeaderError("invalid", "its alignment is no number")
    return -(-position // step) * step


def blocks(shapes: Shapes, prefixes: Collection[str] = ("transformer_blocks",)) -> set[int]:
    """Numbers of the transformer blocks that tensors are for; their names begin with one of the prefixes."""
    found = (re.match(r"(\w+)\.(\d{1,4})\.", name) for name in shapes)
    return {int(match[2]) for match in found if match and match[1] in prefixes}
