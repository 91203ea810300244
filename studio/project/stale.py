"""Stale: what has changed of a shot's inputs since its selected take was made of them."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from engine.protocol.model_card import ModelCard
from engine.protocol.problem import ProblemsError
from engine.protocol.recipe import Recipe
from studio.project.bible import folded, named
from studio.project.draft import full_prompt
from studio.project.planned import NeedsTakeError, needs, planned
from studio.project.project import Project
from studio.project.shot import Shot
from studio.project.take import Take

FIELDS = (
    "model",
    "negative_prompt",
    "width",
    "height",
    "num_frames",
    "fps",
    "num_inference_steps",
    "guidance_scale",
    "speed",
    "loop",
)
"""Of a recipe, beside its prompt and what it is given of other clips; another seed makes nothing stale."""


@dataclass(frozen=True)
class FieldChanged:
    """A field of the draft is another: prompt, conditions (its images), or one of `FIELDS`."""

    field: str


@dataclass(frozen=True)
class EntryChanged:
    """The bible says something else of this entry, or it is a look that is new."""

    name: str


@dataclass(frozen=True)
class NeighbourChanged:
    """What is shown of the shot before or behind, from which (or to which) it leads, is another frame."""

    side: Literal["before", "behind"]


Reason: TypeAlias = FieldChanged | EntryChanged | NeighbourChanged


def stale(project: Project, shot: Shot, card: ModelCard | None) -> tuple[Reason, ...]:
    """Why the shot's selected take is no longer what its inputs would give; empty while it is.

    What a verb made of a clip is compared by what the draft says of it alone, which is its prompt; so is everything
    while the model's card is not known. Footage, drafts and what is not there yet are never stale.
    """
    take = shot.selected_take
    if take is None or take.recipe is None or take.is_draft:
        return ()
    try:
        found = tuple(_prompt(project, shot, take.recipe))
        if card is None or take.verb not in _whole(shot):
            return found
        wanted = planned(project, shot, card)
    except (NeedsTakeError, ProblemsError):
        return ()
    if shot.is_bridge:
        return (*found, *_bridge(take, wanted))
    return (*found, *_fields(take.recipe, wanted), *_frames(project, shot, take.recipe, wanted))


def dependents(project: Project, shots: Container[str], among: Container[str]) -> frozenset[str]:
    """Those among other shots that are made from frames of these, and so on (ids, as all arguments are)."""
    found = frozenset[str]()
    asked = [shot for shot in project.shots if shot.id in among and shot.id not in shots]
    while more := {
        shot.id
        for shot in asked
        if shot.id not in found and any(each.id in shots or each.id in found for each in needs(project, shot))
    }:
        found |= more
    return found


def follows(shot: Shot) -> bool:
    """Whether the shot's selected take is what its draft and its neighbours gave, and becomes another with them."""
    take = shot.selected_take
    return take is not None and take.recipe is not None and take.verb in _whole(shot)


def _whole(shot: Shot) -> tuple[str, ...]:
    """The verbs whose recipe is said by the draft (and the neighbours) from beginning to end."""
    return ("bridge",) if shot.is_bridge else ("generate", "animate")


def _prompt(project: Project, shot: Shot, made: Recipe) -> Iterator[Reason]:
    now = full_prompt(shot.draft, project.bible)
    if now == made.prompt:
        return
    mentioned = {each.entry.id for each in named(shot.draft.prompt, project.bible) if each.entry}
    things = [entry for entry in project.bible if entry.kind != "look"]
    changed = [
        entry.name
        for entry in project.bible
        if entry.description.strip()
        and (entry.kind == "look" or (entry.id in mentioned and entry.name in made.prompt))
        and folded(entry.description.strip(), things) not in made.prompt
    ]
    yield from [EntryChanged(name) for name in changed] or [FieldChanged("prompt")]


def _fields(made: Recipe, wanted: Recipe) -> Iterator[Reason]:
    for field in FIELDS:
        if getattr(made, field) != getattr(wanted, field):
            yield FieldChanged(field)


def _frames(project: Project, shot: Shot, made: Recipe, wanted: Recipe) -> Iterator[Reason]:
    ours, theirs = made.conditions, wanted.conditions
    if needs(project, shot):
        start = wanted.conditions[0]
        if start not in ours:
            yield NeighbourChanged("before")
        ours = tuple(pin for pin in ours if pin.frame_index != 0)
        theirs = theirs[1:]
    elif shot.in_frame > 0:
        # Of a shot that was split or trimmed at its beginning the frame that it started from is not seen.
        ours, theirs = (tuple(pin for pin in pins if pin.frame_index != 0) for pins in (ours, theirs))
    if ours != theirs:
        yield FieldChanged("conditions")


def _bridge(take: Take, wanted: Recipe) -> Iterator[Reason]:
    made = take.recipe
    assert made is not None
    if len(made.conditions) != len(wanted.conditions):
        yield NeighbourChanged("before")
        return
    if _edge(made) != _edge(wanted):
        yield NeighbourChanged("before")
    ours, theirs = made.conditions[-1], wanted.conditions[-1]
    if (ours.media, ours.start_s) != (theirs.media, theirs.start_s):
        yield NeighbourChanged("behind")
    if take.num_frames != wanted.take_frames:
        yield FieldChanged("num_frames")
    if made.model != wanted.model:
        yield FieldChanged("model")


def _edge(bridge: Recipe) -> tuple[str, float]:
    """The frame that a bridge goes on from: its file, and where in that it is, in seconds."""
    tail = bridge.conditions[0]
    return tail.media, round(tail.start_s + (tail.num_frames - 1) / bridge.fps, 4)
