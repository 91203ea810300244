"""Choosing another take: each with its picture, however many there are."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from studio.models.studio import Studio
from studio.style.tokens import Theme
from studio.views.take_popup import MOST_PICTURES, PICTURE, TakePopup


def colours(popup: TakePopup) -> list[int]:
    """One pixel of each option's picture."""
    images = [popup.list.item(row).icon().pixmap(PICTURE).toImage() for row in range(popup.list.count())]
    return [image.pixel(image.width() // 2, image.height() // 2) for image in images]


def test_every_take_has_its_picture(
    studio: Studio, scene: Any, theme: Theme, qtbot: QtBot, look: Callable[..., None]
) -> None:
    for name in "abc":
        scene.finish(name)
    studio.show_take("a")
    parent = QWidget()
    qtbot.addWidget(parent)
    popup = TakePopup("Bridge to", studio, theme, parent)
    before = colours(popup)
    scene.serve()
    assert len(set(colours(popup))) == 2
    assert not set(colours(popup)) & set(before)
    heard: list[Any] = []
    popup.chosen.connect(heard.append)
    look(popup, "take_popup", 320, 200)
    qtbot.keyClick(popup.list, Qt.Key.Key_Return)
    assert [take.id for take in heard] == ["b"]


def test_of_two_hundred_only_the_first_are_fetched(studio: Studio, scene: Any, theme: Theme, qtbot: QtBot) -> None:
    for number in range(200):
        scene.finish(f"take {number}")
    scene.serve()
    parent = QWidget()
    qtbot.addWidget(parent)
    popup = TakePopup("Compare with", studio, theme, parent)
    asked = [ticket for ticket in scene.link.waiting("frames") if str(ticket.ask.key).startswith("choice")]
    assert len(asked) == MOST_PICTURES
    assert popup.list.count() == 199
    popup.deleteLater()
