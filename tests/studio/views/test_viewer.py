"""The viewer: the picture at the playhead, a job's preview while it sharpens, and a way on when there is neither."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QColor, QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from engine.protocol.events import JobRemoved
from studio.link.scripted import ScriptedLink
from studio.link.trouble import Gone
from studio.models.studio import Studio, clip_of_take
from studio.style.tokens import Theme
from studio.views.viewer import View
from studio.widgets.image_well import MEDIA_FORMAT
from studio.widgets.picture import Picture

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
Show = Callable[..., None]


@pytest.fixture
def view(studio: Studio, actions: dict[str, QAction], theme: Theme, look: Show) -> View:
    made = View(studio, actions, theme)
    look(made, "viewer_empty")
    return made


def buttons(view: View) -> list[str]:
    return [button.text() for button in view.findChildren(QPushButton) if button.isVisible()]


def button(view: View, text: str) -> QPushButton:
    return next(each for each in view.findChildren(QPushButton) if each.text() == text)


def drop(view: View, mime: QMimeData) -> None:
    """What the mouse does when it brings something."""
    action, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    view.dragEnterEvent(QDragEnterEvent(QPoint(9, 9), action, mime, left, none))
    view.dropEvent(QDropEvent(QPointF(9, 9), action, mime, left, none))


def files(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def test_empty_it_says_what_to_do_with_the_windows_own_actions(
    view: View, actions: dict[str, QAction], qtbot: QtBot
) -> None:
    assert "drop an image" in view.sentence
    assert buttons(view) == ["Generate", "Import images and clips…"]
    generate = button(view, "Generate")
    with qtbot.waitSignal(actions["generate"].triggered):
        qtbot.mouseClick(generate, Qt.MouseButton.LeftButton)
    actions["generate"].setEnabled(False)
    assert not generate.isEnabled()


def test_a_take_is_shown_frame_by_frame(view: View, scene: Any, studio: Studio, look: Show) -> None:
    scene.finish("a")
    scene.serve()
    first = view.screen_view.image
    assert first is not None
    assert (first.width(), buttons(view), view.sentence) == (128, [], "")
    studio.playback.seek(9)
    second = view.screen_view.image
    assert second is not None
    assert second != first
    studio.playback.seek(0)
    assert view.screen_view.image == first
    look(view, "viewer_take")


def test_a_picture_is_decoded_once(view: View, scene: Any, studio: Studio) -> None:
    scene.finish("a")
    scene.serve()
    image = view.screen_view.image
    studio.playback.frame_changed.emit()
    assert view.screen_view.image is image


def test_the_first_take_of_a_shot_is_shown_whoever_asked_for_it(view: View, scene: Any, studio: Studio) -> None:
    scene.finish("a")
    assert studio.playback.clip is not None
    assert studio.playback.clip.key == "a"


def test_while_a_job_renders_its_preview_moves_and_sharpens(view: View, scene: Any, studio: Studio, look: Show) -> None:
    scene.run("a", step=3)
    assert studio.playback.job_id == "a"
    assert view.sentence == "The first pictures come in a moment."
    scene.preview("a", step=3)
    scene.progress("a", step=12)
    soft = view.screen_view.image
    assert soft is not None
    assert (view.screen_view.caption, view.sentence) == ("step 12/20 · 4 s left", "")
    scene.preview("a", step=13)
    assert view.screen_view.image != soft
    look(view, "viewer_rendering")
    scene.progress("a", step=20, stage="decode", eta_s=None)
    assert view.screen_view.caption == "Making the frames"
    scene.finish("a")
    scene.serve()
    assert studio.playback.clip is not None
    assert (view.screen_view.caption, studio.playback.speed) == ("", 1.0)
    studio.playback.pause()


def test_a_job_that_runs_before_its_answer_comes_is_watched(
    view: View, scene: Any, studio: Studio, link: ScriptedLink
) -> None:
    scene.finish("a")
    studio.show_take("a")
    studio.composer.generate()
    job = scene.run("b")
    assert studio.playback.job_id is None
    link.answer("submit", job)
    assert studio.playback.job_id == "b"


def test_the_last_preview_is_seen_until_the_take_is_here(view: View, scene: Any, studio: Studio, qtbot: QtBot) -> None:
    scene.run("a", previews=9)
    preview = view.screen_view.image
    assert preview is not None
    scene.finish("a")
    view.screen_view._give_up()
    assert view.screen_view.image == preview
    scene.serve()
    assert view.screen_view.image != preview
    studio.playback.pause()


def test_a_job_that_was_cancelled_or_deleted_gives_back_what_was_there(
    view: View, scene: Any, studio: Studio, link: ScriptedLink
) -> None:
    scene.finish("a")
    scene.run("b", previews=9)
    studio.show_job("b")
    scene.cancel("b")
    assert studio.playback.clip is not None
    assert (studio.playback.clip.key, studio.playback.speed) == ("a", 0.0)
    scene.fail("c")
    studio.show_job("c")
    link.tell(JobRemoved(job_id="c"))
    assert studio.playback.clip is not None


def test_a_job_that_failed_says_why_where_it_was_watched(
    view: View, scene: Any, studio: Studio, link: ScriptedLink, qtbot: QtBot, look: Show
) -> None:
    scene.run("a")
    scene.fail("a")
    assert view.sentence.startswith("The device ran out of memory.")
    assert buttons(view) == ["Try again"]
    look(view, "viewer_failed")
    qtbot.mouseClick(button(view, "Try again"), Qt.MouseButton.LeftButton)
    assert link.waiting("resume")[0].ask.arguments == ("a",)


def test_a_paused_job_keeps_its_picture_and_goes_on_from_there(
    view: View, scene: Any, studio: Studio, link: ScriptedLink, qtbot: QtBot, look: Show
) -> None:
    scene.run("a", previews=9)
    scene.pause("a")
    assert view.screen_view.image is not None
    assert view.screen_view.caption == "Paused after 12 of 20 steps, which are kept"
    assert (view.sentence, buttons(view)) == ("", ["Go on"])
    look(view, "viewer_paused")
    qtbot.mouseClick(button(view, "Go on"), Qt.MouseButton.LeftButton)
    assert link.waiting("resume")[0].ask.arguments == ("a",)


def test_without_a_picture_a_paused_and_a_waiting_job_are_told_in_words(
    view: View, scene: Any, studio: Studio, look: Show
) -> None:
    scene.pause("a")
    studio.show_job("a")
    assert view.sentence == "Paused after 12 of 20 steps, which are kept"
    look(view, "viewer_paused_words")
    scene.finish("b")
    scene.run("c")
    scene.queue("d")
    studio.show_job("d")
    assert view.sentence.startswith("Next · starts in about 4 s")
    scene.progress("c", step=19, eta_s=2.0)
    assert view.sentence.startswith("Next · starts in about 2 s")


def test_the_last_picture_stands_in_for_one_that_is_on_its_way(
    view: View, scene: Any, studio: Studio, qtbot: QtBot
) -> None:
    scene.finish("a")
    scene.serve()
    before = view.screen_view.image
    scene.finish("b", seed=8)
    studio.show_take("b")
    assert view.screen_view.image is before
    with qtbot.waitSignal(view.screen_view.state_changed):
        pass  # only for so long
    assert view.screen_view.image is None
    scene.serve()
    assert view.screen_view.image is not None


def test_when_no_frames_come_it_says_why_and_tries_again(
    view: View, scene: Any, link: ScriptedLink, qtbot: QtBot, look: Show
) -> None:
    scene.finish("a")
    link.refuse("frames", Gone("away"))
    link.refuse("media_item", Gone("away"))
    assert "engine" in view.sentence
    assert buttons(view) == ["Try again"]
    look(view, "viewer_trouble")
    again = next(each for each in view.findChildren(QPushButton) if each.isVisible())
    qtbot.mouseClick(again, Qt.MouseButton.LeftButton)
    scene.serve()
    assert view.screen_view.image is not None
    assert (view.sentence, buttons(view)) == ("", [])


def test_two_takes_are_compared_in_sync(view: View, scene: Any, studio: Studio, look: Show) -> None:
    scene.finish("a")
    studio.playback.compare(clip_of_take(scene.finish("b", seed=8)))
    scene.serve()
    screen = view.screen_view
    assert screen.image is not None
    assert screen.other is not None
    assert screen.other != screen.image
    studio.playback.seek(6)
    scene.serve()
    look(view, "viewer_beside")
    wipe = next(each for each in view.findChildren(QPushButton) if each.isVisible())
    wipe.click()
    assert screen.compared_as == "wipe"
    look(view, "viewer_wipe")
    studio.playback.compare(None)
    assert screen.other is None
    assert not wipe.isVisible()


def test_an_image_that_is_dropped_becomes_the_start_and_it_says_so(
    view: View, studio: Studio, link: ScriptedLink, tmp_path: Path, scene: Any, look: Show
) -> None:
    path = tmp_path / "Küste 🎬.png"
    drop(view, files(path))
    item = scene.made_item("still.png")
    link.answer("upload", item)
    link.answer("fetch", path)
    shot = studio.film.shot
    assert shot is not None
    assert [(pin.place, pin.media) for pin in shot.draft.images] == [("start", item.sha256)]
    assert "Küste 🎬.png is the first picture" in view.note
    assert studio.playback.clip is not None
    assert studio.playback.clip.key == item.sha256
    look(view, "viewer_dropped")


def test_clips_that_are_dropped_go_into_the_bin_and_the_first_is_shown(
    view: View, studio: Studio, link: ScriptedLink, tmp_path: Path, scene: Any
) -> None:
    paths = [tmp_path / "one.mp4", tmp_path / "two.mp4"]
    drop(view, files(*paths))
    for path in paths:
        link.answer("upload", scene.made_item(path.name))
        link.answer("fetch", path)
    assert [footage.name for footage in studio.film.project.bin] == ["one.mp4", "two.mp4"]
    assert studio.playback.clip is not None
    assert studio.playback.clip.key == scene.made_item("one.mp4").sha256
    assert studio.film.shot is not None
    assert studio.film.shot.draft.images == ()
    assert view.note == "one.mp4 is in the bin."


def test_of_many_images_the_first_becomes_the_start(
    view: View, studio: Studio, link: ScriptedLink, tmp_path: Path, scene: Any
) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    drop(view, files(*paths))
    for path in paths:
        link.answer("upload", scene.made_item(path.name))
        link.answer("fetch", path)
    assert studio.film.shot is not None
    assert [pin.media for pin in studio.film.shot.draft.images] == [scene.made_item("0.png").sha256]
    assert len(studio.film.project.bin) == 3


def test_what_is_dragged_out_of_the_bin_is_used_as_it_is(view: View, studio: Studio, scene: Any) -> None:
    clip, image = scene.footage("clip.mp4"), scene.footage("still.png")
    for footage in (clip, image):
        mime = QMimeData()
        mime.setData(MEDIA_FORMAT, footage.sha256.encode())
        drop(view, mime)
        assert studio.playback.clip is not None
        assert studio.playback.clip.key == footage.sha256
    assert studio.film.shot is not None
    assert [pin.media for pin in studio.film.shot.draft.images] == [image.sha256]


def test_text_that_is_dragged_is_none_of_its_business(view: View) -> None:
    mime = QMimeData()
    mime.setText("a beach")
    event = QDragEnterEvent(
        QPoint(9, 9), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    event.ignore()
    view.dragEnterEvent(event)
    assert not event.isAccepted()
    assert view.note == ""


def test_full_screen_by_double_click_and_back_by_escape(
    view: View, scene: Any, actions: dict[str, QAction], qtbot: QtBot
) -> None:
    scene.finish("a")
    scene.serve()
    qtbot.mouseDClick(view.screen_view, Qt.MouseButton.LeftButton)
    full = view.full
    assert full is not None
    assert full.isVisible()
    assert actions["full_screen"].isChecked()
    assert actions["play"] in full.actions()
    assert full.screen_view.image is not None
    full.rest()
    with qtbot.waitSignal(full.left):
        qtbot.keyClick(full, Qt.Key.Key_Escape)
    assert view.full is None
    assert not actions["full_screen"].isChecked()
    actions["full_screen"].trigger()
    assert view.full is not None
    actions["full_screen"].trigger()
    assert view.full is None


def test_a_viewer_that_goes_takes_its_full_screen_along(view: View, actions: dict[str, QAction], qtbot: QtBot) -> None:
    actions["full_screen"].trigger()
    full = view.full
    assert full is not None
    with qtbot.waitSignal(full.destroyed):
        view.deleteLater()
    actions["full_screen"].trigger()


def test_the_menu_has_the_verbs(view: View, actions: dict[str, QAction]) -> None:
    menu = view.menu()
    assert [actions[name] in menu.actions() for name in ("extend", "loop", "compare")] == [True] * 3
    menu.deleteLater()


@pytest.mark.parametrize(("width", "height"), [(400, 400), (900, 300), (333, 777)])
def test_a_picture_keeps_its_shape_and_touches_two_edges(
    qtbot: QtBot, theme: Theme, show: Show, width: int, height: int
) -> None:
    picture = Picture(theme)
    show(picture, width, height)
    image = QImage(64, 48, QImage.Format.Format_RGB32)
    image.fill(QColor("#ff0000"))
    picture.show_images(image)
    grabbed = picture.grab().toImage()
    red = [(x, y) for x in range(width) for y in range(height) if grabbed.pixelColor(x, y).red() > 200]
    wide, tall = (max(places) + 1 - min(places) for places in zip(*red, strict=True))
    assert wide / tall == pytest.approx(4 / 3, rel=0.02)
    assert wide == width or tall == height
    assert grabbed.pixelColor(0, 0).name() in ("#ff0000", theme.stage)


def test_the_edge_of_a_wipe_is_dragged(qtbot: QtBot, theme: Theme, show: Show) -> None:
    picture = Picture(theme)
    show(picture, 400, 300)
    images = [QImage(64, 48, QImage.Format.Format_RGB32) for _ in range(2)]
    for image, colour in zip(images, ("#ff0000", "#0000ff"), strict=True):
        image.fill(QColor(colour))
    picture.show_images(*images)
    picture.compare_as("wipe")
    qtbot.mousePress(picture, Qt.MouseButton.LeftButton, pos=QPoint(200, 150))
    qtbot.mouseMove(picture, QPoint(100, 150))
    qtbot.mouseRelease(picture, Qt.MouseButton.LeftButton, pos=QPoint(100, 150))
    grabbed = picture.grab().toImage()
    assert [grabbed.pixelColor(x, 150).name() for x in (60, 150, 300)] == ["#ff0000", "#0000ff", "#0000ff"]
