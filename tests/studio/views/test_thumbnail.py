"""Thumbnails: alive while somebody looks, silent when nobody does."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from studio.link.scripted import ScriptedLink
from studio.models.studio import Studio, clip_of_footage, clip_of_take
from studio.style.tokens import Theme
from studio.views.clip_thumbnail import BOX_PX, ClipThumbnail
from studio.widgets.rating import Rating

Show = Callable[..., None]


@pytest.fixture
def thumbnail(studio: Studio, scene: Any, theme: Theme, qapp: QApplication) -> ClipThumbnail:
    take = scene.finish("a")
    scene.serve()
    return ClipThumbnail(studio, theme, clip_of_take(take))


def point_at(widget: QWidget) -> None:
    QApplication.sendEvent(widget, QEnterEvent(QPointF(5, 5), QPointF(5, 5), QPointF(5, 5)))


def leave(widget: QWidget) -> None:
    QApplication.sendEvent(widget, QEvent(QEvent.Type.Leave))


def asked(link: ScriptedLink) -> list[tuple[Any, ...]]:
    return [ticket.ask.arguments for ticket in link.waiting("frames") if ticket.ask.key != "viewer"]


def test_frames_are_asked_for_once_it_is_seen(
    thumbnail: ClipThumbnail, link: ScriptedLink, scene: Any, show: Show, qtbot: QtBot
) -> None:
    assert asked(link) == []
    show(thumbnail, 128, 96)
    qtbot.waitUntil(lambda: asked(link) != [])
    assert [each[1:] for each in asked(link)] == [(8, 1, (BOX_PX, BOX_PX))]
    scene.serve()
    assert thumbnail.image is not None
    assert not thumbnail.plays


def test_it_plays_while_somebody_points_at_it(
    thumbnail: ClipThumbnail, link: ScriptedLink, scene: Any, show: Show, qtbot: QtBot
) -> None:
    show(thumbnail, 128, 96)
    qtbot.waitUntil(lambda: asked(link) != [])
    scene.serve()
    still = thumbnail.image
    point_at(thumbnail)
    assert thumbnail.plays
    assert [each[1:3] for each in asked(link)] == [(0, 24)]
    assert thumbnail.image is still
    scene.serve()
    seen: set[int] = set()

    def goes_on() -> bool:
        seen.add(thumbnail.image.cacheKey() if thumbnail.image else 0)
        return len(seen) > 3

    qtbot.waitUntil(goes_on)
    leave(thumbnail)
    assert not thumbnail.plays
    assert thumbnail.image == still


def test_a_still_does_not_play(studio: Studio, scene: Any, theme: Theme, show: Show, qtbot: QtBot) -> None:
    thumbnail = ClipThumbnail(studio, theme, clip_of_footage(scene.footage("still.png")))
    show(thumbnail, 128, 96)
    qtbot.waitUntil(lambda: scene.serve() > 0)
    point_at(thumbnail)
    assert not thumbnail.plays
    assert thumbnail.image is not None


def test_a_jobs_preview_moves_by_itself(
    studio: Studio, scene: Any, theme: Theme, show: Show, qtbot: QtBot, link: ScriptedLink
) -> None:
    scene.run("b", previews=9)
    thumbnail = ClipThumbnail(studio, theme)
    thumbnail.show_job("b")
    show(thumbnail, 128, 96)
    seen: set[int] = set()

    def goes_on() -> bool:
        seen.add(thumbnail.image.cacheKey() if thumbnail.image else 0)
        return len(seen) > 3

    qtbot.waitUntil(goes_on)
    assert asked(link) == []
    thumbnail.hide()
    assert not thumbnail.plays
    scene.preview("b", step=13)
    assert not thumbnail.plays
    thumbnail.show()
    qtbot.waitUntil(lambda: thumbnail.plays)
    scene.finish("b")
    qtbot.waitUntil(lambda: not thumbnail.plays)


def test_what_it_stands_for_can_change(
    thumbnail: ClipThumbnail, studio: Studio, scene: Any, show: Show, qtbot: QtBot
) -> None:
    show(thumbnail, 128, 96)
    qtbot.waitUntil(lambda: scene.serve() >= 0 and thumbnail.image is not None)
    first = thumbnail.image
    point_at(thumbnail)
    thumbnail.show_clip(clip_of_take(scene.finish("c", seed=8)))
    assert not thumbnail.plays
    assert thumbnail.image is None
    qtbot.waitUntil(lambda: scene.serve() >= 0 and thumbnail.image is not None)
    assert thumbnail.image != first
    thumbnail.show_clip(None)
    assert thumbnail.image is None


def test_it_leaves_nothing_behind(thumbnail: ClipThumbnail, studio: Studio, qtbot: QtBot, show: Show) -> None:
    show(thumbnail, 128, 96)
    before = len(studio.children())
    point_at(thumbnail)
    with qtbot.waitSignal(thumbnail.destroyed):
        thumbnail.deleteLater()
    assert len(studio.children()) == before
    studio.jobs.previewed.emit("a")


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_stars(qtbot: QtBot, theme: Theme, show: Show, direction: Qt.LayoutDirection) -> None:
    rating = Rating(theme)
    rating.setLayoutDirection(direction)
    show(rating, rating.sizeHint().width(), rating.sizeHint().height())
    given: list[int] = []
    rating.rated.connect(given.append)
    fourth = QPoint(rating.width() * 7 // 10, 8)
    if direction == Qt.LayoutDirection.RightToLeft:
        fourth.setX(rating.width() - fourth.x())
    qtbot.mouseClick(rating, Qt.MouseButton.LeftButton, pos=fourth)
    rating.show_stars(4)
    qtbot.mouseClick(rating, Qt.MouseButton.LeftButton, pos=fourth)
    assert given == [4, 0]
