"""Messages with binary parts as bytes: a JSON header and a blob behind it; for pipe and WebSocket alike."""

import struct
from collections.abc import Sequence
from typing import BinaryIO

from engine.protocol.frozen import Frozen

_LENGTH = struct.Struct(">I")
LARGEST_MESSAGE_BYTES = 64 * 2**20


def pack(header: Frozen, blob: bytes = b"") -> bytes:
    """`[header length, 4 bytes big-endian][header JSON][blob]`."""
    text = header.model_dump_json().encode()
    return _LENGTH.pack(len(text)) + text + blob


def unpack(message: bytes) -> tuple[bytes, bytes]:
    """The header's JSON and the blob.

    Raises:
        ValueError: when the message is shorter than it says.
    """
    if len(message) < _LENGTH.size:
        raise ValueError("message without a header")
    (length,) = _LENGTH.unpack_from(message)
    end = _LENGTH.size + length
    if len(message) < end:
        raise ValueError("message shorter than its header")
    return message[_LENGTH.size : end], message[end:]


def split(blob: bytes, sizes: Sequence[int]) -> list[bytes]:
    """Cut a blob into parts of the given sizes.

    Raises:
        ValueError: when the sizes do not add up to the blob.
    """
    if sum(sizes) != len(blob) or any(size < 0 for size in sizes):
        raise ValueError("sizes do not add up to the blob")
    parts: list[bytes] = []
    start = 0
    for size in sizes:
        parts.append(blob[start : start + size])
        start += size
    return parts


def framed(message: bytes) -> bytes:
    """A message with its length in front, for a stream without borders of its own."""
    return _LENGTH.pack(len(message)) + message


def frame_length(head: bytes) -> int:
    """Length of the message behind a 4-byte head.

    Raises:
        ValueError: above `LARGEST_MESSAGE_BYTES`, so that noise on a pipe cannot ask for gigabytes.
    """
    (length,) = _LENGTH.unpack(head)
    if length > LARGEST_MESSAGE_BYTES:
        raise ValueError(f"message of {length} bytes")
    return length


def read_framed(stream: BinaryIO) -> bytes | None:
    """The next message of a blocking stream, or None at its end."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    length = frame_length(head)
    message = stream.read(length)
    return message if len(message) == length else None
