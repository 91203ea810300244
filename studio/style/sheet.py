"""A theme as Qt knows it: Fusion, an explicit palette, and a small style sheet."""

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from studio.style.tokens import GRID_PX, LINE_PX, PROMPT_PX, RADIUS_PX, SECONDARY_PX, TEXT_PX, TITLE_PX, Theme


def apply_theme(app: QApplication, theme: Theme) -> None:
    """Make the whole application look like the theme, whatever the desktop's own colours are."""
    app.setStyle("Fusion")
    app.setPalette(palette(theme))
    font = app.font()
    font.setPixelSize(TEXT_PX)
    app.setFont(font)
    app.setStyleSheet(sheet(theme))


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
    """What a palette cannot say; labels and frames choose their look by the property `look`."""
    return f"""
QLabel[look="title"] {{ font-size: {TITLE_PX}px; font-weight: 600; }}
QLabel[look="name"] {{ font-size: {PROMPT_PX}px; font-weight: 600; }}
QLabel[look="heading"] {{ font-weight: 600; }}
QLabel[look="section"] {{ font-size: {SECONDARY_PX}px; font-weight: 600; color: {theme.accent}; }}
QLabel[look="secondary"] {{ font-size: {SECONDARY_PX}px; color: {theme.muted}; }}
QLabel[look="lead"] {{ font-size: {TEXT_PX + 2}px; color: {theme.muted}; }}
QFrame[look="panel"] {{
    background: {theme.panel}; border: {LINE_PX}px solid {theme.line}; border-radius: {RADIUS_PX}px;
}}
QFrame[look="line"] {{ background: {theme.line}; border: none; }}
QToolTip {{ background: {theme.raised}; color: {theme.text}; border: {LINE_PX}px solid {theme.line}; padding: 4px; }}
QPushButton {{
    background: {theme.raised}; border: {LINE_PX}px solid {theme.line}; border-radius: {RADIUS_PX}px;
    padding: 0 {GRID_PX * 2}px; min-height: {GRID_PX * 4 - 2 * LINE_PX}px; outline: none;
}}
QPushButton:hover {{ background: {theme.line}; }}
QPushButton:pressed {{ background: {theme.ground}; }}
QPushButton:focus {{ border-color: {theme.accent}; }}
QPushButton:checked {{ color: {theme.accent}; background: {theme.panel}; }}
QScrollArea {{ background: transparent; border: none; }}
QScrollBar:vertical {{ background: transparent; width: {GRID_PX}px; }}
QScrollBar::handle:vertical {{
    background: {theme.line}; border-radius: {GRID_PX // 2}px; min-height: {GRID_PX * 4}px;
}}
QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; }}
"""
