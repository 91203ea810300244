"""The commands by which models come, are checked and go, as a user runs them, with a hub on loopback."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.client.attach import attach_running
from engine.protocol.download import Asking, Download, DownloadTrouble, Fetching, Paused, Reading, Stuck, Waiting
from engine.protocol.model_card import ModelCard, Repository
from engine.weights.new_card import card_toml
from studio.cli import app
from studio.cli.download_words import progress_words, state_words, trouble_sentence

LIMIT_S = 120
FILES = {"model_index.json": b"{}", "vae/config.json": b'{"a": 1}', "vae/model.safetensors": bytes(200_000)}
COMMAND = [sys.executable, "-P", "-m", "studio", "models"]


@pytest.fixture
def hub(
    fake_hub: Any,
    fake_hubs: Any,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    starter_card: ModelCard,
    until: Callable[..., None],
) -> Iterator[Any]:
    """A hub, a card of what it has, and an engine that ends with the test."""
    fake_hub.repos["studio/tiny"] = fake_hubs.Repo(FILES)
    card = starter_card.changed(id="tiny", folder="tiny", files=(), repository=Repository(id="studio/tiny"))
    (home / "models").mkdir()
    (home / "models" / "tiny.toml").write_text(card_toml(card), "utf-8")
    for name, value in (("HF_ENDPOINT", fake_hub.endpoint), ("HF_HOME", str(home / "no login"))):
        monkeypatch.setenv(name, value)
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield fake_hub
    client = attach_running(home)
    if client is not None:
        client.stop()
        client.close()
    until(lambda: {child.pid for child in psutil.Process().children(recursive=True)} <= before)


@dataclass
class Said:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Return a function that runs a command in this process: there are many."""

    def running(*arguments: str, typed: str = "") -> Said:
        monkeypatch.setattr(sys, "argv", ["reelwright", "models", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        code = app.run()
        said = capsys.readouterr()
        return Said(int(code), said.out, said.err)

    return running


def test_a_model_comes_is_checked_mended_and_goes(hub: Any, home: Path, run: Callable[..., Said]) -> None:
    assert "not downloaded" in run().stdout
    got = run("get", "tiny")
    assert (got.returncode, got.stdout) == (0, "tiny is here: `--model tiny` uses it\n"), got.stderr
    assert run("verify", "tiny").stdout == "all files of tiny are as they should be\n"
    (home / "models" / "tiny" / "vae" / "model.safetensors").write_bytes(bytes(199_999) + b"!")
    said = run("verify", "tiny", "--json")
    assert (said.returncode, json.loads(said.stdout)["damaged"]) == (1, ["vae/model.safetensors"])
    assert "files missing: vae/model.safetensors" in run("show", "tiny").stdout
    assert json.loads(run("get", "tiny", "--json").stdout) == {"model": "tiny", "status": "ready"}
    assert "ready" in run("show", "tiny").stdout
    assert run("delete", "tiny", typed="n\n").returncode == 130
    assert run("delete", "tiny", "--yes").returncode == 0
    assert not (home / "models" / "tiny").exists()
    assert run("delete", "starter", "--yes").returncode == 3
    assert run("get", "nobody").returncode == 2


def test_a_token_is_read_from_standard_input(hub: Any, home: Path, tmp_path: Path, run: Callable[..., Said]) -> None:
    hub.repos["studio/tiny"].gated = "hf_right"
    said = run("get", "tiny")
    assert said.returncode == 1
    assert "https://huggingface.co/studio/tiny" in said.stderr
    assert "models token" in said.stderr
    assert json.loads(run("token", "--where", "--json").stdout) == {"token": None}
    assert run("token", typed="two words\n").returncode == 2
    assert "only you can read" in run("token", typed="hf_right\n").stdout
    assert run("get", "tiny", "--to", str(tmp_path / "disk")).returncode == 0
    assert (tmp_path / "disk" / "tiny" / "vae" / "config.json").read_bytes() == FILES["vae/config.json"]
    folders = json.loads(run("folder", "--json").stdout)
    assert folders["chosen"] == str(tmp_path / "disk")
    assert run("folder", str(tmp_path / "disk"), "--forget").stdout.startswith(str(home / "models"))
    assert run("token", "--delete").stdout == "there is no token\n"


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_ctrl_c_pauses_and_get_goes_on(
    hub: Any, fake_hubs: Any, home: Path, until: Callable[..., None], run: Callable[..., Said]
) -> None:
    hub.faults["vae/model.safetensors"] = [fake_hubs.stalls(100_000)]
    process = subprocess.Popen([*COMMAND, "get", "tiny"], stderr=subprocess.PIPE, text=True)
    part = home / "models" / "tiny" / "vae" / "model.safetensors.part"
    until(lambda: part.exists() and part.stat().st_size == 100_000)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, "`reelwright models get tiny` goes on" in said) == (130, True)
    assert "paused at 50 %" in run().stdout
    assert run("get", "tiny").returncode == 0
    assert hub.fetched("vae/model.safetensors") == ["", "bytes=100000-"]


@pytest.mark.parametrize("why", DownloadTrouble.__args__)
def test_every_trouble_says_the_next_step(why: DownloadTrouble, starter_card: ModelCard) -> None:
    card = starter_card.changed(repository=Repository(id="studio/tiny"))
    stuck = Stuck(why=why, detail="vae/x.json", needed_bytes=3_000_000_000, free_bytes=5, retry_s=90.0)
    said = trouble_sentence(stuck, card)
    assert "{" not in said
    if why == "disk_full":
        assert "3.0 GB are needed and 5 bytes free" in said


def test_words_for_how_far_it_is(starter_card: ModelCard) -> None:
    def words(state: Any) -> str:
        return progress_words(Download(model="tiny", state=state, done_bytes=1_000_000, total_bytes=4_000_000))

    assert words(Asking()) == "asking the hub"
    assert words(Fetching(file="a")) == "1.0 MB of 4.0 MB"
    assert words(Fetching(file="a", bytes_per_s=1e6, eta_s=3)) == "1.0 MB of 4.0 MB, 1.0 MB/s, 3.0 s left"
    assert words(Reading(file="a")) == "1.0 MB of 4.0 MB, reading a"
    assert "asked too often: again in 30 s" in words(Waiting(why="rate_limited", retry_s=30))
    newer = starter_card.changed(family="cinema_9", files=(), repository=Repository(id="studio/tiny"))
    assert state_words(newer, ["studio/tiny"], None) == "not downloaded, for a newer build"
    assert state_words(newer, [], None) == "here, for a newer build"
    paused = Download(model="tiny", state=Paused(), done_bytes=1, total_bytes=4)
    assert state_words(starter_card, ["x"], paused) == "paused at 25 %"
