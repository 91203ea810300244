"""What a hub says a model consists of, and its files as streams; the only place that goes out to the network.

`huggingface_hub` knows the hub's addresses, headers, tokens and refusals; its own download throws a part away when its
process ends, so bytes are taken from its session here.
"""

import fnmatch
import re
import socket
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import HfApi, constants, hf_hub_url
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status
from pydantic import ValidationError

from engine.protocol.model_card import Repository
from engine.weights.source import HubError, HubFile, Listing, Stream

CONNECT_TIMEOUT_S = 15.0
READ_TIMEOUT_S = 20.0
MOST_FILES = 2000
SUFFIXES = (".safetensors", ".json", ".model")
"""Weights without code, configs and tokenizers: nothing else is ever fetched."""
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")
_POINTER = b"version https://git-lfs"


class Hub:
    """`endpoint` is huggingface_hub's: by default `HF_ENDPOINT` or Hugging Face itself."""

    def __init__(self, token: Callable[[], str | None] = lambda: None, endpoint: str | None = None) -> None:
        self._token = token
        self._endpoint = endpoint

    def listing(self, repository: Repository) -> Listing:
        """What the repository holds now of the files that we take.

        Raises:
            HubError: also when there is nothing to take.
        """
        token = self._token()
        with _translated(repository.id, token):
            found = HfApi(endpoint=self._endpoint, token=token or False).model_info(
                repository.id, revision=repository.revision, files_metadata=True, timeout=READ_TIMEOUT_S
            )
        try:
            files = tuple(
                HubFile(
                    path=each.rfilename,
                    size_bytes=each.size or 0,
                    sha256=each.lfs.sha256 if each.lfs else None,
                    blob_sha1=None if each.lfs else each.blob_id,
                )
                for each in found.siblings or []
                if _is_taken(each.rfilename, repository)
            )
            listing = Listing(repository=repository.id, commit=found.sha or "", files=files)
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            raise HubError("unusable", f"{first['loc'][0]}: {first['msg']}") from None
        nameless = [file.path for file in files if file.sha256 is None and file.blob_sha1 is None]
        if not files or nameless or len(files) > MOST_FILES or len({file.path for file in files}) < len(files):
            raise HubError("unusable", nameless[0] if nameless else repository.id)
        return listing

    @contextmanager
    def stream(self, listing: Listing, file: HubFile, start: int) -> Generator[Stream]:
        """The bytes of a file from `start` on; what is cut off in its middle raises while it is read.

        Raises:
            HubError: also when what comes is another file than the listing's.
        """
        token = self._token()
        url = hf_hub_url(listing.repository, file.path, revision=listing.commit, endpoint=self._endpoint)
        headers = {**build_hf_headers(token=token or False), "accept-encoding": "identity"}
        if start:
            headers["range"] = f"bytes={start}-"
        timeout = httpx2.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
        # A redirect to another host (a content network) goes there without our token: httpx2 sees to that.
        with (
            _translated(file.path, token),
            get_session().stream("GET", url, headers=headers, timeout=timeout, follow_redirects=True) as reply,
        ):
            hf_raise_for_status(reply)
            yield Stream(_begin(reply, file, start), _checked(reply.iter_raw(), file), lambda: _cut(reply))


def cache_folder() -> Path:
    """Where huggingface_hub keeps what other programs have fetched."""
    return Path(constants.HF_HUB_CACHE)


def _cut(reply: httpx2.Response) -> None:
    line = reply.extensions.get("network_stream")
    connection = line.get_extra_info("socket") if line else None
    if connection is not None:
        with suppress(OSError):  # it has ended by itself
            connection.shutdown(socket.SHUT_RDWR)


def _is_taken(path: str, repository: Repository) -> bool:
    return path.endswith(SUFFIXES) and any(fnmatch.fnmatchcase(path, pattern) for pattern in repository.files)


def _begin(reply: httpx2.Response, file: HubFile, start: int) -> int:
    """Where the reply's bytes begin; it is of the file's size, and no web page."""
    found = _RANGE.fullmatch(reply.headers.get("content-range", ""))
    begin, total = (int(found[1]), int(found[2])) if found else (0, _length(reply))
    if "text/html" in reply.headers.get("content-type", ""):
        raise HubError("no_hub", file.path)
    is_coded = reply.headers.get("content-encoding", "identity") != "identity"
    if is_coded or begin not in (0, start) or reply.status_code not in (200, 206):
        raise HubError("hub_broken", file.path)
    if total not in (None, file.size_bytes) and not (total or 0) < len(_POINTER) * 10:
        raise HubError("damaged", file.path)
    return begin


def _length(reply: httpx2.Response) -> int | None:
    said = reply.headers.get("content-length", "")
    return int(said) if said.isdecimal() else None


def _checked(chunks: Iterator[bytes], file: HubFile) -> Iterator[bytes]:
    """The same bytes, if they are not the pointer to a large file."""
    for number, chunk in enumerate(chunks):
        if number == 0 and file.sha256 is not None and chunk.startswith(_POINTER):
            raise HubError("pointer", file.path)
        yield chunk


@contextmanager
def _translated(what: str, token: str | None) -> Generator[None]:
    """Any refusal, as one of ours; neither addresses (they may be signed) nor headers go along."""
    try:
        yield
    except HfHubHTTPError as error:
        raise _refusal(error, what, token) from None
    except OfflineModeIsEnabled:
        raise HubError("offline") from None
    except httpx2.TransportError as error:
        raise HubError("no_network", type(error).__name__) from None
    except (httpx2.TooManyRedirects, httpx2.DecodingError, httpx2.InvalidURL):
        raise HubError("hub_broken", what) from None
    except (ValueError, TypeError, KeyError, AttributeError):  # what answers speaks no hub's JSON
        raise HubError("no_hub", what) from None


def _refusal(error: HfHubHTTPError, what: str, token: str | None) -> HubError:
    status = error.response.status_code
    if isinstance(error, GatedRepoError):
        return HubError("needs_licence" if token else "needs_token", what)
    if status == 401 and token:
        return HubError("bad_token", what)
    if isinstance(error, RepositoryNotFoundError | RevisionNotFoundError | EntryNotFoundError) or status == 404:
        return HubError("not_found", what)
    if status in (401, 403):
        return HubError("needs_licence" if token else "needs_token", what)
    if status == 429:
        return HubError("rate_limited", what, _retry_s(error.response.headers))
    return HubError("hub_broken", f"{what}: {status}")


def _retry_s(headers: Any) -> float | None:
    """Seconds, from `Retry-After` or the hub's own `ratelimit` (draft-ietf-httpapi-ratelimit-headers: `t=`)."""
    said = re.fullmatch(r"\d{1,6}", headers.get("retry-after", "")) or re.search(
        r"t=(\d{1,6})", headers.get("ratelimit", "")
    )
    return float(re.findall(r"\d+", said[0])[0]) if said else None
