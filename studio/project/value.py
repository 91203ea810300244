"""Value: the base of everything in a project; what an edit does not touch stays the same object."""

from typing import Annotated, Self
from uuid import uuid4

from pydantic import AfterValidator, Field

from engine.protocol.frozen import Frozen

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""Hex name of a media file; being nothing else, it can be part of a path."""


def _mended(text: str) -> str:
    """Half an emoji, as text fields give it, could not be stored: halves are joined, or become a question mark."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


Text = Annotated[str, AfterValidator(_mended)]
"""What somebody typed."""
Name = Annotated[Text, Field(min_length=1, max_length=1000)]


class Value(Frozen):
    """A frozen value whose copies share the parts that have not changed."""

    def changed(self, **fields: object) -> Self:
        """A validated copy with some fields replaced; all others are the very same objects."""
        return type(self).model_validate({**dict(self), **fields})


def new_id() -> str:
    """A new name for a project, shot or bible entry."""
    return uuid4().hex
