"""The commands about models as a user runs them, on the shared engine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("shared_engine")
LIMIT_S = 120


@pytest.fixture(autouse=True)
def _on_shared_engine(shared_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REELWRIGHT_HOME", str(shared_home))
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "studio", "models", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)


def test_a_model_is_added_by_a_path_from_here_and_forgotten(tiny_copy: Path, tmp_path: Path) -> None:
    assert tiny_copy.parent == tmp_path
    added = run("add", tiny_copy.name, "--name", "My [b]own[/b] 🌊", "--id", "mine", "--offload", "group", "--json")
    assert added.returncode == 0, added.stderr
    card = json.loads(added.stdout)["card"]
    assert (card["id"], card["location"], card["offload"]) == ("mine", str(tiny_copy), "group")
    assert (card["name"], json.loads(added.stdout)["missing"]) == ("My [b]own[/b] 🌊", [])
    assert "My [b]own[/b] 🌊" in run().stdout
    assert "mine" in [row["card"]["id"] for row in json.loads(run("--json").stdout)]
    assert run("remove", "mine").returncode == 0
    assert "mine" not in run().stdout
    assert (tiny_copy / "model_index.json").exists()


def test_what_is_wrong_is_said_by_file(tmp_path: Path, tiny_copy: Path) -> None:
    (tiny_copy / "vae" / "config.json").unlink()
    said = run("add", tiny_copy.name)
    assert (said.returncode, "vae/config.json: no such file" in said.stderr) == (2, True)
    found = json.loads(run("add", "nowhere", "--json").stdout)["problems"]
    assert [(p["field"], p["kind"]) for p in found] == [(str(tmp_path / "nowhere"), "missing")]
    found = json.loads(run("add", tiny_copy.name, "--id", "NO", "--json").stdout)["problems"]
    assert [p["field"] for p in found] == ["id"]
    assert run("remove", "nobody").returncode == 2
    assert run("remove", "starter").returncode == 3


def test_a_model_is_quantized_and_renders(tiny_copy: Path) -> None:
    assert run("add", tiny_copy.name, "--id", "plain").returncode == 0
    made = subprocess.run(
        [sys.executable, "-P", "-m", "studio", "quantize", "plain", "--to", "q8_0", "--json"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    card = json.loads(made.stdout)["card"]
    assert card["id"] == "plain-q8_0"
    file = Path(card["gguf"]["path"])
    assert file.stat().st_size == card["gguf"]["size_bytes"]
    row = next(row for row in json.loads(run("--json").stdout) if row["card"]["id"] == "plain-q8_0")
    assert row["missing"] == []
    clip = ["generate", "a sea", "--model", "plain-q8_0", "--steps", "1", "--frames", "9", "--json", "-o", "a.mkv"]
    rendered = subprocess.run(
        [sys.executable, "-P", "-m", "studio", *clip], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert rendered.returncode == 0, rendered.stderr + rendered.stdout
    again = subprocess.run(
        [sys.executable, "-P", "-m", "studio", "quantize", "plain-q8_0", "--to", "q4_0"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert (again.returncode, "GGUF already" in again.stderr) == (2, True)
    for model in ("plain", "plain-q8_0"):
        assert run("remove", model).returncode == 0
    file.unlink()
