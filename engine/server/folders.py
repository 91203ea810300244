"""The folders that models are looked for in, and the one that new ones come to."""

import json
import logging
from pathlib import Path

from engine.protocol.download import ModelFolders
from engine.protocol.home import write_private
from engine.protocol.problem import Problem, ProblemsError

log = logging.getLogger(__name__)

MOST_FOLDERS = 50


class Folders:
    """Reelwright's own folder, which is always one of them, and what the user has added."""

    def __init__(self, own: Path) -> None:
        self._own = own
        self._file = own / "folders.json"

    def now(self) -> ModelFolders:
        """All of them."""
        own = str(self._own)
        try:
            kept = ModelFolders.model_validate(json.loads(self._file.read_text("utf-8")))
        except FileNotFoundError:
            return ModelFolders(folders=(own,), chosen=own)
        except (OSError, ValueError) as error:
            log.warning("the list of model folders cannot be read: %s", error)
            return ModelFolders(folders=(own,), chosen=own)
        folders = (own, *(folder for folder in kept.folders if folder != own))
        return ModelFolders(folders=folders, chosen=kept.chosen if kept.chosen in folders else own)

    def choose(self, folder: Path) -> ModelFolders:
        """New models come to this folder from now on.

        Raises:
            ProblemsError: when it cannot be made or written to.
        """
        before = self.now()
        if str(folder) not in before.folders:
            if len(before.folders) >= MOST_FOLDERS:
                raise ProblemsError([Problem(field="folder", kind="too_large", value=MOST_FOLDERS)])
            _try(folder)
        known = (*(each for each in before.folders if each != str(folder)), str(folder))
        return self._keep(ModelFolders(folders=known, chosen=str(folder)))

    def forget(self, folder: Path) -> ModelFolders:
        """Look there no longer; what is in it stays."""
        left = tuple(each for each in self.now().folders if each != str(folder))
        chosen = self.now().chosen
        return self._keep(ModelFolders(folders=left, chosen=chosen if chosen in left else str(self._own)))

    def _keep(self, folders: ModelFolders) -> ModelFolders:
        self._own.mkdir(parents=True, exist_ok=True)
        write_private(self._file, folders.model_dump_json())
        return self.now()


def _try(folder: Path) -> None:
    """Write a file and remove it: permissions alone do not tell on every disk."""
    probe = folder / ".reelwright"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        detail = error.strerror or ""
        raise ProblemsError([Problem(field=str(folder), kind="not_writable", detail=detail)]) from error
