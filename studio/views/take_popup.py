"""A list of takes to choose one of, with their pictures; those that are likeliest meant come first."""

from functools import partial

from PySide6.QtCore import QCoreApplication, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPixmap
from PySide6.QtWidgets import QWidget

from studio.models.reel import Reel
from studio.models.studio import Studio
from studio.project.take import Take
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, Theme
from studio.views.rules import other_clips
from studio.views.words import number, seconds
from studio.widgets.popup import ListPopup, Option
from studio.widgets.thumbnail import cover

PICTURE = QSize(8 * GRID_PX, 6 * GRID_PX)
MOST_PICTURES = 40
"""Nobody reads further down; the rest have a sign."""


class TakePopup(ListPopup):
    """Signals: `chosen`: the take (Take)."""

    def __init__(self, title: str, studio: Studio, theme: Theme, parent: QWidget) -> None:
        takes = other_clips(studio)
        sign = icon("clip", theme, "muted")
        options = [Option(_words(studio, shot, take), take, sign) for shot, take in takes]
        super().__init__(title, options, parent, PICTURE)
        for place, (_, take) in enumerate(takes[:MOST_PICTURES]):
            reel = studio.reel(f"choice {place}")
            reel.setParent(self)
            reel.load(take.media, (2 * PICTURE.width(), 2 * PICTURE.height()))
            reel.arrived.connect(partial(self._show, place, take, reel))
            self._show(place, take, reel)

    def _show(self, place: int, take: Take, reel: Reel) -> None:
        jpeg = reel.frame(take.num_frames // 2, ahead=1)
        if jpeg is not None:
            self.show_picture(place, _picture(QImage.fromData(jpeg), self.devicePixelRatioF()))


def _picture(image: QImage, ratio: float) -> QPixmap:
    pixmap = QPixmap(PICTURE * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    whole = QRectF(0, 0, PICTURE.width(), PICTURE.height())
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(whole, image, cover(image, whole))
    painter.end()
    return pixmap


def _words(studio: Studio, shot: str, take: Take) -> str:
    place = [each.id for each in studio.film.project.shot_of(take.id).takes].index(take.id) + 1
    words = QCoreApplication.translate("takes", "{shot} · take {number} · {length}")
    said = words.format(shot=shot, number=number(place), length=seconds(take.duration_s))
    return f"{said}  {'★' * take.rating}" if take.rating else said
