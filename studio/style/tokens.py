"""The colours and measures everything visible is made of."""

from dataclasses import dataclass

GRID_PX = 8
RADIUS_PX = 6
LINE_PX = 1
TEXT_PX = 13
SECONDARY_PX = 12
PROMPT_PX = 20
TITLE_PX = 28
ICON_PX = 18
BAR_PX = 5 * GRID_PX
"""Height of the bar at the top."""
TINT = 0.16
"""How much of the accent is in what is selected."""


@dataclass(frozen=True)
class Theme:
    """Colours as #rrggbb.

    Attributes:
        ground: behind everything; `panel` lies on it, `raised` on a panel.
        stage: behind pictures; near black in every theme, `on_stage` is text upon it.
        text: what is read; `muted` what stands beside it.
        accent: the one colour of the chrome; `on_accent` is text upon it.
        good, warn, bad: for small marks only.
    """

    ground: str
    panel: str
    raised: str
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    good: str
    warn: str
    bad: str
    stage: str = "#0b0c0e"
    on_stage: str = "#c9ccd3"

    @property
    def tint(self) -> str:
        """What is selected: the accent, thin on a panel."""
        return mixed(self.accent, self.panel, TINT)


DARK = Theme(
    ground="#101114",
    panel="#17181c",
    raised="#1f2126",
    line="#2c2f36",
    text="#e8e9ec",
    muted="#9a9ea8",
    accent="#f2a65a",
    on_accent="#101114",
    good="#6fc38c",
    warn="#e3c65c",
    bad="#f28079",
)
LIGHT = Theme(
    ground="#e7e8ec",
    panel="#f6f6f8",
    raised="#ffffff",
    line="#d0d2d9",
    text="#1a1b1f",
    muted="#565a64",
    accent="#96500b",
    on_accent="#ffffff",
    good="#1c6b3c",
    warn="#735500",
    bad="#b0251e",
)


def mixed(colour: str, ground: str, part: float) -> str:
    """`part` (0 to 1) of a colour over another one; both #rrggbb."""
    pairs = zip(_channels(colour), _channels(ground), strict=True)
    return "#" + "".join(f"{round(above * part + below * (1 - part)):02x}" for above, below in pairs)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
