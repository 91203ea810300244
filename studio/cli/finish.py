"""The command that goes on with a clip that was drafted, paused or broken off."""

import time
from pathlib import Path
from typing import Annotated

from typer import Option

from engine.client.attach import attach
from studio.cli.ending import Ending, end
from studio.cli.follow import Follower, display
from studio.cli.look import JobId, Json, find_job, wrong_state
from studio.cli.output import check_output, slug, unused


def finish(
    job: JobId,
    output: Annotated[Path | None, Option("--output", "-o", help="File to write.")] = None,
    previews: Annotated[Path | None, Option(metavar="DIR", help="Folder for the live previews.")] = None,
    as_json: Json = False,
) -> int:
    """Go on with a draft, a paused or a failed job. It ends as if it had not stopped; Ctrl-C pauses it."""
    began_s = time.monotonic()
    with attach() as client:
        found = find_job(client, job)
        if found.is_over and not found.can_resume:
            raise wrong_state(found)
        recipe, container = found.request.recipe, found.request.delivery.container
        target = unused(f"{slug(recipe.prompt)}-{recipe.seed}", container) if output is None else output.expanduser()
        check_output(target, container)
        follower = Follower(client, previews, on_interrupt="pause")
        with display() as shown:
            ended = follower.go_on(found, shown)
        return end(follower.client, ended, Ending(target, as_json, time.monotonic() - began_s))
