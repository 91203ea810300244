"""The commands that go on from footage: extend, loop, bridge, remix, retake."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from engine.protocol import verbs
from engine.protocol.media import MediaItem
from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe
from studio.cli.make import make_verb
from studio.cli.options import Options, with_options

_NOT_FOR_VERBS = ("frames", "image", "loop")
Clip = Annotated[Path, Argument(metavar="CLIP", help="A clip; anything ffmpeg reads.")]
Prompt = Annotated[str | None, Argument(help="What happens; the clip's own prompt when not given.")]


@with_options(omit=_NOT_FOR_VERBS)
def extend(
    clip: Clip,
    prompt: Prompt = None,
    backward: Annotated[bool, Option("--backward", help="Make what comes before the clip.")] = False,
    *,
    options: Options,
) -> int:
    """Make a clip longer. New frames go on from its end, or lead up to its beginning."""

    def extended(draft: Recipe, card: ModelCard, clips: Sequence[MediaItem]) -> Recipe:
        extending = verbs.extend_backward if backward else verbs.extend
        return extending(draft, card, clips[0], _seconds(card, options))

    return make_verb(extended, [clip], prompt, options)


@with_options(omit=_NOT_FOR_VERBS)
def loop(clip: Clip, prompt: Prompt = None, *, options: Options) -> int:
    """Close a clip into a loop. New frames lead from its end back to its beginning."""

    def looped(draft: Recipe, card: ModelCard, clips: Sequence[MediaItem]) -> Recipe:
        return verbs.loop(draft, card, clips[0], _seconds(card, options))

    return make_verb(looped, [clip], prompt, options)


@with_options(omit=_NOT_FOR_VERBS)
def bridge(
    clip_a: Annotated[Path, Argument(metavar="CLIP_A", help="The clip it comes from.")],
    clip_b: Annotated[Path, Argument(metavar="CLIP_B", help="The clip it leads to.")],
    prompt: Prompt = None,
    *,
    options: Options,
) -> int:
    """Make what leads from one clip to another. It has the first one's size and rate."""

    def bridged(draft: Recipe, card: ModelCard, clips: Sequence[MediaItem]) -> Recipe:
        return verbs.bridge(draft, card, clips[0], clips[1], _seconds(card, options))

    return make_verb(bridged, [clip_a, clip_b], prompt, options)


@with_options(omit=(*_NOT_FOR_VERBS, "seconds"))
def remix(
    clip: Clip,
    prompt: Prompt = None,
    strength: Annotated[
        float | None,
        Option(help="How far to go from the clip: near 0 keeps it, 1 ignores it; the model's usual if not given."),
    ] = None,
    *,
    options: Options,
) -> int:
    """Make every frame of a clip anew, from itself. Its sound stays."""

    def remixed(draft: Recipe, card: ModelCard, clips: Sequence[MediaItem]) -> Recipe:
        return verbs.remix(draft, card, clips[0], card.defaults.strength if strength is None else strength)

    return make_verb(remixed, [clip], prompt, options)


@with_options(omit=(*_NOT_FOR_VERBS, "seconds"))
def retake(
    clip: Clip,
    prompt: Prompt = None,
    start: Annotated[float, Option("--from", help="Where the new part begins, in seconds.")] = 0.0,
    end: Annotated[float | None, Option("--to", help="Where it ends, in seconds; the clip's end if not given.")] = None,
    *,
    options: Options,
) -> int:
    """Make a part of a clip anew. All that lies outside it, and the sound, stays."""

    def retaken(draft: Recipe, card: ModelCard, clips: Sequence[MediaItem]) -> Recipe:
        length_s = clips[0].num_frames / clips[0].fps if clips[0].fps else 0.0
        return verbs.retake(draft, card, clips[0], start, length_s if end is None else end)

    return make_verb(retaken, [clip], prompt, options)


def _seconds(card: ModelCard, options: Options) -> float:
    """The length of the new part: as typed, or about what the model makes at once."""
    return card.defaults.num_frames / card.defaults.fps if options.seconds is None else options.seconds
