"""The commands that make a new clip, and what every command that makes one does: draft, send, follow, save."""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

from typer import Argument

from engine.client.api import EngineClient
from engine.client.attach import attach
from studio.cli.draft import Draft, Verb, draft, draft_verb
from studio.cli.ending import Ending, end
from studio.cli.follow import Follower, display
from studio.cli.options import Options, with_options
from studio.cli.words import rounding_sentence


@with_options()
def generate(prompt: Annotated[str, Argument(help="What the clip shows.")], options: Options) -> int:
    """Make a clip from a prompt."""
    return _make(lambda client: draft(client, prompt, options.image or [], options), options)


@with_options()
def animate(
    still: Annotated[Path, Argument(help="The first frame.", metavar="IMAGE")],
    prompt: Annotated[str, Argument(help="What happens.")] = "",
    *,
    options: Options,
) -> int:
    """Make a clip that starts from an image."""
    images = [f"0={still}", *(options.image or [])]
    return _make(lambda client: draft(client, prompt, images, options), options)


def make_verb(verb: Verb, clips: Sequence[Path], prompt: str | None, options: Options) -> int:
    """Make what the verb makes of the clips; the exit code."""
    return _make(lambda client: draft_verb(client, verb, clips, prompt, options), options)


def _make(drafting: Callable[[EngineClient], Draft], options: Options) -> int:
    began_s = time.monotonic()
    with attach() as client:
        made = drafting(client)
        request = made.request
        if options.output is not None:  # `finish` and `queue save` go there too, from wherever they are called
            request = request.changed(save_as=str(made.output.absolute()))
        if not options.json:
            sys.stderr.writelines(f"{rounding_sentence(problem, made.card)}\n" for problem in made.rounded)
        follower = Follower(client, options.previews)
        with display() as shown:
            job = follower.run(request, shown)
        facts = {"rounded": [p.model_dump(include={"field", "value", "nearest"}) for p in made.rounded]}
        return end(follower.client, job, Ending(made.output, options.json, time.monotonic() - began_s, facts))
