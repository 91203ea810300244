"""The library's way to more models: fetching, pausing, checking, mending and deleting, and what to do when it stops."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from engine.protocol.download import (
    Asking,
    Checked,
    Download,
    DownloadTrouble,
    Fetching,
    ModelFolders,
    Paused,
    Reading,
    Stuck,
    Token,
    TokenPlace,
    Waiting,
)
from engine.protocol.events import DownloadChanged
from engine.protocol.model_card import ModelCard, Repository
from studio.link.scripted import ScriptedLink
from studio.link.state import Connected
from studio.link.trouble import Refused
from studio.models.studio import Studio
from studio.style.sheet import apply_theme
from studio.style.tokens import DARK, LIGHT, Theme
from studio.views import library
from studio.views.library_card import CardView
from studio.views.library_download_words import progress_words, trouble_words

ID = "wan"
TOTAL = 28_600_000_000


@pytest.fixture
def card(starter_card: ModelCard) -> ModelCard:
    """A model that can be fetched."""
    return starter_card.changed(
        id=ID, name="Wan 2.2 TI2V 5B", folder=ID, files=(), repository=Repository(id="Wan-AI/Wan2.2-TI2V-5B-Diffusers")
    )


@pytest.fixture
def view(
    studio: Studio, actions: Any, theme: Any, show: Callable[..., None], link: ScriptedLink, card: ModelCard
) -> library.View:
    made = library.View(studio, actions, theme)
    show(made, 900, 700)
    link.models_loaded.emit([(card, ["Wan-AI/Wan2.2-TI2V-5B-Diffusers"])])
    return made


@pytest.fixture
def shown(view: library.View) -> CardView:
    return view.cards[ID]


def tell(link: ScriptedLink, state: Any, done_bytes: int = 7_150_000_000) -> None:
    download = Download(model=ID, state=state, done_bytes=done_bytes, total_bytes=TOTAL)
    link.tell(DownloadChanged(model=ID, download=download))


def said(widget: Any) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if not label.isHidden())


def offered(shown: CardView) -> set[str]:
    part = shown.download
    buttons = {
        "get": part.get_button,
        "pause": part.pause_button,
        "cancel": part.cancel_button,
        "verify": part.verify_button,
        "delete": part.delete_button,
        "token": part.save_button,
        "use": shown.use_button,
    }
    return {name for name, button in buttons.items() if not button.isHidden()}


def press(qtbot: QtBot, button: Any) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_model_is_fetched_with_its_speed_and_the_time_left(shown: CardView, link: ScriptedLink, qtbot: QtBot) -> None:
    assert "Not downloaded" in said(shown)
    assert "missing" not in said(shown)
    assert offered(shown) == {"get"}
    press(qtbot, shown.download.get_button)
    assert link.answer("download").ask.arguments == (ID,)
    tell(link, Asking(), 0)
    assert "Asking the hub" in said(shown)
    tell(link, Fetching(file="a", bytes_per_s=52_400_000, eta_s=410))
    assert "7.2 GB of 28.6 GB · 52.4 MB/s" in said(shown)
    assert "25 %" in said(shown)
    assert shown.download._progress.value() == 250
    assert offered(shown) == {"pause"}
    press(qtbot, shown.download.pause_button)
    assert link.answer("pause_download").ask.arguments == (ID,)
    tell(link, Paused())
    assert "Paused at 25 %" in said(shown)
    assert offered(shown) == {"get", "cancel"}
    assert shown.download.get_button.text() == "Go on"
    press(qtbot, shown.download.cancel_button)
    assert link.answer("cancel_download").ask.arguments == (ID,)


def test_when_it_is_over_the_models_are_asked_for(view: library.View, link: ScriptedLink, card: ModelCard) -> None:
    tell(link, Reading(file="a"))
    link.tell(DownloadChanged(model=ID))
    files = [{"path": "vae/a.safetensors", "size_bytes": TOTAL, "sha256": "ab" * 32}]
    link.answer("models", [(card.changed(files=files), [])])
    assert "Ready" in said(view.cards[ID])
    assert offered(view.cards[ID]) == {"verify", "delete", "use"}


def test_what_is_under_way_is_known_after_a_connect(view: library.View, shown: CardView, link: ScriptedLink) -> None:
    link.become(Connected())
    for ticket in link.waiting("downloads"):
        ticket.done([Download(model=ID, state=Paused(), done_bytes=TOTAL // 2, total_bytes=TOTAL)])  # type: ignore[misc]
    assert "Paused at 50 %" in said(shown)


@pytest.fixture
def whole(view: library.View, link: ScriptedLink, card: ModelCard) -> Callable[[], CardView]:
    """Return a function that finds the card of the model when it is here."""
    files = [{"path": "vae/a.safetensors", "size_bytes": TOTAL, "sha256": "ab" * 32}]
    link.models_loaded.emit([(card.changed(files=files), [])])
    return lambda: view.cards[ID]


def test_a_check_says_what_it_found(whole: Callable[[], CardView], link: ScriptedLink, qtbot: QtBot) -> None:
    press(qtbot, whole().download.verify_button)
    assert link.answer("verify_model").ask.arguments == (ID,)
    tell(link, Reading(file="vae/a.safetensors"))
    assert offered(whole()) >= {"cancel"}
    assert "pause" not in offered(whole())
    tell(link, Checked(), TOTAL)
    assert "All files are as they should be" in whole().download.note.sentence
    tell(link, Checked(damaged=("vae/a.safetensors",)), TOTAL)
    assert "vae/a.safetensors" in whole().download.note.sentence
    assert "fetch them again" in whole().download.note.sentence


def test_deleting_is_asked_for_once_more(whole: Callable[[], CardView], link: ScriptedLink, qtbot: QtBot) -> None:
    part = whole().download
    press(qtbot, part.delete_button)
    assert "Delete 28.6 GB" in part.note.sentence
    assert link.waiting("delete_model") == []
    press(qtbot, part.delete_button)
    assert part.note.sentence == ""
    press(qtbot, part.delete_button)
    press(qtbot, part.note._button)
    link.refuse("delete_model", Refused(409, "a running job needs this model"))
    assert part.note.sentence != ""
    assert part.note.offer is None


def test_a_gated_model_leads_to_its_page_and_takes_a_token(
    shown: CardView, link: ScriptedLink, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    tell(link, Stuck(why="needs_token", detail="Wan-AI/Wan2.2"), 0)
    assert "licence has to be accepted" in shown.download.note.sentence
    press(qtbot, shown.download.note._button)
    assert opened == ["https://huggingface.co/Wan-AI/Wan2.2-TI2V-5B-Diffusers"]
    assert offered(shown) == {"token", "cancel"}
    shown.download.token.setText("two words")
    press(qtbot, shown.download.save_button)
    assert link.waiting("put_token") == []
    shown.download.token.setText("hf_secret")
    press(qtbot, shown.download.save_button)
    assert shown.download.token.text() == ""
    ticket = link.answer("put_token", TokenPlace(place="keyring"))
    assert ticket.ask.arguments == (Token(text="hf_secret"),)
    assert "hf_secret" not in repr(ticket.ask)
    assert link.answer("download").ask.arguments == (ID,)


@pytest.mark.parametrize("why", get_args(DownloadTrouble))
def test_every_trouble_is_told_with_the_next_step(shown: CardView, link: ScriptedLink, why: DownloadTrouble) -> None:
    tell(link, Stuck(why=why, detail="vae/a.safetensors", needed_bytes=TOTAL, free_bytes=5))
    told = shown.download.note.sentence
    assert told.endswith(".")
    assert "{" not in told
    assert "Stopped at 25 %" in said(shown)


def test_words_with_numbers() -> None:
    full = Stuck(why="disk_full", needed_bytes=TOTAL, free_bytes=1_000_000_000)
    assert "28.6 GB are needed, 1.0 GB are free" in trouble_words(full)
    assert "in 20 min" in trouble_words(Stuck(why="rate_limited", retry_s=1200))
    waiting = Download(model=ID, state=Waiting(why="rate_limited", retry_s=30), total_bytes=TOTAL)
    assert "asked too often" in progress_words(waiting)


def test_a_model_for_a_newer_build_is_fetched_and_not_used(
    view: library.View, link: ScriptedLink, card: ModelCard
) -> None:
    newer = card.changed(family="cinema_9")
    link.models_loaded.emit([(newer, ["x/y"])])
    assert "Needs a newer Reelwright" in said(view.cards[ID])
    assert offered(view.cards[ID]) == {"get"}


def test_the_folder_and_the_token_are_named(view: library.View, link: ScriptedLink, qtbot: QtBot) -> None:
    link.answer("model_folders", ModelFolders(folders=("/a", "/b"), chosen="/b"))
    link.answer("token_place", TokenPlace(place="file"))
    assert "New models come to /b" in said(view.places)
    assert "only you can read" in said(view.places)
    press(qtbot, view.places.forget_button)
    link.answer("delete_token", TokenPlace())
    assert view.places.forget_button.isHidden()
    view.places._on_chosen("/c d")
    assert link.answer("choose_model_folder", ModelFolders(folders=("/c d",), chosen="/c d")).ask.arguments == (
        Path("/c d"),
    )
    assert "/c d" in said(view.places)


@pytest.mark.parametrize("look_theme", [DARK, LIGHT], ids=["dark", "light"])
def test_it_looks_right(
    studio: Studio, actions: Any, link: ScriptedLink, card: ModelCard, look: Any, qapp: QApplication, look_theme: Theme
) -> None:
    apply_theme(qapp, look_theme)
    view = library.View(studio, actions, look_theme)
    files = [{"path": "vae/a.safetensors", "size_bytes": TOTAL, "sha256": "ab" * 32}]
    others = [card.changed(id=name, folder=name, name=f"Model {name}") for name in ("a", "b", "c")]
    newer = card.changed(id="n", folder="n", name="LTX-2 19B", family="cinema_9")
    here = card.changed(id="h", folder="h", name="Wan 2.1 T2V 1.3B", files=files)
    link.models_loaded.emit([(here, []), (card, ["x"]), *[(other, ["x"]) for other in others], (newer, ["x"])])
    link.answer("model_folders", ModelFolders(folders=("/a", "/b"), chosen="/big disk/models"))
    link.answer("token_place", TokenPlace(place="keyring"))
    tell(link, Fetching(file="a", bytes_per_s=52_400_000, eta_s=410))
    for model, state in (
        ("a", Stuck(why="needs_token", detail="x")),
        ("b", Stuck(why="disk_full", needed_bytes=TOTAL, free_bytes=5)),
        ("c", Paused()),
        ("h", Checked()),
    ):
        found = Download(model=model, state=state, done_bytes=TOTAL // 3, total_bytes=TOTAL)
        link.tell(DownloadChanged(model=model, download=found))
    look(view, f"library-downloads-{'dark' if look_theme is DARK else 'light'}", 960, 1500)
    apply_theme(qapp, DARK)
