"""What the Film page says: how films are delivered, what is in the way, and what formats have no words for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from engine.protocol.film import Film
from studio.models.arrivals import Unread
from studio.models.release import Unwritten
from studio.project.errors import StorageError
from studio.project.presets import Preset
from studio.project.project import Project
from studio.views.words import number, seconds, size_words, storage_sentence

if TYPE_CHECKING:
    from studio.interchange.timeline_read import Left  # slow to import
    from studio.interchange.timeline_write import Loss

MOST_NAMES = 4
_translate = QCoreApplication.translate


def preset_name(preset: Preset) -> str:
    """What it is called; the id of one that this version does not know."""
    return _presets().get(preset.id, (preset.id, ""))[0]


def preset_hint(preset: Preset) -> str:
    """What it is for, and what it changes."""
    return _presets().get(preset.id, ("", ""))[1]


def film_summary(film: Film) -> str:
    """12.4 s · 3 clips · 1920 × 1080 · 24 fps."""
    count = len(film.clips)
    clips = _translate("film", "1 clip") if count == 1 else _translate("film", "%n clips", "", count)
    rate = _translate("film", "{fps} fps").format(fps=number(film.fps, 2 if film.fps % 1 else 0))
    return " · ".join((seconds(film.duration_s), clips, size_words(film.width, film.height), rate))


def clip_name(project: Project, index: int) -> str:
    """The name of the shot that a film's clip is of."""
    shown = [shot for shot in project.shots if shot.selected is not None]
    return shown[index].name if index < len(shown) else ""


def loss_words(loss: Loss) -> str:
    """What is not in a file of that format."""
    return _losses()[loss]


def unwritten_words(why: Unwritten) -> str:
    """Why a film or a text of it was not made."""
    if isinstance(why, StorageError):
        return storage_sentence(why.kind)
    return {
        "no_takes": _translate("film", "No shot has a take yet."),
        "nothing_said": _translate("film", "Nothing is said in this film, and no shot has a prompt."),
    }[why]


def left_words(left: Left) -> str:
    """What of a timeline is not in the film."""
    return {
        "tracks": _translate("film", "further tracks"),
        "gaps": _translate("film", "gaps"),
        "effects": _translate("film", "effects"),
    }[left]


def names_words(names: Sequence[str]) -> str:
    """Some of them, and how many more there are."""
    shown = ", ".join(names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    return shown if more <= 0 else _translate("film", "{names} and {more} more").format(names=shown, more=number(more))


def unread_words(why: Unread) -> str:
    """Why no shots came of a file."""
    if isinstance(why, StorageError):
        if why.kind == "damaged":
            return _translate("film", "It is no timeline: {detail}").format(detail=why.detail)
        return f"{storage_sentence(why.kind)} {why.detail}"
    said = {
        "unreadable": _translate("film", "The script cannot be read: {detail}"),
        "empty": _translate("film", "Nothing in that script tells what is seen."),
        "not_text": _translate("film", "That is no text."),
        "too_long": _translate("film", "The script is too long: {detail}"),
    }
    return said[why.kind].format(detail=why.detail)


def _presets() -> Mapping[str, tuple[str, str]]:
    return {
        "video": (_translate("film", "As it is"), _translate("film", "The film's own size and rate, as MP4")),
        "youtube": (_translate("film", "YouTube, TV"), _translate("film", "1080p, as loud as streaming asks for")),
        "shorts": (_translate("film", "Shorts, Reels, TikTok"), _translate("film", "Upright 9:16, cropped to fill it")),
        "square": (_translate("film", "Square"), _translate("film", "1:1, cropped to fill it")),
        "portrait": (_translate("film", "Portrait post"), _translate("film", "4:5, cropped to fill it")),
        "small": (_translate("film", "Small file"), _translate("film", "H.265, half as large; older players lack it")),
        "web": (_translate("film", "Web page"), _translate("film", "VP9 in WebM")),
        "gif": (_translate("film", "GIF"), _translate("film", "Small, without sound, repeats for ever")),
        "broadcast": (_translate("film", "Broadcast"), _translate("film", "ProRes, 1080p at 25, −23 LUFS")),
        "edit": (_translate("film", "For editing"), _translate("film", "ProRes 422 HQ, the film's own size")),
        "lossless": (_translate("film", "Lossless"), _translate("film", "FFV1 in MKV, every bit as it is")),
        "pictures": (_translate("film", "Pictures"), _translate("film", "A zip of PNG files, without sound")),
    }


def _losses() -> Mapping[Loss, str]:
    return {
        "recipes": _translate("film", "how the takes were made"),
        "transitions": _translate("film", "crossfades"),
        "dips": _translate("film", "dips to black"),
        "sound": _translate("film", "sound"),
        "gains": _translate("film", "how loud the sound is, and its fades"),
        "rate": _translate("film", "the film's rate: frames are counted at 24 a second"),
        "missing_media": _translate("film", "files that are missing"),
    }
