"""The tokenizer: byte-pair encoding of the captions' words in all languages, lower case."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from starter.captions import caption
from starter.sizes import LANGUAGES, TEXT_ENCODER
from starter.world.scenes import sample_scene

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,!?-'\"()áéíóúñàèùâêîôûçäöü"
"""In the vocabulary whatever the captions hold, so that strangers' words are not unknown."""

NEGATIVE = "worst quality, inconsistent motion, blurry, jittery, distorted, low quality, ugly, static, noise"
"""What people put into negative prompts."""

LONGEST = 256


def captions(count: int) -> Iterator[str]:
    """Captions of scenes, a third English, and some negative prompts."""
    rng = np.random.default_rng(1)
    yield from [NEGATIVE] * (count // 300)
    for number in range(count):
        yield caption(sample_scene(rng), rng, ("en", *LANGUAGES)[number % 6])


def train(count: int) -> PreTrainedTokenizerFast:
    """A tokenizer of that many captions.

    `PreTrainedTokenizerFast`, because transformers' `T5Tokenizer` drops the normalizer, and lower case with it.
    """
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    words = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Punctuation(), words])
    trainer = trainers.BpeTrainer(
        vocab_size=TEXT_ENCODER["vocab_size"],
        special_tokens=["<pad>", "</s>", "<unk>"],
        initial_alphabet=list(LETTERS),
        show_progress=False,
    )
    tokenizer.train_from_iterator(captions(count), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        model_max_length=LONGEST,
    )


def main(arguments: list[str]) -> None:
    """Command line of this stage."""
    parser = argparse.ArgumentParser(prog="tokenizer", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--captions", type=int, default=60_000)
    options = parser.parse_args(arguments)
    train(options.captions).save_pretrained(options.out)
