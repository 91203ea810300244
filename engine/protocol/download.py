"""Download: how far a model's files are on their way here, or how far those that are here have been checked."""

from typing import Annotated, Literal

from pydantic import Field

from engine.protocol.frozen import Frozen
from engine.protocol.model_card import AbsolutePath

DownloadTrouble = Literal[
    "offline",
    "no_network",
    "no_hub",
    "pointer",
    "hub_broken",
    "rate_limited",
    "not_found",
    "needs_token",
    "needs_licence",
    "bad_token",
    "disk_full",
    "not_writable",
    "damaged",
    "unusable",
    "internal",
]
"""Why files do not come:

- offline: the machine's owner has set `HF_HUB_OFFLINE`.
- no_network: nothing answers.
- no_hub: something answers that is no hub, such as the login page of a network.
- pointer: it sends the few lines that stand for a large file in git, instead of the file.
- hub_broken: the hub says that it is, or cuts its answers off.
- rate_limited: it was asked too often.
- not_found: it has no such repository, revision or file, or does not show it to us.
- needs_token, needs_licence: the licence must be accepted by a user who is known, or by this one.
- bad_token: it does not know the token.
- disk_full, not_writable: the models folder.
- damaged: a file was fetched whole, twice, and is not what the hub itself says it is.
- unusable: the repository holds nothing that can be used, or names that no folder may hold.
- internal: a mistake of ours; the engine's log has it.
"""


class Asking(Frozen):
    """The hub is asked which files there are."""

    kind: Literal["asking"] = "asking"


class Fetching(Frozen):
    """Bytes arrive.

    Attributes:
        bytes_per_s: measured over the last seconds; None before there is something to measure.
        eta_s: seconds left for all files at that speed.
    """

    kind: Literal["fetching"] = "fetching"
    file: str
    bytes_per_s: float | None = None
    eta_s: float | None = None


class Reading(Frozen):
    """A file that is on this machine already is read, to know whether it is the right one."""

    kind: Literal["reading"] = "reading"
    file: str


class Waiting(Frozen):
    """It goes on by itself after `retry_s`."""

    kind: Literal["waiting"] = "waiting"
    why: DownloadTrouble
    retry_s: float


class Paused(Frozen):
    """Somebody paused it; what has arrived is kept."""

    kind: Literal["paused"] = "paused"


class Stuck(Frozen):
    """It does not go on by itself; what has arrived is kept.

    Attributes:
        detail: a file's name, or what a folder said.
        needed_bytes, free_bytes: of the models folder, where that is full.
        retry_s: when the hub wants to be asked again, where that is long.
    """

    kind: Literal["stuck"] = "stuck"
    why: DownloadTrouble
    detail: str = ""
    needed_bytes: int | None = None
    free_bytes: int | None = None
    retry_s: float | None = None


class Checked(Frozen):
    """All files that are here were read; those that were damaged, by name."""

    kind: Literal["checked"] = "checked"
    damaged: tuple[str, ...] = ()


DownloadState = Annotated[Asking | Fetching | Reading | Waiting | Paused | Stuck | Checked, Field(discriminator="kind")]


class Download(Frozen):
    """One model's; `total_bytes` is 0 until the hub has said it."""

    model: str
    state: DownloadState
    done_bytes: int = 0
    total_bytes: int = 0

    @property
    def is_active(self) -> bool:
        """Whether it goes on without anybody's help."""
        return self.state.kind in ("asking", "fetching", "reading", "waiting")


class DownloadWish(Frozen):
    """Fetch what a model lacks; `folder` is one of the models folders or becomes one, by default the last chosen."""

    folder: AbsolutePath | None = None


class Token(Frozen):
    """A hub's token, on its way to the engine; its text shows neither in logs nor in errors."""

    text: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,500}$", repr=False)]


class TokenPlace(Frozen):
    """Where the token is kept: the keyring, a file that only its user can read, or Hugging Face's own login."""

    place: Literal["keyring", "file", "login"] | None = None


class ModelFolders(Frozen):
    """Where models are looked for, Reelwright's own folder first, and which of them new ones come to."""

    folders: tuple[str, ...]
    chosen: str
