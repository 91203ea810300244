"""A strip of film on which noise becomes a picture: an ornament, drawn by hand."""

import random

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QLinearGradient, QPainter, QPainterPath, QPen, QRadialGradient

from studio.style.tokens import GRID_PX, Theme

FRAMES = 6
ASPECT = 16 / 9
BAND_PX = 2.5 * GRID_PX
HORIZON = 0.62
SEED = 7
QUIET = bytes(24 + value * 5 // 16 for value in range(256))
"""Noise of little contrast, and dark: what every byte of it becomes."""
SKY = ((0.0, "#141a36"), (0.45, "#4a3358"), (0.8, "#c4623f"), (1.0, "#f6bd73"))
SEA = ((0.0, "#b5653f"), (0.3, "#4d3550"), (1.0, "#0e1426"))


def filmstrip_height_px(width_px: int) -> int:
    """How tall a strip of this width is."""
    return round((width_px / FRAMES - GRID_PX) / ASPECT + 2 * BAND_PX)


def paint_filmstrip(painter: QPainter, area: QRectF, theme: Theme) -> None:
    """Fill the area with a strip of film; left to right is time, in every language."""
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    painter.fillRect(area, QColor(theme.panel))
    _paint_holes(painter, area, QColor(theme.line))
    pitch = area.width() / FRAMES
    for index in range(FRAMES):
        left = area.left() + index * pitch + GRID_PX / 2
        frame = QRectF(left, area.top() + BAND_PX, pitch - GRID_PX, area.height() - 2 * BAND_PX)
        _paint_frame(painter, frame, index / (FRAMES - 1))


def _paint_holes(painter: QPainter, area: QRectF, colour: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    width, height, pitch = 1.5 * GRID_PX, GRID_PX, 4.0 * GRID_PX
    for index in range(int(area.width() / pitch) + 1):
        left = area.left() + (index + 0.5) * pitch - width / 2
        for top in (area.top() + (BAND_PX - height) / 2, area.bottom() - (BAND_PX + height) / 2):
            painter.drawRoundedRect(QRectF(left, top, width, height), 2, 2)


def _paint_frame(painter: QPainter, frame: QRectF, time: float) -> None:
    """One frame; `time` from 0, all noise, to 1, all picture."""
    painter.save()
    outline = QPainterPath()
    outline.addRoundedRect(frame, 3, 3)
    painter.setClipPath(outline)
    # A picture found among noise has few details at first: it is drawn small, and enlarged.
    detail = 0.03 + 0.97 * time**3
    small = QSize(max(4, round(frame.width() * detail)), max(3, round(frame.height() * detail)))
    if time < 1:
        picture = QImage(small, QImage.Format.Format_RGB32)
        picture.fill(QColor(SEA[-1][1]))
        on_picture = QPainter(picture)
        _paint_scene(on_picture, QRectF(picture.rect()), time)
        on_picture.end()
        painter.drawImage(frame, picture)
        _paint_noise(painter, frame, time)
    else:
        _paint_scene(painter, frame, time)
    painter.restore()


def _paint_noise(painter: QPainter, frame: QRectF, time: float) -> None:
    columns, rows = 48, 27
    grains = random.Random(SEED + round(time * 1000)).randbytes(columns * rows * 3).translate(QUIET)
    noise = QImage(grains, columns, rows, columns * 3, QImage.Format.Format_RGB888)
    painter.setOpacity((1 - time) ** 1.4)
    painter.drawImage(frame, noise)


def _paint_scene(painter: QPainter, frame: QRectF, time: float) -> None:
    """A low sun over the sea, sinking a little with time."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(frame.topLeft())
    painter.scale(frame.width(), frame.height())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.fillRect(QRectF(0, 0, 1, 1), _vertical(SKY, 0, HORIZON))
    painter.fillRect(QRectF(0, HORIZON, 1, 1 - HORIZON), _vertical(SEA, HORIZON, 1))
    sun = QPointF(0.64, HORIZON - 0.17 + 0.12 * time)
    _paint_sun(painter, sun)
    _paint_glints(painter, sun.x(), time)
    _paint_birds(painter, time)
    painter.restore()


def _vertical(stops: tuple[tuple[float, str], ...], top: float, bottom: float) -> QLinearGradient:
    gradient = QLinearGradient(0, top, 0, bottom)
    for position, colour in stops:
        gradient.setColorAt(position, QColor(colour))
    return gradient


def _paint_sun(painter: QPainter, sun: QPointF) -> None:
    painter.save()
    painter.setClipRect(QRectF(0, 0, 1, HORIZON))
    painter.translate(sun)
    painter.scale(1 / ASPECT, 1)
    glow = QRadialGradient(QPointF(0, 0), 0.55)
    for position, opacity in ((0.0, 190), (0.25, 110), (0.5, 45), (0.75, 12), (1.0, 0)):
        glow.setColorAt(position, QColor(255, 190, 115, opacity))
    painter.setBrush(glow)
    painter.drawEllipse(QPointF(0, 0), 0.55, 0.55)
    painter.setBrush(QColor("#ffe3b0"))
    painter.drawEllipse(QPointF(0, 0), 0.1, 0.1)
    painter.restore()


def _paint_glints(painter: QPainter, centre: float, time: float) -> None:
    chance = random.Random(SEED)
    for row in range(9):
        depth = row / 8
        width = (0.05 + 0.1 * depth) * (0.6 + 0.8 * chance.random())
        shift = (chance.random() - 0.5) * 0.07 + 0.015 * (time - 0.5) * (-1) ** row
        painter.setBrush(QColor(255, 206, 140, round(150 - 95 * depth)))
        top = HORIZON + 0.02 + depth * 0.3
        painter.drawRoundedRect(QRectF(centre + shift - width / 2, top, width, 0.008 + 0.008 * depth), 0.01, 0.01)


def _paint_birds(painter: QPainter, time: float) -> None:
    pen = QPen(QColor(14, 16, 30, 200), 0.008)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for x, y, span in ((0.2, 0.24, 0.036), (0.27, 0.31, 0.028), (0.34, 0.2, 0.024)):
        middle = QPointF(x + 0.12 * time, y)
        bird = QPainterPath(middle - QPointF(span, span))
        bird.quadTo(middle - QPointF(span / 3, span), middle)
        bird.quadTo(middle + QPointF(span / 3, -span), middle + QPointF(span, -span))
        painter.drawPath(bird)
