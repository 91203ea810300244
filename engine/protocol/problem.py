"""Problem: something a user can mend before anything is sent or started."""

from typing import Literal

from engine.protocol.frozen import Frozen

ProblemKind = Literal[
    "invalid",
    "off_grid",
    "too_small",
    "too_large",
    "too_long",
    "outside_clip",
    "same_frame",
    "missing",
    "needed",
    "unreadable",
    "unsupported",
    "unknown_model",
    "not_installed",
    "newer_build",
    "not_writable",
]


class Problem(Frozen):
    """What is wrong with one field.

    Attributes:
        field: path of the field, such as `num_frames` or `conditions[1].strength`, or a file's name.
        kind: what is wrong; views turn it into a sentence.
        value: what was given, where it is short enough to repeat.
        nearest: the nearest valid value, where there is one.
        detail: facts and numbers that the kind alone does not carry.
        models: names of the models here that can do what this one cannot.
    """

    field: str
    kind: ProblemKind
    value: str | int | float | None = None
    nearest: str | int | float | None = None
    detail: str = ""
    models: tuple[str, ...] = ()


class ProblemsError(Exception):
    """Raised where a call cannot go on; carries every problem found, not only the first."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{p.field}: {p.kind} {p.detail}".strip() for p in problems))
        self.problems = problems
