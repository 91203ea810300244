"""Footage: an image or clip in the project's bin."""

import os
from pathlib import Path

from engine.protocol.media import MediaItem
from studio.project.value import Name, Value


class Footage(Value):
    """What the engine found in a file, and the name that the file had."""

    item: MediaItem
    name: Name

    @property
    def sha256(self) -> str:
        """Its name in the bin and on the disk."""
        return self.item.sha256


def file_name(path: Path) -> str:
    """The name of a file as text that can be stored; bytes that are none become question marks."""
    return os.fsencode(path.name).decode("utf-8", "replace") or "?"
