"""LTX-Video: text, images and keyframes through `LTXConditionPipeline`; the starter model is one of these."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_ltx import AutoencoderKLLTXVideo
from diffusers.models.transformers.transformer_ltx import LTXVideoTransformer3DModel
from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXConditionPipeline, LTXVideoCondition
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler
from PIL import Image

from engine.families.family import Compression, Embedding, Inputs, Known, load_denoiser, to_frames
from engine.memory.device import find
from engine.memory.offload import part_bytes, place, placement
from engine.protocol.job import Device
from engine.protocol.recipe import Recipe
from engine.weights.components import load_diffusers, load_t5, load_tokenizer
from engine.weights.store import Weights, WeightsError

DEFAULT_MAX_SEQUENCE_LENGTH = 256
DEFAULT_IMAGE_COND_NOISE_SCALE = 0.15
DECODE_SEED = 0


class LTX:
    """The LTX-Video architecture (arXiv 2501.00103)."""

    def load(self, weights: Weights, device: str, dtype: torch.dtype) -> LTXConditionPipeline:
        """The pipeline, all components in `dtype`, on the device or where the card's `offload` leaves them."""
        folder, here = weights.folder, find(cast("Device", device))
        pipeline: Any = LTXConditionPipeline(
            scheduler=_scheduler(folder / "scheduler"),
            vae=load_diffusers(AutoencoderKLLTXVideo, folder / "vae", dtype),
            text_encoder=load_t5(folder / "text_encoder", dtype),
            tokenizer=load_tokenizer(folder / "tokenizer"),
            transformer=load_denoiser(LTXVideoTransformer3DModel, weights, here, dtype),
        )
        options = weights.card.options
        pipeline.decode_timestep = options.get("decode_timestep", 0.0)
        pipeline.decode_noise_scale = options.get("decode_noise_scale", pipeline.decode_timestep)  # as it does itself
        pipeline.set_progress_bar_config(disable=True)
        return place(pipeline, placement(weights.card.offload, part_bytes(pipeline), here), device)

    def embed(self, pipeline: Any, weights: Weights, prompt: str) -> Embedding:
        """Encode one prompt as the pipeline would."""
        length = _max_sequence_length(weights)
        embeds, mask, _, _ = pipeline.encode_prompt(
            prompt=[prompt], do_classifier_free_guidance=False, max_sequence_length=length
        )
        given = len(pipeline.tokenizer(prompt).input_ids)
        return Embedding(embeds, mask, kept_tokens=min(given, length), given_tokens=given)

    def denoise(self, pipeline: Any, weights: Weights, inputs: Inputs) -> torch.Tensor:
        """Run the pipeline to its final latents  # [1, C, F, H, W] float32, model scale."""
        recipe, negative = inputs.recipe, inputs.negative
        options = weights.card.options
        return pipeline(
            prompt_embeds=inputs.positive.embeds,
            prompt_attention_mask=inputs.positive.mask,
            negative_prompt_embeds=negative.embeds if negative else None,
            negative_prompt_attention_mask=negative.mask if negative else None,
            conditions=[_condition(known) for known in inputs.known] or None,
            latents=None if inputs.source is None else self.encode(pipeline, inputs.source),
            denoise_strength=recipe.source.strength if recipe.source else 1.0,
            width=recipe.width,
            height=recipe.height,
            num_frames=recipe.num_frames,
            frame_rate=recipe.fps,
            num_inference_steps=recipe.num_inference_steps,
            timesteps=list(weights.card.timesteps) or None,
            guidance_scale=recipe.guidance_scale,
            guidance_rescale=options.get("guidance_rescale", 0.0),
            image_cond_noise_scale=options.get("image_cond_noise_scale", DEFAULT_IMAGE_COND_NOISE_SCALE),
            max_sequence_length=_max_sequence_length(weights),
            generator=inputs.generator,
            output_type="latent",
        ).frames

    def denoisers(self, pipeline: Any) -> Sequence[Any]:
        """The one transformer."""
        return (pipeline.transformer,)

    def unpack(self, pipeline: Any, recipe: Recipe, tokens: torch.Tensor) -> torch.Tensor:
        """The clip's own tokens (those of later keyframes stand in front of them) as [C, F, H, W]."""
        frames, height, width = self.compression(pipeline).latent_shape(recipe)
        own = tokens[:1, -frames * height * width :]
        return own.reshape(frames, height, width, -1).permute(3, 0, 1, 2)

    def encode(self, pipeline: Any, frames: np.ndarray) -> torch.Tensor:
        """Frames [F, H, W, 3] uint8 as normalised latents (the posterior's mode)."""
        vae = pipeline.vae
        device = pipeline._execution_device  # an offloaded module's own device is where it waits
        pixels = torch.from_numpy(frames).to(device, vae.dtype).permute(3, 0, 1, 2)[None] / 127.5 - 1
        latents = vae.encode(pixels).latent_dist.mode()
        return pipeline._normalize_latents(latents, vae.latents_mean, vae.latents_std).float()

    def decode(self, pipeline: Any, latents: torch.Tensor) -> np.ndarray:
        """Normalised latents as frames; a VAE that takes a timestep (0.9.1 and later) ends the denoising."""
        vae = pipeline.vae
        latents = pipeline._denormalize_latents(
            latents, vae.latents_mean, vae.latents_std, vae.config.scaling_factor
        ).to(vae.dtype)
        timestep = None
        if vae.config.timestep_conditioning:
            timestep = torch.full((1,), pipeline.decode_timestep, device=latents.device, dtype=latents.dtype)
            latents = _noised(latents, pipeline.decode_noise_scale)
        with torch.random.fork_rng():  # the VAE of 0.9.1 adds noise of the global generator
            torch.manual_seed(DECODE_SEED)
            pixels = vae.decode(latents, timestep, return_dict=False)[0][0]
        return to_frames(pixels)

    def compression(self, pipeline: Any) -> Compression:
        """The VAE's ratios."""
        return Compression(pipeline.vae_temporal_compression_ratio, pipeline.vae_spatial_compression_ratio)


def _scheduler(folder: Path) -> Any:
    """The folder's scheduler, made to take the steps of `LTXConditionPipeline`.

    That pipeline brings a schedule of its own and no `mu`; a scheduler that wants to shift it (LTX-Video 0.9.0 and
    0.9.1) refuses every call.
    """
    scheduler = load_diffusers(FlowMatchEulerDiscreteScheduler, folder)
    if scheduler.config.stochastic_sampling:  # its noise is of the global generator: no seed, no resuming
        raise WeightsError("corrupt_weights", "scheduler/scheduler_config.json asks for stochastic sampling")
    if not scheduler.config.use_dynamic_shifting:
        return scheduler
    return FlowMatchEulerDiscreteScheduler.from_config(
        scheduler.config, use_dynamic_shifting=False, shift_terminal=None
    )


def _noised(latents: torch.Tensor, scale: float) -> torch.Tensor:
    """Latents as the VAE expects them: with the noise that is left to it. Always the same, so that a clip is too."""
    if not scale:
        return latents
    generator = torch.Generator("cpu").manual_seed(DECODE_SEED)
    noise = torch.randn(latents.shape, generator=generator).to(latents)
    return (1 - scale) * latents + scale * noise


def _max_sequence_length(weights: Weights) -> int:
    return int(weights.card.options.get("max_sequence_length", DEFAULT_MAX_SEQUENCE_LENGTH))


def _condition(known: Known) -> LTXVideoCondition:
    images = [Image.fromarray(frame) for frame in known.frames]
    if len(images) == 1:
        return LTXVideoCondition(image=images[0], frame_index=known.frame_index, strength=known.strength)
    return LTXVideoCondition(video=images, frame_index=known.frame_index, strength=known.strength)
