"""Settings: what all shots of a film have in common."""

from typing import Annotated

from pydantic import Field

from studio.project.value import Value

Edge = Annotated[int, Field(ge=16, le=16384)]


class Settings(Value):
    """Size in pixels and rate in frames per second of the film."""

    width: Edge = 1280
    height: Edge = 720
    fps: Annotated[float, Field(ge=1, le=120)] = 24.0
