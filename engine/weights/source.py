"""What a download comes from: the list of a model's files, their bytes, and why they do not come."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Protocol

from pydantic import Field, PositiveInt

from engine.protocol.download import DownloadTrouble
from engine.protocol.frozen import Frozen
from engine.protocol.model_card import InnerPath, Repository


class HubError(Exception):
    """Why files do not come; `retry_s` where the hub has said when to ask again."""

    def __init__(self, why: DownloadTrouble, detail: str = "", retry_s: float | None = None) -> None:
        super().__init__(f"{why} {detail}".strip())
        self.why: DownloadTrouble = why
        self.detail = detail
        self.retry_s = retry_s


class HubFile(Frozen):
    """One file as the hub describes it: a large one by the sha256 of its bytes, a small one by its git blob's sha1."""

    path: InnerPath
    size_bytes: PositiveInt
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    blob_sha1: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None


class Listing(Frozen):
    """The files of one revision; `commit` names it for good."""

    repository: str
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    files: tuple[HubFile, ...]


@dataclass(frozen=True)
class Stream:
    """A file's bytes from `start` on; the hub may start nearer to the beginning than it was asked to.

    `cut` ends what another thread waits for, with the error of a line that was cut.
    """

    start: int
    chunks: Iterator[bytes]
    cut: Callable[[], None] = lambda: None


class Source(Protocol):
    """A hub; `engine.weights.hub` has the real one."""

    def listing(self, repository: Repository) -> Listing:
        """What the repository holds now of the files that we take; raises `HubError`."""
        ...

    def stream(self, listing: Listing, file: HubFile, start: int) -> AbstractContextManager[Stream]:
        """The bytes of a file from `start` on; raises `HubError`, also while they are read."""
        ...
