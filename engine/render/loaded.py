"""A model ready to render: pipeline, preview map, and the prompts it has embedded."""

from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from engine.families.catalogue import family
from engine.families.family import Embedding, Family
from engine.memory.device import DeviceReport
from engine.protocol.model_card import ModelCard
from engine.render.preview import PreviewMap, preview_map
from engine.weights.store import Weights, verified

LARGEST_EMBEDDINGS = 64


@dataclass
class Loaded:
    """One model on one device."""

    weights: Weights
    device: DeviceReport
    family: Family
    pipeline: Any
    preview: PreviewMap
    _embeddings: OrderedDict[str, Embedding] = field(default_factory=OrderedDict)

    def embed(self, prompt: str) -> Embedding:
        """The prompt as this model's text encoder sees it; the latest ones are remembered."""
        found = self._embeddings.pop(prompt, None) or self.family.embed(self.pipeline, self.weights, prompt)
        self._embeddings[prompt] = found
        if len(self._embeddings) > LARGEST_EMBEDDINGS:
            self._embeddings.popitem(last=False)
        return found


@torch.inference_mode()
def load(card: ModelCard, folder: Path, device: DeviceReport, cache: Path) -> Loaded:
    """Check the files, load them, and fit the preview map unless it is cached.

    Raises:
        WeightsError: naming the file that is missing or damaged.
    """
    weights = verified(card, folder)
    adapter = family(card.family)
    pipeline = adapter.load(weights, device.kind, device.dtype)
    preview = preview_map(adapter, pipeline, weights.digest("vae"), cache / "preview")
    return Loaded(weights, device, adapter, pipeline, preview)
