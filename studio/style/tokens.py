"""The colours and measures everything visible is made of."""

from dataclasses import dataclass

GRID_PX = 8
RADIUS_PX = 6
LINE_PX = 1
TEXT_PX = 13
SECONDARY_PX = 12
PROMPT_PX = 20
TITLE_PX = 28


@dataclass(frozen=True)
class Theme:
    """Colours as #rrggbb.

    Attributes:
        ground: behind everything; `panel` lies on it, `raised` on a panel.
        text: what is read; `muted` what stands beside it.
        accent: the one colour of the chrome; `on_accent` is text upon it.
    """

    ground: str
    panel: str
    raised: str
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str


DARK = Theme(
    ground="#101114",
    panel="#17181c",
    raised="#1f2126",
    line="#2c2f36",
    text="#e8e9ec",
    muted="#9a9ea8",
    accent="#f2a65a",
    on_accent="#101114",
)
