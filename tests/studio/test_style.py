"""Tokens and icons: readable in both themes, and each one there."""

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from studio.style.icons import NAMES, icon
from studio.style.mark import mark_icon
from studio.style.sheet import palette, sheet
from studio.style.tokens import DARK, LIGHT, Theme, mixed

THEMES = pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
WANTED = (
    "play pause stop step_back step_forward to_start to_end loop compare full_screen in out generate variations draft "
    "dice lock unlock extend extend_backward loop_clip bridge remix retake star star_outline delete folder save add "
    "close more search settings library diagnostics warning error done info image clip drop history bookmark "
    "chevron_down chevron_right drag pause_job resume_job cancel retry palette shot camera style light project undo "
    "redo"
)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio of two colours."""
    light, dark = sorted((_luminance(QColor(one)), _luminance(QColor(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: QColor) -> float:
    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(channel) for channel in (colour.redF(), colour.greenF(), colour.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@THEMES
@pytest.mark.parametrize("text", ["text", "muted", "accent", "good", "warn", "bad"])
@pytest.mark.parametrize("background", ["ground", "panel", "raised"])
def test_text_can_be_read(theme: Theme, text: str, background: str) -> None:
    assert contrast(getattr(theme, text), getattr(theme, background)) >= 4.5


@THEMES
def test_text_on_what_is_coloured_can_be_read(theme: Theme) -> None:
    assert contrast(theme.on_accent, theme.accent) >= 4.5
    assert contrast(theme.text, theme.tint) >= 4.5
    assert contrast(theme.on_stage, theme.stage) >= 4.5


def test_the_light_theme_is_drawn_and_not_inverted() -> None:
    assert DARK.text > DARK.ground
    assert LIGHT.text < LIGHT.ground
    assert LIGHT.stage == DARK.stage, "pictures stand on black in both"


def test_colours_mix() -> None:
    assert mixed("#ffffff", "#000000", 0.5) == "#808080"
    assert mixed("#ff0000", "#0000ff", 1.0) == "#ff0000"


@THEMES
def test_every_icon_is_drawn_in_its_colour(theme: Theme, qapp: QApplication) -> None:
    assert set(WANTED.split()) <= NAMES.keys()
    for name in NAMES:
        drawn = icon(name, theme, "accent").pixmap(QSize(32, 32), 1.0).toImage()
        solid = [drawn.pixelColor(x, y) for x in range(32) for y in range(32) if drawn.pixelColor(x, y).alpha() == 255]
        assert len(solid) > 12, name
        assert {each.name() for each in solid} == {theme.accent}, name
        assert _is_inside(drawn), name


def _is_inside(image: QImage) -> bool:
    """Nothing is cut off at the edges."""
    edge = range(image.width())
    ends = (0, image.width() - 1)
    return not any(image.pixelColor(*at).alpha() > 128 for a in edge for b in ends for at in ((a, b), (b, a)))


def test_an_icon_that_is_not_there_is_an_error(qapp: QApplication) -> None:
    with pytest.raises(KeyError):
        icon("nothing", DARK)


def test_a_disabled_icon_is_dimmed(qapp: QApplication) -> None:
    from PySide6.QtGui import QIcon

    made = icon("stop", DARK)
    usual, dimmed = (
        made.pixmap(QSize(32, 32), 1.0, mode).toImage().pixelColor(16, 16).alpha()
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Disabled)
    )
    assert dimmed < usual / 2


@THEMES
def test_the_sheet_has_the_colours_of_its_theme_only(theme: Theme) -> None:
    import re

    known = {*vars(theme).values(), theme.tint}
    assert set(re.findall(r"#[0-9a-fA-F]{6}\b", sheet(theme))) <= known
    assert palette(theme).window().color().name() == theme.ground


@THEMES
def test_the_mark_has_the_accent(theme: Theme, qapp: QApplication) -> None:
    image = mark_icon(theme).pixmap(QSize(64, 64), 1.0).toImage()
    assert image.pixelColor(32, 4).name() == theme.accent
