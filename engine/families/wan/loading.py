"""Loading a Wan folder: which of its models it is, from its configs, and the diffusers pipeline that runs it."""

from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from diffusers.models.transformers.transformer_wan_vace import WanVACETransformer3DModel
from diffusers.pipelines.wan.pipeline_wan import WanPipeline
from diffusers.pipelines.wan.pipeline_wan_vace import WanVACEPipeline
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from diffusers.schedulers.scheduling_unipc_multistep import UniPCMultistepScheduler
from transformers import CLIPImageProcessorPil

from engine.families.family import load_denoiser
from engine.families.wan.pipeline import WanKnownFramesPipeline
from engine.memory.device import DeviceReport
from engine.weights.components import load_clip_vision, load_diffusers, load_tokenizer, load_umt5
from engine.weights.configs import read_config
from engine.weights.store import Weights, WeightsError

TRANSFORMERS = {"WanTransformer3DModel": WanTransformer3DModel, "WanVACETransformer3DModel": WanVACETransformer3DModel}
SCHEDULERS = {
    "UniPCMultistepScheduler": UniPCMultistepScheduler,
    "FlowMatchEulerDiscreteScheduler": FlowMatchEulerDiscreteScheduler,
}


def load_wan(weights: Weights, here: DeviceReport, dtype: torch.dtype) -> Any:
    """The pipeline, not placed yet; the VAE in float32, as its makers say.

    Raises:
        WeightsError: naming a file that cannot be used.
    """
    folder = weights.folder
    transformer_class = _known_class(weights, "transformer/config.json", TRANSFORMERS)
    transformer = load_denoiser(transformer_class, weights, here, dtype)
    parts = {
        "scheduler": _scheduler(weights),
        "vae": load_diffusers(AutoencoderKLWan, folder / "vae", torch.float32),
        "text_encoder": load_umt5(folder / "text_encoder", dtype),
        "tokenizer": load_tokenizer(folder / "tokenizer"),
        "transformer": transformer,
        **_experts(weights, transformer_class, here, dtype),
    }
    expands = _said(weights, "expand_timesteps", bool) or False
    if transformer_class is WanVACETransformer3DModel:
        return WanVACEPipeline(**parts)
    if not expands and transformer.config.in_channels == transformer.config.out_channels:
        return WanPipeline(**parts)
    if transformer.config.image_dim is not None:
        parts["image_encoder"] = load_clip_vision(folder / "image_encoder", dtype)
        parts["image_processor"] = CLIPImageProcessorPil()  # its defaults are CLIP's own
    return WanKnownFramesPipeline(**parts, expand_timesteps=expands)


def _experts(weights: Weights, cls: Any, here: DeviceReport, dtype: torch.dtype) -> dict[str, Any]:
    """The second transformer, for low noise, and where it takes over; nothing for models that have one."""
    boundary = _said(weights, "boundary_ratio", float)
    if boundary is None:
        return {}
    second = load_denoiser(cls, weights, here, dtype, "transformer_2")
    return {"transformer_2": second, "boundary_ratio": boundary}


def _scheduler(weights: Weights) -> Any:
    where = "scheduler/scheduler_config.json"
    cls: Any = _known_class(weights, where, SCHEDULERS)
    scheduler: Any = load_diffusers(cls, weights.folder / "scheduler")
    config, shift = scheduler.config, weights.card.options.get("flow_shift")
    if cls is UniPCMultistepScheduler:
        if not config.use_flow_sigmas or config.prediction_type != "flow_prediction" or config.solver_p is not None:
            raise WeightsError("corrupt_weights", f"{where} is not for a flow model")
        changed: dict[str, Any] = {} if shift is None else {"flow_shift": shift}
    else:
        if config.stochastic_sampling or config.use_dynamic_shifting:
            raise WeightsError("corrupt_weights", f"{where} asks for what Wan's pipelines do not do")
        changed = {} if shift is None else {"shift": shift}
    return cls.from_config(config, **changed) if changed else scheduler


def _known_class(weights: Weights, where: str, classes: dict[str, Any]) -> Any:
    said = read_config(weights.folder / where).get("_class_name")
    if not isinstance(said, str) or said not in classes:
        raise WeightsError("corrupt_weights", f"{where} is for none of {', '.join(classes)}")
    return classes[said]


def _said(weights: Weights, key: str, kind: type) -> Any:
    """A plain value of `model_index.json`, where nothing else is believed."""
    value = read_config(weights.folder / "model_index.json").get(key)
    if value is None or type(value) is kind:
        return value
    raise WeightsError("corrupt_weights", f"model_index.json: {key} is {str(value)[:40]}")
