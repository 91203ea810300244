"""How fields and small buttons look in bin, bible, library and diagnostics; the rest looks as everywhere."""

from studio.style.tokens import GRID_PX, LINE_PX, RADIUS_PX, SECONDARY_PX, Theme

FIELD_PX = 4 * GRID_PX - 2 * LINE_PX


def material_sheet(theme: Theme) -> str:
    """In the colours of a theme."""
    return f"""
QPlainTextEdit, QComboBox {{
    background: {theme.raised}; border: {LINE_PX}px solid {theme.line}; border-radius: {RADIUS_PX}px;
    selection-background-color: {theme.accent}; selection-color: {theme.on_accent};
}}
QPlainTextEdit {{ padding: {GRID_PX // 2}px; }}
QPlainTextEdit:focus, QComboBox:focus {{ border-color: {theme.accent}; }}
QPlainTextEdit:disabled, QComboBox:disabled {{ color: {theme.muted}; background: transparent; }}
QComboBox {{ padding: 0 {GRID_PX}px; min-height: {FIELD_PX}px; }}
QComboBox::drop-down {{ border: none; width: {2 * GRID_PX}px; }}
QPushButton[look="small"] {{
    font-size: {SECONDARY_PX}px; padding: 0 {GRID_PX + 2}px; min-height: {3 * GRID_PX - 2}px;
}}
"""
