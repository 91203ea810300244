"""Shot: one intention, with its draft and its takes."""

from typing import Annotated, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from engine.protocol.film import Transition
from studio.project.draft import Draft
from studio.project.take import Take
from studio.project.value import Name, Text, Value


class Shot(Value):
    """A place in the film.

    Attributes:
        takes: oldest first.
        selected: id of the take that is in the film; None while there is none.
        in_frame: 0-based first frame of the selected take that is shown.
        out_frame: the frame after the last one shown; None for the take's end.
        transition, transition_s: how it leads to the next shot, and how long that takes.
        continues: its takes start from the last frame of the shot before.
        is_bridge: it leads from the shot before to the one behind; its takes are bridges between what those show.
        dialogue: what is said in it, a line each.
    """

    id: str
    name: Name
    draft: Draft = Draft()
    takes: tuple[Take, ...] = ()
    selected: str | None = None
    in_frame: NonNegativeInt = 0
    out_frame: PositiveInt | None = None
    transition: Transition = "cut"
    transition_s: Annotated[float, Field(ge=0, le=60)] = 0.5
    continues: bool = False
    is_bridge: bool = False
    dialogue: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        ids = [take.id for take in self.takes]
        if len(set(ids)) != len(ids):
            raise ValueError("two takes have the same id")
        if self.selected is None:
            if (self.in_frame, self.out_frame) != (0, None):
                raise ValueError("without a selected take there is no in and out")
        elif self.selected not in ids:
            raise ValueError(f"the selected take {self.selected} is not there")
        elif not self.in_frame < self.end_frame <= self.take(self.selected).num_frames:
            raise ValueError("in has to lie before out, and both within the take")
        if self.is_bridge and self.continues:
            raise ValueError("a bridge starts from the shot before as it is")
        return self

    @property
    def selected_take(self) -> Take | None:
        """The take that is in the film."""
        return None if self.selected is None else self.take(self.selected)

    @property
    def end_frame(self) -> int:
        """The frame after the last one shown; 0 without a selected take."""
        if self.selected is None:
            return 0
        return self.take(self.selected).num_frames if self.out_frame is None else self.out_frame

    @property
    def duration_s(self) -> float:
        """How long the shot is seen, in seconds; 0 without a take."""
        take = self.selected_take
        return (self.end_frame - self.in_frame) / take.fps if take else 0.0

    def take(self, take_id: str) -> Take:
        """The take with this id; KeyError when there is none."""
        for take in self.takes:
            if take.id == take_id:
                return take
        raise KeyError(take_id)
