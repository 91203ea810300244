"""A hub on loopback that speaks as much of Hugging Face's API as a download needs, and misbehaves as it is told."""

import contextlib
import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

LARGE_BYTES = 1000
"""Files from this size on are described by their sha256, as in git LFS; smaller ones by their blob's sha1."""
COMMIT = "c0ffee" + "0" * 34


def blob_sha1(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass
class Reply:
    """What a file's request would get; a fault changes it."""

    status: int
    headers: dict[str, str]
    body: bytes
    cut_at: int | None = None
    stall_at: int = 0


Fault = Callable[[Reply], None]


def truncates(kept_bytes: int) -> Fault:
    """The connection ends in the middle."""

    def harm(reply: Reply) -> None:
        reply.cut_at = kept_bytes

    return harm


def ends_early(kept_bytes: int) -> Fault:
    """The reply is shorter than the file, and says so."""

    def harm(reply: Reply) -> None:
        reply.body = reply.body[:kept_bytes]
        reply.headers.pop("content-range", None)
        reply.headers["content-length"] = str(len(reply.body))

    return harm


def stalls(sent_bytes: int) -> Fault:
    """The rest comes once the hub's gate is open."""

    def harm(reply: Reply) -> None:
        reply.stall_at = sent_bytes

    return harm


def corrupts(reply: Reply) -> None:
    """One byte is another one."""
    reply.body = bytes([reply.body[0] ^ 1]) + reply.body[1:]


def ignores_range(whole: bytes) -> Fault:
    """The reply begins with the first byte, whatever was asked."""

    def harm(reply: Reply) -> None:
        reply.status, reply.body = 200, whole
        reply.headers.pop("content-range", None)
        reply.headers["content-length"] = str(len(whole))

    return harm


def says(status: int, body: bytes = b"", **headers: str) -> Fault:
    """Another reply altogether."""

    def harm(reply: Reply) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        reply.status, reply.body = status, body
        reply.headers = {"content-length": str(len(body)), **named}

    return harm


HTML = says(200, b"<!doctype html><title>Log in to the hotel's network</title>", content_type="text/html")


@dataclass
class Repo:
    """Files by path; `gated` None is for all, else the token that may read it."""

    files: dict[str, bytes]
    commit: str = COMMIT
    gated: str | None = None


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]


class FakeHub:
    """Attributes: `faults`: for each path of a file (or `listing`), what to do to its next replies."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        self.asked: list[Asked] = []
        self.tokens = {"hf_right", "hf_stranger"}
        self.redirect_to: str | None = None
        self.gate = threading.Event()
        hub = self

        class Requests(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                hub.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fetched(self, path: str) -> list[str]:
        """The ranges asked for of a file, one a request."""
        return [asked.headers.get("range", "") for asked in self.asked if asked.path.endswith(f"/{path}")]

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        place = unquote(urlsplit(request.path).path)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append(Asked(request.command, place, headers))
        reply, key = self._reply(place, headers)
        if self.faults[key]:
            self.faults[key].pop(0)(reply)
        request.send_response(reply.status)
        for name, value in reply.headers.items():
            request.send_header(name, value)
        request.end_headers()
        with contextlib.suppress(OSError):  # whoever asked has left
            if reply.stall_at:
                request.wfile.write(reply.body[: reply.stall_at])
                self.gate.wait(60)
            request.wfile.write(reply.body[reply.stall_at : reply.cut_at])
        if reply.cut_at is not None:
            request.close_connection = True

    def _reply(self, place: str, headers: dict[str, str]) -> tuple[Reply, str]:
        parts = place.strip("/").split("/")
        is_listing = parts[:2] == ["api", "models"]
        name = "/".join(parts[2:4] if is_listing else parts[:2])
        token = headers.get("authorization", "").removeprefix("Bearer ")
        repo = self.repos.get(name)
        key = "listing" if is_listing else "/".join(parts[4:])
        if token and token not in self.tokens:
            return _error(401, "", "Invalid credentials in Authorization header"), key
        if repo is None:
            return _error(404, "RepoNotFound"), key
        reply = self._listing(name, repo) if is_listing else _refusal(repo, parts[3], key, token)
        if reply is None and self.redirect_to is not None:
            reply = Reply(302, {"location": f"{self.redirect_to}{place}", "content-length": "0"}, b"")
        return reply or _file(repo.files[key], headers.get("range")), key

    def _listing(self, name: str, repo: Repo) -> Reply:
        rows: list[dict[str, object]] = []
        for path, content in repo.files.items():
            row: dict[str, object] = {"rfilename": path, "size": len(content), "blobId": blob_sha1(content)}
            if len(content) >= LARGE_BYTES:
                digest = hashlib.sha256(content).hexdigest()
                row["lfs"] = {"sha256": digest, "size": len(content), "pointerSize": 130}
            rows.append(row)
        gated = "manual" if repo.gated else False
        return _json({"id": name, "sha": repo.commit, "siblings": rows, "gated": gated, "private": False, "tags": []})


def _refusal(repo: Repo, commit: str, path: str, token: str) -> Reply | None:
    if repo.gated is not None and token != repo.gated:
        return _error(403 if token else 401, "GatedRepo")
    if commit != repo.commit:
        return _error(404, "RevisionNotFound")
    return None if path in repo.files else _error(404, "EntryNotFound")


def _file(content: bytes, wanted: str | None) -> Reply:
    start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
    body = content[start:]
    headers = {"content-length": str(len(body)), "content-type": "application/octet-stream"}
    if not wanted:
        return Reply(200, headers, body)
    headers["content-range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
    return Reply(206, headers, body)


def _json(value: object) -> Reply:
    body = json.dumps(value).encode()
    return Reply(200, {"content-length": str(len(body)), "content-type": "application/json"}, body)


def _error(status: int, code: str, message: str = "") -> Reply:
    return Reply(status, {"content-length": "0", "X-Error-Code": code, "X-Error-Message": message}, b"")
