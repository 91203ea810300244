"""Migrations: how a stored project becomes what this build understands."""

import json
from collections.abc import Callable
from typing import Any, cast

from pydantic import ValidationError

from studio.project.project import VERSION, Project

Stored = dict[str, Any]


def _from_1(found: Stored) -> Stored:
    """Version 2 brought the film: bridges, continuity, dialogue and sound, which no film of version 1 has."""
    return found


MIGRATIONS: dict[int, Callable[[Stored], Stored]] = {1: _from_1}
"""From a version to the next; each is given a form that it may change, and returns it."""


class TooNewError(Exception):
    """A newer build has stored something that this one cannot even show."""


def parsed(content: bytes) -> tuple[Project, int]:
    """The project in the content of a project file, and the version that it was stored with.

    Of a newer version everything that this one knows is shown, and the rest is left out: never save that.

    Raises:
        ValueError: when it is damaged.
        TooNewError: when it is of a newer version and says things in another way.
    """
    try:
        found: object = json.loads(content)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("no project is in it")
    stored = cast("Stored", found)
    version: object = stored.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise ValueError("it has no version")
    if version > VERSION:
        return _from_the_future(stored, version), version
    return Project.model_validate(_migrated(stored, version)), version


def stored(project: Project) -> bytes:
    """The content of the project file: JSON, with a line for each field, as people and version control like it."""
    return project.model_dump_json(indent=1).encode()


def _migrated(found: Stored, version: int) -> Stored:
    for step in range(version, VERSION):
        if step not in MIGRATIONS:
            raise ValueError(f"version {version} is not known")
        try:
            found = MIGRATIONS[step](found) | {"version": step + 1}
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError(f"it is no project of version {step}: {error!r}") from error
    return found


def _from_the_future(found: Stored, version: int) -> Project:
    try:
        return Project.model_validate(found | {"version": VERSION}, extra="ignore")
    except ValidationError as error:
        raise TooNewError(f"version {version}; this build knows {VERSION}") from error
