"""Why a job failed: one closed list of kinds, with facts for the reader."""

from typing import Literal

from engine.protocol.frozen import Frozen

FailureKind = Literal[
    "out_of_memory",
    "bad_input",
    "missing_weights",
    "corrupt_weights",
    "disk_full",
    "device_lost",
    "internal",
]


class Failure(Frozen):
    """A kind that views turn into a sentence, and a detail that names the file or the numbers."""

    kind: FailureKind
    detail: str = ""
