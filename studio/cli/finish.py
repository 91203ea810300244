"""The command that goes on with a clip that was drafted, paused or broken off."""

import time
from pathlib import Path
from typing import Annotated

from typer import Option

from engine.client.attach import attach
from engine.protocol.job import FilmRequest
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
    """Go on with a draft, a paused or a failed job. It ends as if it had not stopped; Ctrl-C pauses it.

    Without --output it goes to the file that the first command named.
    """
    began_s = time.monotonic()
    with attach() as client:
        found = find_job(client, job)
        if found.is_over and not found.can_resume:
            raise wrong_state(found)
        request, container = found.request, found.request.delivery.container
        name = "film" if isinstance(request, FilmRequest) else f"{slug(request.recipe.prompt)}-{request.recipe.seed}"
        wanted = output or (Path(request.save_as) if request.save_as else None)
        target = unused(name, container) if wanted is None else wanted.expanduser()
        check_output(target, container)
        follower = Follower(client, previews, on_interrupt="pause")
        with display() as shown:
            ended = follower.go_on(found, shown)
        return end(follower.client, ended, Ending(target, as_json, time.monotonic() - began_s))
