"""A model ready to render: pipeline, preview map, and the prompts its text encoder has read."""

import functools
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from engine.families.catalogue import family
from engine.families.family import Compression, Embedding, Family
from engine.memory.device import DeviceReport
from engine.render.attention import attend
from engine.render.preview import PreviewMap, preview_map
from engine.weights.store import Weights, WeightsError, verified

LARGEST_EMBEDDINGS = 64


class PromptCache:
    """The latest embedded prompts of a worker, by text encoder: models that share one share them."""

    def __init__(self) -> None:
        self._embeddings: OrderedDict[tuple[str, str], Embedding] = OrderedDict()

    def get(self, encoder: str, prompt: str, embed: Callable[[], Embedding]) -> Embedding:
        """The prompt as this encoder reads it; `embed` is asked when it is not known."""
        found = self._embeddings.pop((encoder, prompt), None) or embed()
        self._embeddings[encoder, prompt] = found
        if len(self._embeddings) > LARGEST_EMBEDDINGS:
            self._embeddings.popitem(last=False)
        return found


@dataclass(frozen=True)
class Loaded:
    """One model on one device."""

    weights: Weights
    device: DeviceReport
    family: Family
    pipeline: Any
    preview: PreviewMap
    prompts: PromptCache

    def embed(self, prompt: str) -> Embedding:
        """The prompt as this model's text encoder reads it, at most as long as the model's card says."""
        weights = self.weights
        parts = (weights.digest("text_encoder"), weights.digest("tokenizer"), str(sorted(weights.card.options.items())))
        embed = functools.partial(self.family.embed, self.pipeline, weights, prompt)
        return self.prompts.get(" ".join(parts), prompt, embed)


@torch.inference_mode()
def load(
    weights: Weights, device: DeviceReport, cache: Path, prompts: PromptCache, check: Callable[[], None]
) -> Loaded:
    """Load a model, and fit the preview map unless it is cached; `check` is called in between and may raise to stop.

    Raises:
        WeightsError: naming a file that cannot be used, or sizes on the card that are not the model's.
    """
    adapter = family(weights.card.family)
    check()
    try:
        pipeline = adapter.load(weights, device.kind, device.dtype)
    except Exception:  # whatever a library makes of a file that goes or changes under its hands
        verified(weights.card, weights.folder, check, cache)
        raise
    _refuse_rounding(weights, adapter.compression(pipeline))
    attend(adapter.denoisers(pipeline), device, weights.card.family)
    check()
    preview = preview_map(adapter, pipeline, weights.digest("vae"), cache / "preview")
    pipeline.maybe_free_model_hooks()
    return Loaded(weights, device, adapter, pipeline, preview, prompts)


def _refuse_rounding(weights: Weights, ratio: Compression) -> None:
    """Some pipelines round a size or a length that is not theirs without a word; the card must allow none."""
    card = weights.card
    for what, said, needed in (
        ("edges", card.size.multiple, ratio.multiple),
        ("frames", card.frames.step, ratio.temporal),
    ):
        if said % needed:
            detail = f"the card of {card.name} has {what} by {said}, the model by {needed}"
            raise WeightsError("corrupt_weights", detail)
