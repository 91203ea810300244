"""Reuse: a draft that makes a take's recipe again."""

from collections.abc import Sequence

from engine.protocol.recipe import Recipe
from studio.project.bible import BibleEntry, folded
from studio.project.draft import Pin, Place


def reused(recipe: Recipe, bible: Sequence[BibleEntry]) -> dict[str, object]:
    """Fields of a draft that freezes to this recipe, with its seed locked.

    Phrases and names stay in the prompt as the model read them. What a verb made of other clips is left out: the
    verb makes it anew when it is applied again.
    """
    plain = recipe.splice is None and recipe.source is None
    images = [each for each in recipe.conditions if each.num_frames == 1] if plain else []
    return {
        "model": recipe.model,
        "prompt": unfolded(recipe.prompt, bible),
        "negative_prompt": recipe.negative_prompt,
        "width": recipe.width,
        "height": recipe.height,
        "num_frames": recipe.num_frames,
        "seconds": None,
        "fps": recipe.fps,
        "num_inference_steps": recipe.num_inference_steps,
        "guidance_scale": recipe.guidance_scale,
        "seed": recipe.seed,
        "seed_locked": True,
        "style": None,
        "camera": None,
        "light": None,
        "loop": recipe.loop,
        "speed": recipe.speed,
        "images": tuple(
            Pin(place=_place(each.frame_index, recipe.num_frames), media=each.media, strength=each.strength)
            for each in images
        ),
    }


def unfolded(prompt: str, bible: Sequence[BibleEntry]) -> str:
    """The shortest beginning of a prompt that the bible's looks complete to it again; all of it, where none does."""
    looks = [entry.description.strip() for entry in bible if entry.kind == "look" and entry.description.strip()]
    candidates = {prompt[: prompt.rfind(look)].rstrip(", ") for look in looks if look in prompt}
    candidates |= {prompt[: prompt.rfind(look)].rstrip(" ") for look in looks if look in prompt}
    return next((text for text in sorted(candidates, key=len) if folded(text, bible) == prompt), prompt)


def _place(frame_index: int, num_frames: int) -> Place:
    if frame_index == 0:
        return "start"
    return "end" if frame_index == num_frames - 1 else frame_index
