"""A theme as Qt knows it: Fusion, an explicit palette, and a small style sheet."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from studio.style.tokens import (
    DARK,
    GRID_PX,
    LIGHT,
    LINE_PX,
    PROMPT_PX,
    RADIUS_PX,
    SECONDARY_PX,
    TEXT_PX,
    TITLE_PX,
    Theme,
)


def chosen_theme(choice: str) -> Theme:
    """The theme by its name; that of the system where it has one, else the dark one."""
    if choice == "system":
        light = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light
        return LIGHT if light else DARK
    return LIGHT if choice == "light" else DARK


def apply_theme(app: QApplication, theme: Theme) -> None:
    """Make the whole application look like the theme, for a widget that stands alone; the window has its own sheet."""
    apply_colours(app, theme)
    app.setStyleSheet(sheet(theme))


def apply_colours(app: QApplication, theme: Theme) -> None:
    """Make the whole application have the theme's colours, whatever those of the desktop are.

    Without the style sheet: an application's own is gone through for every widget each time it gets another parent.
    """
    app.setStyle("Fusion")
    app.setPalette(palette(theme))
    font = app.font()
    font.setPixelSize(TEXT_PX)
    app.setFont(font)


def palette(theme: Theme) -> QPalette:
    """Every role a widget may ask for; a desktop's light palette shows through any that is left out."""
    role = QPalette.ColorRole
    colours = {
        role.Window: theme.ground,
        role.WindowText: theme.text,
        role.Base: theme.panel,
        role.AlternateBase: theme.raised,
        role.Text: theme.text,
        role.PlaceholderText: theme.muted,
        role.Button: theme.raised,
        role.ButtonText: theme.text,
        role.BrightText: theme.text,
        role.ToolTipBase: theme.raised,
        role.ToolTipText: theme.text,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.on_accent,
        role.Accent: theme.accent,
        role.Link: theme.accent,
        role.LinkVisited: theme.accent,
        role.Light: theme.line,
        role.Midlight: theme.line,
        role.Mid: theme.line,
        role.Dark: theme.ground,
        role.Shadow: theme.ground,
    }
    made = QPalette()
    for each, colour in colours.items():
        made.setColor(each, QColor(colour))
    for each in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, each, QColor(theme.muted))
    return made


def sheet(theme: Theme) -> str:
    """What a palette cannot say; labels, frames and buttons choose their look by the property `look`."""
    return _texts(theme) + _frames(theme) + _buttons(theme) + _fields(theme) + _lists(theme) + _bars(theme)


def _texts(theme: Theme) -> str:
    return f"""
QLabel[look="title"] {{ font-size: {TITLE_PX}px; font-weight: 600; }}
QLabel[look="name"] {{ font-size: {PROMPT_PX}px; font-weight: 600; }}
QLabel[look="heading"] {{ font-weight: 600; }}
QLabel[look="section"] {{ font-size: {SECONDARY_PX}px; font-weight: 600; color: {theme.muted}; }}
QLabel[look="secondary"] {{ font-size: {SECONDARY_PX}px; color: {theme.muted}; }}
QLabel[look="lead"] {{ font-size: {TEXT_PX + 2}px; color: {theme.muted}; }}
QLabel[look="warn"] {{ font-size: {SECONDARY_PX}px; color: {theme.warn}; }}
QLabel[look="bad"] {{ font-size: {SECONDARY_PX}px; color: {theme.bad}; }}
QLabel[look="keys"] {{ font-size: {SECONDARY_PX}px; color: {theme.muted}; }}
QLabel:disabled {{ color: {theme.muted}; }}
"""


def _frames(theme: Theme) -> str:
    return f"""
QFrame[look="panel"] {{
    background: {theme.panel}; border: {LINE_PX}px solid {theme.line}; border-radius: {RADIUS_PX}px;
}}
QFrame[look="popup"], QFrame[look="toast"] {{
    background: {theme.raised}; border: {LINE_PX}px solid {theme.line}; border-radius: {RADIUS_PX}px;
}}
QFrame[look="sheet"] {{
    background: {theme.panel}; border: {LINE_PX}px solid {theme.line}; border-radius: {GRID_PX}px;
}}
QFrame[look="bar"] {{ background: {theme.panel}; border: none; }}
QFrame[look="line"] {{ background: {theme.line}; border: none; }}
QToolTip {{ background: {theme.raised}; color: {theme.text}; border: {LINE_PX}px solid {theme.line}; padding: 4px; }}
QSplitter::handle {{ background: {theme.line}; }}
QSplitter::handle:hover {{ background: {theme.accent}; }}
"""


def _buttons(theme: Theme) -> str:
    return f"""
QPushButton {{
    background: {theme.raised}; border: {LINE_PX}px solid {theme.line}; border-radius: {RADIUS_PX}px;
    padding: 0 {GRID_PX * 2}px; min-height: {GRID_PX * 4 - 2 * LINE_PX}px; outline: none;
}}
QPushButton:hover {{ background: {theme.line}; }}
QPushButton:pressed {{ background: {theme.ground}; }}
QPushButton:focus {{ border-color: {theme.accent}; }}
QPushButton:checked {{ color: {theme.accent}; background: {theme.panel}; }}
QPushButton:disabled {{ color: {theme.muted}; background: transparent; }}
QPushButton[look="primary"] {{
    background: {theme.accent}; color: {theme.on_accent}; border-color: {theme.accent}; font-weight: 600;
}}
QPushButton[look="primary"]:focus {{ border: 2px solid {theme.text}; }}
QPushButton[look="primary"]:disabled {{
    background: {theme.raised}; color: {theme.muted}; border-color: {theme.line};
}}
QToolButton {{
    background: transparent; color: {theme.text}; border: {LINE_PX}px solid transparent;
    border-radius: {RADIUS_PX}px; padding: 3px;
}}
QToolButton:hover {{ background: {theme.line}; }}
QToolButton:pressed {{ background: {theme.ground}; }}
QToolButton:checked {{ background: {theme.tint}; }}
QToolButton:focus {{ border-color: {theme.accent}; }}
QToolButton:disabled {{ color: {theme.muted}; }}
QToolButton[look="quiet"] {{ color: {theme.muted}; font-size: {SECONDARY_PX}px; padding: 3px {GRID_PX}px; }}
QToolButton[look="quiet"]:hover {{ color: {theme.text}; }}
QToolButton[look="verb"] {{ font-size: {SECONDARY_PX}px; padding: 3px; }}
QToolButton[look="page"] {{ color: {theme.muted}; padding: 3px {GRID_PX + 4}px; }}
QToolButton[look="page"]:hover {{ color: {theme.text}; }}
QToolButton[look="page"]:checked {{ color: {theme.text}; background: {theme.tint}; font-weight: 600; }}
QToolButton[look="page"]:disabled {{ color: {theme.muted}; background: transparent; }}
QToolButton[look="named"] {{ font-weight: 600; padding: 3px {GRID_PX}px; }}
QToolButton::menu-indicator, QPushButton::menu-indicator {{ image: none; width: 0; }}
"""


def _fields(theme: Theme) -> str:
    return f"""
QLineEdit {{
    background: {theme.raised}; border: {LINE_PX}px solid {theme.line}; border-radius: {RADIUS_PX}px;
    padding: 0 {GRID_PX}px; min-height: {GRID_PX * 4 - 2 * LINE_PX}px;
    selection-background-color: {theme.accent}; selection-color: {theme.on_accent};
}}
QLineEdit:focus {{ border-color: {theme.accent}; }}
"""


def _lists(theme: Theme) -> str:
    return f"""
QListWidget {{ background: transparent; border: none; outline: none; }}
QListWidget::item {{ border-radius: {RADIUS_PX}px; padding: 0 {GRID_PX // 2}px; }}
QListWidget::item:hover {{ background: {theme.raised}; }}
QListWidget::item:selected {{ background: {theme.tint}; color: {theme.text}; }}
QMenu {{
    background: {theme.raised}; color: {theme.text}; border: {LINE_PX}px solid {theme.line};
    padding: {GRID_PX // 2}px;
}}
QMenu::item {{
    padding: {GRID_PX - 2}px {GRID_PX * 2}px {GRID_PX - 2}px {GRID_PX}px; border-radius: {RADIUS_PX - 2}px;
}}
QMenu::item:selected {{ background: {theme.tint}; }}
QMenu::item:disabled {{ color: {theme.muted}; }}
QMenu::icon {{ padding-left: {GRID_PX}px; }}
QMenu::separator {{ height: {LINE_PX}px; background: {theme.line}; margin: {GRID_PX // 2}px {GRID_PX}px; }}
"""


def _bars(theme: Theme) -> str:
    return f"""
QScrollArea {{ background: transparent; border: none; }}
QScrollBar:vertical {{ background: transparent; width: {GRID_PX}px; }}
QScrollBar:horizontal {{ background: transparent; height: {GRID_PX}px; }}
QScrollBar::handle {{ background: {theme.line}; border-radius: {GRID_PX // 2}px; }}
QScrollBar::handle:hover {{ background: {theme.muted}; }}
QScrollBar::handle:vertical {{ min-height: {GRID_PX * 4}px; }}
QScrollBar::handle:horizontal {{ min-width: {GRID_PX * 4}px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; width: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
"""
