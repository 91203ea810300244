"""The bin: files come in by drop, paste and dialog, go out by drag, and what cannot be used is told once."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from engine.protocol.media import MediaItem
from engine.protocol.problem import Problem
from studio.link.scripted import ScriptedLink
from studio.link.trouble import Gone, Problems
from studio.models.studio import Studio
from studio.views import bin as bin_panel
from studio.views.clip_thumbnail import ClipThumbnail
from studio.widgets.image_well import MEDIA_FORMAT

COPY = Qt.DropAction.CopyAction
LEFT = Qt.MouseButton.LeftButton
PLAIN = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def view(studio: Studio, actions: Any, theme: Any, show: Callable[..., None]) -> bin_panel.View:
    made = bin_panel.View(studio, actions, theme)
    show(made, 248, 480)
    return made


@pytest.fixture
def clipboard(qapp: QApplication) -> Iterator[Any]:
    yield QGuiApplication.clipboard()
    QGuiApplication.clipboard().clear()


def files(*names: str) -> QMimeData:
    carried = QMimeData()
    carried.setUrls([QUrl.fromLocalFile(name) if name.startswith("/") else QUrl(name) for name in names])
    return carried


def drop(view: bin_panel.View, mime: QMimeData) -> bool:
    """Drag it over the panel and let it go; False when the panel does not want it."""
    enter = QDragEnterEvent(QPoint(40, 40), COPY, mime, LEFT, PLAIN)
    enter.ignore()
    QApplication.sendEvent(view, enter)
    if not enter.isAccepted():
        return False
    assert view.is_waiting
    QApplication.sendEvent(view, QDropEvent(QPointF(40, 40), COPY, mime, LEFT, PLAIN))
    assert not view.is_waiting
    return True


def uploads(link: ScriptedLink) -> list[str]:
    return [ticket.ask.arguments[0].name for ticket in link.waiting("upload")]


def bring(link: ScriptedLink, item: MediaItem) -> None:
    """The engine takes the file that waits first, and hands it over."""
    link.answer("upload", item)
    if link.waiting("fetch"):
        link.answer("fetch", Path("somewhere"))


def item_of(scene: Any, name: str) -> MediaItem:
    """What the engine finds in a file; the scene's own way of making one, without putting it into the bin."""
    kept = scene.studio.film.project
    item = scene.footage(name).item
    scene.studio.film.undo()
    assert scene.studio.film.project.bin == kept.bin
    return item


def names(studio: Studio) -> list[str]:
    return [footage.name for footage in studio.film.project.bin]


def select(view: bin_panel.View, *numbers: int) -> None:
    model = view.list.selectionModel()
    model.clear()
    for number in numbers:
        model.select(view.list.rows.index(number), model.SelectionFlag.Select)


def test_an_empty_bin_says_what_to_do_and_does_it(view: bin_panel.View, actions: Any, qtbot: QtBot) -> None:
    (begin,) = [button for button in view.findChildren(QPushButton) if button.isVisible()]
    with qtbot.waitSignal(actions["import_files"].triggered):
        qtbot.mouseClick(begin, LEFT)


def test_dropped_files_arrive_one_by_one_and_are_counted(
    view: bin_panel.View, scene: Any, studio: Studio, link: ScriptedLink
) -> None:
    items = [item_of(scene, name) for name in ("a b.png", "Ключ 🎬.mp4")]
    assert drop(view, files("/x/a b.png", "/x/Ключ 🎬.mp4"))
    assert view._counter.text() == "Importing 1 of 2"
    assert uploads(link) == ["a b.png"]
    bring(link, items[0])
    assert view._counter.text() == "Importing 2 of 2"
    bring(link, items[1])
    assert not view._importing.isVisible()
    assert names(studio) == ["a b.png", "Ключ 🎬.mp4"]
    studio.film.undo()
    assert names(studio) == []


def test_files_that_cannot_be_used_are_told_in_one_note(
    view: bin_panel.View, scene: Any, studio: Studio, link: ScriptedLink
) -> None:
    good = item_of(scene, "good.png")
    drop(view, files("/x/notes.pdf", "/x/good.png", "/x/folder", "/x/corrupt.mp4", "/x/last.mp4"))
    for name, detail in (("notes.pdf", "a PDF"), ("folder", "not a file"), ("corrupt.mp4", "no frame")):
        link.refuse("upload", Problems((Problem(field=f"/x/{name}", kind="unreadable", detail=detail),)))
        if name == "notes.pdf":
            bring(link, good)
    link.refuse("upload", Gone("it went away"))
    assert names(studio) == ["good.png"]
    told = view.note.sentence.split("\n")
    assert told[0] == "4 files could not be used:"
    assert [line.partition(" ")[0] for line in told[1:]] == ["notes.pdf", "folder", "corrupt.mp4", "last.mp4:"]
    assert "not a file" in told[2]
    view.note._button.click()
    assert not view.note.isVisible()


def test_two_hundred_files_make_a_short_note(view: bin_panel.View, link: ScriptedLink) -> None:
    drop(view, files(*(f"/x/{number}.pdf" for number in range(200))))
    assert view._counter.text() == "Importing 1 of 200"
    for number in range(200):
        link.refuse("upload", Problems((Problem(field=f"/x/{number}.pdf", kind="unreadable"),)))
    told = view.note.sentence.split("\n")
    assert told[0] == "200 files could not be used:"
    assert len(told) == 8
    assert told[-1] == "and 194 more"


def test_the_rest_can_be_left_out(view: bin_panel.View, scene: Any, studio: Studio, link: ScriptedLink) -> None:
    item = item_of(scene, "0.png")
    drop(view, files(*(f"/x/{number}.png" for number in range(50))))
    studio.imports.stop()
    bring(link, item)
    assert names(studio) == ["0.png"]
    assert uploads(link) == []
    assert not studio.imports.is_busy


def test_what_is_on_no_disk_is_told(view: bin_panel.View, link: ScriptedLink) -> None:
    assert drop(view, files("https://example.org/cat.png"))
    assert "Save it to the disk" in view.note.sentence
    assert "cat.png" in view.note.sentence
    assert uploads(link) == []


def test_what_is_dragged_out_of_it_is_not_dropped_in_again(view: bin_panel.View, scene: Any) -> None:
    scene.footage("still.png")
    carried = view.list.rows.mimeData([view.list.rows.index(0)])
    assert not drop(view, carried)
    text = QMimeData()
    text.setText("words")
    assert not drop(view, text)


def test_a_drag_that_leaves_takes_its_promise_along(view: bin_panel.View) -> None:
    mime = files("/x/a.png")
    QApplication.sendEvent(view, QDragEnterEvent(QPoint(9, 9), COPY, mime, LEFT, PLAIN))
    assert view.is_waiting
    QApplication.sendEvent(view, QDragLeaveEvent())
    assert not view.is_waiting


def test_files_and_pictures_are_pasted(view: bin_panel.View, link: ScriptedLink, clipboard: Any, scene: Any) -> None:
    clipboard.setMimeData(files("/x/copied.png"))
    view.paste()
    assert uploads(link) == ["copied.png"]
    bring(link, item_of(scene, "copied.png"))
    picture = QImage(8, 8, QImage.Format.Format_RGB32)
    picture.fill(QColor("teal"))
    clipboard.setImage(picture)
    view.paste()
    (ticket,) = link.waiting("upload")
    path: Path = ticket.ask.arguments[0]
    assert path.name == "Pasted image.png"
    assert QImage(str(path)).size() == picture.size()
    clipboard.setText("only words")
    view.paste()
    assert len(link.waiting("upload")) == 1


def test_a_project_that_is_only_looked_at_takes_nothing(
    view: bin_panel.View, studio: Studio, link: ScriptedLink, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio.film, "_reason", "locked")
    with qtbot.waitSignal(studio.imports.finished):
        drop(view, files("/x/a.png"))
    assert uploads(link) == []
    assert "1 file could not be used" in view.note.sentence


def test_footage_is_shown_by_double_click_and_by_enter(
    view: bin_panel.View, scene: Any, studio: Studio, qtbot: QtBot
) -> None:
    scene.footage("still.png")
    clip = scene.footage("clip.mp4")
    qtbot.waitUntil(lambda: len(view.list.findChildren(ClipThumbnail)) == 2)
    thumbnail = view.list.indexWidget(view.list.rows.index(1))
    qtbot.mouseClick(thumbnail, LEFT)
    qtbot.mouseDClick(thumbnail, LEFT)
    assert studio.playback.clip is not None
    assert studio.playback.clip.media == clip.sha256
    select(view, 0)
    qtbot.keyClick(view.list, Qt.Key.Key_Return)
    assert studio.playback.clip.num_frames == 1


def test_a_drag_carries_hashes_and_files(view: bin_panel.View, scene: Any, studio: Studio) -> None:
    still, clip = scene.footage("still.png"), scene.footage("clip.mp4")
    folder = studio.film.folder.path / "media" / still.sha256[:2]
    folder.mkdir(parents=True)
    (folder / f"{still.sha256}.png").write_bytes(b"x")
    rows = view.list.rows
    carried = rows.mimeData([rows.index(0), rows.index(1)])
    assert bytes(carried.data(MEDIA_FORMAT).data()).decode().split() == [still.sha256, clip.sha256]
    assert [Path(url.toLocalFile()).name for url in carried.urls()] == [f"{still.sha256}.png"]


def test_the_menu_makes_something_of_a_file(
    view: bin_panel.View, scene: Any, studio: Studio, actions: Any, qtbot: QtBot
) -> None:
    still, clip = scene.footage("still.png"), scene.footage("clip.mp4")
    select(view, 0)
    menu = view.list.menu_for(view.list.selected())
    texts = [action.text() for action in menu.actions() if action.text()]
    assert texts[:3] == ["Show", "Use as start image", "Use as end image"]
    for action in menu.actions():
        if action.text().startswith("Use as"):
            action.trigger()
    assert studio.composer.draft is not None
    assert {(pin.place, pin.media) for pin in studio.composer.draft.images} == {
        ("start", still.sha256),
        ("end", still.sha256),
    }
    select(view, 1)
    menu = view.list.menu_for(view.list.selected())
    for name in ("extend", "loop", "remix"):
        entry = next(action for action in menu.actions() if action.text() == actions[name].text())
        with qtbot.waitSignal(actions[name].triggered):
            entry.trigger()
        assert studio.playback.clip is not None
        assert studio.playback.clip.media == clip.sha256


def test_files_are_taken_out_and_come_back_by_one_undo(
    view: bin_panel.View, scene: Any, studio: Studio, qtbot: QtBot
) -> None:
    for number in range(4):
        scene.footage(f"{number}.png")
    select(view, 1, 2)
    qtbot.keyClick(view.list, Qt.Key.Key_Delete)
    assert names(studio) == ["0.png", "3.png"]
    studio.film.undo()
    assert names(studio) == ["0.png", "1.png", "2.png", "3.png"]


def test_only_what_is_seen_has_a_thumbnail(view: bin_panel.View, scene: Any, qtbot: QtBot, link: ScriptedLink) -> None:
    for number in range(200):
        scene.footage(f"{number}.png")
    qtbot.waitUntil(lambda: len(view.list.findChildren(ClipThumbnail)) > 0)
    first = view.list.indexWidget(view.list.rows.index(0))
    assert len(view.list.findChildren(ClipThumbnail)) < 30
    view.list.scrollTo(view.list.rows.index(199))
    qtbot.waitUntil(lambda: view.list.indexWidget(view.list.rows.index(199)) is not None)
    assert view.list.indexWidget(view.list.rows.index(0)) is not first
    assert len(view.list.findChildren(ClipThumbnail)) < 60
    assert len(link.waiting("frames")) < 60


def test_names_and_lengths_are_told_to_those_who_hear(view: bin_panel.View, scene: Any) -> None:
    scene.footage("still.png")
    scene.footage("clip.mp4")
    said = [view.list.rows.index(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(2)]
    assert said == ["still.png, 128×96", "clip.mp4, 1.0 s"]
    tip = view.list.rows.index(1).data(Qt.ItemDataRole.ToolTipRole)
    assert tip == "clip.mp4\n128×96 · 4:3\n1.0 s · 24 frames"


def test_a_missing_file_is_named_so(
    studio: Studio, scene: Any, actions: Any, theme: Any, show: Any, qtbot: QtBot
) -> None:
    gone = scene.footage("gone.png")
    studio.film.missing = (gone.sha256,)
    view = bin_panel.View(studio, actions, theme)
    show(view, 248, 480)
    qtbot.waitUntil(lambda: view.list.indexWidget(view.list.rows.index(0)) is not None)
    thumbnail = view.list.indexWidget(view.list.rows.index(0))
    assert isinstance(thumbnail, ClipThumbnail)
    assert thumbnail._centre == "file missing"


def test_it_looks_right(view: bin_panel.View, scene: Any, look: Any, link: ScriptedLink, qtbot: QtBot) -> None:
    look(view, "bin_empty", 248, 480)
    for number in range(7):
        scene.footage(f"clip {number}.mp4" if number % 2 else f"A very long name of a picture {number}.png")
    qtbot.waitUntil(lambda: view.list.indexWidget(view.list.rows.index(0)) is not None)
    view.list.viewport().grab()
    scene.serve()
    select(view, 1)
    look(view, "bin", 248, 480)
    drop(view, files("/x/a.pdf", "/x/b.mp4", *(f"/x/{number}.png" for number in range(30))))
    link.refuse("upload", Problems((Problem(field="/x/notes.pdf", kind="unreadable", detail="a PDF"),)))
    look(view, "bin_importing", 248, 480)
    studio_imports = view._studio.imports
    studio_imports.stop()
    link.refuse("upload", Problems((Problem(field="/x/corrupt.mp4", kind="unreadable"),)))
    view.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    look(view, "bin_note_rtl", 248, 480)
    mime = files("/x/a.png")
    QApplication.sendEvent(view, QDragEnterEvent(QPoint(9, 9), COPY, mime, LEFT, PLAIN))
    look(view, "bin_drop", 248, 480)
