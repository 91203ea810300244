"""The library: what each model needs and takes, which one the shot uses, and adding one that lies on the disk."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from engine.protocol.home import RESOURCES
from engine.protocol.model_card import Adding, ModelCard, ModelToAdd, read_card
from engine.protocol.problem import Problem
from engine.protocol.worker_status import WorkerStatus
from studio.link.scripted import ScriptedLink
from studio.link.state import Connected, Starting
from studio.link.trouble import Gone, Problems
from studio.models.studio import Studio
from studio.views import library
from studio.views.library_plan import plan_words
from studio.views.library_words import gigabytes, near_home, needs_words

CPU = WorkerStatus(device="auto", state="ready", found="cpu: a processor")
GPU = WorkerStatus(device="auto", state="ready", found="cuda: NVIDIA H200")


@pytest.fixture
def own_card(starter_card: ModelCard) -> ModelCard:
    """A model that was added from the disk."""
    return starter_card.changed(
        id="ltx-q8",
        name="LTX-Video 0.9.8 2B distilled (Q8_0)",
        description="Added from the disk.",
        location=str(Path.home() / "models" / "ltx"),
        memory_bytes={},
    )


@pytest.fixture
def view(studio: Studio, actions: Any, theme: Any, show: Callable[..., None]) -> library.View:
    made = library.View(studio, actions, theme)
    show(made, 820, 700)
    return made


def said(widget: Any) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if not label.isHidden())


def button(widget: Any, text: str) -> QPushButton:
    return next(each for each in widget.findChildren(QPushButton) if each.text() == text and not each.isHidden())


def wanted(link: ScriptedLink) -> list[ModelToAdd]:
    return [ticket.ask.arguments[0] for ticket in link.waiting("add_model")]


def test_a_model_says_what_it_is(view: library.View, link: ScriptedLink) -> None:
    shown = said(view.cards["starter"])
    for part in (
        "Starter",
        "Used by this shot",
        "64 to 256 px in steps of 32",
        "up to 49 frames at once",
        "usually 128×96, 1.4 s",
        "extend, loop, bridge, retake",
        "Needs 0.9 GB (bf16) of memory",
        "Apache-2.0",
    ):
        assert part in shown
    assert "this machine" not in shown  # nobody knows yet what it computes on
    link.answer("workers", [CPU])
    assert "computes on its processor" in said(view.cards["starter"])


@pytest.mark.parametrize(
    ("workers", "machine_bytes", "part"),
    [
        ([], 16_000_000_000, "Needs 40.0 GB (bf16), 9.1 GB (q8_0) of memory"),
        ([CPU], 16_000_000_000, "this machine has 16.0 GB, and computes on its processor"),
        ([CPU], 8_000_000_000, "too much for this machine, which has 8.0 GB"),
        ([GPU], 8_000_000_000, "runs on NVIDIA H200"),
        ([GPU.changed(total_bytes=150_000_000_000)], 8_000_000_000, "fits NVIDIA H200, which has 150.0 GB"),
        ([GPU.changed(total_bytes=1_000_000)], 8_000_000_000, "more than NVIDIA H200 has (0.1 GB)"),
    ],
)
def test_only_what_is_known_is_said_about_memory(
    starter_card: ModelCard, workers: list[WorkerStatus], machine_bytes: int, part: str
) -> None:
    card = starter_card.changed(memory_bytes={"q8_0": 9_050_000_000, "bf16": 40_000_000_000})
    assert part in needs_words(card, workers, machine_bytes)


def test_what_nobody_has_measured_is_not_invented(own_card: ModelCard) -> None:
    assert "Nobody has measured" in needs_words(own_card, [GPU], 1)


def test_a_model_with_missing_files_cannot_be_used(view: library.View, link: ScriptedLink, own_card: ModelCard) -> None:
    missing = [f"transformer/part-{number}.safetensors" for number in range(9)]
    link.models_loaded.emit([(own_card, missing)])
    card = view.cards["ltx-q8"]
    assert "Files missing" in said(card)
    assert "part-3.safetensors and 5 more" in said(card)
    assert card.use_button.isHidden()


def test_a_shot_uses_another_model(
    view: library.View, link: ScriptedLink, studio: Studio, starter_card: ModelCard, own_card: ModelCard, qtbot: QtBot
) -> None:
    link.models_loaded.emit([(starter_card, []), (own_card, [])])
    qtbot.mouseClick(view.cards["ltx-q8"].use_button, Qt.MouseButton.LeftButton)
    assert studio.composer.draft is not None
    assert studio.composer.draft.model == "ltx-q8"
    assert "Used by this shot" in said(view.cards["ltx-q8"])
    assert view.cards["ltx-q8"].use_button.isHidden()
    assert not view.cards["starter"].use_button.isHidden()


def test_an_added_model_is_forgotten_and_others_cannot_be(
    view: library.View, link: ScriptedLink, starter_card: ModelCard, own_card: ModelCard, qtbot: QtBot
) -> None:
    link.models_loaded.emit([(starter_card, []), (own_card, [])])
    with pytest.raises(StopIteration):
        button(view.cards["starter"], "Forget")
    qtbot.mouseClick(button(view.cards["ltx-q8"], "Forget"), Qt.MouseButton.LeftButton)
    assert link.answer("remove_model").ask.arguments == ("ltx-q8",)
    link.answer("models", [(starter_card, [])])
    assert list(view.cards) == ["starter"]


def test_a_model_is_added_from_the_disk(
    view: library.View, link: ScriptedLink, starter_card: ModelCard, own_card: ModelCard, qtbot: QtBot
) -> None:
    qtbot.mouseClick(view.add_button, Qt.MouseButton.LeftButton)
    assert not view.form.add_button.isEnabled()
    view.form.folder.setText("~/models/LTX Видео")
    view.form.gguf.setText("/big/ltx-q8.gguf")
    view.form.name.setText("Mine")
    qtbot.mouseClick(view.form.add_button, Qt.MouseButton.LeftButton)
    (sent,) = wanted(link)
    assert sent.path == str(Path.home() / "models" / "LTX Видео")
    assert (sent.gguf, sent.name) == ("/big/ltx-q8.gguf", "Mine")
    assert "Looking at the model" in said(view.form)
    view._studio.library._look()
    link.answer("adding", [Adding(path=sent.path, done_bytes=2_340_000_000, total_bytes=9_360_000_000)])
    assert "2.4 GB of 9.4 GB" in said(view.form)
    assert view.form._progress.value() == 250
    link.answer("add_model", own_card)
    link.answer("models", [(starter_card, []), (own_card, [])])
    assert list(view.cards) == ["starter", "ltx-q8"]
    assert view.form.isHidden()
    assert view.form.folder.text() == ""


def test_what_is_wrong_with_a_model_is_told_by_file(view: library.View, link: ScriptedLink, qtbot: QtBot) -> None:
    view._open_form()
    view.form.folder.setText("/models/ltx")
    view.form.add()
    problems = (
        Problem(field="transformer/model.bin", kind="unsupported", detail="only safetensors are read"),
        Problem(field="vae/config.json", kind="missing"),
    )
    link.refuse("add_model", Problems(problems))
    told = view.form.note.sentence
    assert "cannot be used here" in told
    assert "only safetensors are read" in told
    assert "config.json" in told
    assert view.form.folder.text() == "/models/ltx"
    view.form.add()
    assert not view.form.note.isVisible()
    link.refuse("add_model", Gone("it went away"))
    assert "could not be reached" in view.form.note.sentence
    assert view.form.add_button.isEnabled()


def test_a_folder_that_is_no_path_is_told_at_once(view: library.View, link: ScriptedLink) -> None:
    view._open_form()
    view.form.folder.setText("models")
    view.form.add()
    assert "Choose the folder" in view.form.note.sentence
    assert wanted(link) == []


def test_without_an_engine_there_is_nothing_to_add_to(view: library.View, link: ScriptedLink) -> None:
    link.become(Starting())
    assert not view.add_button.isEnabled()
    link.models_loaded.emit([])
    assert "The engine is starting…" in said(view)
    link.become(Connected())
    assert "No models were found." in said(view)


def test_words_for_sizes_and_paths() -> None:
    assert gigabytes(900_000_000) == "0.9 GB"
    assert gigabytes(45_000_000) == "0.1 GB"
    assert near_home(str(Path.home() / "a b")) == str(Path("~") / "a b")
    assert near_home("/elsewhere") == "/elsewhere"


def test_it_looks_right(
    view: library.View, look: Any, link: ScriptedLink, starter_card: ModelCard, own_card: ModelCard
) -> None:
    link.answer("workers", [CPU])
    link.models_loaded.emit([(starter_card, []), (own_card, []), (own_card.changed(id="x", name="Big"), ["a.bin"])])
    view._open_form()
    view.form.folder.setText("/models/ltx")
    view.form.add()
    view._studio.library._look()
    link.answer("adding", [Adding(path="/models/ltx", done_bytes=2_340_000_000, total_bytes=9_360_000_000)])
    look(view, "library", 960, 672)


@pytest.mark.parametrize(
    ("gb", "parts"),
    [
        (80, ("Fits NVIDIA H100: needs", "steps take about")),
        (24, ("Runs on NVIDIA H100", "slower: its layers wait in 42.6 GB of memory", "better as q4_0")),
        (2, ("Too large for NVIDIA H100",)),
    ],
)
def test_whether_a_model_fits_is_said_with_the_reason(gb: int, parts: tuple[str, ...]) -> None:
    card = read_card(RESOURCES / "models" / "wan2.1-t2v-14b.toml")
    worker = GPU.changed(found="cuda: NVIDIA H100", total_bytes=gb * 2**30, machine_bytes=2**36, value_bytes=2)
    said = plan_words(card, [worker])
    for part in parts:
        assert part in said
    assert plan_words(card.changed(anatomy=None), [worker]) == ""
    assert plan_words(card, [GPU]) == ""
