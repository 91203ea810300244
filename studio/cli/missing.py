"""Making the takes that a film lacks, one after another, into its project."""

import sys

from typer import Exit

from engine.client.api import EngineClient
from engine.protocol.job import Delivery, Done, JobRequest, suffix, usual_container
from engine.protocol.model_card import ModelCard
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.recipe import Recipe
from engine.protocol.rules import problems
from studio.cli.ending import Ending, end
from studio.cli.follow import Follower, display
from studio.cli.opened import bring
from studio.project import edits
from studio.project.planned import NeedsTakeError, planned
from studio.project.project import Project
from studio.project.shot import Shot
from studio.project.storage import Opened


def make_missing(client: EngineClient, found: Opened) -> Project:
    """The project with a take in every shot; it is saved after each, so that nothing is made twice.

    Raises:
        ProblemsError: for a shot whose take cannot be made.
    """
    project, cards = found.project, {card.id: card for card, _ in client.models()}
    total = sum(shot.selected is None for shot in project.shots)
    for number in range(1, total + 1):
        shot, recipe = _next(project, cards)
        sys.stderr.write(f"take {number} of {total}: {shot.name}\n")
        project = _made(client, found, project, shot, recipe)
    return project


def _next(project: Project, cards: dict[str, ModelCard]) -> tuple[Shot, Recipe]:
    """The first shot without a take that all takes are there for, and its recipe."""
    for shot in project.shots:
        if shot.selected is not None:
            continue
        card = cards.get(shot.draft.model)
        if card is None:
            raise ProblemsError([Problem(field=shot.name, kind="unknown_model", value=shot.draft.model)])
        try:
            recipe = planned(project, shot, card)
        except NeedsTakeError:
            continue
        if wrong := problems(recipe, card):
            raise ProblemsError([problem.changed(field=f"{shot.name}: {problem.field}") for problem in wrong])
        return shot, recipe
    raise AssertionError  # what a shot needs is a shot that needs less: one is always first


def _made(client: EngineClient, found: Opened, project: Project, shot: Shot, recipe: Recipe) -> Project:
    bring(client, found, recipe.media, lambda _: shot.name)
    request = JobRequest(
        recipe=recipe, delivery=Delivery(container=usual_container(recipe)), project=project.id, shot=shot.id
    )
    follower = Follower(client, None)
    with display() as shown:
        job = follower.run(request, shown)
    if not isinstance(job.state, Done):
        raise Exit(end(follower.client, job, Ending(found.folder.file, "--json" in sys.argv, 0.0)))
    take = job.state.take
    found.folder.media.receive(take.media, suffix(take.container), lambda file: client.fetch(take.media, file))
    project = edits.add_take(project, shot.id, job)
    found.folder.save(project)
    client.acknowledge(job.id)
    return project
