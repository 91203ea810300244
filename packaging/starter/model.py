"""The denoiser in training: LTX transformer and T5 encoder, fresh or from a diffusers folder, and their coordinates."""

from pathlib import Path

import torch
from diffusers.models.transformers.transformer_ltx import LTXVideoTransformer3DModel
from torch import nn
from transformers import PreTrainedTokenizerFast, T5Config, T5EncoderModel

from starter.sizes import (
    CAPTION_TOKENS,
    FPS,
    GGUF_NAME,
    SPATIAL_STRIDE,
    TEMPORAL_STRIDE,
    TEXT_ENCODER,
    TRANSFORMER,
    ClipSize,
)


class Denoiser(nn.Module):
    """Text encoder and transformer as one module: captions and noisy tokens in, velocity out."""

    def __init__(self, transformer: LTXVideoTransformer3DModel, text_encoder: T5EncoderModel) -> None:
        super().__init__()
        self.transformer = transformer
        self.text_encoder = text_encoder

    def forward(
        self,
        tokens: torch.Tensor,
        timestep: torch.Tensor,
        coords: torch.Tensor,
        caption_ids: torch.Tensor,
        caption_mask: torch.Tensor,
    ) -> torch.Tensor:
        """Velocity `noise - x0`  # [B, S, C], from tokens [B, S, C], timestep [B, S] in 0..1000, coords [B, 3, S]."""
        words = self.text_encoder(caption_ids, attention_mask=caption_mask)[0]
        dtype = self.transformer.proj_in.weight.dtype
        return self.transformer(
            tokens.to(dtype), words, timestep, caption_mask, video_coords=coords, return_dict=False
        )[0].float()


def fresh() -> Denoiser:
    """A denoiser that starts close to the identity: gates half open, no output, no timestep influence yet."""
    transformer = LTXVideoTransformer3DModel(**TRANSFORMER)
    with torch.no_grad():
        for parameter in (
            transformer.time_embed.linear.weight,
            transformer.time_embed.linear.bias,
            transformer.scale_shift_table,
            transformer.proj_out.weight,
            transformer.proj_out.bias,
        ):
            parameter.zero_()
        for block in transformer.transformer_blocks:
            block.scale_shift_table.zero_()  # pyright: ignore[reportCallIssue]
            block.scale_shift_table[2] = 0.5  # pyright: ignore[reportIndexIssue]
            block.scale_shift_table[5] = 0.5  # pyright: ignore[reportIndexIssue]
            block.attn2.to_out[0].weight.mul_(0.3)  # pyright: ignore
    return Denoiser(transformer, T5EncoderModel(T5Config(**TEXT_ENCODER)))


def from_folder(folder: Path) -> Denoiser:
    """The denoiser of a model folder, in float32."""
    text_encoder = T5EncoderModel.from_pretrained(folder / "text_encoder", dtype=torch.float32)
    return Denoiser(load_transformer(folder / "transformer", torch.float32), text_encoder)


def load_transformer(folder: Path, dtype: torch.dtype) -> LTXVideoTransformer3DModel:
    """The transformer of a model folder; one in a GGUF file is unpacked, as the product does on a processor."""
    packed = folder / GGUF_NAME
    if packed.exists():
        from engine.weights.components import load_gguf, unpack_gguf

        return unpack_gguf(load_gguf(LTXVideoTransformer3DModel, packed, folder, dtype), dtype)
    transformer = LTXVideoTransformer3DModel.from_pretrained(folder, dtype=dtype)
    assert isinstance(transformer, LTXVideoTransformer3DModel)
    return transformer


def coordinates(size: ClipSize, latent_frames: int, frame_index: int = 0) -> torch.Tensor:
    """Coordinates of packed tokens  # [3, S] float32: seconds, y, x.

    Identical to `LTXConditionPipeline._prepare_video_ids` + `_scale_video_ids`, divided by the frame rate.
    """
    _, rows, columns = size.grid
    axes = [torch.arange(latent_frames), torch.arange(rows), torch.arange(columns)]
    grid = torch.stack(torch.meshgrid(*axes, indexing="ij")).reshape(3, -1).float()
    grid *= torch.tensor([TEMPORAL_STRIDE, SPATIAL_STRIDE, SPATIAL_STRIDE]).float()[:, None]
    grid[0] = ((grid[0] + 1 - TEMPORAL_STRIDE).clamp(min=0) + frame_index) / FPS
    return grid


def tokenize(tokenizer: PreTrainedTokenizerFast, captions: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask of captions  # [B, CAPTION_TOKENS] int64 each."""
    batch = tokenizer(captions, padding="max_length", max_length=CAPTION_TOKENS, truncation=True, return_tensors="pt")
    return batch["input_ids"], batch["attention_mask"]  # pyright: ignore[reportReturnType]
