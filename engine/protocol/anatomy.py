"""Anatomy: how large a model's parts are and how its transformer is built; what a memory plan reckons with."""

from typing import Literal

from pydantic import PositiveInt

from engine.protocol.frozen import Frozen


class Anatomy(Frozen):
    """Read from the model's own configs, or counted by building its classes from them; nothing in it is a guess.

    Attributes:
        transformer, text_encoder, vae, image_encoder: parameters of each part; of two experts those of one.
        text_embedding: parameters of the text encoder's largest layer, its table of tokens.
        experts: transformers that take turns.
        width: values a token is made of, and `feed_forward` in the middle of a block.
        layers: blocks.
        temporal, spatial: frames, and pixels of an edge, that share one latent.
        patch: latents along an edge that share one token.
        hint_layers: blocks whose results a second branch adds to, all of which are held (VACE).
        token_timesteps: every token has a timestep of its own, which takes memory (Wan 2.2 TI2V-5B).
        vae_kind: whose activations its VAE's are like.
    """

    transformer: PositiveInt
    text_encoder: PositiveInt
    text_embedding: PositiveInt
    vae: PositiveInt
    image_encoder: int = 0
    experts: Literal[1, 2] = 1
    width: PositiveInt
    feed_forward: PositiveInt
    layers: PositiveInt
    temporal: PositiveInt
    spatial: PositiveInt
    patch: PositiveInt = 1
    hint_layers: int = 0
    token_timesteps: bool = False
    vae_kind: Literal["wan2.1", "wan2.2", "ltx0.9", "ltx0.9.5"]
