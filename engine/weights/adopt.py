"""A model folder that lies anywhere on this machine: recognised from configs and headers, and its card written.

Nothing here imports torch: this runs in the engine's server.
"""

import contextlib
import math
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.protocol.problem import Problem, ProblemsError
from engine.weights.configs import CLASS_KEYS, T5_KEYS, T5_NOTES, read_class_config, read_closed, read_config
from engine.weights.headers import HeaderError, Shapes, blocks, gguf_shapes, safetensors_shapes
from engine.weights.store import WeightsError

PIPELINES = ("LTXPipeline", "LTXImageToVideoPipeline", "LTXConditionPipeline")
COMPONENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "scheduler": ("diffusers", ("FlowMatchEulerDiscreteScheduler",)),
    "text_encoder": ("transformers", ("T5EncoderModel",)),
    "tokenizer": (
        "transformers",
        ("T5Tokenizer", "T5TokenizerFast", "PreTrainedTokenizerFast", "TokenizersBackend"),
    ),
    "transformer": ("diffusers", ("LTXVideoTransformer3DModel",)),
    "vae": ("diffusers", ("AutoencoderKLLTXVideo",)),
}
"""Every component of an LTX pipeline, with its library and the classes we load it by."""
GGUF_ARCHITECTURE = "ltxv"
GGUF_PREFIX = "model.diffusion_model."
PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")


@dataclass(frozen=True)
class FoundModel:
    """A folder that can be loaded: its files (relative, with /), configs by component, and its number of weights."""

    folder: Path
    gguf: Path | None
    files: tuple[str, ...]
    configs: dict[str, dict[str, Any]]
    transformer_weights: int
    weights: int


def recognise(folder: Path, gguf: Path | None = None) -> FoundModel:
    """What the diffusers folder holds, its transformer's weights taken from `gguf` where that is given.

    Raises:
        ProblemsError: with all that is wrong, each by the name of its file.
    """
    if not folder.is_dir():
        kind = "unreadable" if folder.exists() else "missing"
        raise ProblemsError([Problem(field=str(folder), kind=kind, detail="not a folder")])
    look = _Look(folder)
    look.pipeline()
    configs = {name: look.config(name) for name in COMPONENTS}
    shapes = {name: look.weights(name) for name in ("text_encoder", "vae")}
    shapes["transformer"] = look.weights("transformer") if gguf is None else look.gguf(gguf)
    if not look.problems:  # only of what could be read can it be said that it fits together
        look.fit(configs, shapes, gguf)
    if look.problems:
        raise ProblemsError(look.problems)
    sizes = {name: sum(math.prod(shape) for shape in found.values()) for name, found in shapes.items()}
    return FoundModel(folder, gguf, tuple(look.files), configs, sizes["transformer"], sum(sizes.values()))


class _Look:
    """One look into a folder; gathers what is used of it and what is wrong with it."""

    def __init__(self, folder: Path) -> None:
        self.problems: list[Problem] = []
        self.files: list[str] = []
        self._folder = folder

    def pipeline(self) -> None:
        """`model_index.json` names a pipeline and components that we know, and no others."""
        name = "model_index.json"
        with self._noting(name):
            index = read_config(self._folder / name)
            self.files.append(name)
            if index.get("_class_name") not in PIPELINES:
                said = str(index.get("_class_name"))[:80]
                raise HeaderError("unsupported", f"its pipeline is {said}, not one of {', '.join(PIPELINES)}")
            for component, (library, classes) in COMPONENTS.items():
                said = index.get(component)
                if not isinstance(said, list) or said[:1] != [library] or said[1:] not in [[c] for c in classes]:
                    raise HeaderError("unsupported", f"its {component} is {str(said)[:80]}")
            unknown = [key for key in index if key not in COMPONENTS and not key.startswith("_")]
            if unknown:
                raise HeaderError("unsupported", f"it has a component {unknown[0][:80]!r}")

    def config(self, component: str) -> dict[str, Any]:
        """The component's config, closed; empty when there is a problem with it."""
        names = {"scheduler": "scheduler_config.json", "tokenizer": "tokenizer_config.json"}
        name = f"{component}/{names.get(component, 'config.json')}"
        path = self._folder / name
        with self._noting(name):
            self.files.append(name)
            if component == "tokenizer":
                self._tokenizer()
                return read_config(path)
            if component == "text_encoder":
                return read_closed(path, T5_KEYS, T5_NOTES)
            cls = COMPONENTS[component][1][0]
            return read_class_config(path, cls, CLASS_KEYS[cls])
        return {}

    def weights(self, component: str) -> Shapes:
        """The tensors of a component, of one file or of shards; empty when there is a problem."""
        transformers = component == "text_encoder"
        single = f"{component}/{'model' if transformers else 'diffusion_pytorch_model'}.safetensors"
        index = f"{single}.index.json"
        order = (single, index) if transformers else (index, single)  # as each library chooses
        name = next((name for name in order if self._is_file(name)), single)
        pickles = sorted(p.name for p in (self._folder / component).glob("*") if p.suffix in PICKLES)
        if pickles and not self._is_file(name):
            name = f"{component}/{pickles[0]}"
        with self._noting(name):
            if not self._is_file(name):
                raise WeightsError("missing_weights", "")
            if name not in (single, index):
                raise HeaderError("unsupported", "only safetensors are read")
            self.files.append(name)
            return self._shards(component, index) if name == index else safetensors_shapes(self._folder / name)
        return {}

    def gguf(self, path: Path) -> Shapes:
        """The tensors of a GGUF file; empty when there is a problem."""
        with self._noting(str(path)):
            if not path.is_file():
                raise WeightsError("missing_weights", "")
            shapes = gguf_shapes(path, GGUF_ARCHITECTURE)
            return {name.removeprefix(GGUF_PREFIX): shape for name, shape in shapes.items()}
        return {}

    def fit(self, configs: dict[str, dict[str, Any]], shapes: dict[str, Shapes], gguf: Path | None) -> None:
        """The components are of one model."""
        transformer, vae, encoder = configs["transformer"], configs["vae"], configs["text_encoder"]
        with self._noting(str(gguf or "transformer/config.json")):
            wanted = whole(transformer, "num_layers", 28)
            if (found := blocks(shapes["transformer"])) != set(range(wanted)):
                raise HeaderError("invalid", f"{wanted} blocks are wanted, and there are {len(found)}")
        with self._noting("vae/config.json"):
            self._equal("latent channels", whole(vae, "latent_channels", 128), whole(transformer, "in_channels", 128))
            ratios(vae)
        with self._noting("text_encoder/config.json"):
            wide = whole(transformer, "caption_channels", 4096)
            self._equal("text channels", whole(encoder, "d_model", 512), wide)

    def _equal(self, what: str, here: int, wanted: int) -> None:
        if here != wanted:
            raise HeaderError("invalid", f"{here} {what}, and the transformer takes {wanted}")

    def _shards(self, component: str, index: str) -> Shapes:
        table = read_config(self._folder / index)
        places = table.get("weight_map")
        if not isinstance(places, dict) or not isinstance(table.get("metadata"), dict):
            raise HeaderError("invalid", "it lists no tensors")
        shapes: Shapes = {}
        for shard in sorted({str(place) for place in places.values()}):
            if not shard.endswith(".safetensors") or set(shard) & set("/\\:\0"):
                raise HeaderError("invalid", f"{shard[:80]!r} is no safetensors file of this folder")
            name = f"{component}/{shard}"
            with self._noting(name):
                if not self._is_file(name):
                    raise WeightsError("missing_weights", "")
                self.files.append(name)
                held = safetensors_shapes(self._folder / name)
                lost = [tensor for tensor, place in places.items() if place == shard and tensor not in held]
                if lost:
                    raise HeaderError("invalid", f"it has no tensor {lost[0][:80]}")
                shapes |= held
        return shapes

    def _tokenizer(self) -> None:
        names = [f"tokenizer/{name}" for name in ("tokenizer.json", "spiece.model")]
        found = next((name for name in names if self._is_file(name)), None)
        if found is None:
            self.problems.append(Problem(field=names[1], kind="missing"))
        elif not (self._folder / found).stat().st_size:
            self.problems.append(Problem(field=found, kind="invalid", detail="it is empty"))
        else:
            self.files.append(found)

    def _is_file(self, name: str) -> bool:
        return (self._folder / name).is_file()

    @contextlib.contextmanager
    def _noting(self, field: str) -> Generator[None]:
        try:
            yield
        except HeaderError as error:
            self.problems.append(Problem(field=field, kind=error.kind, detail=error.detail))
        except WeightsError as error:
            kind = "missing" if error.kind == "missing_weights" else "invalid"
            detail = "" if kind == "missing" else error.detail.removeprefix(field).lstrip(": ")
            self.problems.append(Problem(field=field, kind=kind, detail=detail))
        except OSError as error:
            self.problems.append(Problem(field=field, kind="unreadable", detail=error.strerror or ""))


def whole(config: dict[str, Any], key: str, default: int) -> int:
    """A positive whole number of a config.

    Raises:
        HeaderError: when it is something else.
    """
    value = config.get(key)
    value = default if value is None else value
    if type(value) is not int or not 1 <= value <= 1 << 20:
        raise HeaderError("invalid", f"{key} is {str(value)[:40]}")
    return value


def ratios(vae: dict[str, Any]) -> tuple[int, int]:
    """Pixels of an edge, and frames, that share a latent; as `AutoencoderKLLTXVideo` computes them.

    Raises:
        HeaderError: when the config does not say it in numbers.
    """
    scaling = vae.get("spatio_temporal_scaling", [True, True, True, False])
    if not isinstance(scaling, list) or len(scaling) > 16:
        raise HeaderError("invalid", f"spatio_temporal_scaling is {str(scaling)[:40]}")
    halvings = sum(each is True for each in scaling)
    spatial = whole(vae, "patch_size", 4) * 2**halvings
    temporal = whole(vae, "patch_size_t", 1) * 2**halvings
    return whole(vae, "spatial_compression_ratio", spatial), whole(vae, "temporal_compression_ratio", temporal)
