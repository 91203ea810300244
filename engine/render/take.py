"""The take of a render: its sections as one clip, joined to what is kept, written whole or not at all."""

from collections.abc import Iterator
from pathlib import Path

from engine.media.frames import Frame
from engine.media.join import join, kept_reader
from engine.media.sound import SoundTrack
from engine.media.stills import write_png
from engine.media.video_write import write_video
from engine.protocol.job import Delivery
from engine.protocol.splice import Splice
from engine.render.render import Render
from engine.render.stitch import cut, stitched


def frames(render: Render) -> Iterator[Frame]:
    """Every frame [H, W, 3] uint8 sRGB of the take, decoded as it is asked for.

    Raises:
        MediaError: for footage that cannot be read.
        InterruptedRenderError: as `Render.denoise`.
    """
    splice = _splice(render)
    return _clip(render) if splice is None else join(splice, lambda: _clip(render), kept_reader(render.footage.files))


def write(render: Render, delivery: Delivery, output: Path) -> int:
    """Write the take atomically and return how many frames it has.

    Raises:
        MediaError: when the disk is full or the folder cannot be written; nothing half-written stays.
        InterruptedRenderError: as `Render.denoise`.
    """
    render.decoded(render.made[0])  # a stage of its own; with several sections the others are decoded while writing
    splice = _splice(render)
    recipe = render.recipe
    embedded = recipe.model_dump_json() if delivery.embed_recipe else None
    with render.stage("write"):
        taken = render.watched(frames(render), splice.num_frames if splice else _length(render))
        if delivery.container == "png":
            write_png(output, next(taken), embedded)
            return 1
        sound = None
        if splice is not None and splice.sound is not None:
            heard = splice.sound
            sound = SoundTrack(render.footage.files[heard.media], heard.start_s, heard.duration_s, heard.at_s)
        return write_video(
            output,
            taken,
            recipe.take_fps,
            container=delivery.container,
            recipe_json=embedded,
            sound=sound,
            quality=delivery.quality,
        )


def _clip(render: Render) -> Iterator[Frame]:
    return stitched(render.made, render.decoded, backward=render.backward)


def _splice(render: Render) -> Splice | None:
    """How the frames that were made are joined to what is kept."""
    recipe, made = render.recipe, render.made
    if recipe.splice is None:
        return None
    return cut(recipe.splice, made[0].first_frame, made[-1].first_frame + made[-1].num_frames, recipe.num_frames)


def _length(render: Render) -> int:
    return sum(part.num_frames - part.overlap * (1 + part.closes) for part in render.made)
