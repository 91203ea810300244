"""Configs of a diffusers folder: known keys and plain values only. No torch: the engine's server reads them too."""

import json
from collections.abc import Set
from pathlib import Path
from typing import Any

from engine.weights.store import WeightsError

LARGEST_CONFIG_BYTES = 1 << 20
LARGEST_NUMBER = 1 << 24
"""A model with so many layers, or a schedule of so many steps, would only fill the memory."""

DIFFUSERS_NOTES = {"_class_name", "_diffusers_version", "_name_or_path"}
T5_KEYS = {
    *("d_ff", "d_kv", "d_model", "dense_act_fn", "dropout_rate", "eos_token_id", "feed_forward_proj"),
    *("initializer_factor", "is_gated_act", "layer_norm_epsilon", "num_decoder_layers", "num_heads", "num_layers"),
    *("pad_token_id", "relative_attention_max_distance", "relative_attention_num_buckets", "tie_word_embeddings"),
    *("vocab_size", "use_cache", "is_encoder_decoder", "decoder_start_token_id", "classifier_dropout"),
    *("is_decoder", "scale_decoder_outputs"),
}
T5_NOTES = {
    "architectures",
    "dtype",
    "torch_dtype",
    "model_type",
    "transformers_version",
    "output_past",
    "_name_or_path",
}
UMT5_KEYS = T5_KEYS - {"dense_act_fn", "is_gated_act", "tie_word_embeddings", "scale_decoder_outputs"}
UMT5_NOTES = T5_NOTES | {
    *("dense_act_fn", "is_gated_act", "tie_word_embeddings", "scalable_attention", "tokenizer_class"),
}
"""What is left out of a umT5 encoder's config follows from its other keys."""
CLIP_KEYS = {
    *("hidden_size", "intermediate_size", "projection_dim", "num_hidden_layers", "num_attention_heads"),
    *("num_channels", "image_size", "patch_size", "hidden_act", "layer_norm_eps", "attention_dropout"),
    *("initializer_range", "initializer_factor"),
}
CLIP_NOTES = T5_NOTES | {"dropout"}
_WAN_KEYS = {
    *("patch_size", "num_attention_heads", "attention_head_dim", "in_channels", "out_channels", "text_dim"),
    *("freq_dim", "ffn_dim", "num_layers", "cross_attn_norm", "qk_norm", "eps", "image_dim", "added_kv_proj_dim"),
    *("rope_max_seq_len", "pos_embed_seq_len"),
}
CLASS_KEYS: dict[str, set[str]] = {
    "FlowMatchEulerDiscreteScheduler": {
        *("num_train_timesteps", "shift", "use_dynamic_shifting", "base_shift", "max_shift", "base_image_seq_len"),
        *("max_image_seq_len", "invert_sigmas", "shift_terminal", "use_karras_sigmas", "use_exponential_sigmas"),
        *("use_beta_sigmas", "time_shift_type", "stochastic_sampling"),
    },
    "LTXVideoTransformer3DModel": {
        *("in_channels", "out_channels", "patch_size", "patch_size_t", "num_attention_heads", "attention_head_dim"),
        *("cross_attention_dim", "num_layers", "activation_fn", "qk_norm", "norm_elementwise_affine", "norm_eps"),
        *("caption_channels", "attention_bias", "attention_out_bias"),
    },
    "AutoencoderKLLTXVideo": {
        *("in_channels", "out_channels", "latent_channels", "block_out_channels", "down_block_types"),
        *("decoder_block_out_channels", "layers_per_block", "decoder_layers_per_block", "spatio_temporal_scaling"),
        *("decoder_spatio_temporal_scaling", "decoder_inject_noise", "downsample_type", "upsample_residual"),
        *("upsample_factor", "timestep_conditioning", "patch_size", "patch_size_t", "resnet_norm_eps"),
        *("scaling_factor", "encoder_causal", "decoder_causal"),
        *("spatial_compression_ratio", "temporal_compression_ratio"),
    },
    "UniPCMultistepScheduler": {
        *("num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "trained_betas", "solver_order"),
        *("prediction_type", "thresholding", "dynamic_thresholding_ratio", "sample_max_value", "predict_x0"),
        *("solver_type", "lower_order_final", "disable_corrector", "solver_p", "use_karras_sigmas"),
        *("use_exponential_sigmas", "use_beta_sigmas", "use_flow_sigmas", "flow_shift", "timestep_spacing"),
        *("steps_offset", "final_sigmas_type", "rescale_betas_zero_snr", "use_dynamic_shifting", "time_shift_type"),
        *("sigma_min", "sigma_max", "shift_terminal"),
    },
    "WanTransformer3DModel": _WAN_KEYS,
    "WanVACETransformer3DModel": _WAN_KEYS | {"vace_layers", "vace_in_channels"},
    "AutoencoderKLWan": {
        *("base_dim", "decoder_base_dim", "z_dim", "dim_mult", "num_res_blocks", "attn_scales"),
        *("temperal_downsample", "dropout", "latents_mean", "latents_std", "is_residual", "in_channels"),
        *("out_channels", "patch_size", "scale_factor_temporal", "scale_factor_spatial"),
    },
}
"""The parameters of diffusers' classes, for those who may not import them; a test holds them against the classes."""
CLASS_NOTES = {"AutoencoderKLWan": {"clip_output"}}
"""What stands in published configs and is no parameter."""


def read_config(path: Path) -> dict[str, Any]:
    """A JSON object of at most `LARGEST_CONFIG_BYTES`.

    Raises:
        WeightsError: naming the file, when it is missing or no such thing.
    """
    where = f"{path.parent.name}/{path.name}"
    try:
        if path.stat().st_size > LARGEST_CONFIG_BYTES:
            raise WeightsError("corrupt_weights", f"{where} is too large for a config")
        config = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise WeightsError("missing_weights", f"{where} is missing") from None
    except (OSError, ValueError, RecursionError) as error:
        raise WeightsError("corrupt_weights", f"{where}: {error}") from error
    if not isinstance(config, dict):
        raise WeightsError("corrupt_weights", f"{where} is no config")
    return config


def read_closed(path: Path, known: Set[str], notes: Set[str]) -> dict[str, Any]:
    """The config's values for `known` keys; `notes` may stand in it too and are left out.

    Raises:
        WeightsError: also for any other key, and for a value that is not plain.
    """
    where = f"{path.parent.name}/{path.name}"
    config = read_config(path)
    for key, value in config.items():
        if key not in known and key not in notes:
            raise WeightsError("corrupt_weights", f"{where} has an unknown key {key!r}")
        if not _is_plain(value):
            raise WeightsError("corrupt_weights", f"{where}: {key!r} is no plain value")
    return {key: value for key, value in config.items() if key in known}


def read_class_config(path: Path, name: str, known: Set[str]) -> dict[str, Any]:
    """A diffusers config that says it is for the class `name`.

    Raises:
        WeightsError: also when it is for another class.
    """
    if read_config(path).get("_class_name") != name:
        raise WeightsError("corrupt_weights", f"{path.parent.name}/{path.name} is not for {name}")
    return read_closed(path, known, DIFFUSERS_NOTES | CLASS_NOTES.get(name, set()))


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return all(_is_plain(item) for item in value)
    if isinstance(value, int | float):
        return abs(value) <= LARGEST_NUMBER  # which NaN is not
    return value is None or isinstance(value, str)
