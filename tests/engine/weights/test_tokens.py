"""The hub's token: in a keyring where there is one that works, else in a private file, and never in two places."""

import os
import stat
from pathlib import Path

import pytest

from engine.weights.tokens import Tokens


class Ring:
    """A keyring like the library of that name; `works` False: one without a backend."""

    def __init__(self, works: bool = True) -> None:
        self.works = works
        self.kept: dict[tuple[str, str], str] = {}

    def set_password(self, service: str, user: str, password: str) -> None:
        if not self.works:
            raise RuntimeError("No recommended backend was available.")
        self.kept[service, user] = password

    def get_password(self, service: str, user: str) -> str | None:
        if not self.works:
            raise RuntimeError("No recommended backend was available.")
        return self.kept.get((service, user))

    def delete_password(self, service: str, user: str) -> None:
        del self.kept[service, user]


@pytest.fixture(autouse=True)
def _no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)


def test_a_keyring_keeps_it(tmp_path: Path) -> None:
    ring = Ring()
    tokens = Tokens(tmp_path, ring)
    assert tokens.get() is None
    assert tokens.place() is None
    assert tokens.put("hf_a") == "keyring"
    assert (tokens.get(), tokens.place()) == ("hf_a", "keyring")
    assert list(tmp_path.iterdir()) == []
    tokens.delete()
    tokens.delete()
    assert tokens.get() is None


def test_without_one_that_works_a_private_file_does(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path / "home", Ring(works=False))
    assert tokens.put("hf_a") == "file"
    assert (tokens.get(), tokens.place()) == ("hf_a", "file")
    path = tmp_path / "home" / "hub-token"
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert tokens.put("hf_b") == "file"
    assert tokens.get() == "hf_b"
    tokens.delete()
    assert not path.exists()


def test_it_is_never_in_two_places(tmp_path: Path) -> None:
    ring = Ring(works=False)
    tokens = Tokens(tmp_path, ring)
    tokens.put("hf_old")
    ring.works = True
    assert tokens.put("hf_new") == "keyring"
    assert list(tmp_path.iterdir()) == []
    assert tokens.get() == "hf_new"


def test_the_login_of_hugging_face_does_where_there_is_none_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.get_token", lambda: "hf_login")
    tokens = Tokens(tmp_path, Ring())
    assert (tokens.get(), tokens.place()) == ("hf_login", "login")
    tokens.put("hf_ours")
    assert (tokens.get(), tokens.place()) == ("hf_ours", "keyring")


def test_a_file_that_is_no_text_is_no_token(tmp_path: Path) -> None:
    (tmp_path / "hub-token").write_bytes(b"\xff\xfe")
    assert Tokens(tmp_path, Ring()).get() is None
