"""Exit codes; the help text of the command line lists them."""

from enum import IntEnum


class Exit(IntEnum):
    """What a command's end means."""

    OK = 0
    FAILED = 1
    PROBLEM = 2
    NO_ENGINE = 3
    CANCELLED = 130
