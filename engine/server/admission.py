"""What is wrong with a request: with its recipe for its model, its media, its draft and its file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.protocol.job import Container, JobRequest
from engine.protocol.model_card import ModelCard
from engine.protocol.problem import Problem
from engine.protocol.recipe import Recipe
from engine.protocol.rules import problems
from engine.server.library import Library
from engine.server.media_store import MediaStore

_EVEN_ONLY: frozenset[Container] = frozenset({"mp4", "webm", "mov"})
"""Their encoders halve the colour's resolution, and take no odd edge."""


@dataclass(frozen=True)
class Model:
    """A model whose files are here."""

    card: ModelCard
    folder: Path


class Admission:
    """Judges requests by the models and the media that are here now."""

    def __init__(self, library: Library, media: MediaStore) -> None:
        self._library = library
        self._media = media

    def check(self, request: JobRequest) -> tuple[Model | None, list[Problem]]:
        """The request's model, if it is here, and everything that is wrong."""
        found = self._library.find(request.recipe.model)
        if found is None:
            name = request.recipe.model.encode(errors="backslashreplace").decode()  # no text, no reply
            return None, [Problem(field="model", kind="unknown_model", value=name)]
        folder, status = found
        if not status.installed:
            return None, [Problem(field="model", kind="not_installed", detail=", ".join(status.missing))]
        wrong = [
            *_text_problems(request),
            *problems(request.recipe, status.card),
            *_media_problems(request.recipe, lambda media: self._media.path(media) is not None),
            *_draft_problems(request),
            *_container_problems(request),
        ]
        return Model(status.card, folder), wrong


def _text_problems(request: JobRequest) -> Iterator[Problem]:
    for field, text in (("project", request.project), ("shot", request.shot)):
        if text is not None and any(0xD800 <= ord(char) <= 0xDFFF for char in text):
            yield Problem(field=field, kind="invalid", detail="half a surrogate pair")


def _media_problems(recipe: Recipe, has_media: Callable[[str], bool]) -> Iterator[Problem]:
    places = [(f"conditions[{i}].media", condition.media) for i, condition in enumerate(recipe.conditions)]
    if recipe.source is not None:
        places.append(("source.media", recipe.source.media))
    places += [("splice", media) for media in sorted(recipe.media - {media for _, media in places})]
    for field, media in places:
        if not has_media(media):
            yield Problem(field=field, kind="missing", value=media)


def _draft_problems(request: JobRequest) -> Iterator[Problem]:
    """A draft has at least one step behind it and one to come."""
    steps, most = request.draft_steps, request.recipe.steps_per_section - 1
    if steps is None:
        return
    if steps < 1:
        yield Problem(field="draft_steps", kind="too_small", value=steps, nearest=1 if most >= 1 else None)
    elif steps > most:
        yield Problem(field="draft_steps", kind="too_large", value=steps, nearest=most if most >= 1 else None)


def _container_problems(request: JobRequest) -> Iterator[Problem]:
    container, recipe = request.delivery.container, request.recipe
    if container == "png" and recipe.take_frames != 1:
        yield Problem(field="num_frames", kind="unsupported", value=recipe.take_frames, nearest=1)
    width, height = recipe.take_size
    if container in _EVEN_ONLY and (width % 2 or height % 2):
        detail = f"{width}x{height} has an odd edge"
        yield Problem(field="container", kind="unsupported", value=container, nearest="mkv", detail=detail)
