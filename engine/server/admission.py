"""What is wrong with a request: with its recipe for its model, its media, its draft and its file."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.protocol.job import AnyRequest, FilmRequest, JobRequest
from engine.protocol.model_card import ModelCard
from engine.protocol.problem import Problem
from engine.protocol.recipe import Recipe
from engine.protocol.rules import how, problems
from engine.server.delivery import container_problems
from engine.server.film_admission import film_problems
from engine.server.library import Library
from engine.server.media_store import MediaStore, is_sound
from engine.weights.headers import HeaderError
from engine.weights.lora import SUFFIX, refuse_misfit
from engine.weights.store import WeightsError


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

    def check(self, request: AnyRequest) -> tuple[Model | None, list[Problem]]:
        """The model of a request for a take, if it is here, and everything that is wrong."""
        if isinstance(request, FilmRequest):
            return None, [*_text_problems(request), *film_problems(request, self._media.path)]
        found = self._library.find(request.recipe.model)
        if found is None:
            name = request.recipe.model.encode(errors="backslashreplace").decode()  # no text, no reply
            return None, [Problem(field="model", kind="unknown_model", value=name)]
        folder, status = found
        if not status.card.runs_here:
            return None, [Problem(field="model", kind="newer_build", value=status.card.family)]
        if not status.installed:
            lacks = ", ".join(status.missing)
            return None, [Problem(field="model", kind="not_installed", value=status.card.id, detail=lacks)]
        wrong = [
            *_text_problems(request),
            *problems(request.recipe, status.card, self._others(request.recipe, status.card)),
            *_media_problems(request.recipe, self._media.path),
            *_lora_problems(request.recipe, status.card, folder, self._media.path),
            *_draft_problems(request),
            *container_problems(request.delivery.container, request.recipe.take_size, request.recipe.take_frames),
        ]
        return Model(status.card, folder), wrong

    def _others(self, recipe: Recipe, card: ModelCard) -> Sequence[ModelCard]:
        """The models here, for what this one cannot do."""
        if how(recipe, card) != "refused":
            return ()
        return [status.card for status in self._library.all() if status.installed and status.card.runs_here]


def _text_problems(request: AnyRequest) -> Iterator[Problem]:
    for field, text in (("project", request.project), ("shot", request.shot)):
        if text is not None and any(0xD800 <= ord(char) <= 0xDFFF for char in text):
            yield Problem(field=field, kind="invalid", detail="half a surrogate pair")


def _media_problems(recipe: Recipe, path_of: Callable[[str], Path | None]) -> Iterator[Problem]:
    places = [(f"conditions[{i}].media", condition.media) for i, condition in enumerate(recipe.conditions)]
    if recipe.source is not None:
        places.append(("source.media", recipe.source.media))
    known = {media for _, media in places} | {lora.media for lora in recipe.loras}
    places += [("splice", media) for media in sorted(recipe.media - known)]
    for field, media in places:
        path = path_of(media)
        if path is None:
            yield Problem(field=field, kind="missing", value=media)
        elif is_sound(path):
            yield Problem(field=field, kind="unsupported", detail="a sound, which shows nothing")
        elif path.suffix == f".{SUFFIX}":
            yield Problem(field=field, kind="unsupported", detail="a LoRA, which shows nothing")


def lora_problems(field: str, path: Path, card: ModelCard, folder: Path) -> Iterator[Problem]:
    """Why a file is no LoRA for this model; `folder` is the model's."""
    try:
        refuse_misfit(path, card, folder)
    except HeaderError as error:
        yield Problem(field=field, kind=error.kind, detail=error.detail)
    except WeightsError as error:
        yield Problem(field=field, kind="invalid", detail=error.detail)
    except OSError as error:
        yield Problem(field=field, kind="unreadable", detail=error.strerror or "")


def _lora_problems(
    recipe: Recipe, card: ModelCard, folder: Path, path_of: Callable[[str], Path | None]
) -> Iterator[Problem]:
    for i, lora in enumerate(recipe.loras):
        path = path_of(lora.media)
        if path is None:
            yield Problem(field=f"loras[{i}].media", kind="missing", value=lora.media)
        else:
            yield from lora_problems(f"loras[{i}].media", path, card, folder)


def _draft_problems(request: JobRequest) -> Iterator[Problem]:
    """A draft has at least one step behind it and one to come."""
    steps, most = request.draft_steps, request.recipe.steps_per_section - 1
    if steps is None:
        return
    if steps < 1:
        yield Problem(field="draft_steps", kind="too_small", value=steps, nearest=1 if most >= 1 else None)
    elif steps > most:
        yield Problem(field="draft_steps", kind="too_large", value=steps, nearest=most if most >= 1 else None)
