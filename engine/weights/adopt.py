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
from engine.weights.configs import CLASS_KEYS, read_class_config, read_closed, read_config
from engine.weights.headers import HeaderError, Shapes, blocks, gguf_shapes, safetensors_shapes
from engine.weights.layouts import LAYOUTS, LTX, Layout, ratios, wan_patch, wan_ratios, whole
from engine.weights.store import WeightsError

GGUF_PREFIX = "model.diffusion_model."
PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")


@dataclass(frozen=True)
class FoundModel:
    """A folder that can be loaded: its files (relative, with /), configs by component, and its number of weights.

    `settings` are plain values of its index.
    """

    folder: Path
    gguf: Path | None
    layout: Layout
    files: tuple[str, ...]
    configs: dict[str, dict[str, Any]]
    settings: dict[str, Any]
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
    configs = {name: look.config(name) for name in look.components}
    heavy = [name for name in look.components if name not in ("scheduler", "tokenizer", "transformer")]
    shapes = {name: look.weights(name) for name in heavy}
    shapes["transformer"] = look.weights("transformer") if gguf is None else look.gguf(gguf)
    if not look.problems:  # only of what could be read can it be said that it fits together
        look.fit(configs, shapes, gguf)
    if look.problems:
        raise ProblemsError(look.problems)
    sizes = {name: sum(math.prod(shape) for shape in found.values()) for name, found in shapes.items()}
    denoisers = sum(size for name, size in sizes.items() if name.startswith("transformer"))
    total = sum(sizes.values())
    return FoundModel(folder, gguf, look.layout, tuple(look.files), configs, look.settings, denoisers, total)


class _Look:
    """One look into a folder; gathers what is used of it and what is wrong with it."""

    def __init__(self, folder: Path) -> None:
        self.problems: list[Problem] = []
        self.files: list[str] = []
        self._folder = folder
        self.layout = LTX
        self.components: list[str] = list(LTX.components)
        self.settings: dict[str, Any] = {}
        self._classes: dict[str, str] = {}

    def pipeline(self) -> None:
        """`model_index.json` names a pipeline and components that we know, and no others."""
        name = "model_index.json"
        with self._noting(name):
            index = read_config(self._folder / name)
            self.files.append(name)
            layout = next((each for each in LAYOUTS if index.get("_class_name") in each.pipelines), None)
            if layout is None:
                said = str(index.get("_class_name"))[:80]
                known = ", ".join(pipeline for each in LAYOUTS for pipeline in each.pipelines)
                raise HeaderError("unsupported", f"its pipeline is {said}, not one of {known}")
            self.layout = layout
            self._list(index)

    def _list(self, index: dict[str, Any]) -> None:
        """The components that the index names, and its settings."""
        layout, found = self.layout, list[str]()
        for component, (library, classes) in layout.components.items():
            said = index.get(component)
            if component in layout.optional and said in (None, [None, None]):
                continue
            if not isinstance(said, list) or said[:1] != [library] or said[1:] not in [[c] for c in classes]:
                raise HeaderError("unsupported", f"its {component} is {str(said)[:80]}")
            self._classes[component] = str(said[1])
            if component not in layout.unread:
                found.append(component)
        for key, value in index.items():
            if key in layout.components or key.startswith("_"):
                continue
            if key not in layout.settings:
                raise HeaderError("unsupported", f"it has a component {key[:80]!r}")
            if value is not None and type(value) is not layout.settings[key]:
                raise HeaderError("invalid", f"its {key} is {str(value)[:40]}")
            self.settings[key] = value
        self.components = found

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
            if component in self.layout.encoders:
                return read_closed(path, *self.layout.encoders[component])
            cls = self._classes.get(component) or self.layout.components[component][1][0]
            return read_class_config(path, cls, CLASS_KEYS[cls])
        return {}

    def weights(self, component: str) -> Shapes:
        """The tensors of a component, of one file or of shards; empty when there is a problem."""
        transformers = component in self.layout.encoders
        stem = f"{component}/{'model' if transformers else 'diffusion_pytorch_model'}"
        single, index, packed = f"{stem}.safetensors", f"{stem}.safetensors.index.json", f"{stem}.gguf"
        order = (single, index) if transformers else (index, single)  # as each library chooses
        order = (*order, packed) if component.startswith("transformer") else order
        name = next((name for name in order if self._is_file(name)), single)
        pickles = sorted(p.name for p in (self._folder / component).glob("*") if p.suffix in PICKLES)
        if pickles and not self._is_file(name):
            name = f"{component}/{pickles[0]}"
        with self._noting(name):
            if not self._is_file(name):
                raise WeightsError("missing_weights", "")
            if name not in (single, index, packed):
                raise HeaderError("unsupported", "only safetensors are read")
            self.files.append(name)
            if name == index:
                return self._shards(component, index)
            path = self._folder / name
            return self._gguf_shapes(path) if name == packed else safetensors_shapes(path)
        return {}

    def gguf(self, path: Path) -> Shapes:
        """The tensors of a GGUF file; empty when there is a problem."""
        with self._noting(str(path)):
            if not path.is_file():
                raise WeightsError("missing_weights", "")
            if "transformer_2" in self.components:
                raise HeaderError("unsupported", "this model has two transformers, and it is one")
            return self._gguf_shapes(path)
        return {}

    def _gguf_shapes(self, path: Path) -> Shapes:
        found = gguf_shapes(path, self.layout.gguf)
        return {name.removeprefix(GGUF_PREFIX): shape for name, shape in found.items()}

    def fit(self, configs: dict[str, dict[str, Any]], shapes: dict[str, Shapes], gguf: Path | None) -> None:
        """The components are of one model."""
        ltx = self.layout is LTX
        for name in [name for name in configs if name.startswith("transformer")]:
            with self._noting(str(gguf or f"{name}/config.json")):
                wanted = whole(configs[name], "num_layers", 28 if ltx else 40)
                if (found := blocks(shapes[name], self.layout.blocks)) != set(range(wanted)):
                    raise HeaderError("invalid", f"{wanted} blocks are wanted, and there are {len(found)}")
        transformer, vae, encoder = configs["transformer"], configs["vae"], configs["text_encoder"]
        with self._noting("vae/config.json"):
            held = whole(vae, "latent_channels", 128) if ltx else whole(vae, "z_dim", 16)
            made = whole(transformer, *(("in_channels", 128) if ltx else ("out_channels", 16)))
            self._equal("latent channels", held, made)
            _ = ratios(vae) if ltx else (wan_ratios(vae), wan_patch(transformer))
        with self._noting("text_encoder/config.json"):
            wide = whole(transformer, *(("caption_channels", 4096) if ltx else ("text_dim", 4096)))
            self._equal("text channels", whole(encoder, "d_model", 512), wide)
        with self._noting("model_index.json"):
            if ("transformer_2" in configs) != (self.settings.get("boundary_ratio") is not None):
                raise HeaderError("invalid", "a second transformer needs a boundary_ratio, and no other has one")

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
