"""The hub's token: in the system's keyring where there is one, else in a file that only its user can read."""

import contextlib
import importlib
import logging
from pathlib import Path
from typing import Any, Literal

from engine.protocol.home import write_private

log = logging.getLogger(__name__)

SERVICE, USER = "reelwright", "huggingface"
LARGEST_TOKEN_CHARS = 500

Place = Literal["keyring", "file", "login"]


class Tokens:
    """`folder` is the user's; `keyring` a module like the library of that name, by default that if it is here."""

    def __init__(self, folder: Path, keyring: Any = None) -> None:
        self._file = folder / "hub-token"
        self._keyring = keyring

    def get(self) -> str | None:
        """The token: ours, else that of Hugging Face's own login on this machine."""
        return self._ours()[0] or _login()

    def place(self) -> Place | None:
        """Where the token is that `get` gives."""
        _, place = self._ours()
        return place or ("login" if _login() else None)

    def put(self, token: str) -> Place:
        """Keep it, in place of an earlier one.

        Raises:
            OSError: when there is no keyring and the file cannot be written.
        """
        self.delete()
        ring = self._ring()
        if ring is not None:
            try:
                ring.set_password(SERVICE, USER, token)
            except Exception as error:  # noqa: BLE001  backends raise what they like; a headless machine has none
                log.info("no keyring: %s", type(error).__name__)
            else:
                return "keyring"
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_private(self._file, token)
        return "file"

    def delete(self) -> None:
        """Forget it, wherever it is.

        Raises:
            OSError: when the file cannot be removed.
        """
        ring = self._ring()
        if ring is not None:
            with contextlib.suppress(Exception):  # there is none in it
                ring.delete_password(SERVICE, USER)
        self._file.unlink(missing_ok=True)

    def _ours(self) -> tuple[str | None, Place | None]:
        with contextlib.suppress(OSError, UnicodeError):
            if token := self._file.read_text("utf-8")[:LARGEST_TOKEN_CHARS].strip():
                return token, "file"
        ring = self._ring()
        if ring is not None:
            with contextlib.suppress(Exception):
                if token := ring.get_password(SERVICE, USER):
                    return str(token), "keyring"
        return None, None

    def _ring(self) -> Any:
        if self._keyring is not None:
            return self._keyring
        try:
            return importlib.import_module("keyring")
        except ImportError:
            return None


def _login() -> str | None:
    from huggingface_hub import get_token  # only when somebody wants something of a hub

    return get_token()
