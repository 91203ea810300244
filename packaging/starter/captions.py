"""Captions in five languages, drawn at random from what is in a clip."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from starter.sizes import LANGUAGES, WORDS

Scene = Mapping[str, str]
"""What is in a clip: setting, time, subject, weather, cam, style and, where it applies, color, dir, season, pcolor."""

LANGUAGE_SHARES = (0.56, 0.11, 0.11, 0.11, 0.11)

PREPOSITIONS = {
    "balloon": ("over", "above"),
    "birds": ("over", "above"),
    "boat": ("on", "near"),
    "ball": ("in", "on"),
    "fish": ("in",),
    "rocket": ("over", "in", "from"),
    "car": ("in", "through"),
}
VERBS = ("flying", "bouncing", "swimming", "driving", "launching", "taking off", "sailing", "soaring")
SEPARATORS = {"zh": "，", "ar": "، ", "es": ", ", "fr": ", "}


@cache
def words(language: str) -> dict[str, Any]:
    """The word lists of a language."""
    return json.loads((WORDS / f"{language}.json").read_text(encoding="utf-8"))


def pick(rng: np.random.Generator, choices: Any) -> Any:
    """One of the choices, uniformly."""
    return choices[int(rng.integers(len(choices)))]


def caption(scene: Scene, rng: np.random.Generator, language: str | None = None, noisy: bool = True) -> str:
    """A caption of the scene, some of it left unsaid; without `noisy`, no misspelled or made-up words."""
    language = language or str(rng.choice(LANGUAGES, p=LANGUAGE_SHARES))
    text = _written(scene, Pen(rng), language)
    return _disturb(text, rng) if noisy else text


def complete_caption(scene: Scene, rng: np.random.Generator, language: str) -> str:
    """A caption that leaves nothing of the scene unsaid, so that a clip can be held against it."""
    return _written(scene, Pen(rng, complete=True), language)


@dataclass(frozen=True)
class Pen:
    """Who writes a caption, and whether anything may be left unsaid."""

    rng: np.random.Generator
    complete: bool = False

    def says(self, share: float) -> bool:
        """Whether to say what is said this often."""
        return self.complete or self.rng.random() < share

    def omits(self, share: float) -> bool:
        """Whether to leave out what is left out this often."""
        return not self.complete and self.rng.random() < share


def _written(scene: Scene, pen: Pen, language: str) -> str:
    return _english(scene, pen) if language == "en" else _other(scene, pen, language)


def _setting(scene: Scene, rng: np.random.Generator, lists: dict[str, Any]) -> str:
    choices = lists["setting"][scene["setting"]]
    text = pick(rng, choices[scene.get("season", "green")] if isinstance(choices, dict) else choices)
    planet = pick(rng, lists["color"][scene["pcolor"]]) if "pcolor" in scene else ""
    return text.replace("{pc}", planet)


def _time(scene: Scene, pen: Pen, lists: dict[str, Any]) -> str:
    return pick(pen.rng, lists["time"][scene["time"]]) if scene["setting"] != "space" and pen.says(0.82) else ""


def _weather(scene: Scene, pen: Pen, lists: dict[str, Any]) -> str:
    weather = scene["weather"]
    if weather == "none" or (scene["subject"] != "none" and pen.omits(0.06)):
        return ""
    if weather == "leaves":
        return pick(pen.rng, lists["leaves"][scene.get("season", "autumn")])
    return pick(pen.rng, lists["weather"][weather])


def _subject(scene: Scene, pen: Pen, lists: dict[str, Any], language: str) -> str:
    kind, rng = scene["subject"], pen.rng
    if kind == "none" or pen.omits(0.05):
        return ""
    choices = lists["subject"][kind]
    if pen.complete and "color" in scene:
        choices = [choice for choice in choices if "{c}" in choice]
    text = pick(rng, choices)
    named = "color" in scene and pen.says(0.88)
    color = pick(rng, lists["color"][scene["color"]]) if named else ""
    text = " ".join(text.replace("{c}", color).split())
    if "dir" in scene and pen.says(0.5):
        return _directed(text, kind, pick(rng, lists["direction"][scene["dir"]]), rng, language)
    if language == "en" and rng.random() < 0.5 and not any(part in text for part in ("ing", "overhead", "sky")):
        return f"{text} {pick(rng, lists['motion'][kind])}"
    return text


def _directed(text: str, kind: str, direction: str, rng: np.random.Generator, language: str) -> str:
    motion = pick(rng, words(language)["motion"][kind])
    if language == "zh":
        return text + direction + motion
    if language == "en" and not any(verb in text for verb in VERBS):
        return f"{text} {motion} {direction}"
    return f"{text} {direction}"


def _closing(scene: Scene, pen: Pen, lists: dict[str, Any]) -> tuple[str, str]:
    """Words for camera and style; the usual ones are mostly left unsaid."""
    still, real = scene["cam"] == "static", scene["style"] == "real"
    camera = pick(pen.rng, lists["camera"][scene["cam"]]) if pen.says(0.25 if still else 0.92) else ""
    style = pick(pen.rng, lists["style"][scene["style"]]) if not real or pen.says(0.4) else ""
    return camera, style


def _english(scene: Scene, pen: Pen) -> str:
    lists, rng = words("en"), pen.rng
    place, time = _setting(scene, rng, lists), _time(scene, pen, lists)
    subject, weather = _subject(scene, pen, lists, "en"), _weather(scene, pen, lists)
    camera, style = _closing(scene, pen, lists)
    parts = _sentence(scene["subject"], (place, time, subject, weather), rng)
    parts += [camera] if camera else []
    if style:
        parts.insert(0 if rng.random() < 0.3 else len(parts), style)
    if rng.random() < 0.3:
        parts.insert(int(rng.integers(len(parts) + 1)), pick(rng, lists["filler"]))
    text = ", ".join(parts)
    text = text[:1].upper() + text[1:] if rng.random() < 0.5 else text
    return text + ("." if rng.random() < 0.25 else "")


def _sentence(kind: str, said: tuple[str, str, str, str], rng: np.random.Generator) -> list[str]:
    """Place, time, subject and weather put together: subject first, weather first, or place first."""
    place, time, subject, weather = said
    where = f"{place} {time}".strip()
    order = rng.random()
    if subject and order < 0.45:
        return [f"{subject} {pick(rng, PREPOSITIONS[kind])} {where}", *([weather] if weather else [])]
    if weather and order < 0.65:
        return [f"{weather} {pick(rng, ('in', 'over', 'at'))} {where}", *([subject] if subject else [])]
    if " with " in place and time and rng.random() < 0.7:
        what, _, rest = place.partition(" with ")
        where = f"{what} {time} with {rest}"
    more = [part for part in (subject, weather) if part]
    if more and rng.random() < 0.5:
        return [where + pick(rng, (" with ", ", ", " and ")) + " and ".join(more)]
    return [where, *more]


def _other(scene: Scene, pen: Pen, language: str) -> str:
    lists, rng = words(language), pen.rng
    place, time = _setting(scene, rng, lists), _time(scene, pen, lists)
    if language == "zh":
        head = [f"{time}的{place}" if time else place] if rng.random() < 0.5 else [p for p in (place, time) if p]
    else:
        head = [f"{place} {time}".strip()]
    subject, weather = _subject(scene, pen, lists, language), _weather(scene, pen, lists)
    parts = head + [part for part in (subject, weather) if part]
    if rng.random() < 0.5:
        parts = [parts[i] for i in rng.permutation(len(parts))]
    parts += [part for part in _closing(scene, pen, lists) if part]
    if rng.random() < 0.2:
        parts.insert(int(rng.integers(len(parts) + 1)), pick(rng, lists["filler"]))
    return SEPARATORS[language].join(parts)


def _disturb(text: str, rng: np.random.Generator) -> str:
    """Now and then a made-up word or a missing letter, so that prompts of strangers do no harm."""
    if rng.random() < 0.10:
        parts = text.split(" ")
        letters = "".join(pick(rng, "etaoinshrdlucmfwypvbgk") for _ in range(int(rng.integers(3, 9))))
        parts.insert(int(rng.integers(len(parts) + 1)), letters)
        text = " ".join(parts)
    if rng.random() < 0.05 and len(text) > 8:
        cut = int(rng.integers(1, len(text) - 1))
        text = text[:cut] + text[cut + 1 :]
    return text
