"""`WanImageToVideoPipeline` with known frames anywhere, where diffusers' own takes the first and perhaps the last."""

from typing import Any

import torch
from diffusers.pipelines.wan.pipeline_wan_i2v import WanImageToVideoPipeline

from engine.families.wan.pins import Pins
from engine.families.wan.timeline import Timeline


class WanKnownFramesPipeline(WanImageToVideoPipeline):
    """Its loop, unchanged; what the model is told of known frames comes from our `timeline` and `pins`.

    diffusers' own ignores the last image without a word where `expand_timesteps` is set (TI2V-5B).
    """

    timeline: Timeline
    pins: Pins | None

    def prepare_latents(self, *args: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The first latents, and with them what is known: as clean tokens (5B), or as channels of their own."""
        *_, dtype, device, _generator, given, _last_image = args
        latents = given.to(device=device, dtype=dtype)
        ones = latents.new_ones(1, 1, *latents.shape[2:])
        config: Any = self.config
        if config.expand_timesteps:
            if self.pins is None:
                return latents, torch.zeros_like(latents), ones
            return latents, self.pins.latents, torch.where(self.pins.strengths >= 1, 0.0, ones)
        told = self.timeline.mask(self.vae_scale_factor_temporal).to(latents) * ones
        return latents, torch.cat([told, to_latents(self, self.timeline.pixels())], dim=1)


def to_latents(pipeline: Any, pixels: torch.Tensor) -> torch.Tensor:
    """[1, 3, F, H, W] in -1…1 as the mode of their latents  # [1, C, F', H', W'] float32, model scale."""
    vae = pipeline.vae
    device = pipeline._execution_device  # an offloaded module's own device is where it waits
    latents = vae.encode(pixels.to(device, vae.dtype)).latent_dist.mode().float()
    mean, inverse = _scale(pipeline, latents)
    return (latents - mean) * inverse


def to_pixels(pipeline: Any, latents: torch.Tensor) -> torch.Tensor:
    """Latents [1, C, F', H', W'] of model scale as pixels  # [3, F, H, W] in -1…1."""
    latents = latents.to(pipeline.vae.dtype)
    mean, inverse = _scale(pipeline, latents)
    return pipeline.vae.decode(latents / inverse + mean, return_dict=False)[0][0]


def _scale(pipeline: Any, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and inverse deviation of each channel, in diffusers' own order of rounding."""
    config = pipeline.vae.config
    mean, deviation = (
        torch.tensor(values).view(1, config.z_dim, 1, 1, 1) for values in (config.latents_mean, config.latents_std)
    )
    return mean.to(like), 1.0 / deviation.to(like)
