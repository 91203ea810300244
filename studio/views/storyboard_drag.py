"""Drags on the storyboard, as values: what is held, where it is now, and what letting it go would mean."""

from dataclasses import dataclass, replace
from typing import Literal

from studio.project.shot import Shot

Part = Literal["body", "start", "end"]
THRESHOLD_PX = 6
"""Nearer to where it began a drag is a click."""


@dataclass(frozen=True)
class Drag:
    """A card that is held.

    Attributes:
        part: an edge, or all of it.
        began_x, x: in pixels of the axis.
    """

    shot: Shot
    part: Part
    began_x: float
    x: float
    is_under_way: bool = False

    def to(self, x: float) -> "Drag":
        """It goes on; once it is one it stays one."""
        return replace(self, x=x, is_under_way=self.is_under_way or abs(x - self.began_x) >= THRESHOLD_PX)

    @property
    def moved_px(self) -> float:
        """To the right."""
        return self.x - self.began_x


@dataclass(frozen=True)
class Trim:
    """What an edge that was dragged asks for.

    Attributes:
        in_frame, out_frame: the range of the take, as far as that goes; None is its end.
        beyond_s: how much longer than the take the shot is to be, at that end.
        is_open: the take has more at that end than is shown, so that showing that may be all that is meant.
    """

    in_frame: int
    out_frame: int | None
    beyond_s: float = 0.0
    is_open: bool = False


def trimmed(shot: Shot, part: Part, moved_s: float) -> Trim:
    """What an edge means that was dragged so far to the right, of a shot with a take."""
    take = shot.selected_take
    assert take is not None
    moved = round(moved_s * take.fps)
    if part == "start":
        wanted = shot.in_frame + moved
        beyond_s = max(0, -wanted) / take.fps
        return Trim(max(0, min(wanted, shot.end_frame - 1)), shot.out_frame, beyond_s, shot.in_frame > 0)
    wanted = shot.end_frame + moved
    beyond_s = max(0, wanted - take.num_frames) / take.fps
    out = None if wanted >= take.num_frames else max(wanted, shot.in_frame + 1)
    return Trim(shot.in_frame, out, beyond_s, shot.end_frame < take.num_frames)
