"""The queue: what renders, what waits and in which order, what stopped and why, and what can be done about it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton, QStyleOptionViewItem, QToolButton
from pytestqt.qtbot import QtBot

from engine.protocol.events import QueueReordered, WorkerChanged
from engine.protocol.film import Film, FilmClip
from engine.protocol.job import FilmRequest, Job, Paused, Running, SetAside
from engine.protocol.worker_status import WorkerStatus
from studio.link.scripted import ScriptedLink
from studio.link.state import Connected, Failed, Lost, Starting, Stopped
from studio.models.studio import Studio
from studio.views import queue
from studio.views.queue_rows import JOB_MIME, Heading, JobRow
from studio.views.queue_words import deeds_for, state_words
from studio.widgets.elided_label import ElidedLabel

LONG = "A serene beach at sunset with waves gently crashing and seagulls flying overhead, seen from a low drone"


@pytest.fixture
def view(studio: Any, actions: Any, theme: Any, show: Callable[..., None]) -> queue.View:
    """In a window as wide as a small screen, with nothing in it."""
    made = queue.View(studio, actions, theme)
    show(made, 1280, 400)
    return made


@pytest.fixture
def opened(view: queue.View) -> queue.View:
    """With its list unfolded."""
    view.unfold(True)
    view.resize(1280, 400)
    return view


def words(view: queue.View) -> str:
    """All that the bar says."""
    view.refresh()
    labels = [label for label in view.bar.findChildren(ElidedLabel) if not label.isHidden()]
    return " | ".join([*(label.text() for label in labels), view.bar._steps.text() if _is_seen(view) else ""])


def _is_seen(view: queue.View) -> bool:
    return not view.bar._steps.isHidden()


def button(view: queue.View, name: str) -> QToolButton:
    found = [each for each in view.bar.findChildren(QToolButton) if each.toolTip() == name and not each.isHidden()]
    return found[0]


def asked(link: ScriptedLink, name: str) -> list[tuple[Any, ...]]:
    return [ticket.ask.arguments for ticket in link.waiting(name)]


def rows(view: queue.View) -> list[str]:
    """Headings, and the jobs' ids under them."""
    view.list.rows.refresh()
    found = view.list.rows.rows
    return [row.section.upper() if isinstance(row, Heading) else row.job.id for row in found]


def said(view: queue.View, job_id: str) -> str:
    view.list.rows.refresh()
    return str(view.list.rows.index_of_job(job_id).data(Qt.ItemDataRole.AccessibleTextRole))


def select(view: queue.View, *ids: str) -> None:
    view.list.rows.refresh()
    view.list.clearSelection()
    for job_id in ids:
        index = view.list.rows.index_of_job(job_id)
        view.list.selectionModel().select(index, view.list.selectionModel().SelectionFlag.Select)
        view.list.selectionModel().setCurrentIndex(index, view.list.selectionModel().SelectionFlag.NoUpdate)


def press(view: queue.View, qtbot: QtBot, job_id: str, deed: str) -> None:
    """With the mouse, where the button is drawn."""
    view.list.rows.refresh()
    index = view.list.rows.index_of_job(job_id)
    view.list.scrollTo(index)
    option = QStyleOptionViewItem()
    view.list.initViewItemOption(option)
    option.rect = view.list.visualRect(index)
    row = view.list.rows.row(index)
    assert isinstance(row, JobRow)
    drawn = next(each for each in view.list._delegate.buttons(option, row.job) if each.deed == deed)
    qtbot.mouseClick(view.list.viewport(), Qt.MouseButton.LeftButton, pos=drawn.area.center())


def test_nothing_is_rendering(view: queue.View) -> None:
    assert "Nothing is rendering" in words(view)
    assert not view.is_unfolded


def test_the_running_job_and_its_own_steps(view: queue.View, scene: Any) -> None:
    scene.run("a", step=18, prompt=LONG)
    shown = words(view)
    for part in ("Beach", LONG, "18/20 · 4 s left"):
        assert part in shown
    assert view.bar._progress.value() == 900
    assert "18/20" in view.bar._progress.accessibleName()


@pytest.mark.parametrize(
    ("stage", "fields", "words_said"),
    [
        ("load", {"step": 0, "eta_s": None}, "Loading the model"),
        ("encode", {"step": 0, "eta_s": None}, "Reading the prompt"),
        ("decode", {"step": 20, "eta_s": None}, "Making the frames"),
        ("write", {"step": 20, "frame": 12, "total_frames": 25, "eta_s": None}, "Writing frame 12 of 25"),
        ("denoise", {"step": 3, "eta_s": 3725.0}, "3/20 · 1 h 02 min left"),
    ],
)
def test_every_stage_has_its_words(view: queue.View, scene: Any, stage: str, fields: Any, words_said: str) -> None:
    scene.run("a")
    scene.progress("a", stage=stage, **fields)
    assert words_said in words(view)


def test_what_comes_next_and_how_many_wait(view: queue.View, scene: Any) -> None:
    scene.run("a")
    for number in range(4):
        scene.queue(f"q{number}", prompt=f"seed {number}")
    assert "next: Beach · seed 0" in words(view)
    assert view.bar._waiting.text() == "+3"


def test_waiting_jobs_say_when_they_begin_and_how_long_they_take(opened: queue.View, scene: Any) -> None:
    scene.run("a")
    for name in ("b", "c"):
        scene.queue(name)
    assert state_words(scene.studio.jobs.get("b"), scene.studio) == "Next · starts in about 4 s"
    assert state_words(scene.studio.jobs.get("c"), scene.studio) == "Waiting"
    scene.finish("old")
    assert state_words(scene.studio.jobs.get("b"), scene.studio) == "Next · starts in about 4 s · takes about 2 s"
    waits = state_words(scene.studio.jobs.get("c"), scene.studio)
    assert re.fullmatch("Waiting · starts in about [56] s · takes about 2 s", waits)


def test_several_jobs_render_at_once(view: queue.View, scene: Any) -> None:
    scene.run("a", prompt="first")
    scene.run("b", prompt="second")
    scene.run("c", prompt="third")
    assert "first" in words(view)
    assert "2 more rendering" in words(view)
    scene.studio.show_job("b")
    assert "second" in words(view)


@pytest.mark.parametrize(
    ("name", "asks"), [("Pause", "pause"), ("Stop here and keep it", "stop_early"), ("Cancel", "cancel")]
)
def test_buttons_of_the_running_job(
    view: queue.View, scene: Any, qtbot: QtBot, link: ScriptedLink, name: str, asks: str
) -> None:
    scene.run("a")
    view.refresh()
    qtbot.mouseClick(button(view, name), Qt.MouseButton.LeftButton)
    assert asked(link, asks) == [("a",)]


def test_a_wish_is_shown_until_it_has_come_true(view: queue.View, scene: Any) -> None:
    job = scene.run("a")
    scene.tell(job.changed(wish="pause"))
    assert "Being paused" in words(view)
    assert [each.toolTip() for each in view.bar._deeds.values() if not each.isHidden()] == ["Cancel"]


def test_a_worker_that_does_not_respond_is_named_with_its_time(view: queue.View, scene: Any, link: Any) -> None:
    scene.run("a")
    link.answer("workers", [])
    link.tell(WorkerChanged(device="auto", state="not_responding"))
    link.answer("workers", [WorkerStatus(device="auto", state="not_responding", job_id="a", silent_s=12.2)])
    assert "Not responding for 12 s" in words(view)
    link.tell(WorkerChanged(device="auto", state="ready", detail="cpu: a processor"))
    assert "12/20" in words(view)


def test_the_engine_is_told_quietly(view: queue.View, scene: Any, qtbot: QtBot, link: ScriptedLink) -> None:
    scene.run("a")
    for state, part in (
        (Starting(), "starting"),
        (Lost("it died", 1), "coming back"),
        (Lost("it died", 3), "attempt 3"),
        (Stopped(), "is stopped"),
        (Failed("no port is free"), "cannot be started: no port is free"),
    ):
        link.become(state)
        assert part in words(view)
        assert "12/20" not in words(view)
    again = next(each for each in view.bar.findChildren(QPushButton) if each.text() == "Try again")
    qtbot.mouseClick(again, Qt.MouseButton.LeftButton)
    assert link.retries == 1


def test_paused_jobs_are_not_forgotten_in_the_bar(view: queue.View, scene: Any) -> None:
    scene.pause("a")
    assert "1 paused" in words(view)


def test_the_list_has_its_sections_in_order(opened: queue.View, scene: Any) -> None:
    scene.finish("done")
    scene.fail("failed")
    scene.queue("q1")
    scene.pause("paused")
    scene.queue("q2")
    scene.cancel("cancelled")
    scene.run("run")
    expected = ["RUNNING", "run", "WAITING", "q1", "q2", "STOPPED", "failed", "paused", "OVER", "done", "cancelled"]
    assert rows(opened) == expected


def test_whose_job_it_is(opened: queue.View, scene: Any) -> None:
    job = scene.job("a")
    for job_id, fields, place in (
        ("cli", {"project": None, "shot": None}, "Command line"),
        ("other", {"project": "another film", "shot": "x"}, "Another project"),
        ("gone", {"shot": "no such shot"}, "A deleted shot"),
        ("ours", {}, "Beach"),
    ):
        scene.tell(job.changed(id=job_id, request=job.request.changed(**fields)))
        assert said(opened, job_id).startswith(place)


def test_a_failure_says_why_and_offers_the_next_step(
    opened: queue.View, scene: Any, qtbot: QtBot, link: ScriptedLink
) -> None:
    scene.fail("a", kind="out_of_memory", detail="12.1 GB wanted")
    assert "ran out of memory" in said(opened, "a")
    assert "smaller" in said(opened, "a")
    press(opened, qtbot, "a", "again")
    assert asked(link, "resume") == [("a",)]


def test_missing_weights_lead_to_the_library(opened: queue.View, scene: Any, qtbot: QtBot, actions: Any) -> None:
    scene.fail("a", kind="missing_weights", detail="vae.safetensors")
    library: QAction = actions["library"]
    with qtbot.waitSignal(library.triggered):
        press(opened, qtbot, "a", "library")


def test_a_job_that_was_set_aside_is_explained(opened: queue.View, scene: Any, qtbot: QtBot, link: Any) -> None:
    state = SetAside(finished_at=1.0, worker_deaths=3, detail="exit code -11")
    scene.tell(scene.job("a").changed(state=state))
    assert "ended its worker 3 times" in said(opened, "a")
    press(opened, qtbot, "a", "again")
    assert asked(link, "resume") == [("a",)]


def test_a_cancelled_job_can_be_made_after_all(opened: queue.View, scene: Any, qtbot: QtBot, link: Any) -> None:
    job = scene.cancel("a")
    press(opened, qtbot, "a", "again")
    assert asked(link, "submit") == [(job.request,)]


def test_what_the_engine_alone_has_cannot_be_deleted(opened: queue.View, scene: Any, qtbot: QtBot, link: Any) -> None:
    take = scene.finish("a")
    done = scene.studio.jobs.get("a").changed(acknowledged=True)
    scene.tell(done)
    with pytest.raises(StopIteration):
        press(opened, qtbot, "a", "delete")
    folder = scene.studio.film.folder.path / "media" / take.media[:2]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{take.media}.mp4").write_bytes(b"clip")
    press(opened, qtbot, "a", "delete")
    assert asked(link, "delete") == [("a",)]


def test_clear_finished_leaves_what_is_still_wanted(opened: queue.View, scene: Any, qtbot: QtBot, link: Any) -> None:
    scene.cancel("cancelled")
    scene.finish("not fetched")
    scene.fail("failed")
    scene.pause("paused")
    opened.refresh()
    qtbot.mouseClick(opened._clear, Qt.MouseButton.LeftButton)
    assert asked(link, "delete") == [("cancelled",)]


def test_pause_all_begins_at_the_end(opened: queue.View, scene: Any, qtbot: QtBot, link: Any) -> None:
    scene.run("run")
    scene.queue("q1")
    scene.queue("q2")
    opened.refresh()
    qtbot.mouseClick(opened._pause_all, Qt.MouseButton.LeftButton)
    assert asked(link, "pause") == [("q2",), ("q1",), ("run",)]


def test_go_on_with_all(opened: queue.View, scene: Any, qtbot: QtBot, link: Any) -> None:
    scene.pause("p1")
    scene.pause("p2")
    opened.refresh()
    qtbot.mouseClick(opened._resume_all, Qt.MouseButton.LeftButton)
    assert asked(link, "resume") == [("p1",), ("p2",)]


@pytest.mark.parametrize(
    ("job_id", "key", "move"),
    [
        ("q1", Qt.Key.Key_Down, ("q1", "q3")),
        ("q2", Qt.Key.Key_Down, ("q2", None)),
        ("q2", Qt.Key.Key_Up, ("q2", "q1")),
        ("q1", Qt.Key.Key_Up, None),
        ("q3", Qt.Key.Key_Down, None),
        ("run", Qt.Key.Key_Down, None),
    ],
)
def test_waiting_jobs_are_ordered_by_keys(
    opened: queue.View, scene: Any, qtbot: QtBot, link: Any, job_id: str, key: Qt.Key, move: Any
) -> None:
    scene.run("run")
    for each in ("q1", "q2", "q3"):
        scene.queue(each)
    select(opened, job_id)
    qtbot.keyClick(opened.list, key, Qt.KeyboardModifier.AltModifier)
    assert asked(link, "move") == ([move] if move else [])


def test_the_keys_stay_on_a_job_that_moved(opened: queue.View, scene: Any, link: Any) -> None:
    for each in ("q1", "q2", "q3"):
        scene.queue(each)
    select(opened, "q3")
    link.tell(QueueReordered(job_ids=("q3", "q1", "q2")))
    assert rows(opened) == ["WAITING", "q3", "q1", "q2"]
    assert [job.id for job in opened.list.selected_jobs()] == ["q3"]


@pytest.mark.parametrize(("row", "before"), [(1, "q1"), (2, "q2"), (3, "q2"), (4, None)])
def test_a_dragged_job_goes_where_it_is_dropped(
    opened: queue.View, scene: Any, link: Any, row: int, before: str | None
) -> None:
    for each in ("q1", "q3", "q2"):
        scene.queue(each)
    assert rows(opened) == ["WAITING", "q1", "q3", "q2"]
    model = opened.list.rows
    carried = model.mimeData([model.index_of_job("q3")])
    assert carried.hasFormat(JOB_MIME)
    nowhere = model.index(-1)
    assert model.canDropMimeData(carried, Qt.DropAction.MoveAction, row, 0, nowhere)
    model.dropMimeData(carried, Qt.DropAction.MoveAction, row, 0, nowhere)
    assert asked(link, "move") == [("q3", before)]


def test_only_waiting_jobs_are_dragged_and_only_among_themselves(opened: queue.View, scene: Any) -> None:
    scene.run("run")
    scene.queue("q1")
    scene.finish("done")
    assert rows(opened) == ["RUNNING", "run", "WAITING", "q1", "OVER", "done"]
    model = opened.list.rows
    movable = [bool(model.flags(model.index(row)) & Qt.ItemFlag.ItemIsDragEnabled) for row in range(6)]
    assert movable == [False, False, False, True, False, False]
    carried = model.mimeData([model.index_of_job("q1")])
    places = [model.canDropMimeData(carried, Qt.DropAction.MoveAction, row, 0, model.index(-1)) for row in range(7)]
    assert places == [False, False, False, True, True, False, False]


def test_delete_and_space_do_what_each_job_can(opened: queue.View, scene: Any, qtbot: QtBot, link: Any) -> None:
    scene.run("run")
    scene.queue("q")
    scene.pause("paused")
    scene.cancel("cancelled")
    select(opened, "run", "q", "paused", "cancelled")
    qtbot.keyClick(opened.list, Qt.Key.Key_Space)
    assert asked(link, "pause") == [("q",), ("run",)]
    assert asked(link, "resume") == [("paused",)]
    qtbot.keyClick(opened.list, Qt.Key.Key_Delete)
    assert asked(link, "cancel") == [("paused",), ("q",), ("run",)]
    assert asked(link, "delete") == [("cancelled",)]


def test_keys_of_the_list_are_not_the_windows(opened: queue.View, scene: Any, qtbot: QtBot, studio: Studio) -> None:
    scene.queue("q")
    select(opened, "q")
    window_key = QAction(opened.window())
    window_key.setShortcut("Del")
    opened.window().addAction(window_key)
    opened.window().activateWindow()
    opened.list.setFocus()
    with qtbot.assertNotEmitted(window_key.triggered):
        qtbot.keyClick(opened.list, Qt.Key.Key_Delete)
    assert asked(studio.link, "cancel") == [("q",)]  # pyright: ignore[reportArgumentType]


def test_the_menu_has_all_that_can_be_done(opened: queue.View, scene: Any, link: Any) -> None:
    scene.queue("q1")
    scene.queue("q2")
    select(opened, "q2")
    menu = opened.list.menu_for(opened.list.selected_jobs())
    assert [action.text() for action in menu.actions() if action.text()] == [
        *("Pause", "Cancel", "Earlier (Alt+Up)", "Later (Alt+Down)"),
    ]
    menu.actions()[0].trigger()
    next(action for action in menu.actions() if action.text().startswith("Earlier")).trigger()
    assert asked(link, "pause") == [("q2",)]
    assert asked(link, "move") == [("q2", "q1")]
    select(opened, "q1", "q2")
    menu = opened.list.menu_for(opened.list.selected_jobs())
    assert [action.text() for action in menu.actions()] == ["Pause", "Cancel"]


def test_a_running_job_and_a_take_are_shown(opened: queue.View, scene: Any, studio: Studio) -> None:
    other = studio.film.project.shots[1].id
    scene.run("run", shot=other, previews=3)
    take = scene.finish("done")
    opened.list.rows.refresh()
    opened.list.activated.emit(opened.list.rows.index_of_job("run"))
    assert studio.playback.job_id == "run"
    assert studio.film.shot is not None
    assert studio.film.shot.id == other
    opened.list.activated.emit(opened.list.rows.index_of_job("done"))
    assert studio.playback.clip is not None
    assert studio.playback.clip.key == take.id


def test_the_list_folds_with_its_button_and_escape(view: queue.View, qtbot: QtBot, scene: Any) -> None:
    scene.queue("q")
    view.refresh()
    qtbot.mouseClick(view.bar._all, Qt.MouseButton.LeftButton)
    assert view.is_unfolded
    view.window().activateWindow()
    view.list.setFocus()
    qtbot.keyClick(view.list, Qt.Key.Key_Escape)
    assert not view.is_unfolded


def test_an_empty_list_says_what_will_be_in_it(opened: queue.View) -> None:
    assert opened._empty.isVisible()
    assert not opened.list.isVisible()


def test_icon_buttons_have_names(view: queue.View, scene: Any) -> None:
    scene.run("a")
    view.refresh()
    for each in view.bar.findChildren(QToolButton):
        if not each.isHidden():
            assert each.accessibleName() or each.text()
            assert each.toolTip()


def two_hundred(scene: Any, link: ScriptedLink) -> list[Job]:
    job = scene.job("x", prompt=LONG)
    jobs = [job.changed(id=f"j{number:03}") for number in range(200)]
    jobs[0] = jobs[0].changed(state=Running(started_at=1.0, device="cpu"))
    link.jobs_loaded.emit(jobs)
    return jobs


def test_two_hundred_jobs_are_drawn_only_where_they_are_seen(opened: queue.View, scene: Any, link: Any) -> None:
    two_hundred(scene, link)
    opened.refresh()
    assert len(rows(opened)) == 202
    drawn: list[str] = []
    delegate = opened.list._delegate
    paint_job = delegate._paint_job
    delegate._paint_job = lambda painter, option, row: (drawn.append(row.job.id), paint_job(painter, option, row))
    opened.list.viewport().grab()
    assert 1 <= len(drawn) <= 12
    drawn.clear()
    select(opened, "j150")
    scene.progress("j000", step=13)
    assert [job.id for job in opened.list.selected_jobs()] == ["j150"]


def test_a_burst_of_changes_is_taken_in_once(opened: queue.View, scene: Any, link: Any, qtbot: QtBot) -> None:
    jobs = two_hundred(scene, link)
    opened.list.rows.refresh()
    refreshed: list[int] = []
    opened.list.rows.rowsInserted.connect(lambda *_: refreshed.append(1))
    for job in jobs[100:]:
        scene.cancel(job.id)
    qtbot.waitUntil(lambda: opened.list.rows.rowCount() == 203)
    assert len(refreshed) == 1


def test_it_looks_right(view: queue.View, scene: Any, look: Any, link: Any, qtbot: QtBot) -> None:
    scene.run("a", step=11, prompt=LONG)
    for number in range(3):
        scene.queue(f"q{number}", prompt=f"Gulls over the pier, seed {number}")
    scene.fail("c", kind="out_of_memory", detail="12.1 GB wanted", prompt="A castle in the clouds")
    scene.fail("d", kind="missing_weights", detail="vae/model.safetensors", prompt="A castle in the clouds")
    scene.pause("e", prompt="Waves in slow motion")
    scene.finish("f", prompt="Gulls")
    scene.cancel("g", prompt="Fish")
    view.unfold(True)
    view.refresh()
    view.list.rows.refresh()
    select(view, "q1")
    look(view, "queue", 1280, 680)
    view.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    look(view, "queue_rtl", 1280, 680)
    view.unfold(False)
    qtbot.mouseMove(view, QPoint(1, 1))
    for state, name in ((Connected(), "running"), (Lost("x", 2), "lost"), (Failed("no port is free"), "no_engine")):
        link.become(state)
        view.refresh()
        look(view, f"queue_bar_{name}", 1280, 41)


def test_a_film_says_what_it_joins_and_how_far_it_is(opened: queue.View, scene: Any, studio: Studio) -> None:
    shown = FilmClip(media="ab" * 32, fps=24, num_frames=48)
    film = Film(width=64, height=48, fps=24, clips=(shown, shown))
    job = scene.job("a")
    request = FilmRequest(film=film, project=job.request.project)
    running = Running(started_at=1.0, device="cpu")
    scene.tell(Job(id=job.id, request=request, created_at=job.created_at, state=running))
    written = {"stage": "write", "step": 0, "total_steps": 0, "frame": 24, "total_frames": 96, "eta_s": 3.0}
    scene.progress("a", **written)
    assert "Film: 2 clips, 4.0 s" in words(opened)
    assert "Writing frame 24 of 96 · 3 s left" in words(opened)
    assert opened.bar._progress.value() == 250
    assert studio.film.project.name in said(opened, "a")
    found = studio.jobs.get("a")
    assert found is not None
    assert deeds_for(found, studio) == ("pause", "cancel")
    paused = found.changed(state=Paused(step=0, total_steps=0))
    assert "begins again" in state_words(paused, studio)
