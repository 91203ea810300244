"""The placeholder window: true, readable, reachable by keyboard, and without an engine."""

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow, QPushButton, QScrollArea
from pytestqt.qtbot import QtBot

from studio.app import build_window
from studio.style.filmstrip import filmstrip_height_px, paint_filmstrip
from studio.style.sheet import apply_theme
from studio.style.tokens import DARK, Theme

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

COMMANDS = [
    'python3 packaging/dev.py run generate "A serene beach at sunset" --output beach.mp4',
    "python3 packaging/dev.py run animate still.png",
    "python3 packaging/dev.py run models",
    "python3 packaging/dev.py run queue",
]


@pytest.fixture
def themed(qapp: QApplication) -> Iterator[QApplication]:
    apply_theme(qapp, DARK)
    yield qapp
    qapp.setStyleSheet("")
    qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


@pytest.fixture
def window(themed: QApplication, qtbot: QtBot) -> QMainWindow:
    return shown(qtbot)


def shown(qtbot: QtBot, width_px: int = 1280, height_px: int = 720) -> QMainWindow:
    window = build_window()
    qtbot.addWidget(window)
    window.resize(width_px, height_px)
    with qtbot.waitExposed(window):
        window.show()
    return window


def buttons(window: QMainWindow) -> list[QPushButton]:
    return window.findChildren(QPushButton)


def label(window: QMainWindow, text: str) -> QLabel:
    return next(label for label in window.findChildren(QLabel) if label.text() == text)


def test_it_says_what_it_is(window: QMainWindow) -> None:
    said = " ".join(label.text() for label in window.findChildren(QLabel) if label.isVisible())
    assert window.windowTitle() == "Reelwright"
    for part in ("Reelwright", "still being built", "Works today", *COMMANDS):
        assert part in said


@pytest.mark.parametrize("index", range(len(COMMANDS)))
def test_a_copy_button_puts_its_command_on_the_clipboard(window: QMainWindow, qtbot: QtBot, index: int) -> None:
    qtbot.mouseClick(buttons(window)[index], Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == COMMANDS[index]
    assert [button.text() for button in buttons(window)].index("Copied") == index
    assert [button.isChecked() for button in buttons(window)].count(True) == 1


def test_what_another_program_copies_is_noticed(window: QMainWindow, qtbot: QtBot) -> None:
    qtbot.mouseClick(buttons(window)[0], Qt.MouseButton.LeftButton)
    QGuiApplication.clipboard().setText("something else")
    assert {button.text() for button in buttons(window)} == {"Copy"}


def test_every_button_is_reached_with_tab_and_pressed_with_enter(window: QMainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    buttons(window)[0].setFocus()
    for button, command in zip(buttons(window), COMMANDS, strict=True):
        assert window.focusWidget() is button
        qtbot.keyClick(button, Qt.Key.Key_Return)
        assert QGuiApplication.clipboard().text() == command
        qtbot.keyClick(button, Qt.Key.Key_Tab)
    assert window.focusWidget() is buttons(window)[0]


def test_buttons_have_names_of_their_own_for_a_screen_reader(window: QMainWindow) -> None:
    assert [button.accessibleName() for button in buttons(window)] == [f"Copy the command {each}" for each in COMMANDS]


def test_all_of_it_fits_a_small_screen(window: QMainWindow) -> None:
    view = window.centralWidget()
    assert isinstance(view, QScrollArea)
    assert view.verticalScrollBar().maximum() == 0
    assert view.horizontalScrollBar().maximum() == 0


@pytest.mark.parametrize("width_px", [960, 1280, 2560])
def test_no_command_is_cut_off(themed: QApplication, qtbot: QtBot, width_px: int) -> None:
    window = shown(qtbot, width_px, 900)
    for command in COMMANDS:
        line = label(window, command)
        assert line.height() >= line.heightForWidth(line.width())


def test_right_to_left_mirrors_the_window(themed: QApplication, qtbot: QtBot) -> None:
    def places(window: QMainWindow) -> list[int]:
        widgets = (label(window, COMMANDS[0]), buttons(window)[0], label(window, "Being built"))
        return [widget.mapTo(window, widget.rect().center()).x() for widget in widgets]

    there = places(shown(qtbot))
    themed.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    back = places(shown(qtbot))
    assert there == sorted(there)
    assert back == sorted(back, reverse=True)


def test_the_strip_is_the_same_each_time_and_turns_into_a_picture() -> None:
    width = 960
    size = QRectF(0, 0, width, filmstrip_height_px(width))
    images: list[QImage] = []
    for _ in range(2):
        image = QImage(size.size().toSize(), QImage.Format.Format_RGB32)
        painter = QPainter(image)
        paint_filmstrip(painter, size, DARK)
        painter.end()
        images.append(image)
    assert images[0] == images[1]
    roughness = [_roughness(images[0], frame * width // 6 + 20, int(size.height() / 3)) for frame in range(6)]
    assert roughness[0] > 4 * roughness[-1]


def _roughness(image: QImage, left: int, top: int) -> float:
    lightness = [image.pixelColor(left + x, top).lightness() for x in range(100)]
    return sum(abs(a - b) for a, b in itertools.pairwise(lightness))


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


@pytest.mark.parametrize("theme", [DARK])
@pytest.mark.parametrize("text", ["text", "muted", "accent"])
@pytest.mark.parametrize("background", ["ground", "panel", "raised"])
def test_text_can_be_read(theme: Theme, text: str, background: str) -> None:
    assert contrast(getattr(theme, text), getattr(theme, background)) >= 4.5


def test_text_on_the_accent_can_be_read() -> None:
    assert contrast(DARK.on_accent, DARK.accent) >= 4.5


OPEN_AND_CLOSE = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from studio.app import run_window
app = QApplication([])
QTimer.singleShot(0, app.closeAllWindows)
code = run_window()
print(code, *({"torch", "cv2", "numpy", "engine"} & set(sys.modules)))
"""


def test_the_window_opens_and_closes_without_an_engine(home: Path) -> None:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", OPEN_AND_CLOSE]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.split()) == (0, ["0"]), done.stderr
    assert list(home.iterdir()) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux may have no display")
def test_without_a_display_it_says_so() -> None:
    hidden = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    command = [sys.executable, "-c", "import sys, studio.app\nsys.exit(studio.app.run_window())"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("Reelwright's window needs a display")
