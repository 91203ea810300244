"""Abilities: what each model can do to footage, verb by verb; `models show` prints the table, and tests prove it."""

from typing import Literal

from engine.protocol.condition import Condition, Source
from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe
from engine.protocol.rules import How, how
from engine.protocol.sections import context

Verb = Literal["generate", "animate", "in_between", "extend", "extend_backward", "loop", "bridge", "retake", "remix"]


def abilities(card: ModelCard) -> dict[Verb, How]:
    """How the model does each verb; what is `refused` comes as a Problem that names the models that can."""
    last = card.defaults.num_frames - 1
    given = context(card)
    first, end = Condition(media=""), Condition(media="", frame_index=last)
    tail = Condition(media="", num_frames=given)
    head = Condition(media="", num_frames=given, frame_index=last + 1 - given)
    plain = _plain(card)
    both = plain.changed(conditions=(tail, head))
    asked: dict[Verb, Recipe] = {
        "generate": plain,
        "animate": plain.changed(conditions=(first,)),
        "in_between": plain.changed(conditions=(first, end)),
        "extend": plain.changed(conditions=(tail,)),
        "extend_backward": plain.changed(conditions=(head,)),
        "loop": both,
        "bridge": both,
        "retake": both,
        "remix": plain.changed(source=Source(media="", strength=card.defaults.strength)),
    }
    return {verb: how(recipe, card) for verb, recipe in asked.items()}


def _plain(card: ModelCard) -> Recipe:
    defaults = card.defaults
    return Recipe(
        model=card.id,
        prompt="",
        width=defaults.width,
        height=defaults.height,
        num_frames=defaults.num_frames,
        fps=defaults.fps,
        num_inference_steps=defaults.num_inference_steps,
        guidance_scale=defaults.guidance_scale,
        seed=0,
    )
