"""Wish: a shot that somebody wants a new take of, until that take is in the film."""

from studio.project.value import Value


class Wish(Value):
    """It is kept with the project, so that it outlives the window.

    Attributes:
        shot: the shot's id.
        job: the job that makes the take; None while it waits for the take of another shot.
    """

    shot: str
    job: str | None = None
