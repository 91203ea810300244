"""Diagnostics: a text that helps those who help, and gives nothing away."""

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from engine.protocol.home import BUILD, Rendezvous, write_rendezvous
from engine.protocol.worker_status import WorkerStatus
from studio.link.scripted import ScriptedLink
from studio.link.state import Failed, Lost, Stopped
from studio.models.report import TAIL_LINES, report, without_secrets
from studio.models.studio import Studio
from studio.views import diagnostics

TOKEN = "s3cr3t-t0ken_of-this-engine_0123456789abcdefgh"


@pytest.fixture
def logs(home: Path) -> Path:
    """A user folder in which an engine has left its traces."""
    write_rendezvous(home, Rendezvous(pid=4242, port=5151, token=TOKEN, build="0.0.9"))
    folder = home / "logs"
    folder.mkdir()
    lines = [f"2026-01-01 INFO engine line {number}" for number in range(500)]
    (folder / "engine.log").write_text("\n".join([*lines, f"GET /jobs Authorization: Bearer {TOKEN}"]), "utf-8")
    (folder / "worker-auto.log").write_bytes(b"torn \xff\xfe bytes\ntoken=abcdef123456 and hf_ABCDEFGHIJKLMNOP\n")
    (folder / "start.log").write_text("", "utf-8")
    return folder


@pytest.fixture
def view(studio: Studio, actions: Any, theme: Any, show: Any, logs: Path) -> diagnostics.View:
    made = diagnostics.View(studio, actions, theme)
    show(made, 820, 560)
    return made


def test_it_says_what_helps(view: diagnostics.View, link: ScriptedLink, studio: Studio, scene: Any) -> None:
    link.answer("workers", [WorkerStatus(device="auto", state="ready", found="cpu: a processor")])
    scene.queue("q")
    scene.fail("f")
    view.refresh()
    text = view.text.toPlainText()
    for part in (
        f"build: {BUILD}",
        "Python: 3.",
        "PySide6 6.",
        "link: connected",
        "process: 4242, port 5151, build 0.0.9",
        "worker auto: ready, cpu: a processor",
        "shots: 3, takes: 0",
        "jobs: 1 failed, 1 queued",
        "starter: ready",
        "engine line 499",
        "== Log worker-auto.log",
    ):
        assert part in text
    assert "engine line 400" not in text
    assert text.count("engine line") <= TAIL_LINES


def test_no_key_is_ever_in_it(view: diagnostics.View) -> None:
    text = view.text.toPlainText()
    for secret in (TOKEN, "abcdef123456", "ABCDEFGHIJKLMNOP"):
        assert secret not in text
    assert "[removed]" in text


@pytest.mark.parametrize(
    "line",
    [
        "Authorization: Bearer KEYKEYKEY",
        "authorization='KEYKEYKEY'",
        '{"token": "KEYKEYKEY"}',
        "GET /x?token=KEYKEYKEY&page=2",
        "API_KEY=KEYKEYKEY",
        "password: KEYKEYKEY",
        "HF_TOKEN=KEYKEYKEY",
    ],
)
def test_what_looks_like_a_key_is_blotted_out(line: str) -> None:
    assert "KEYKEYKEY" not in without_secrets(line)


def test_prompts_are_not_in_it(view: diagnostics.View, scene: Any) -> None:
    scene.queue("q", prompt="a very private wish")
    view.refresh()
    assert "private" not in view.text.toPlainText()
    assert "sunset" not in view.text.toPlainText()


def test_the_users_own_folder_is_a_tilde(studio: Studio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert "project: ~" in report(studio)
    assert str(tmp_path) not in report(studio)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (Lost("it died", 3), "link: lost, attempt 3: it died"),
        (Failed("no port"), "link: failed: no port"),
        (Stopped(), "link: stopped"),
    ],
)
def test_the_state_of_the_engine(studio: Studio, link: ScriptedLink, state: Any, words: str) -> None:
    link.become(state)
    assert words in report(studio)
    assert "workers: none known" in report(studio)


def test_a_machine_without_any_engine_has_a_report_too(studio: Studio, home: Path) -> None:
    assert not (home / "logs").exists()
    assert "== Log" not in report(studio)
    assert "process:" not in report(studio)


def test_it_is_copied_with_one_click(view: diagnostics.View, qtbot: QtBot) -> None:
    qtbot.mouseClick(view.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == view.text.toPlainText()
    assert view.copy_button.text() == "Copied"
    QGuiApplication.clipboard().clear()


def test_it_looks_right(view: diagnostics.View, look: Any) -> None:
    look(view, "diagnostics", 960, 672)
