"""The command that makes shots of a script, in a project that is there or a new one."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

from rich.table import Table
from typer import Argument, Option

from engine.protocol.problem import Problem, ProblemsError
from studio.cli.exits import Exit
from studio.cli.look import Json, console
from studio.cli.opened import opened
from studio.cli.words import seconds
from studio.project.errors import StorageError
from studio.project.project import Project
from studio.project.storage import BACKUPS_FOLDER, PROJECT_FILE, create_project
from studio.project.value import new_id
from studio.reading.plan import Plan
from studio.reading.script import ScriptError, ScriptErrorKind, read_script
from studio.reading.storyboard import add_storyboard, planned
from studio.reading.understanding import understood

_ERRORS: dict[ScriptErrorKind, str] = {
    "unreadable": "{detail}",
    "empty": "nothing in it tells what is seen",
    "not_text": "it is no text",
    "too_long": "it is too long: {detail}",
}


def storyboard(
    script: Annotated[
        Path, Argument(metavar="SCRIPT", help="A Fountain screenplay, a Markdown shot list, or plain text.")
    ],
    project: Annotated[
        Path | None,
        Option(metavar="FOLDER", help="The project that gets the shots; it is made where there is none."),
    ] = None,
    dry_run: Annotated[bool, Option("--dry-run", help="Show the shots, and change nothing.")] = False,
    as_json: Json = False,
) -> int:
    """Make shots and bible entries of a script. Nothing is generated."""
    if project is None and not dry_run:
        raise ProblemsError([Problem(field="--project", kind="invalid", detail="name a folder, or use --dry-run")])
    plan = _plan(script)
    before, made = _added(project, plan, script) if project is not None and not dry_run else _shown(project, plan)
    if as_json:
        place = None if project is None else str(project)
        facts = {"status": "planned" if dry_run else "added", "project": place, **_facts(plan, before, made)}
        sys.stdout.write(json.dumps(facts, ensure_ascii=False) + "\n")
        return Exit.OK
    if plan.encoding != "utf-8":
        sys.stderr.write(f"{script} is not UTF-8: it was read as {plan.encoding}\n")
    new, entries = made.shots[len(before.shots) :], made.bible[len(before.bible) :]
    table = Table("shot", "seconds", "prompt", box=None)
    for shot in new:
        table.add_row(shot.name, f"{shot.draft.seconds:g}", shot.draft.prompt)
    console().print(table)
    named = f"; new in the bible: {', '.join(entry.name for entry in entries)}" if entries else ""
    where = "" if project is None or dry_run else f" → {project}"
    sys.stdout.write(f"{len(new)} shots, {seconds(plan.seconds)}{named}{where}\n")
    return Exit.OK


def _facts(plan: Plan, before: Project, made: Project) -> dict[str, Any]:
    shots = [
        {
            "id": shot.id,
            "name": shot.name,
            "seconds": shot.draft.seconds,
            "is_timed": told.is_timed,
            "prompt": shot.draft.prompt,
            "fields": [found.model_dump() for found in understood(shot.draft.prompt, made.bible)],
            "dialogue": [line.model_dump() for line in told.dialogue],
            "transition": shot.transition,
        }
        for shot, told in zip(made.shots[len(before.shots) :], plan.shots, strict=True)
    ]
    entries = [entry.model_dump(include={"kind", "name", "description"}) for entry in made.bible[len(before.bible) :]]
    told = plan.model_dump(include={"title", "form", "encoding"})
    return {**told, "seconds": plan.seconds, "shots": shots, "bible": entries}


def _plan(script: Path) -> Plan:
    try:
        return planned(read_script(script))
    except ScriptError as error:
        said = _ERRORS[error.kind].format(detail=error.detail)
        problem = Problem(field=str(script), kind="unreadable", detail=said)
        raise ProblemsError([problem if script.exists() else problem.changed(kind="missing", detail="")]) from error


def _added(path: Path, plan: Plan, script: Path) -> tuple[Project, Project]:
    """The project before and after, and on the disk."""
    if not _is_project(path):
        before = Project(id=new_id(), name=plan.title or script.stem or path.name, created_at=time.time())
        made = add_storyboard(before, plan)
        try:
            create_project(path, made).folder.close()
        except StorageError as error:
            said = "there is something else in it" if error.kind == "exists" else error.detail
            raise ProblemsError([Problem(field=str(path), kind="not_writable", detail=said)]) from error
        return before, made
    with opened(path, to_write=True) as found:
        made = add_storyboard(found.project, plan)
        found.folder.save(made)
        return found.project, made


def _shown(path: Path | None, plan: Plan) -> tuple[Project, Project]:
    """The project as it would be; nothing is written."""
    before = Project(id=new_id(), name=plan.title or "?", created_at=0.0)
    if path is not None and _is_project(path):
        with opened(path, to_write=False) as found:
            before = found.project
    return before, add_storyboard(before, plan)


def _is_project(path: Path) -> bool:
    return path.name == PROJECT_FILE or (path / PROJECT_FILE).exists() or (path / BACKUPS_FOLDER).is_dir()
