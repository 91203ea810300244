"""Images of the draft: dropped, chosen, seen, taken away, and on their way while one works on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from engine.protocol.media import MediaItem
from engine.protocol.model_card import ModelCard
from engine.protocol.problem import Problem
from studio.link.scripted import ScriptedLink
from studio.link.trouble import Problems, Refused
from studio.models.studio import Studio
from studio.project import edits
from studio.project.draft import Pin, Place
from studio.style.tokens import Theme
from studio.views.prompt import View
from studio.widgets.image_well import MEDIA_FORMAT, ImageWell

Actions = dict[str, QAction]
NO_KEYS = Qt.KeyboardModifier.NoModifier
COPY = Qt.DropAction.CopyAction


@pytest.fixture
def view(studio: Studio, actions: Actions, theme: Theme, show: Callable[..., None]) -> View:
    made = View(studio, actions, theme)
    show(made, 340, 720)
    return made


def well(view: View, place: Place) -> ImageWell:
    return view.images.wells[place].well


def pins(studio: Studio) -> dict[Place, str]:
    assert studio.composer.draft is not None
    return {pin.place: pin.media for pin in studio.composer.draft.images}


def drop(target: ImageWell, mime: QMimeData) -> bool:
    """Whether it was taken."""
    left, middle = Qt.MouseButton.LeftButton, QPointF(target.rect().center())
    enters = QDragEnterEvent(middle.toPoint(), COPY, mime, left, NO_KEYS)
    enters.ignore()
    target.dragEnterEvent(enters)
    if enters.isAccepted():
        target.dropEvent(QDropEvent(middle, COPY, mime, left, NO_KEYS))
    return enters.isAccepted()


def files(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def media(*names: str) -> QMimeData:
    mime = QMimeData()
    mime.setData(MEDIA_FORMAT, "\n".join(names).encode())
    return mime


def arrive(link: ScriptedLink, item: MediaItem) -> None:
    link.answer("upload", item)
    link.answer("fetch", Path("there"))


def test_a_file_is_dropped_imported_pinned_and_seen(
    view: View, studio: Studio, link: ScriptedLink, scene: Any, tmp_path: Path
) -> None:
    item = scene.footage("sea.png").item
    assert drop(well(view, "start"), files(tmp_path / "Морской вид 🌊.png"))
    assert link.waiting("upload")[0].ask.arguments == (tmp_path / "Морской вид 🌊.png",)
    assert well(view, "start").accessibleName() == "Starts from: Bringing it into the project…"
    studio.film.undo()  # and with it the footage that the test put into the bin
    arrive(link, item)
    assert pins(studio) == {"start": item.sha256}
    assert [footage.name for footage in studio.film.project.bin] == ["Морской вид 🌊.png"]
    assert well(view, "start").image is None
    scene.serve()
    assert well(view, "start").image is not None
    studio.film.undo()
    assert not well(view, "start").is_filled
    assert well(view, "start").image is None


def test_a_file_goes_to_the_shot_it_was_dropped_on(
    view: View, studio: Studio, link: ScriptedLink, scene: Any, tmp_path: Path
) -> None:
    first, second = studio.film.project.shots[:2]
    item = scene.footage("sea.png").item
    drop(well(view, "end"), files(tmp_path / "sea.png"))
    studio.film.open_shot(second.id)
    assert not well(view, "end").is_filled
    arrive(link, item)
    assert not well(view, "end").is_filled
    assert studio.film.project.shot(first.id).draft.images == (Pin(place="end", media=item.sha256),)


def test_a_file_whose_shot_is_gone_hurts_nobody(
    view: View, studio: Studio, link: ScriptedLink, scene: Any, tmp_path: Path
) -> None:
    first, item = studio.film.project.shots[0], scene.footage("sea.png").item
    drop(well(view, "end"), files(tmp_path / "sea.png"))
    studio.film.edit("delete_shot", lambda project: edits.delete_shot(project, first.id))
    arrive(link, item)
    assert pins(studio) == {}


def test_something_of_the_bin_is_dropped(view: View, studio: Studio, scene: Any) -> None:
    one, other = scene.footage("one.png"), scene.footage("other.png")
    assert drop(well(view, "end"), media(one.sha256, other.sha256))
    assert pins(studio) == {"end": one.sha256}
    assert drop(well(view, "end"), media(other.sha256))
    assert pins(studio) == {"end": other.sha256}


@pytest.mark.parametrize("mime", [QMimeData(), media(), media("no hash")], ids=["nothing", "empty", "words"])
def test_what_is_no_image_is_not_taken(view: View, studio: Studio, mime: QMimeData) -> None:
    assert not drop(well(view, "start"), mime)
    assert pins(studio) == {}


def test_a_web_address_is_not_taken(view: View) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/sea.png")])
    assert not drop(well(view, "start"), mime)


def test_a_file_that_cannot_be_used_says_why(
    view: View, studio: Studio, link: ScriptedLink, scene: Any, tmp_path: Path
) -> None:
    drop(well(view, "start"), files(tmp_path / "paper.pdf"))
    link.refuse("upload", Problems((Problem(field="media", kind="unreadable"),)))
    assert "The file cannot be read" in view.images.trouble.sentence
    assert not well(view, "start").is_filled
    drop(well(view, "start"), files(tmp_path / "sea.png"))
    assert view.images.trouble.sentence == ""


def test_an_image_is_taken_away_with_mouse_and_keys(view: View, studio: Studio, scene: Any, qtbot: QtBot) -> None:
    footage = scene.footage()
    for clear in (
        lambda: qtbot.mouseClick(well(view, "start").findChildren(QToolButton)[0], Qt.MouseButton.LeftButton),
        lambda: qtbot.keyClick(well(view, "start"), Qt.Key.Key_Delete),
    ):
        studio.composer.pin("start", footage.sha256)
        assert well(view, "start").is_filled
        clear()
        assert pins(studio) == {}


@pytest.mark.parametrize("key", [None, Qt.Key.Key_Space, Qt.Key.Key_Return])
def test_a_click_or_a_key_asks_for_a_file(view: View, qtbot: QtBot, key: Qt.Key | None) -> None:
    target = well(view, "start")
    target.wanted.disconnect()
    with qtbot.waitSignal(target.wanted):
        if key is None:
            qtbot.mouseClick(target, Qt.MouseButton.LeftButton)
        else:
            qtbot.keyClick(target, key)


def test_an_image_that_is_nowhere_says_so(view: View, studio: Studio, link: ScriptedLink) -> None:
    studio.composer.pin("start", "0" * 64)
    link.refuse("frames", Refused(404, "no such media"))
    link.refuse("media_item", Refused(404, "no such media"))
    assert well(view, "start").accessibleName() == "Starts from: The file is missing"
    assert well(view, "start").is_filled


def test_the_middle_is_advanced_and_other_frames_are_shown_where_there_are_any(
    view: View, studio: Studio, scene: Any
) -> None:
    footage = scene.footage()
    assert list(view.images.wells) == ["start", "end"]
    view.seed.advanced.click()
    assert list(view.images.wells) == ["start", "end", "middle"]
    studio.composer.pin(8, footage.sha256)
    assert well(view, 8).accessibleName().startswith("At frame 8")
    view.seed.advanced.click()
    assert list(view.images.wells) == ["start", "end", 8]
    studio.composer.pin("middle", footage.sha256)
    assert set(view.images.wells) == {"start", "end", "middle", 8}
    studio.composer.pin(8, None)
    assert set(view.images.wells) == {"start", "end", "middle"}


def test_a_model_that_only_starts_from_images_says_so(
    view: View, studio: Studio, link: ScriptedLink, starter_card: ModelCard, scene: Any
) -> None:
    studio.composer.pin("end", scene.footage().sha256)
    link.models_loaded.emit([(starter_card.changed(conditions=("first_image",)), [])])
    assert well(view, "start").isEnabled()
    assert well(view, "end").isEnabled()  # so that it can be taken away
    assert len(view.images.problems.notes) == 1
    studio.composer.pin("end", None)
    assert not well(view, "end").isEnabled()
    assert well(view, "end").accessibleName() == "Ends on: This model cannot do that"
    assert view.images.problems.notes == []
