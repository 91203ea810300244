"""Where the checkpoints of jobs lie: a folder for each job that can still go on."""

import shutil
from collections.abc import Callable
from pathlib import Path


class Checkpoints:
    """`checkpoints/<job id>/` below the user's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "checkpoints"
        self._folder.mkdir(parents=True, exist_ok=True)

    def folder(self, job_id: str) -> Path:
        """The job's folder, made if there is none."""
        path = self._folder / job_id
        path.mkdir(exist_ok=True)
        return path

    def remove(self, job_id: str) -> None:
        """Delete the job's folder; what cannot be deleted now goes at the next start."""
        shutil.rmtree(self._folder / job_id, ignore_errors=True)

    def keep_only(self, wanted: Callable[[str], bool]) -> None:
        """Delete the folders of all jobs (by id) that are not wanted."""
        for path in self._folder.iterdir():
            if not wanted(path.name):
                shutil.rmtree(path, ignore_errors=True)
