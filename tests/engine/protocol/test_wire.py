"""Messages as bytes: whatever is cut short or lies about its size is refused."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.protocol.events import Preview
from engine.protocol.wire import (
    LARGEST_MESSAGE_BYTES,
    frame_length,
    framed,
    pack,
    read_framed,
    split,
    unpack,
)
from engine.protocol.work import Stop, command_adapter

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(names, st.binary(max_size=200))
def test_a_message_comes_out_as_it_went_in(name: str, blob: bytes) -> None:
    message = pack(Stop(job_id=name, wish="cancel"), blob)
    header, rest = unpack(message)
    assert command_adapter.validate_json(header) == Stop(job_id=name, wish="cancel")
    assert rest == blob
    assert read_framed(io.BytesIO(framed(message))) == message


@given(st.binary(max_size=60))
def test_noise_is_refused_or_read_within_its_bounds(noise: bytes) -> None:
    try:
        header, blob = unpack(noise)
    except ValueError:
        return
    assert noise[4:] == header + blob


@pytest.mark.parametrize("message", [b"", b"\0\0\0", b"\0\0\0\x05{}", b"\xff\xff\xff\xff{}"])
def test_a_header_that_is_cut_short(message: bytes) -> None:
    with pytest.raises(ValueError, match="message"):
        unpack(message)


@given(st.lists(st.binary(max_size=30), max_size=8))
def test_parts_come_out_as_they_went_in(parts: list[bytes]) -> None:
    assert split(b"".join(parts), [len(part) for part in parts]) == parts


@pytest.mark.parametrize("sizes", [[], [2], [4], [1, 1], [5, -2], [-1, 4], [2**62, 3]])
def test_sizes_that_do_not_add_up(sizes: list[int]) -> None:
    with pytest.raises(ValueError, match="sizes"):
        split(b"abc", sizes)


def test_a_preview_that_lies_about_its_frames() -> None:
    preview = Preview(
        job_id="1", step=1, total_steps=2, fps=12, width=8, height=8, frame_sizes_bytes=(3, LARGEST_MESSAGE_BYTES)
    )
    header, blob = unpack(pack(preview, b"jpg"))
    with pytest.raises(ValueError, match="sizes"):
        split(blob, Preview.model_validate_json(header).frame_sizes_bytes)


def test_the_largest_message() -> None:
    assert frame_length(struct.pack(">I", 64 * 2**20)) == 64 * 2**20
    with pytest.raises(ValueError, match="67108865"):
        frame_length(struct.pack(">I", 64 * 2**20 + 1))
    with pytest.raises(ValueError, match="message of"):
        read_framed(io.BytesIO(b"Traceback (most recent call last)"))


@given(st.binary(min_size=1, max_size=50), st.data())
def test_a_stream_that_ends_within_a_message(message: bytes, data: st.DataObject) -> None:
    whole = framed(message)
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert read_framed(io.BytesIO(whole[:cut])) is None


def test_messages_follow_each_other() -> None:
    stream = io.BytesIO(framed(b"one") + framed(b"") + framed(b"three"))
    assert [read_framed(stream) for _ in range(4)] == [b"one", b"", b"three", None]
