"""Wan: text, images, known frames and clips to start from, through whichever diffusers pipeline its model needs."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import torch
from diffusers.pipelines.wan.pipeline_wan import prompt_clean
from diffusers.pipelines.wan.pipeline_wan_vace import WanVACEPipeline
from diffusers.utils.torch_utils import randn_tensor
from PIL import Image

from engine.families.family import Compression, Embedding, Inputs, Known, to_frames
from engine.families.family import to_pixels as frames_to_pixels
from engine.families.wan.late import starting_late
from engine.families.wan.loading import load_wan
from engine.families.wan.pins import Pins, pinned
from engine.families.wan.pipeline import WanKnownFramesPipeline, to_latents, to_pixels
from engine.families.wan.timeline import Timeline
from engine.memory.device import find
from engine.memory.offload import part_bytes, place, placement
from engine.protocol.job import Device
from engine.protocol.recipe import Recipe
from engine.weights.store import Weights

DEFAULT_MAX_SEQUENCE_LENGTH = 512


class Wan:
    """The Wan architecture (arXiv 2503.20314)."""

    def load(self, weights: Weights, device: str, dtype: torch.dtype) -> Any:
        """The pipeline, on the device or where the card's `offload` leaves it: of two experts one comes at a time."""
        here = find(cast("Device", device))
        pipeline = load_wan(weights, here, dtype)
        pipeline.set_progress_bar_config(disable=True)
        return place(pipeline, placement(weights.card.offload, part_bytes(pipeline), here), device)

    def embed(self, pipeline: Any, weights: Weights, prompt: str) -> Embedding:
        """Encode one prompt as the pipeline would; what is behind its last token is zero."""
        length = int(weights.card.options.get("max_sequence_length", DEFAULT_MAX_SEQUENCE_LENGTH))
        embeds, _ = pipeline.encode_prompt(
            prompt=[prompt], do_classifier_free_guidance=False, max_sequence_length=length
        )
        given = len(pipeline.tokenizer(prompt_clean(prompt)).input_ids)
        kept = min(given, length)
        return Embedding(embeds, (torch.arange(length) < kept)[None], kept_tokens=kept, given_tokens=given)

    def denoise(self, pipeline: Any, weights: Weights, inputs: Inputs) -> torch.Tensor:
        """Run the pipeline to its final latents  # [1, C, F, H, W] float32, model scale."""
        recipe, ratio, device = inputs.recipe, self.compression(pipeline), pipeline._execution_device
        shape = (1, pipeline.vae.config.z_dim, *ratio.latent_shape(recipe))
        noise = randn_tensor(shape, generator=inputs.generator, device=device, dtype=torch.float32)
        known, told = _shared_out(pipeline, inputs)
        pins = pinned(known, noise, ratio.temporal, lambda frames: self.encode(pipeline, frames))
        pipeline.pins = pins
        scheduler, negative = pipeline.scheduler, inputs.negative
        with starting_late(scheduler, recipe.num_inference_steps - recipe.steps_per_section):
            scheduler.set_timesteps(recipe.num_inference_steps, device=device)  # as the pipeline is about to
            sigma = scheduler.sigmas[0].to(noise)
            latents = noise
            if inputs.source is not None:
                latents = (1 - sigma) * self.encode(pipeline, inputs.source) + sigma * noise
            return pipeline(
                prompt_embeds=inputs.positive.embeds,
                negative_prompt_embeds=negative.embeds if negative else None,
                latents=pins.into(latents, noise, sigma) if pins else latents,
                width=recipe.width,
                height=recipe.height,
                num_frames=recipe.num_frames,
                num_inference_steps=recipe.num_inference_steps,
                guidance_scale=recipe.guidance_scale,
                generator=inputs.generator,
                callback_on_step_end=_pinning(pins, noise) if pins else None,
                output_type="latent",
                **_second_guidance(pipeline, weights, recipe),
                **_told(pipeline, told, recipe),
            ).frames

    def denoisers(self, pipeline: Any) -> Sequence[Any]:
        """The transformer, or both experts."""
        both = (pipeline.transformer, pipeline.transformer_2)
        return [expert for expert in both if expert is not None]

    def unpack(self, pipeline: Any, recipe: Recipe, tokens: torch.Tensor) -> torch.Tensor:  # noqa: ARG002
        """Latents are a clip already; what is pinned shows as it is, since the model's own guess there is void."""
        pins: Pins | None = pipeline.pins
        return (pins.over(tokens) if pins else tokens)[0]

    def encode(self, pipeline: Any, frames: np.ndarray) -> torch.Tensor:
        """Frames [F, H, W, 3] uint8 as normalised latents (the posterior's mode)."""
        return to_latents(pipeline, frames_to_pixels(frames))

    def decode(self, pipeline: Any, latents: torch.Tensor) -> np.ndarray:
        """Normalised latents as frames."""
        return to_frames(to_pixels(pipeline, latents))

    def compression(self, pipeline: Any) -> Compression:
        """The VAE's ratios, and the transformer's patches."""
        patch = pipeline.transformer.config.patch_size[1]
        return Compression(pipeline.vae_scale_factor_temporal, pipeline.vae_scale_factor_spatial, patch)


def _pinning(pins: Pins, noise: torch.Tensor) -> Callable[..., dict[str, torch.Tensor]]:
    """What puts the pins back after every step."""

    def put_back(pipeline: Any, step: int, _: Any, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        latents = tensors["latents"]
        return {"latents": pins.into(latents, noise, pipeline.scheduler.sigmas[step + 1].to(latents))}

    return put_back


def _shared_out(pipeline: Any, inputs: Inputs) -> tuple[list[Known], list[Known]]:
    """The known frames that are pinned, and those that the model is told of in the way it was trained for.

    Both, where telling alone does not make it agree: models of images are told of every frame, and were trained for
    the first one and perhaps the last.
    """
    known, last = list(inputs.known), inputs.recipe.num_frames - 1
    whole = [part for part in known if part.strength >= 1]
    if isinstance(pipeline, WanVACEPipeline):
        return [part for part in known if part.strength < 1], whole
    if not isinstance(pipeline, WanKnownFramesPipeline) or _expands(pipeline):
        return known, []
    if inputs.source is not None and not any(part.frame_index == 0 for part in known):
        whole.append(Known(inputs.source[:1], 0, 1.0))
    trained = {0, last} if _takes_last(pipeline) else {0}
    return [p for p in known if len(p.frames) > 1 or p.strength < 1 or p.frame_index not in trained], whole


def _expands(pipeline: Any) -> bool:
    """TI2V-5B: every token has a timestep of its own, 0 for what is known."""
    return pipeline.config.expand_timesteps


def _takes_last(pipeline: Any) -> bool:
    """Models of 2.2, and of 2.1 those for a first and a last image."""
    config = pipeline.transformer.config
    return config.image_dim is None or config.pos_embed_seq_len is not None


def _second_guidance(pipeline: Any, weights: Weights, recipe: Recipe) -> dict[str, float]:
    """The second expert's, which follows the first one's as far as the user moves that."""
    usual = weights.card.options.get("guidance_scale_2")
    if pipeline.config.boundary_ratio is None or usual is None:
        return {}
    return {"guidance_scale_2": usual * recipe.guidance_scale / weights.card.defaults.guidance_scale}


def _told(pipeline: Any, known: list[Known], recipe: Recipe) -> dict[str, Any]:
    """What this pipeline takes to be told of known frames."""
    timeline = Timeline.of(known, recipe.num_frames, recipe.height, recipe.width)
    if isinstance(pipeline, WanVACEPipeline):
        if not known:
            return {}
        unknown = np.broadcast_to(~timeline.is_known[:, None, None, None], timeline.frames.shape)
        seen = np.where(unknown, np.float32(0.5), timeline.frames.astype(np.float32) / 255.0)
        return {"video": [seen], "mask": [unknown.astype(np.float32)]}
    if not isinstance(pipeline, WanKnownFramesPipeline):
        return {}
    pipeline.timeline = timeline
    first, last = Image.fromarray(timeline.frames[0]), None  # without a first one it is looked at by nobody
    if _takes_last(pipeline) and timeline.is_known[-1]:
        last = Image.fromarray(timeline.frames[-1])
    elif pipeline.transformer.config.pos_embed_seq_len is not None:
        last = first  # such a model needs two images, or its tokens do not add up
    return {"image": first, "last_image": last}
