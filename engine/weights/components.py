"""Components of a diffusers folder, built only from classes we name and configs with known keys.

`trust_remote_code=False` has failed more than once upstream, so nothing here is chosen by a file: the class comes
from the caller, a config may only hold plain values under that class's own parameters, weights are safetensors.
"""

import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from diffusers.quantizers.gguf.utils import GGUFLinear, GGUFParameter, dequantize_gguf_tensor
from diffusers.quantizers.quantization_config import GGUFQuantizationConfig
from huggingface_hub.errors import StrictDataclassError
from tokenizers import Tokenizer
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModel,
    PreTrainedTokenizerFast,
    T5Config,
    T5EncoderModel,
    UMT5Config,
    UMT5EncoderModel,
)
from transformers.convert_slow_tokenizer import T5Converter

from engine.weights.configs import (
    CLIP_KEYS,
    CLIP_NOTES,
    T5_KEYS,
    T5_NOTES,
    UMT5_KEYS,
    UMT5_NOTES,
    read_class_config,
    read_closed,
    read_config,
)
from engine.weights.store import WeightsError

EOS = "</s>"
ADAPTER = "adapter_config.json"


def load_diffusers(cls: Any, folder: Path, dtype: torch.dtype | None = None) -> Any:
    """A diffusers model (with `dtype`) or scheduler (without) of exactly the class `cls`.

    Raises:
        WeightsError: when the config is of another class or holds anything but plain values for its parameters, or
            when tensors are missing (which would be left random).
    """
    name = "config.json" if dtype is not None else "scheduler_config.json"
    values = read_class_config(folder / name, cls.__name__, _parameters(cls))
    if dtype is None:
        return cls(**values)
    model, found = cls.from_pretrained(
        folder, use_safetensors=True, local_files_only=True, torch_dtype=dtype, output_loading_info=True
    )
    _refuse_missing(found["missing_keys"], folder)
    return model.eval()


def load_gguf(cls: Any, path: Path, folder: Path, dtype: torch.dtype) -> Any:
    """A diffusers model from the GGUF file `path` and the config in `folder`; it computes in `dtype`.

    Its linear layers keep their quantized weights and expand them at every call; see `unpack_gguf`.

    Raises:
        WeightsError: when the config is not closed, or the file does not hold the tensors it asks for.
    """
    read_class_config(folder / "config.json", cls.__name__, _parameters(cls))
    try:
        model = cls.from_single_file(
            str(path),
            config=str(folder),  # without it the config is guessed, and looked for on the network
            quantization_config=GGUFQuantizationConfig(compute_dtype=dtype),
            dtype=dtype,
            local_files_only=True,
        )
    except (ValueError, KeyError, RuntimeError, NotImplementedError) as error:
        raise WeightsError("corrupt_weights", f"{path.name}: {str(error)[:300]}") from error
    missing = [name for name, tensor in model.state_dict().items() if tensor.is_meta]
    _refuse_missing(missing, path)
    stray = [name for name, parameter in _packed(model) if not isinstance(_owner(model, name), GGUFLinear)]
    if stray:
        raise WeightsError("corrupt_weights", f"{path.name}: {stray[0]} is quantized, which only linear layers may be")
    return model.eval()


def unpacked_gguf_bytes(model: Any, dtype: torch.dtype) -> int:
    """How large `unpack_gguf` would make the model."""
    linear = [module for module in model.modules() if isinstance(module, GGUFLinear)]
    packed = {id(module.weight) for module in linear}
    rest = sum(p.numel() for p in model.parameters() if id(p) not in packed)
    return (rest + sum(module.in_features * module.out_features for module in linear)) * dtype.itemsize


def unpack_gguf(model: Any, dtype: torch.dtype) -> Any:
    """The same model with plain linear layers in `dtype`: larger, and no weight is expanded twice."""
    for name, parameter in _packed(model):
        parent, _, attribute = name.removesuffix(".weight").rpartition(".")
        packed = model.get_submodule(name.removesuffix(".weight"))
        with torch.device("meta"):
            plain = torch.nn.Linear(packed.in_features, packed.out_features, bias=packed.bias is not None)
        plain.weight = torch.nn.Parameter(dequantize_gguf_tensor(parameter).to(dtype), requires_grad=False)
        plain.bias = packed.bias
        setattr(model.get_submodule(parent), attribute, plain)
    return model.eval()


def load_t5(folder: Path, dtype: torch.dtype) -> T5EncoderModel:
    """The T5 encoder in `folder`.

    Raises:
        WeightsError: when its config holds keys we do not know, or tensors are missing.
    """
    values = read_closed(folder / "config.json", T5_KEYS, T5_NOTES)
    return _load_encoder(T5EncoderModel, _config(T5Config, values, folder), folder, dtype)


def load_umt5(folder: Path, dtype: torch.dtype) -> UMT5EncoderModel:
    """The umT5 encoder in `folder`; raises as `load_t5`."""
    values = read_closed(folder / "config.json", UMT5_KEYS, UMT5_NOTES)
    return _load_encoder(UMT5EncoderModel, _config(UMT5Config, values, folder), folder, dtype)


def load_clip_vision(folder: Path, dtype: torch.dtype) -> CLIPVisionModel:
    """The CLIP image encoder in `folder`; raises as `load_t5`."""
    values = read_closed(folder / "config.json", CLIP_KEYS, CLIP_NOTES)
    return _load_encoder(CLIPVisionModel, _config(CLIPVisionConfig, values, folder), folder, dtype)


def _config(cls: Any, values: dict[str, Any], folder: Path) -> Any:
    """A config of transformers, whose classes check the types of their own values."""
    try:
        return cls(**values)
    except (StrictDataclassError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise WeightsError("corrupt_weights", f"{folder.name}/config.json: {str(error)[:200]}") from error


def _load_encoder(cls: Any, config: Any, folder: Path, dtype: torch.dtype) -> Any:
    if (folder / ADAPTER).exists():  # transformers would load it as well, and look for what it changes on the network
        raise WeightsError("corrupt_weights", f"{folder.name}/{ADAPTER} is part of no model that is known")
    model, found = cls.from_pretrained(
        folder,
        config=config,
        use_safetensors=True,
        local_files_only=True,
        dtype=dtype,
        output_loading_info=True,
    )
    _refuse_missing(found["missing_keys"], folder)
    return model.eval()


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer in `tokenizer.json`, else in `spiece.model`, with the T5 family's special tokens.

    T5Tokenizer would drop a normalizer of its own (transformers 5), so the file is used as it is.

    Raises:
        WeightsError: when neither is there, or it cannot be read.
    """
    path, pieces = folder / "tokenizer.json", folder / "spiece.model"
    config = read_config(folder / "tokenizer_config.json")
    length = config.get("model_max_length", 256)
    if path.is_file():
        source: dict[str, Any] = {"tokenizer_file": str(path)}
    else:
        source = {"tokenizer_object": _from_sentencepiece(pieces)}
    try:
        return PreTrainedTokenizerFast(
            **source,
            pad_token="<pad>",
            eos_token=EOS,
            unk_token="<unk>",
            model_max_length=int(length) if isinstance(length, int) else 256,
        )
    except Exception as error:  # the tokenizers library raises nothing narrower
        raise WeightsError("corrupt_weights", f"{folder.name}/{path.name} is no tokenizer") from error


def _from_sentencepiece(path: Path) -> Tokenizer:
    """A sentencepiece model as transformers converts it for T5; without sentinels, which no prompt means."""
    where = f"{path.parent.name}/{path.name}"
    if not path.is_file():
        raise WeightsError("missing_weights", f"{where} is missing")

    asked = SimpleNamespace(vocab_file=str(path), _extra_ids=0)  # what the converter asks of a tokenizer
    try:
        converter = T5Converter(asked)
        pieces = [row[0] for row in converter.vocab(converter.proto)]
        asked.convert_tokens_to_ids = pieces.index
        return converter.converted()
    except Exception as error:  # the tokenizers library raises nothing narrower
        raise WeightsError("corrupt_weights", f"{where} is no sentencepiece model of the T5 family") from error


def _parameters(cls: Any) -> set[str]:
    return set(inspect.signature(cls.__init__).parameters) - {"self", "kwargs"}


def _refuse_missing(names: Any, where: Path) -> None:
    if missing := sorted(names):
        raise WeightsError("corrupt_weights", f"{where.name} has no tensor {missing[0]} ({len(missing)} are missing)")


def _packed(model: Any) -> list[tuple[str, Any]]:
    return [(name, parameter) for name, parameter in model.named_parameters() if isinstance(parameter, GGUFParameter)]


def _owner(model: Any, name: str) -> torch.nn.Module:
    return model.get_submodule(name.rpartition(".")[0])
