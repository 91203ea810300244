"""The media store: what no job needs and nobody touches goes after a day."""

import os
import time
from pathlib import Path

import pytest

from engine.server.media_store import UNNEEDED_S, MediaStore


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore(tmp_path)


def put(store: MediaStore, tmp_path: Path, letter: str, age_s: float) -> Path:
    (tmp_path / "new").write_bytes(b"media")
    path = store.adopt(tmp_path / "new", letter * 64, "png")
    os.utime(path, (time.time() - age_s,) * 2)
    return path


def test_only_what_is_old_and_not_needed_goes(store: MediaStore, tmp_path: Path) -> None:
    old, needed, new = (put(store, tmp_path, *each) for each in (("a", UNNEEDED_S + 9), ("b", 1e9), ("c", 9.0)))
    store.drop_unneeded(lambda sha256: sha256 == "b" * 64)
    assert [path.exists() for path in (old, needed, new)] == [False, True, True]


def test_what_is_asked_for_counts_as_new(store: MediaStore, tmp_path: Path) -> None:
    path = put(store, tmp_path, "a", UNNEEDED_S + 9)
    assert store.touch("a" * 64) == path
    store.drop_unneeded(lambda _: False)
    assert path.exists()
    assert store.touch("b" * 64) is None


def test_what_arrives_is_left_alone(store: MediaStore, tmp_path: Path) -> None:
    room = store.room("job")
    (room / "take.mp4").write_bytes(b"growing")
    os.utime(room / "take.mp4", (0, 0))
    store.drop_unneeded(lambda _: False)
    assert (room / "take.mp4").exists()
