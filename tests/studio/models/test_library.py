"""The library: what the engine says about its models, and one that is being added."""

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.protocol.model_card import Adding, ModelCard, ModelToAdd
from studio.link.scripted import ScriptedLink
from studio.link.trouble import Gone, Refused
from studio.models.library import Library, machine_bytes

WANTED = ModelToAdd(path="/models/ltx", name="Mine")


@pytest.fixture
def link(qapp: QApplication) -> ScriptedLink:
    return ScriptedLink()


@pytest.fixture
def library(link: ScriptedLink) -> Library:
    return Library(link)


def test_models_and_what_they_lack(link: ScriptedLink, library: Library, starter_card: ModelCard) -> None:
    changes: list[int] = []
    library.changed.connect(lambda: changes.append(1))
    other = starter_card.changed(id="other")
    for _ in range(2):
        link.connect_with(models=[(starter_card, []), (other, ["vae.safetensors"])])
    assert changes == [1]
    assert library.card("starter") is starter_card
    assert library.card("no such model") is None
    assert [library.is_ready(name) for name in ("starter", "other", "no such model")] == [True, False, False]


def test_a_model_is_added_and_its_progress_told_until_it_is_there(
    link: ScriptedLink, library: Library, starter_card: ModelCard, qtbot: QtBot
) -> None:
    library.add(WANTED)
    library.add(WANTED.changed(path="/another"))
    assert [ticket.ask.arguments for ticket in link.waiting("add_model")] == [(WANTED,)]
    assert library.wanted == WANTED
    assert library.adding is None
    qtbot.waitUntil(lambda: bool(link.waiting("adding")))
    with qtbot.waitSignal(library.adding_changed):
        link.answer("adding", [Adding(path="/other", done_bytes=9, total_bytes=9), _part(3)])
    assert library.adding == _part(3)
    mine = starter_card.changed(id="mine")
    with qtbot.waitSignal(library.added) as added:
        link.answer("add_model", mine)
    assert added.args == [mine]
    assert library.wanted is None
    assert library.adding is None
    assert not library._timer.isActive()
    link.answer("models", [(starter_card, []), (mine, [])])
    assert library.is_ready("mine")


def _part(done_bytes: int) -> Adding:
    return Adding(path=WANTED.path, done_bytes=done_bytes, total_bytes=10)


def test_what_is_asked_about_progress_does_not_pile_up(link: ScriptedLink, library: Library) -> None:
    library.add(WANTED)
    for _ in range(5):
        library._look()
    assert len(link.waiting("adding")) == 1


def test_a_refusal_is_told_and_kept_until_the_next_try(link: ScriptedLink, library: Library, qtbot: QtBot) -> None:
    library.add(WANTED)
    with qtbot.waitSignal(library.refused):
        link.refuse("add_model", Gone("it went away"))
    assert library.refusal == Gone("it went away")
    assert library.wanted is None
    assert not library._timer.isActive()
    library.add(WANTED)
    assert library.refusal is None
    link.refuse("add_model", Gone("again"))


def test_an_answer_that_comes_after_the_end_is_nobodys(
    link: ScriptedLink, library: Library, starter_card: ModelCard
) -> None:
    library.add(WANTED)
    library._look()
    link.answer("add_model", starter_card)
    link.answer("adding", [_part(10)])
    assert library.adding is None


def test_a_model_is_forgotten(link: ScriptedLink, library: Library, starter_card: ModelCard, qtbot: QtBot) -> None:
    link.connect_with(models=[(starter_card, []), (starter_card.changed(id="mine"), [])])
    library.remove("mine")
    assert link.answer("remove_model").ask.arguments == ("mine",)
    link.answer("models", [(starter_card, [])])
    assert library.card("mine") is None
    library.remove("starter")
    with qtbot.waitSignal(library.refused):
        link.refuse("remove_model", Refused(409, "this model comes with Reelwright"))


def test_this_machine_has_memory() -> None:
    assert machine_bytes() > 100_000_000
