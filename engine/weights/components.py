"""Components of a diffusers folder, built only from classes we name and configs with known keys.

`trust_remote_code=False` has failed more than once upstream, so nothing here is chosen by a file: the class comes
from the caller, a config may only hold plain values under that class's own parameters, weights are safetensors.
"""

import inspect
import json
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedTokenizerFast, T5Config, T5EncoderModel

from engine.weights.store import WeightsError

LARGEST_CONFIG_BYTES = 1 << 20
_T5_KEYS = {
    *("d_ff", "d_kv", "d_model", "dense_act_fn", "dropout_rate", "eos_token_id", "feed_forward_proj"),
    *("initializer_factor", "is_gated_act", "layer_norm_epsilon", "num_decoder_layers", "num_heads", "num_layers"),
    *("pad_token_id", "relative_attention_max_distance", "relative_attention_num_buckets", "tie_word_embeddings"),
    *("vocab_size", "use_cache", "is_encoder_decoder", "decoder_start_token_id", "classifier_dropout"),
    *("is_decoder", "scale_decoder_outputs"),
}
_T5_NOTES = {
    "architectures",
    "dtype",
    "torch_dtype",
    "model_type",
    "transformers_version",
    "output_past",
    "_name_or_path",
}
_DIFFUSERS_NOTES = {"_class_name", "_diffusers_version", "_name_or_path"}


def load_diffusers(cls: Any, folder: Path, dtype: torch.dtype | None = None) -> Any:
    """A diffusers model (with `dtype`) or scheduler (without) of exactly the class `cls`.

    Raises:
        WeightsError: when the config is of another class or holds anything but plain values for its parameters.
    """
    name = "config.json" if dtype is not None else "scheduler_config.json"
    config = _read_config(folder / name)
    if config.get("_class_name") != cls.__name__:
        raise WeightsError("corrupt_weights", f"{folder.name}/{name} is not for {cls.__name__}")
    parameters = set(inspect.signature(cls.__init__).parameters) - {"self", "kwargs"}
    values = _closed(config, parameters, _DIFFUSERS_NOTES, f"{folder.name}/{name}")
    if dtype is None:
        return cls(**values)
    model = cls.from_pretrained(folder, use_safetensors=True, local_files_only=True, torch_dtype=dtype)
    return model.eval()


def load_t5(folder: Path, dtype: torch.dtype) -> T5EncoderModel:
    """The T5 encoder in `folder`.

    Raises:
        WeightsError: when its config holds keys we do not know.
    """
    config = _read_config(folder / "config.json")
    values = _closed(config, _T5_KEYS, _T5_NOTES, f"{folder.name}/config.json")
    return T5EncoderModel.from_pretrained(
        folder, config=T5Config(**values), use_safetensors=True, local_files_only=True, dtype=dtype
    ).eval()


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer in `folder/tokenizer.json`, with the T5 family's special tokens.

    T5Tokenizer would drop a normalizer of its own (transformers 5), so the file is used as it is.
    """
    path = folder / "tokenizer.json"
    config = _read_config(folder / "tokenizer_config.json")
    length = config.get("model_max_length", 256)
    return PreTrainedTokenizerFast(
        tokenizer_file=str(path),
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=int(length) if isinstance(length, int) else 256,
    )


def _read_config(path: Path) -> dict[str, Any]:
    where = f"{path.parent.name}/{path.name}"
    try:
        if path.stat().st_size > LARGEST_CONFIG_BYTES:
            raise WeightsError("corrupt_weights", f"{where} is too large for a config")
        config = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise WeightsError("missing_weights", f"{where} is missing") from None
    except (OSError, ValueError) as error:
        raise WeightsError("corrupt_weights", f"{where}: {error}") from error
    if not isinstance(config, dict):
        raise WeightsError("corrupt_weights", f"{where} is no config")
    return config


def _closed(config: dict[str, Any], known: set[str], notes: set[str], where: str) -> dict[str, Any]:
    for key, value in config.items():
        if key not in known and key not in notes:
            raise WeightsError("corrupt_weights", f"{where} has an unknown key {key!r}")
        if not _is_plain(value):
            raise WeightsError("corrupt_weights", f"{where}: {key!r} is no plain value")
    return {key: value for key, value in config.items() if key in known}


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, bool | int | float | str)
