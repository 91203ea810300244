"""LoRAs on a loaded model for one section, beside its weights and never in them: taken off, nothing is left."""

import contextlib
import warnings
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file

from engine.media.errors import MediaError
from engine.protocol.recipe import LoraUse


@contextlib.contextmanager
def applied(pipeline: Any, loras: Sequence[LoraUse], files: Mapping[str, Path]) -> Generator[None]:
    """While the block runs, the pipeline's transformer computes with these LoRAs; `files` by sha256.

    Raises:
        MediaError: for a file that cannot be read, or that is for another model.
    """
    if not loras:
        yield
        return
    names = [f"lora{number}" for number in range(len(loras))]
    try:
        for name, lora in zip(names, loras, strict=True):
            _load(pipeline, name, files[lora.media])
        pipeline.set_adapters(names, [lora.strength for lora in loras])
        yield
    finally:
        pipeline.unload_lora_weights()


def _load(pipeline: Any, name: str, path: Path) -> None:
    try:
        tensors = load_file(path)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Already found a `peft_config`")  # of the one before: they are to be many
            pipeline.load_lora_weights(tensors, adapter_name=name)
    except (OSError, SafetensorError) as error:
        raise MediaError("unreadable", f"{path.name}: {str(error)[:200]}") from error
    except (ValueError, RuntimeError, KeyError, AttributeError) as error:  # whatever diffusers makes of strange names
        raise MediaError("unsupported", f"{path.name} is no LoRA for this model: {str(error)[:200]}") from error
    if name not in getattr(pipeline.transformer, "peft_config", {}):  # all its names were of something else
        raise MediaError("unsupported", f"{path.name} changes nothing of this model")
