"""Icons: one set, Material Design Icons as qtawesome ships them (Apache-2.0), in the colours of a theme."""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPixmap, QRawFont

from studio.style.tokens import Theme

SIZES_PX = (16, 18, 20, 24, 32, 36, 48, 64)
"""What buttons ask for, at 100 and 200 %; others are scaled down."""
FONT = "materialdesignicons6-webfont"
UNITS_PX = 256.0
NAMES = {
    "add": "plus",
    "animate": "motion-play-outline",
    "bookmark": "bookmark-outline",
    "bridge": "bridge",
    "camera": "video-outline",
    "cancel": "close",
    "chevron_down": "chevron-down",
    "chevron_left": "chevron-left",
    "chevron_right": "chevron-right",
    "clip": "filmstrip",
    "close": "close",
    "compare": "compare",
    "continues": "link-variant",
    "copy": "content-copy",
    "delete": "trash-can-outline",
    "diagnostics": "stethoscope",
    "dice": "dice-5-outline",
    "done": "check",
    "download": "tray-arrow-down",
    "drag": "drag-vertical",
    "draft": "view-grid-outline",
    "drop": "tray-arrow-down",
    "duplicate": "content-duplicate",
    "error": "alert-circle-outline",
    "extend": "arrow-expand-right",
    "extend_backward": "arrow-expand-left",
    "folder": "folder-outline",
    "full_screen": "fullscreen",
    "generate": "creation",
    "history": "history",
    "image": "image-outline",
    "in": "contain-start",
    "info": "information-outline",
    "keyboard": "keyboard-outline",
    "library": "package-variant-closed",
    "light": "white-balance-sunny",
    "lock": "lock-outline",
    "loop": "repeat",
    "loop_clip": "sync",
    "menu": "menu",
    "more": "dots-horizontal",
    "music": "music-note",
    "out": "contain-end",
    "palette": "console-line",
    "pause": "pause",
    "pause_job": "pause",
    "move_back": "arrow-left-bold-outline",
    "move_on": "arrow-right-bold-outline",
    "play": "play",
    "project": "movie-open-outline",
    "redo": "redo",
    "remix": "shuffle-variant",
    "rename": "pencil-outline",
    "resume_job": "play",
    "retake": "movie-edit-outline",
    "retry": "refresh",
    "save": "content-save-outline",
    "search": "magnify",
    "settings": "cog-outline",
    "shot": "movie-outline",
    "split": "content-cut",
    "star": "star",
    "star_outline": "star-outline",
    "step_back": "step-backward",
    "step_forward": "step-forward",
    "stop": "stop",
    "style": "palette-outline",
    "to_end": "skip-next",
    "to_start": "skip-previous",
    "transition": "set-center",
    "undo": "undo",
    "unlock": "lock-open-variant-outline",
    "use_last_frame": "location-enter",
    "variations": "cards-outline",
    "warning": "alert-outline",
    "zoom_fit": "arrow-expand-horizontal",
    "zoom_in": "magnify-plus-outline",
    "zoom_out": "magnify-minus-outline",
}
"""Our own names, and the set's."""


@cache
def icon(name: str, theme: Theme, role: str = "text") -> QIcon:
    """The icon `name` of `NAMES`, in the theme's colour `role`; dimmed where it is disabled.

    Raises:
        KeyError: when there is no such icon.
    """
    glyph = _glyph(NAMES[name])
    made = QIcon()
    for mode, opacity in ((QIcon.Mode.Normal, 1.0), (QIcon.Mode.Disabled, 0.4)):
        for size_px in SIZES_PX:
            made.addPixmap(_drawn(glyph, size_px, getattr(theme, role), opacity), mode)
    return made


def _drawn(glyph: QPainterPath, size_px: int, colour: str, opacity: float) -> QPixmap:
    pixmap = QPixmap(size_px, size_px)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(opacity)
    painter.scale(size_px / UNITS_PX, size_px / UNITS_PX)
    painter.fillPath(glyph, QColor(colour))
    painter.end()
    return pixmap


@cache
def _glyph(name: str) -> QPainterPath:
    """The outline in a square of `UNITS_PX`; it is drawn as a shape, so the font is never among those of texts."""
    font, codes = _font()
    (index,) = font.glyphIndexesForString(chr(int(codes[name], 16)))
    outline = font.pathForGlyph(index)
    outline.setFillRule(Qt.FillRule.WindingFill)
    middle, centre = outline.boundingRect().center(), UNITS_PX / 2
    # The set draws each glyph in the middle of a 24 px cell; sideways some lean on purpose (play), so keep that.
    return outline.translated(QPointF(centre - font.advancesForGlyphIndexes([index])[0].x() / 2, centre - middle.y()))


@cache
def _font() -> tuple[QRawFont, dict[str, str]]:
    """The outlines, and each glyph's code point (hex) by its name."""
    package = find_spec("qtawesome")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("qtawesome is not installed")
    folder = Path(package.origin).parent / "fonts"  # not imported: that would load a dozen fonts, and a second Qt layer
    codes: dict[str, str] = json.loads(next(folder.glob(f"{FONT}-charmap-*.json")).read_text("utf-8"))
    outlines = next(path for path in folder.glob(f"{FONT}-*.ttf"))
    return QRawFont(str(outlines), UNITS_PX), codes
