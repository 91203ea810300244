"""The base of every message: immutable, closed, and without NaN."""

from typing import Self

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value that never changes; unknown fields are an error, so typing mistakes cannot pass silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def changed(self, **fields: object) -> Self:
        """A validated copy with some fields replaced (`model_copy` would skip validation)."""
        return type(self).model_validate({**self.model_dump(), **fields})
