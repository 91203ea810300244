"""How the prompt panel's fields look; what is not said here looks as everywhere."""

from studio.style.tokens import GRID_PX, LINE_PX, PROMPT_PX, RADIUS_PX, SECONDARY_PX, TEXT_PX, Theme

FIELD_PX = 4 * GRID_PX - 2 * LINE_PX


def prompt_sheet(theme: Theme) -> str:
    """Fields, chips, folds and the large button, in the colours of a theme."""
    return _fields(theme) + _buttons(theme) + _numbers(theme)


def _fields(theme: Theme) -> str:
    return f"""
#page {{ background: transparent; }}
QPlainTextEdit {{
    background: {theme.raised}; border: {LINE_PX}px solid {theme.line}; border-radius: {RADIUS_PX}px;
    selection-background-color: {theme.accent}; selection-color: {theme.on_accent};
}}
QPlainTextEdit[look="prompt"] {{ font-size: {PROMPT_PX}px; }}
QPlainTextEdit:focus, QLineEdit:focus, QDoubleSpinBox:focus {{ border-color: {theme.accent}; }}
QLineEdit, QDoubleSpinBox {{
    background: {theme.raised}; border: {LINE_PX}px solid {theme.line}; border-radius: {RADIUS_PX}px;
    padding: 0 {GRID_PX}px; min-height: {FIELD_PX}px; max-height: {FIELD_PX}px;
    selection-background-color: {theme.accent}; selection-color: {theme.on_accent};
}}
QDoubleSpinBox {{ padding: 0; }}
QDoubleSpinBox QLineEdit {{
    border: none; background: transparent; padding: 0; min-height: 0; max-height: {FIELD_PX}px;
}}
QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {{
    subcontrol-origin: border; width: {3 * GRID_PX - 4}px; border: none; background: transparent;
}}
QDoubleSpinBox::up-button {{ subcontrol-position: top right; }}
QDoubleSpinBox::down-button {{ subcontrol-position: bottom right; }}
QDoubleSpinBox::up-arrow, QDoubleSpinBox::down-arrow {{ image: none; width: 0; height: 0; }}
QLineEdit:disabled, QDoubleSpinBox:disabled {{ color: {theme.muted}; background: transparent; }}
QPlainTextEdit[look="read"] {{
    font-size: {SECONDARY_PX}px; color: {theme.muted}; background: transparent; border-color: {theme.line};
}}
"""


def _buttons(theme: Theme) -> str:
    return f"""
QToolButton {{ background: transparent; border: {LINE_PX}px solid transparent; border-radius: {RADIUS_PX}px; }}
QToolButton {{ padding: 3px; color: {theme.text}; }}
QToolButton:hover {{ background: {theme.line}; }}
QToolButton:focus {{ border-color: {theme.accent}; }}
QToolButton::menu-indicator, QPushButton::menu-indicator {{ image: none; width: 0; }}
QToolButton[look="fold"] {{ color: {theme.muted}; font-size: {SECONDARY_PX}px; padding: 2px {GRID_PX}px 2px 0; }}
QToolButton[look="fold"]:hover, QToolButton[look="fold"]:checked {{ background: transparent; }}
QToolButton[look="fold"]:hover {{ color: {theme.text}; }}
QToolButton[look="over"] {{ background: rgba(0, 0, 0, 150); padding: 1px; border-radius: {GRID_PX + 2}px; }}
Chip QToolButton, Chip QToolButton:hover, Chip QToolButton:focus {{
    border: none; background: transparent; padding: 0 2px;
}}
QPushButton[look="small"] {{
    font-size: {SECONDARY_PX}px; padding: 0 {GRID_PX + 2}px; min-height: {3 * GRID_PX - 2}px;
}}
QPushButton[look="picker"] {{
    text-align: left; padding: 0 {3 * GRID_PX}px 0 {GRID_PX}px; min-height: {FIELD_PX}px; max-height: {FIELD_PX}px;
}}
QPushButton[look="picker"]:disabled {{ color: {theme.muted}; background: transparent; }}
QPushButton[look="primary"], QToolButton[look="primary"] {{
    background: {theme.accent}; color: {theme.on_accent}; border: 2px solid {theme.accent};
    font-size: {TEXT_PX + 1}px; font-weight: 600; min-height: 0;
}}
*[side="left"] {{ border-top-right-radius: 0; border-bottom-right-radius: 0; }}
*[side="right"] {{ border-top-left-radius: 0; border-bottom-left-radius: 0; }}
QPushButton[look="primary"]:focus, QToolButton[look="primary"]:focus {{ border-color: {theme.text}; }}
QPushButton[look="primary"]:disabled, QToolButton[look="primary"]:disabled {{
    background: {theme.raised}; color: {theme.muted}; border-color: {theme.line};
}}
QLabel[look="keys"] {{ color: {theme.on_accent}; font-size: {SECONDARY_PX}px; background: transparent; }}
QLabel[look="keys"]:disabled {{ color: {theme.muted}; }}
"""


def _numbers(theme: Theme) -> str:
    return f"""
QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {theme.line}; }}
QSlider::sub-page:horizontal {{ height: 4px; border-radius: 2px; background: {theme.accent}; }}
QSlider::sub-page:horizontal:disabled {{ background: {theme.line}; }}
QSlider::handle:horizontal {{
    width: 14px; height: 14px; margin: -6px 0; border-radius: 8px;
    background: {theme.text}; border: {LINE_PX}px solid {theme.panel};
}}
QSlider::handle:horizontal:focus {{ background: {theme.accent}; border-color: {theme.text}; }}
QSlider::handle:horizontal:disabled {{ background: {theme.muted}; }}
"""
