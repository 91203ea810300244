"""The recipe through ffmpeg's metadata text format and back, by ffmpeg itself."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.media import ffmpeg
from engine.media.errors import MediaError
from engine.media.recipe_tag import MAX_RECIPE_BYTES, encode_recipe, from_ffmetadata, to_ffmetadata

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60)
SHARP = st.text("=;#\\\n\r\t [a'\"é🎬", min_size=1, max_size=30)


@settings(max_examples=25, deadline=None)
@given(TEXTS | SHARP)
@example("\\")
@example("\n[STREAM]\nreelwright=no\n")
@example("\r\n \u2028 \x85 \x0b \x0c \x01 ")
@example("=" * 5000)
def test_any_text_comes_back_from_ffmpeg(text: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "recipe"
        path.write_bytes(to_ffmetadata(text))
        arguments = ["-f", "ffmetadata", "-i", str(path), "-f", "ffmetadata", "pipe:1"]
        finished, output = ffmpeg.run(arguments, limit_s=20, max_output_bytes=10**6)
    assert finished.return_code == 0
    assert from_ffmetadata(output) == text


def test_only_global_entries_count() -> None:
    assert from_ffmetadata(b";FFMETADATA1\ntitle=x\nREELWRIGHT={}\n") == "{}"
    assert from_ffmetadata(b";FFMETADATA1\ntitle=x\\\nreelwright\\=no\n[STREAM]\nreelwright={}\n") is None
    assert from_ffmetadata(b"") is None
    assert from_ffmetadata(b"reelwright=" + b"x" * (MAX_RECIPE_BYTES + 1)) is None


@pytest.mark.parametrize("text", ["", "\0", "\udfff", "x" * (MAX_RECIPE_BYTES + 1)])
def test_texts_no_file_can_hold(text: str) -> None:
    with pytest.raises(MediaError):
        encode_recipe(text)
