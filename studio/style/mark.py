"""The product's mark: a reel whose holes turn around a play sign."""

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPixmap, QPolygonF

from studio.style.tokens import Theme

ICON_SIZES_PX = (16, 24, 32, 48, 64, 128, 256)
HOLES = 5


def mark_icon(theme: Theme) -> QIcon:
    """The mark in all the sizes that window managers and headers ask for."""
    icon = QIcon()
    for size_px in ICON_SIZES_PX:
        icon.addPixmap(_mark(size_px, theme))
    return icon


def _mark(size_px: int, theme: Theme) -> QPixmap:
    pixmap = QPixmap(size_px, size_px)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(size_px / 2, size_px / 2)
    painter.translate(1, 1)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.accent))
    painter.drawPath(_reel())
    painter.end()
    return pixmap


def _reel() -> QPainterPath:
    """The mark in the square from -1 to 1."""
    reel = QPainterPath()
    reel.setFillRule(Qt.FillRule.OddEvenFill)
    reel.addEllipse(QRectF(-0.96, -0.96, 1.92, 1.92))
    for hole in range(HOLES):
        angle = math.tau * (hole / HOLES - 0.25)
        reel.addEllipse(QPointF(0.6 * math.cos(angle), 0.6 * math.sin(angle)), 0.17, 0.17)
    reel.addPolygon(QPolygonF([QPointF(-0.16, -0.29), QPointF(0.34, 0), QPointF(-0.16, 0.29)]))
    reel.closeSubpath()
    return reel
