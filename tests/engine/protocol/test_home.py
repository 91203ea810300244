"""The user's folder and the rendezvous file in it."""

import json
import os
import stat
import threading
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from engine.protocol.home import Rendezvous, home, read_rendezvous, rendezvous_file, write_rendezvous

RENDEZVOUS = Rendezvous(pid=1, port=2, token="secret", build="0")


def test_the_folder_is_the_one_that_was_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REELWRIGHT_HOME", str(tmp_path / "elsewhere"))
    assert home() == tmp_path / "elsewhere"
    assert not home().exists()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("REELWRIGHT_HOME", "~/films")
    assert home() == tmp_path / "films"
    monkeypatch.delenv("REELWRIGHT_HOME")
    assert home().name == "reelwright"


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_only_its_user_can_read_it(tmp_path: Path) -> None:
    path = rendezvous_file(tmp_path)
    path.write_text("old", "utf-8")
    path.chmod(0o644)
    old = os.umask(0)
    try:
        write_rendezvous(tmp_path, RENDEZVOUS)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_rendezvous(tmp_path) == RENDEZVOUS
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_sees_the_old_or_the_new_one_but_no_part(tmp_path: Path) -> None:
    path = rendezvous_file(tmp_path)
    versions = [replace(RENDEZVOUS, token=letter * 5000) for letter in "ab"]
    write_rendezvous(tmp_path, versions[0])
    done = threading.Event()
    seen: set[str] = set()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_text("utf-8"))

    reader = threading.Thread(target=read)
    reader.start()
    for i in range(300):
        write_rendezvous(tmp_path, versions[i % 2])
    done.set()
    reader.join()
    assert seen <= {json.dumps(asdict(version)) for version in versions}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": 1}', b"\xff\xfe", b'{"pid": "x", "port": 1}'])
def test_what_is_no_rendezvous_is_none(tmp_path: Path, content: bytes) -> None:
    rendezvous_file(tmp_path).write_bytes(content)
    assert read_rendezvous(tmp_path) is None


def test_no_rendezvous_is_none(tmp_path: Path) -> None:
    assert read_rendezvous(tmp_path) is None
    assert read_rendezvous(tmp_path / "not there") is None
