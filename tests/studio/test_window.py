"""The window: what it says of project and engine, what is laid in front of it, and how it is left."""

import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QSize, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QMessageBox, QPushButton, QTabBar, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from engine.protocol.events import JobChanged, WorkerChanged
from engine.protocol.home import home
from engine.protocol.job import Done, Job, JobRequest, Queued, Running, TakeFile
from engine.protocol.model_card import ModelCard
from studio.app import Run
from studio.link.scripted import ScriptedLink
from studio.link.state import Failed, Lost, Starting, Stopped
from studio.link.trouble import Gone
from studio.models.studio import Studio
from studio.project import edits
from studio.project.errors import StorageError
from studio.project.sample import sample_project
from studio.project.storage import create_project, open_project
from studio.style.tokens import DARK, LIGHT
from studio.views import header, notice, shots
from studio.views.header import device_words
from studio.views.project_drops import dropped_project
from studio.views.window import Window

LIMIT_MS = 10_000


def studio_of(run: Run) -> Studio:
    assert run.desk.studio is not None
    return run.desk.studio


def link_of(run: Run) -> ScriptedLink:
    assert isinstance(run.link, ScriptedLink)
    return run.link


def head(run: Run) -> header.View:
    return next(iter(run.window.findChildren(header.View)))


def job_of(run: Run, name: str, state: Any, shot: int = 0, project: str | None = "") -> Job:
    studio = studio_of(run)
    recipe = studio.composer.recipe
    assert recipe is not None
    film = studio.film.project
    request = JobRequest(recipe=recipe, project=film.id if project == "" else project, shot=film.shots[shot].id)
    return Job(id=name, request=request, created_at=1.0, state=state)


def tell(run: Run, name: str, state: Any, shot: int = 0, project: str | None = "") -> None:
    link_of(run).tell(JobChanged(job=job_of(run, name, state, shot, project)))


def done(name: str) -> Done:
    media = name.encode().hex().ljust(64, "0")[:64]
    take = TakeFile(media=media, container="mp4", size_bytes=1, num_frames=17)
    return Done(finished_at=3.0, take=take, stage_s={}, build="x")


def toasts(run: Run) -> list[str]:
    return [toast.text for toast in run.window.toasts.all]


# Opening


def test_it_is_painted_before_there_is_a_project_or_an_engine(make_run: Callable[[], Run], qtbot: QtBot) -> None:
    run = make_run()
    run.window.show()
    assert run.desk.studio is None
    assert link_of(run).starts == 0
    assert run.window.grab().width() > 0
    assert head(run).engine.text().strip() == "engine starting…"


def test_it_is_seen_before_it_is_furnished_and_can_be_left(themed: QApplication, qtbot: QtBot) -> None:
    window = Window(DARK)
    qtbot.addWidget(window)
    seen: list[bool] = []
    window.seen.connect(lambda: seen.append(window.isVisible()))
    with qtbot.waitSignal(window.seen, timeout=LIMIT_MS):
        window.show()
    assert [label.text() for label in window.findChildren(QLabel)] == ["Opening…"]
    assert window.page is None
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.close()
    window.show()
    window.grab()
    assert seen == [True], "once"


def test_a_first_run_has_a_prompt_ready_and_the_focus_in_it(opened: Run) -> None:
    assert "beach" in studio_of(opened).composer.draft.prompt  # pyright: ignore[reportOptionalMemberAccess]
    page, focus = opened.window.page, opened.window.focusWidget()
    assert page is not None
    assert focus is not None
    assert page.prompt.isAncestorOf(focus)
    assert opened.window.acts["generate"].isEnabled()
    assert link_of(opened).starts == 1


def test_a_project_from_the_command_line_is_opened(make_run: Callable[[], Run], qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "Мой фильм"
    create_project(path, sample_project("Пирс “1” 🎬")).folder.close()
    run = make_run()
    with qtbot.waitSignal(run.desk.opened, timeout=LIMIT_MS):
        run.start(path)
    assert run.window.windowTitle() == "Пирс “1” 🎬 — Reelwright"


def test_what_cannot_be_opened_is_explained_with_ways_on(
    make_run: Callable[[], Run], qtbot: QtBot, tmp_path: Path
) -> None:
    run = make_run()
    with qtbot.waitSignal(run.desk.stumbled, timeout=LIMIT_MS):
        run.start(tmp_path / "nothing here")
    (shown,) = run.window.findChildren(notice.View)
    texts = [label.text() for label in shown.findChildren(QLabel)]
    assert texts[0] == "nothing here could not be opened"
    assert "nothing here" in texts[1].splitlines()[1]
    assert [button.text() for button in shown.findChildren(QPushButton)] == [
        "Open another project…",
        "Begin a new one…",
    ]


def test_a_damaged_project_offers_its_good_backups(make_run: Callable[[], Run], qtbot: QtBot, tmp_path: Path) -> None:
    folder = create_project(tmp_path / "film", sample_project("Coast")).folder
    for age in range(5):
        folder.backups.add(folder.file, 1_700_000_000 + age * 1000)
    folder.close()
    folder.file.unlink()
    folder.file.write_text("{broken")
    run = make_run()
    with qtbot.waitSignal(run.desk.stumbled, timeout=LIMIT_MS):
        run.start(tmp_path / "film")
    buttons = run.window.findChildren(notice.View)[0].findChildren(QPushButton)
    assert [button.text().startswith("Open as it was: ") for button in buttons] == [True, True, True, False, False]
    with qtbot.waitSignal(run.desk.opened, timeout=LIMIT_MS):
        qtbot.mouseClick(buttons[0], Qt.MouseButton.LeftButton)
    assert run.window.page is not None
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert run.window.findChildren(notice.View) == []


def test_beside_an_open_project_a_note_is_enough(opened: Run, qtbot: QtBot, tmp_path: Path) -> None:
    with qtbot.waitSignal(opened.desk.stumbled, timeout=LIMIT_MS):
        opened.desk.open(tmp_path)
    assert opened.window.page is not None
    assert len(toasts(opened)) == 1


def test_one_project_after_another_leaves_nothing_behind(opened: Run, qtbot: QtBot, tmp_path: Path) -> None:
    for number in range(3):
        path = tmp_path / f"film {number}"
        create_project(path, sample_project(f"Film {number}")).folder.close()
        with qtbot.waitSignal(opened.desk.opened, timeout=LIMIT_MS):
            opened.desk.open(path)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert len(opened.window.findChildren(shots.View)) == 1
    assert len(opened.desk.findChildren(Studio)) == 1
    assert opened.window.windowTitle() == "Film 2 — Reelwright"
    assert opened.window.acts["generate"].isEnabled(), "what the engine has told is known to the new project too"


# Header


def test_it_says_whether_all_is_saved(opened: Run, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    film, said = studio_of(opened).film, head(opened).saved
    qtbot.waitUntil(lambda: said.text() == "saved")
    film.edit("rename_project", lambda project: edits.rename_project(project, "Pier"))
    assert said.text() == "saving…"
    assert head(opened).project_button.text() == "Pier"
    qtbot.waitUntil(lambda: said.text() == "saved")

    def full(_: object) -> None:
        raise StorageError("disk_full", "x")

    monkeypatch.setattr(film.folder, "save", full)
    film.edit("rename_project", lambda project: edits.rename_project(project, "Pier 2"))
    qtbot.waitUntil(lambda: said.text().startswith("not saved, trying again: "))
    assert said.property("look") == "bad"
    monkeypatch.undo()


def test_read_only_says_why_and_what_cannot_be_done(
    make_run: Callable[[], Run], qtbot: QtBot, tmp_path: Path, starter_card: ModelCard
) -> None:
    held = create_project(tmp_path / "film", sample_project("Coast")).folder
    run = make_run()
    with qtbot.waitSignal(run.desk.opened, timeout=LIMIT_MS):
        run.start(tmp_path / "film")
    link_of(run).connect_with([], [(starter_card, [])])
    QApplication.processEvents()
    assert head(run).saved.text() == "read-only: open in another window"
    assert not _button(run, "Take over").isVisible()
    assert run.window.acts["generate"].toolTip().endswith("This project is open read-only")
    held.close()


def test_what_another_machine_holds_can_be_taken_over(
    make_run: Callable[[], Run], qtbot: QtBot, tmp_path: Path
) -> None:
    create_project(tmp_path / "film", sample_project("Coast")).folder.close()
    (tmp_path / "film" / ".lock").write_text(f'{{"pid": 1, "host": "{platform.node()}-2"}}')
    run = make_run()
    with qtbot.waitSignal(run.desk.opened, timeout=LIMIT_MS):
        run.start(tmp_path / "film")
    assert head(run).saved.text() == f"read-only: open on {platform.node()}-2"
    with qtbot.waitSignal(run.desk.opened, timeout=LIMIT_MS):
        qtbot.mouseClick(_button(run, "Take over"), Qt.MouseButton.LeftButton)
    assert head(run).saved.text() == "saved"


def _button(run: Run, text: str) -> QPushButton:
    return next(button for button in head(run).findChildren(QPushButton) if button.text() == text)


@pytest.mark.parametrize(
    ("state", "said", "can_retry"),
    [
        (Starting(), "engine starting…", False),
        (Lost("x", 2), "engine gone, coming back…", False),
        (Failed("x"), "no engine", True),
        (Stopped(), "engine stopped", True),
    ],
)
def test_it_says_how_the_engine_is(opened: Run, qtbot: QtBot, state: Any, said: str, can_retry: bool) -> None:
    link_of(opened).become(state)
    assert head(opened).engine.text().strip() == said
    assert _button(opened, "Try again").isVisible() is can_retry
    if can_retry:
        qtbot.mouseClick(_button(opened, "Try again"), Qt.MouseButton.LeftButton)
        assert link_of(opened).retries == 1


def test_it_says_what_is_being_made_and_on_what(opened: Run) -> None:
    assert head(opened).engine.text().strip() == "Starter"
    link_of(opened).tell(WorkerChanged(device="auto", state="ready", detail="cpu: Intel Xeon"))
    tell(opened, "a", Running(started_at=1.0, device="cpu"))
    tell(opened, "b", Queued())
    tell(opened, "c", Queued())
    assert head(opened).engine.text().strip() == "Starter on CPU · 1 rendering · 2 waiting"


@pytest.mark.parametrize(
    ("found", "words"),
    [("cpu: Intel Xeon", "CPU"), ("cuda: NVIDIA H200", "NVIDIA H200"), ("cpu", "CPU"), ("mps", "mps")],
)
def test_devices_are_called_what_people_call_them(found: str, words: str) -> None:
    assert device_words(found) == words


def test_the_project_menu_has_those_opened_before(opened: Run, qtbot: QtBot, tmp_path: Path) -> None:
    create_project(tmp_path / "film", sample_project("Coast & sea")).folder.close()
    with qtbot.waitSignal(opened.desk.opened, timeout=LIMIT_MS):
        opened.desk.open(tmp_path / "film")
    menu = head(opened).project_button.menu()
    menu.aboutToShow.emit()
    texts = [action.text() for action in menu.actions()]
    assert "My first film" in texts
    assert "Coast && sea" not in texts, "it is open"
    with qtbot.waitSignal(opened.desk.opened, timeout=LIMIT_MS):
        next(action for action in menu.actions() if action.text() == "My first film").trigger()
    menu.aboutToShow.emit()
    assert "Coast && sea" in [action.text() for action in menu.actions()]


def test_every_action_is_in_the_menu(opened: Run) -> None:
    menu = head(opened).menu_button.menu()
    found = {action for group in menu.findChildren(QMenu) for action in group.actions()}
    assert set(opened.window.acts.values()) <= found


def test_names_of_300_characters_and_markup_are_shown_short_and_as_they_are(opened: Run) -> None:
    film = studio_of(opened).film
    name = "<b>ärger</b> & " + "x" * 300
    film.edit("rename_project", lambda project: edits.rename_project(project, name))
    assert head(opened).project_button.text().startswith("<b>ärger</b> && xx")
    assert len(head(opened).project_button.text()) < 50
    assert head(opened).width() <= opened.window.width()


# Shots


def test_shots_are_opened_and_dragged_as_one_step(opened: Run) -> None:
    film, tabs = studio_of(opened).film, opened.window.findChildren(QTabBar)[0]
    assert [tabs.tabText(index) for index in range(tabs.count())] == ["1  Beach", "2  Balloon", "3  Lake"]
    tabs.setCurrentIndex(2)
    assert film.shot is not None
    assert film.shot.name == "Lake"
    tabs.moveTab(2, 1)
    tabs.moveTab(1, 0)
    assert [shot.name for shot in film.project.shots] == ["Lake", "Beach", "Balloon"]
    assert tabs.currentIndex() == 0
    film.undo()
    assert [shot.name for shot in film.project.shots] == ["Beach", "Balloon", "Lake"]
    assert [tabs.tabText(index) for index in range(tabs.count())] == ["1  Beach", "2  Balloon", "3  Lake"]


def test_a_shot_with_a_take_says_how_long_it_is(opened: Run) -> None:
    tell(opened, "a", done("a"))
    tabs = opened.window.findChildren(QTabBar)[0]
    assert tabs.tabText(0) == "1  Beach   1.4 s"


# In front of the page


@pytest.mark.parametrize("name", ["palette", "shortcuts", "settings", "library", "diagnostics"])
def test_sheets_come_and_go_with_esc(opened: Run, qtbot: QtBot, name: str) -> None:
    opened.window.acts[name].trigger()
    assert opened.window.sheets.shown == name
    focus = opened.window.focusWidget()
    assert focus is not None
    qtbot.keyClick(focus, Qt.Key.Key_Escape)
    assert opened.window.sheets.shown is None


def test_keys_are_not_heard_behind_a_sheet(opened: Run, qtbot: QtBot) -> None:
    opened.window.acts["settings"].trigger()
    focus = opened.window.focusWidget()
    assert focus is not None
    with qtbot.assertNotEmitted(opened.window.acts["generate"].triggered):
        qtbot.keyClick(focus, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(focus, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert opened.window.sheets.shown == "palette"


def test_tab_stays_within_a_sheet(opened: Run, qtbot: QtBot) -> None:
    opened.window.acts["settings"].trigger()
    page = opened.window.page
    assert page is not None
    for _ in range(12):
        focus = opened.window.focusWidget()
        assert focus is not None
        assert not page.isAncestorOf(focus)
        qtbot.keyClick(focus, Qt.Key.Key_Tab)


def test_the_sheet_of_keys_has_every_key(opened: Run) -> None:
    opened.window.acts["shortcuts"].trigger()
    from studio.views import shortcuts

    shown = {label.text() for label in opened.window.findChildren(shortcuts.View)[0].findChildren(QLabel)}
    for action in opened.window.acts.values():
        if not action.shortcut().isEmpty() and action.objectName() not in ("undo", "redo"):
            assert action.text().removesuffix("…") in shown


def test_another_theme_is_put_on_at_once_and_all_is_as_it_was(opened: Run, qtbot: QtBot) -> None:
    opened.window.acts["settings"].trigger()
    for choice, theme in (("light", LIGHT), ("dark", DARK)):
        opened.preferences.choose("theme", choice)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        assert theme.ground in opened.window.styleSheet()
        assert QApplication.palette().window().color().name() == theme.ground
        assert opened.window.sheets.shown == "settings"
        assert len(opened.window.findChildren(header.View)) == 1
        assert head(opened).project_button.text() == "My first film"
    opened.window.sheets.leave()
    assert opened.window.acts["generate"].isEnabled()


def test_f6_goes_through_the_panels(opened: Run, qtbot: QtBot) -> None:
    page = opened.window.page
    assert page is not None
    seen: list[QWidget] = []
    for _ in range(len(page.panels)):
        focus = opened.window.focusWidget() or opened.window
        qtbot.keyClick(focus, Qt.Key.Key_F6)
        now = opened.window.focusWidget()
        assert now is not None
        seen.append(next(panel for panel in page.panels if panel is now or panel.isAncestorOf(now)))
    assert page.prompt in seen
    assert page.viewer in seen
    assert len(set(seen)) >= 5


def test_esc_in_the_prompt_leads_to_the_picture(opened: Run, qtbot: QtBot) -> None:
    page, focus = opened.window.page, opened.window.focusWidget()
    assert page is not None
    assert focus is not None
    qtbot.keyClick(focus, Qt.Key.Key_Escape)
    now = opened.window.focusWidget()
    assert now is None or not page.prompt.isAncestorOf(now)


# Notes


def test_troubles_are_told_once_and_three_at_most(opened: Run) -> None:
    studio = studio_of(opened)
    for _ in range(3):
        studio.trouble.emit(Gone("x"))
    assert len(toasts(opened)) == 1
    for number in range(5):
        opened.window.toasts.say(f"note {number}")
    assert toasts(opened) == ["note 2", "note 3", "note 4"]


def test_an_engine_that_comes_back_is_told_of(opened: Run, starter_card: ModelCard) -> None:
    link = link_of(opened)
    link.connect_with([], [(starter_card, [])])
    assert toasts(opened) == []
    for gone in (Lost("killed", 1), Failed("killed")):
        link.become(gone)
        assert toasts(opened) == [], "the header says it"
        link.become(Starting())
        link.connect_with([], [(starter_card, [])])
        assert toasts(opened) == ["The engine had gone and is back. The queue is as it was."]
        opened.window.toasts.all[0].leave()


def test_notes_lie_over_the_picture_and_over_no_button(opened: Run, qtbot: QtBot) -> None:
    page = opened.window.page
    assert page is not None
    toasts = opened.window.toasts
    toast = toasts.say("A note", "good")
    for unfolded in (False, True):
        page.queue.unfold(unfolded)
        QApplication.processEvents()
        bottom = toast.mapTo(page.window(), QPoint(0, toast.height())).y()
        assert bottom <= page.viewer.mapTo(page.window(), QPoint(0, page.viewer.height())).y()


def test_a_take_of_another_shot_is_told_of_and_can_be_gone_to(opened: Run, qtbot: QtBot) -> None:
    tell(opened, "a", done("a"), shot=1)
    qtbot.waitUntil(lambda: toasts(opened) == ["A take of Balloon is done"])
    (toast,) = opened.window.toasts.all
    show = next(button for button in toast.findChildren(QPushButton) if button.text() == "Show")
    qtbot.mouseClick(show, Qt.MouseButton.LeftButton)
    shot = studio_of(opened).film.shot
    assert shot is not None
    assert shot.name == "Balloon"
    assert toasts(opened) == []


def test_many_that_came_at_once_are_told_of_together(opened: Run, qtbot: QtBot) -> None:
    for name in "abcd":
        tell(opened, name, done(name), shot=2)
    qtbot.waitUntil(lambda: toasts(opened) == ["4 takes have arrived"])


def test_who_wants_no_notes_of_takes_gets_none(opened: Run, qtbot: QtBot) -> None:
    opened.preferences.choose("tell_when_done", False)
    tell(opened, "a", done("a"), shot=1)
    tell(opened, "b", done("b"), shot=1)
    qtbot.wait(200)
    assert toasts(opened) == []


def test_missing_files_are_told_of(make_run: Callable[[], Run], qtbot: QtBot, tmp_path: Path, opened: Run) -> None:
    tell(opened, "a", done("a"))
    path = studio_of(opened).film.folder.path
    with qtbot.waitSignal(opened.desk.opened, timeout=LIMIT_MS):
        opened.desk.create("Other", "Shot 1")
    with qtbot.waitSignal(opened.desk.opened, timeout=LIMIT_MS):
        opened.desk.open(path)
    assert toasts(opened)[-1].startswith("1 files of this project are missing")


# Leaving


def test_without_jobs_it_just_closes(opened: Run) -> None:
    assert opened.window.close()


def test_jobs_of_the_command_line_are_not_asked_about(opened: Run) -> None:
    tell(opened, "a", Running(started_at=1.0, device="cpu"), project=None)
    assert opened.window.close()


@pytest.mark.parametrize(
    ("answer", "pauses", "closes"),
    [("Keep rendering", [], True), ("Pause and quit", ["a", "b"], True), ("Stay", [], False)],
)
def test_with_jobs_it_asks(opened: Run, qtbot: QtBot, answer: str, pauses: list[str], closes: bool) -> None:
    tell(opened, "a", Running(started_at=1.0, device="cpu"))
    tell(opened, "b", Queued())
    assert not opened.window.close()
    assert not opened.window.close(), "asked again it asks once"
    (box,) = opened.window.findChildren(QMessageBox)
    assert "1 rendering, 1 waiting" in box.text()
    button = next(button for button in box.buttons() if button.text() == answer)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: opened.window.isVisible() is not closes)
    assert [ticket.ask.arguments[0] for ticket in link_of(opened).asked if ticket.ask.name == "pause"] == pauses


def test_sizes_are_there_the_next_time(opened: Run, make_run: Callable[[], Run], qtbot: QtBot) -> None:
    opened.window.resize(1100, 700)
    opened.window.close()
    assert (home() / "window.ini").is_file()
    opened.desk.close()
    run = make_run()
    assert run.window.height() == 700, "its width is bounded by the screen of the tests"


@pytest.mark.parametrize("size", [QSize(960, 600), QSize(1280, 720), QSize(2560, 1440)])
@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_it_fits(opened: Run, size: QSize, direction: Qt.LayoutDirection, themed: QApplication) -> None:
    themed.setLayoutDirection(direction)
    opened.window.resize(size)
    QApplication.processEvents()
    assert opened.window.size() == size
    page = opened.window.page
    assert page is not None
    bounds = opened.window.rect()
    for panel in page.panels:
        assert panel.height() > 0
        assert bounds.contains(panel.mapTo(opened.window, QPoint(0, 0)))
    left, right = page.bin.mapTo(opened.window, QPoint()).x(), page.prompt.mapTo(opened.window, QPoint()).x()
    assert (left < right) is (direction == Qt.LayoutDirection.LeftToRight)


def test_icon_buttons_have_names_and_tooltips(opened: Run) -> None:
    for button in head(opened).findChildren(QToolButton):
        assert button.accessibleName()
        assert button.toolTip()


# Drops


def mime(*paths: Path) -> QMimeData:
    made = QMimeData()
    made.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return made


def test_what_is_a_dropped_project(tmp_path: Path) -> None:
    create_project(tmp_path / "film", sample_project("x")).folder.close()
    (tmp_path / "a.zip").write_bytes(b"x")
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "folder").mkdir()
    assert dropped_project(mime(tmp_path / "film")) == tmp_path / "film"
    assert dropped_project(mime(tmp_path / "film" / "project.json")) == tmp_path / "film" / "project.json"
    assert dropped_project(mime(tmp_path / "a.zip")) == tmp_path / "a.zip"
    for other in (mime(tmp_path / "a.png"), mime(tmp_path / "folder"), mime(), mime(tmp_path / "gone.zip")):
        assert dropped_project(other) is None
    assert dropped_project(mime(tmp_path / "film", tmp_path / "a.zip")) is None


@pytest.mark.parametrize("where", ["window", "viewer", "bin"])
def test_a_project_is_opened_wherever_it_is_dropped(opened: Run, qtbot: QtBot, tmp_path: Path, where: str) -> None:
    create_project(tmp_path / "film", sample_project("Dropped")).folder.close()
    page = opened.window.page
    assert page is not None
    target = {"window": opened.window, "viewer": page.viewer, "bin": page.bin}[where]
    content, copy, left = mime(tmp_path / "film"), Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), copy, content, left, none)
    QApplication.sendEvent(target, enter)
    assert enter.isAccepted()
    with qtbot.waitSignal(opened.desk.opened, timeout=LIMIT_MS):
        QApplication.sendEvent(target, QDropEvent(QPointF(5, 5), copy, content, left, none))
    assert studio_of(opened).film.project.name == "Dropped"
    assert link_of(opened).waiting("upload") == []


def test_the_project_is_written_when_the_window_goes(opened: Run) -> None:
    studio = studio_of(opened)
    path = studio.film.folder.path
    studio.film.edit("rename_project", lambda project: edits.rename_project(project, "At the last moment"))
    opened.window.close()
    opened.desk.close()
    with open_project(path).folder as folder:
        assert folder.read()[0].name == "At the last moment"
