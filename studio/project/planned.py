"""Planned: the recipe of a shot's next take, with what the shots beside it give to it."""

import math

from engine.protocol import verbs
from engine.protocol.condition import Condition
from engine.protocol.media import MediaItem
from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe
from studio.project.draft import Draft, frozen, full_prompt
from studio.project.project import Project
from studio.project.shot import Shot
from studio.project.take import Take


class NeedsTakeError(Exception):
    """Shots (ids) that this one starts from, or leads to, have no take yet; a bridge at an end leads nowhere."""

    def __init__(self, shots: tuple[str, ...]) -> None:
        super().__init__(", ".join(shots))
        self.shots = shots


def planned(project: Project, shot: Shot, card: ModelCard) -> Recipe:
    """The recipe of the shot's draft: one that continues starts from the last frame shown of the shot before, and a
    bridge leads from that to the first one shown of the shot behind.

    Raises:
        NeedsTakeError: when a shot that it needs has no take.
        ProblemsError: for phrases that this build does not have, and for footage that cannot be used.
    """
    needed = needs(project, shot)
    missing = tuple(each.id for each in needed if each.selected is None)
    if missing or (shot.is_bridge and not needed):
        raise NeedsTakeError(missing)
    recipe = frozen(shot.draft, project.bible, card)
    if shot.is_bridge:
        return _bridge(recipe, card, *needed)
    if not needed:
        return recipe
    rest = tuple(pin for pin in recipe.conditions if pin.frame_index != 0)
    return recipe.changed(conditions=(last_shown(needed[0]), *rest))


def again(project: Project, shot: Shot, card: ModelCard) -> Recipe:
    """The recipe that makes a shot's take anew: all of it as it is planned, as long as it has grown; what another verb
    made of a clip is made of that clip again, with the words of now.

    Raises:
        NeedsTakeError, ProblemsError: as `planned`.
    """
    take = shot.selected_take
    if take is None or take.recipe is None or shot.is_bridge or take.verb in ("generate", "animate", "draft"):
        return planned(project, shot, card)
    if has_grown(project, shot):
        return planned(project, shot.changed(draft=grown_draft(shot)), card)
    return take.recipe.changed(prompt=full_prompt(shot.draft, project.bible), seed=shot.draft.seed)


def has_grown(project: Project, shot: Shot) -> bool:
    """Whether the shot's take was generated here, and has been extended since: nothing of it is footage."""
    take, grown = shot.selected_take, False
    takes = {each.id: each for owner in project.shots for each in owner.takes}
    while take is not None and take.verb in ("extend", "extend_backward"):
        grown, take = True, takes.get(take.parents[0]) if take.parents else None
    return grown and take is not None and take.verb in ("generate", "animate")


def grown_draft(shot: Shot) -> Draft:
    """The shot's draft for a take that is as long as the one it has."""
    take = shot.selected_take
    assert take is not None
    seconds = math.floor(take.duration_s * 1000) / 1000  # never a little more, which would be a step of the model more
    return shot.draft.changed(num_frames=None, seconds=seconds)


def needs(project: Project, shot: Shot) -> tuple[Shot, ...]:
    """The shots whose frames the next take of this one is made from, in the order of the film.

    A bridge leads from shot to shot, over other bridges; what stands behind one does not continue it, as the bridge
    leads there already.
    """
    place = project.place(shot.id)
    if shot.is_bridge:
        before = [each for each in project.shots[:place] if not each.is_bridge]
        behind = [each for each in project.shots[place + 1 :] if not each.is_bridge]
        return (before[-1], behind[0]) if before and behind else ()
    before = list(project.shots[max(0, place - 1) : place])
    return tuple(each for each in before if shot.continues and not each.is_bridge)


def last_shown(shot: Shot) -> Condition:
    """The last frame that is shown of a shot with a take, as what a clip starts from."""
    take = shot.selected_take
    assert take is not None
    return Condition(media=take.media, start_s=(shot.end_frame - 1) / take.fps)


def item_of(take: Take) -> MediaItem:
    """A take's file, as far as a verb has to know it."""
    return MediaItem(
        sha256=take.media,
        kind="image" if take.num_frames == 1 else "clip",
        format=take.container,
        size_bytes=0,
        width=take.width,
        height=take.height,
        num_frames=take.num_frames,
        fps=take.fps,
        duration_s=take.duration_s,
        has_audio=take.has_sound,
    )


def _bridge(recipe: Recipe, card: ModelCard, before: Shot, behind: Shot) -> Recipe:
    first, second = before.selected_take, behind.selected_take
    assert first is not None
    assert second is not None
    clip = item_of(first)
    width, height = verbs.matched_size(clip, card)
    plain = recipe.changed(width=width, height=height, conditions=(), loop=False)
    at = (before.end_frame - 1, behind.in_frame)
    return verbs.bridge(plain, card, clip, item_of(second), recipe.num_frames / recipe.fps, at=at)
