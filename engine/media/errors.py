"""The one error that reading and writing pictures and clips can end in."""

import errno
import os
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "unreadable", "too_large", "unsupported", "truncated", "no_picture", "no_sound", "disk_full", "not_writable"
]

_DISK_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


class MediaError(Exception):
    """A picture or clip could not be read or written.

    `kind` is for code, `detail` holds facts and numbers in short English, and never a path.
    """

    def __init__(self, kind: Kind, detail: str) -> None:
        super().__init__(kind, detail)
        self.kind: Kind = kind
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


def write_error(error: Exception) -> MediaError:
    """Say what a failed write means: a full disk (or quota, or size limit), or a place that cannot be written."""
    code = error.errno if isinstance(error, OSError) else None
    detail = os.strerror(code) if code else "not a usable file name"
    return MediaError("disk_full" if code in _DISK_FULL else "not_writable", detail)
