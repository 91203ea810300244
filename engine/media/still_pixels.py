"""From whatever a picture file holds (palettes, CMYK, 16 bit, profiles, transparency) to plain sRGB."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

_WIDE_MODES = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
_PROFILE_SPACES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}


def to_srgb(image: "Image.Image") -> "Image.Image":
    """Return a loaded picture as mode RGB in sRGB, transparency laid over black; not yet turned upright."""
    colours, alpha = _split(image)
    converted = _convert_profile(colours, image.info.get("icc_profile"))
    if alpha is None:
        return converted
    from PIL import Image

    black = Image.new("RGB", converted.size)
    black.paste(converted, mask=alpha)
    return black


def upright(image: "Image.Image", orientation: int) -> "Image.Image":
    """Turn and mirror a picture as EXIF's orientation (1 to 8) asks."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def _split(image: "Image.Image") -> "tuple[Image.Image, Image.Image | None]":
    """Return the colours as mode RGB, L or CMYK, as the file's own profile means them, and the alpha as mode L."""
    if image.mode in _WIDE_MODES:
        return _to_8_bit(image), None
    if image.mode in ("RGB", "L", "CMYK") and "transparency" not in image.info:
        return image, None
    if image.mode == "LA":
        return image.getchannel("L"), image.getchannel("A")
    if image.has_transparency_data or image.mode in ("RGBa", "La"):
        whole = image.convert("LA" if image.mode == "La" else "RGBA")
        return whole.convert("L" if whole.mode == "LA" else "RGB"), whole.getchannel("A")
    return image.convert("L" if image.mode == "1" else "RGB"), None


def _to_8_bit(image: "Image.Image") -> "Image.Image":
    """Scale a gray picture of more than 8 bits to mode L; Pillow's own convert would clip it at 255."""
    from PIL import Image

    values = np.asarray(image)
    white = 1.0 if image.mode == "F" else 65535.0
    scaled = np.nan_to_num(np.clip(values.astype(np.float32) / white, 0, 1))
    return Image.fromarray((scaled * 255 + 0.5).astype(np.uint8), "L")


def _convert_profile(image: "Image.Image", profile: bytes | None) -> "Image.Image":
    """Convert colours (mode RGB, L or CMYK) to sRGB by their embedded ICC profile, if that fits; else plainly."""
    if profile:
        from PIL import ImageCms

        try:
            source = ImageCms.ImageCmsProfile(ImageCms.core.profile_frombytes(profile))
            described = source.profile
            assert isinstance(described, ImageCms.core.CmsProfile)
            fits = described.xcolor_space == _PROFILE_SPACES[image.mode]
            if fits and not (described.profile_description or "").startswith("sRGB"):
                converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
                return converted or image.convert("RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # a broken profile is no reason to refuse the picture
    return image.convert("RGB")
