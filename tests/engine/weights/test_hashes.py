"""Large files are read once: what is remembered, and everything that makes it worthless."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from engine.protocol.model_card import ModelCard
from engine.weights.hashes import Hashes
from engine.weights.store import WeightsError, verified

OLD_NS = 1_700_000_000 * 10**9


class Reader:
    """Counts the bytes that were read for a hash."""

    def __init__(self, cache: Path) -> None:
        self.hashes = Hashes(cache, smallest_bytes=10)
        self.calls = 0

    def sha256(self, path: Path) -> str:
        return self.hashes.sha256(path, self._on_bytes)

    def _on_bytes(self, count: int) -> None:
        self.calls += 1


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file that counts as large and has not changed for long."""
    path = tmp_path / "weights é.safetensors"
    write(path, b"x" * 5_000_000)
    return path


def write(path: Path, content: bytes, mtime_ns: int = OLD_NS) -> None:
    path.write_bytes(content)
    os.utime(path, ns=(mtime_ns, mtime_ns))


def remembered(cache: Path) -> list[str]:
    file = cache / "hashes.json"
    return list(json.loads(file.read_text("utf-8"))) if file.exists() else []


def test_a_large_file_is_read_once(tmp_path: Path, large: Path) -> None:
    reader = Reader(tmp_path / "cache")
    digest = hashlib.sha256(large.read_bytes()).hexdigest()
    assert reader.sha256(large) == digest
    assert reader.calls == 2
    assert Reader(tmp_path / "cache").sha256(large) == digest
    again = Reader(tmp_path / "cache")
    assert again.sha256(large) == digest
    assert again.calls == 1  # the whole of it at once: nothing was read
    assert remembered(tmp_path / "cache") == [str(large)]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["hashes.json"]


def test_a_change_is_seen(tmp_path: Path, large: Path) -> None:
    reader = Reader(tmp_path / "cache")
    first = reader.sha256(large)
    write(large, b"y" * 5_000_000, OLD_NS + 1)
    second = reader.sha256(large)
    write(large, b"y" * 5_000_001)
    other = tmp_path / "other"
    write(other, b"z" * 5_000_001)
    third = reader.sha256(large)
    other.replace(large)  # same size and time, another inode
    assert len({first, second, third, reader.sha256(large)}) == 4


def test_a_file_that_may_still_change_is_not_remembered(tmp_path: Path, large: Path) -> None:
    large.touch()
    Reader(tmp_path / "cache").sha256(large)
    assert remembered(tmp_path / "cache") == []


def test_small_files_are_always_read(tmp_path: Path) -> None:
    write(tmp_path / "small", b"x" * 9)
    reader = Reader(tmp_path / "cache")
    assert reader.sha256(tmp_path / "small") == hashlib.sha256(b"x" * 9).hexdigest()
    assert remembered(tmp_path / "cache") == []


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '"x"', "[" * 100_000, '{"PATH": 3}', '{"PATH": [1, 2, 3]}', '{"PATH": [1, 2, 3, "ab"]}']
)
def test_a_damaged_memory_is_forgotten(tmp_path: Path, large: Path, text: str) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "hashes.json").write_text(text.replace("PATH", str(large)), "utf-8")
    assert Reader(cache).sha256(large) == hashlib.sha256(large.read_bytes()).hexdigest()
    assert remembered(cache) == [str(large)]


def test_files_that_are_gone_are_forgotten(tmp_path: Path, large: Path) -> None:
    reader = Reader(tmp_path / "cache")
    reader.sha256(large)
    moved = large.rename(tmp_path / "moved")
    reader.sha256(moved)
    assert remembered(tmp_path / "cache") == [str(moved)]


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path, large: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    assert Reader(tmp_path / "cache").sha256(large) == hashlib.sha256(large.read_bytes()).hexdigest()


def test_checking_a_model_stops_within_a_file(starter_card: ModelCard, tmp_path: Path, large: Path) -> None:
    file = {"path": large.name, "size_bytes": 5_000_000, "sha256": "0" * 64}
    card = starter_card.changed(files=[file])
    calls = 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verified(card, tmp_path, check, tmp_path / "cache")
    with pytest.raises(WeightsError, match="damaged"):
        verified(card, tmp_path, cache=tmp_path / "cache")
