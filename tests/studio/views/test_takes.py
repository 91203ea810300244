"""The strip of takes: everything made of the open shot, alive only where it is seen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from engine.protocol.splice import Kept, Splice
from studio.link.scripted import ScriptedLink
from studio.models.studio import Studio
from studio.project import edits
from studio.project.bible import BibleEntry
from studio.project.draft import frozen
from studio.project.reuse import reused
from studio.style.tokens import DARK, Theme
from studio.views.carried import carried
from studio.views.project_drops import dropped_project
from studio.views.take_card import TakeCard
from studio.views.take_details import Differences, Recipe
from studio.views.take_menu import TakeMenu
from studio.views.takes import View
from studio.widgets.image_well import MEDIA_FORMAT, ImageWell

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
Show = Callable[..., None]


@pytest.fixture
def view(studio: Studio, actions: dict[str, QAction], theme: Theme, look: Show) -> View:
    made = View(studio, actions, theme)
    look(made, "takes_empty", 900, 136)
    return made


def card(view: View, index: int) -> TakeCard:
    return view.strip.alive[index]


def words(view: View) -> list[str]:
    return [each.thumbnail.words for _, each in sorted(view.strip.alive.items())]


def deeds(one: TakeCard) -> list[str]:
    return [name for name, button in one.deeds.items() if not button.isHidden()]


def texts(menu: TakeMenu) -> list[str]:
    return [action.text() for action in menu.actions()]


def settle(scene: Any, qapp: QApplication) -> None:
    """Paint, and bring the frames that are wanted for it."""
    for _ in range(4):
        qapp.processEvents()
        scene.serve()


def test_empty_it_says_what_comes_here(view: View, actions: dict[str, QAction], qtbot: QtBot) -> None:
    button = view.findChild(QPushButton)
    assert isinstance(button, QPushButton)
    assert button.isVisible()
    with qtbot.waitSignal(actions["variations"].triggered):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_takes_come_in_their_order_and_the_selected_one_is_marked(
    view: View, scene: Any, studio: Studio, look: Show, qapp: QApplication
) -> None:
    scene.finish("a")
    scene.finish("b", seed=8)
    assert [(entry.number, entry.is_selected, entry.is_more) for entry in view.entries] == [
        (1, True, False),
        (2, False, False),
        (0, False, True),
    ]
    studio.film.edit("rate", lambda project: edits.rate_take(project, "b", 3))
    assert [card(view, index).rating.stars for index in (0, 1)] == [0, 3]
    settle(scene, qapp)
    look(view, "takes_two", 900, 136)


def test_a_click_selects_and_shows_and_enter_plays(view: View, scene: Any, studio: Studio, qtbot: QtBot) -> None:
    scene.finish("a")
    scene.finish("b", seed=8)
    qtbot.mouseClick(card(view, 1).thumbnail, Qt.MouseButton.LeftButton)
    assert studio.film.take is not None
    assert studio.playback.clip is not None
    assert (studio.film.take.id, studio.playback.clip.key, studio.playback.speed) == ("b", "b", 0.0)
    assert view.entries[1].is_selected
    qtbot.keyClick(view.strip, Qt.Key.Key_Left)
    assert studio.film.take.id == "a"
    qtbot.keyClick(view.strip, Qt.Key.Key_Return)
    assert studio.playback.speed == 1.0
    studio.playback.pause()
    qtbot.mouseDClick(card(view, 1).thumbnail, Qt.MouseButton.LeftButton)
    assert (studio.playback.clip.key, studio.playback.speed) == ("b", 1.0)


def test_stars_are_given_by_a_click(view: View, scene: Any, studio: Studio, qtbot: QtBot) -> None:
    scene.finish("a")
    rating = card(view, 0).rating
    qtbot.mouseClick(rating, Qt.MouseButton.LeftButton, pos=QPoint(rating.width() - 4, 8))
    assert studio.film.project.take("a").rating == 5
    assert rating.stars == 5


def test_a_running_job_is_a_living_thumbnail(
    view: View, scene: Any, studio: Studio, qtbot: QtBot, look: Show, qapp: QApplication
) -> None:
    scene.finish("a")
    scene.run("b", step=3)
    assert words(view)[1] == "◐ 15 % · 4 s left"
    scene.preview("b", step=12)
    scene.progress("b", step=12)
    assert words(view)[1] == "◐ 60 % · 4 s left"
    qtbot.waitUntil(lambda: card(view, 1).thumbnail.plays)
    look(view, "takes_rendering", 900, 136)
    qtbot.mouseClick(card(view, 1).thumbnail, Qt.MouseButton.LeftButton)
    assert studio.playback.job_id == "b"
    scene.finish("b")
    assert [entry.number for entry in view.entries] == [1, 2, 0]
    assert words(view)[1] == ""
    studio.playback.pause()


def test_a_draft_is_finished_from_its_card(
    view: View, scene: Any, studio: Studio, link: ScriptedLink, qtbot: QtBot
) -> None:
    scene.draft("a")
    assert words(view)[0] == "draft 5/20"
    assert deeds(card(view, 0)) == ["finish"]
    qtbot.mouseClick(card(view, 0).deeds["finish"], Qt.MouseButton.LeftButton)
    assert link.waiting("resume")[0].ask.arguments == ("a",)
    scene.run("a", step=12)
    assert [entry.number for entry in view.entries] == [1, 0]
    assert words(view)[0] == "◐ 60 % · 4 s left"
    assert deeds(card(view, 0)) == []
    scene.finish("a")
    assert words(view)[0] == ""


def test_a_failed_job_says_why_and_offers_what_to_do(
    view: View, scene: Any, link: ScriptedLink, qtbot: QtBot, look: Show, qapp: QApplication
) -> None:
    scene.fail("a")
    settle(scene, qapp)
    assert not view.strip.horizontalScrollBar().isVisible()
    failed = card(view, 0)
    assert failed.accessibleName() == "The device ran out of memory."
    assert deeds(failed) == ["retry", "dismiss"]
    look(view, "takes_failed", 900, 136)
    qtbot.mouseClick(failed.deeds["retry"], Qt.MouseButton.LeftButton)
    assert link.waiting("resume")[0].ask.arguments == ("a",)
    qtbot.mouseClick(failed.deeds["dismiss"], Qt.MouseButton.LeftButton)
    assert link.waiting("delete")[0].ask.arguments == ("a",)


def test_waiting_paused_and_foreign_jobs(
    view: View, scene: Any, studio: Studio, link: ScriptedLink, qtbot: QtBot
) -> None:
    scene.queue("a")
    scene.pause("b")
    scene.queue("c", shot=studio.film.project.shots[1].id)
    scene.cancel("d")
    assert [entry.job.id for entry in view.entries if entry.job] == ["a", "b"]
    assert [card(view, index).accessibleName() for index in (0, 1)] == ["Waiting", "Paused at 12/20"]
    assert deeds(card(view, 1)) == ["resume"]
    qtbot.mouseClick(card(view, 1).deeds["resume"], Qt.MouseButton.LeftButton)
    assert link.waiting("resume")[0].ask.arguments == ("b",)


def test_a_paused_job_shows_what_it_has_and_a_click_shows_it_large(
    view: View, scene: Any, studio: Studio, qtbot: QtBot, look: Show, qapp: QApplication
) -> None:
    scene.finish("a")
    scene.run("b", previews=9)
    scene.pause("b")
    paused = card(view, 1)
    assert paused.thumbnail.image is not None
    assert not paused.thumbnail.plays
    assert paused.thumbnail.words == "Paused at 12/20"
    studio.show_take("a")
    qtbot.mouseClick(paused.thumbnail, Qt.MouseButton.LeftButton)
    assert studio.playback.job_id == "b"
    scene.pause("c")
    settle(scene, qapp)
    look(view, "takes_paused", 900, 136)
    assert card(view, 2).thumbnail.image is None
    assert card(view, 2).accessibleName() == "Paused at 12/20"
    studio.playback.pause()


def test_a_waiting_job_says_when_it_begins(view: View, scene: Any) -> None:
    scene.run("a", step=12)
    scene.queue("b")
    assert card(view, 1).accessibleDescription() == "Waiting\nstarts in about 4 s"
    scene.progress("a", step=16, eta_s=2.0)
    assert card(view, 1).accessibleDescription() == "Waiting\nstarts in about 2 s"


def test_a_job_that_ends_before_others_stays_where_it_stands(view: View, scene: Any, studio: Studio) -> None:
    scene.pause("a")
    scene.run("b")
    scene.queue("c")
    scene.finish("b")
    scene.fail("c")
    assert [(e.take.id if e.take else e.job.id if e.job else "") for e in view.entries] == ["a", "b", "c", ""]
    scene.finish("a")
    assert [(e.take.id if e.take else e.job.id if e.job else "") for e in view.entries] == ["a", "b", "c", ""]
    studio.film.open_shot(studio.film.project.shots[1].id)
    studio.film.open_shot(studio.film.project.shots[0].id)
    assert [e.take.id for e in view.entries if e.take] == ["b", "a"]


def test_under_the_mouse_no_card_moves(view: View, scene: Any, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        scene.finish(f"take {number}", seed=number)
    studio.show_take("take 0")
    monkeypatch.setattr(view.strip, "underMouse", lambda: True)
    before = {index: each.geometry() for index, each in view.strip.alive.items()}
    scene.run("new", previews=17, width=64, height=192)
    studio.show_job("new")
    assert {index: each.geometry() for index, each in view.strip.alive.items()} == before
    monkeypatch.setattr(view.strip, "underMouse", lambda: False)
    scene.finish("new", width=64, height=192)
    assert 12 in view.strip.alive


def test_what_is_dragged_of_a_take(view: View, scene: Any, studio: Studio, tmp_path: Path) -> None:
    take = scene.finish("a")
    path = studio.film.folder.path / "media" / take.media[:2] / f"{take.media}.zip"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"pictures")
    mime = carried(studio, [take.media])
    assert bytes(mime.data(MEDIA_FORMAT).data()).decode() == take.media
    assert [url.toLocalFile() for url in mime.urls()] == [str(path)]
    assert dropped_project(mime) is None  # a take that is a zip is no project
    well = ImageWell("Start", DARK)
    dropped: list[str] = []
    well.media_dropped.connect(dropped.append)
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    well.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, mime, left, none))
    assert dropped == [take.media]
    well.deleteLater()


def test_the_last_preview_stands_in_until_the_take_itself_is_here(view: View, scene: Any, qapp: QApplication) -> None:
    scene.run("a", previews=9)
    qapp.processEvents()
    last = card(view, 0).thumbnail.image
    assert last is not None
    scene.finish("a")
    assert card(view, 0).thumbnail.image is last
    settle(scene, qapp)
    assert card(view, 0).thumbnail.image is not last


def test_where_a_take_comes_from(view: View, scene: Any, studio: Studio) -> None:
    first = scene.finish("a")
    kept = Kept(media=first.media, first_frame=0, num_frames=9)
    splice = {"width": 128, "height": 96, "fps": 12, "new_frames": 8}
    scene.finish("b", splice=Splice(**splice, before=kept))
    scene.finish("c", splice=Splice(**splice, after=kept))
    assert words(view)[:3] == ["", "extends take 1", "leads to take 1"]
    assert "extends take 1" in card(view, 1).accessibleDescription()
    studio.film.open_shot(studio.film.project.shots[1].id)
    scene.finish("d", splice=Splice(**splice, before=kept))
    assert words(view)[0] == "extends Beach · take 1"


def test_two_hundred_takes_and_only_those_in_sight_are_alive(
    view: View, scene: Any, studio: Studio, qtbot: QtBot, look: Show, qapp: QApplication, link: ScriptedLink
) -> None:
    for number in range(200):
        scene.finish(f"take {number}")
    assert len(view.entries) == 201
    assert len(view.strip.alive) < 10
    settle(scene, qapp)
    studio.show_take("take 150")
    assert 150 in view.strip.alive
    assert len(view.findChildren(TakeCard)) < 16
    settle(scene, qapp)
    look(view, "takes_200", 900, 136)
    bar = view.strip.horizontalScrollBar()
    for value in range(0, bar.maximum(), bar.maximum() // 20):
        bar.setValue(value)
        qapp.processEvents()
    asked = [ticket for ticket in link.waiting("frames") if ticket.ask.key != "viewer"]
    assert len(asked) <= len(view.findChildren(TakeCard))


def test_typing_a_prompt_binds_no_card_anew(view: View, scene: Any, studio: Studio) -> None:
    scene.finish("a")
    before = view.entries
    studio.composer.change("prompt", prompt="a lake")
    assert view.entries is before


def test_another_shot_has_its_own_takes(view: View, scene: Any, studio: Studio) -> None:
    scene.finish("a")
    studio.film.open_shot(studio.film.project.shots[1].id)
    assert view.entries == []
    studio.film.open_shot(studio.film.project.shots[0].id)
    assert [entry.take.id for entry in view.entries if entry.take] == ["a"]


def test_the_menu_shows_the_take_and_has_everything(
    view: View, scene: Any, studio: Studio, actions: dict[str, QAction]
) -> None:
    scene.finish("a")
    scene.finish("b", seed=8)
    menu = view.menu_for(view.entries[1])
    assert menu is not None
    assert studio.film.take is not None
    assert studio.film.take.id == "b"
    for name in ("play", "extend", "extend_backward", "loop", "bridge", "remix", "retake", "delete_take"):
        assert actions[name] in menu.actions()
    assert "Compare with take 1" in texts(menu)
    menu.deleteLater()
    again = view.menu_for(view.entries[1])
    assert again is not None
    assert {"Compare with", "Why do these differ?"} <= set(texts(again))
    again.deleteLater()
    assert view.menu_for(view.entries[-1]) is None


def test_comparing_reusing_and_locking(view: View, scene: Any, studio: Studio) -> None:
    first = scene.finish("a", prompt="a lake", seed=99)
    scene.finish("b", seed=8)
    menu = view.menu_for(view.entries[0])
    assert menu is not None
    menu.compare(studio.film.project.take("b"))
    assert studio.playback.compared is not None
    assert studio.playback.compared.key == "b"
    menu.reuse(first.recipe)
    draft, card_ = studio.composer.draft, studio.composer.card
    assert draft is not None
    assert card_ is not None
    assert frozen(draft, studio.film.project.bible, card_) == first.recipe
    assert (draft.seed, draft.seed_locked) == (99, True)
    studio.film.undo()
    menu.lock_seed(first.recipe)
    draft = studio.composer.draft
    assert draft is not None
    assert (draft.seed, draft.seed_locked, draft.prompt == "a lake") == (99, True, False)
    menu.deleteLater()


def test_a_look_of_the_bible_is_not_said_twice(scene: Any) -> None:
    bible = (BibleEntry(id="1", kind="look", name="Film", description="grainy 16 mm film"),)
    fields = reused(scene.recipe(prompt="a beach, grainy 16 mm film"), bible)
    assert fields["prompt"] == "a beach"
    assert reused(scene.recipe(prompt="a beach"), bible)["prompt"] == "a beach"


def test_why_two_takes_differ_in_words(view: View, scene: Any, studio: Studio, theme: Theme, look: Show) -> None:
    first = scene.finish("a", prompt="a serene beach <at> dusk", seed=7)
    second = scene.finish("b", prompt="a wild beach <at> dusk", seed=8, num_inference_steps=30)
    shown = Differences(first, second, studio.film.project, theme, view)
    said = [label.text() for label in shown.findChildren(QLabel)]
    for text in ("Take 1 · Take 2", "Prompt", "Steps", "20", "30", "Seed", "7", "8", "All else is the same."):
        assert text in said
    assert any("<span" in text and "wild" in text and "&lt;" in text for text in said)
    shown.close()
    same = Differences(first, first, studio.film.project, theme, view)
    assert "same recipe" in same.sentence.text()
    same.close()
    recipe = Recipe(second, studio.film.project, view)
    assert "a wild beach &lt;at&gt; dusk" in [label.text() for label in recipe.findChildren(QLabel)]
    recipe.close()


def test_right_to_left_and_long_words(
    qapp: QApplication, studio: Studio, actions: dict[str, QAction], theme: Theme, scene: Any, look: Show
) -> None:
    qapp.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    actions["variations"].setText("Vier Geschwindigkeitsvariationen hinzufügen")
    view = View(studio, actions, theme)
    scene.finish("a")
    scene.draft("b")
    scene.fail("c")
    look(view, "takes_rtl", 900, 136)
    settle(scene, qapp)
    look(view, "takes_rtl", 900, 136)
    assert card(view, 0).x() > card(view, 1).x() > card(view, 2).x()


def test_it_leaves_nothing_behind(view: View, scene: Any, studio: Studio, qtbot: QtBot) -> None:
    scene.finish("a")
    with qtbot.waitSignal(view.destroyed):
        view.deleteLater()
    scene.finish("b")
    scene.run("c", previews=3)


def test_a_job_that_comes_into_the_viewer_is_seen_in_the_strip(view: View, scene: Any, studio: Studio) -> None:
    for number in range(12):
        scene.finish(f"take {number}", seed=number)
    studio.show_take("take 0")
    assert 12 not in view.strip.alive
    scene.run("new", previews=17)
    studio.show_job("new")
    assert view.strip.current == 12
    assert 12 in view.strip.alive


def test_only_one_card_shows_that_the_keys_are_on_it(
    view: View, scene: Any, studio: Studio, qapp: QApplication
) -> None:
    scene.finish("a")
    scene.finish("b", seed=8)
    view.window().activateWindow()
    view.strip.setFocus()
    studio.show_take("b")
    settle(scene, qapp)
    studio.show_take("a")
    assert view.strip.current == 0
    assert [card(view, index).thumbnail._is_selected for index in (0, 1)] == [True, False]
