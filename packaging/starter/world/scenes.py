"""Draws what is in a clip: the scene's parameters, with odds that make sense together."""

from collections.abc import Mapping

import numpy as np

from starter.world.palette import COLORS

Odds = Mapping[str, float]

PLACES: Odds = {
    "beach": 15,
    "sea": 8,
    "mountains": 8,
    "lake": 8,
    "snow": 10,
    "desert": 10,
    "park": 11,
    "city": 10,
    "meadow": 9,
    "underwater": 8,
    "space": 5,
}
HOURS: Odds = {"day": 24, "sunset": 24, "sunrise": 10, "night": 20, "overcast": 12, "dusk": 10}
CITY_HOURS: Odds = {"day": 14, "sunset": 16, "sunrise": 6, "night": 42, "overcast": 8, "dusk": 14}
SUBJECTS: Mapping[str, Odds] = {
    "beach": {"birds": 9, "boat": 5, "ball": 4, "balloon": 2, "none": 4},
    "sea": {"boat": 9, "birds": 4, "balloon": 2, "none": 3},
    "mountains": {"balloon": 7, "birds": 4, "none": 5},
    "lake": {"boat": 6, "birds": 4, "balloon": 4, "none": 4},
    "snow": {"none": 8, "birds": 2, "balloon": 3, "ball": 2, "rocket": 1, "car": 1},
    "desert": {"balloon": 8, "car": 5, "birds": 2, "rocket": 5, "none": 3, "ball": 2},
    "park": {"none": 8, "birds": 3, "ball": 5},
    "city": {"none": 7, "car": 6, "balloon": 3, "rocket": 2, "birds": 2},
    "meadow": {"balloon": 7, "ball": 5, "car": 3, "birds": 3, "rocket": 2, "none": 3},
    "underwater": {"fish": 9, "none": 1},
    "space": {"rocket": 6, "none": 3},
}
SNOWY: Odds = {"snow": 26, "mountains": 5, "city": 2, "park": 2, "lake": 2}
FIREWORKS: Odds = {"city": 8, "beach": 4, "sea": 3, "lake": 3, "park": 1, "meadow": 1}
FIREFLIES: Odds = {"park": 14, "meadow": 12, "lake": 4}
CAMERAS: Odds = {
    "static": 46,
    "pan_left": 10,
    "pan_right": 10,
    "zoom_in": 12,
    "zoom_out": 10,
    "tilt_up": 6,
    "tilt_down": 6,
}
STYLES: Odds = {"real": 56, "noir": 12, "cartoon": 11, "vintage": 10, "watercolor": 11}
SEASONS: Odds = {"autumn": 5, "green": 3, "pink": 2}
COLORED = ("balloon", "boat", "ball", "fish", "rocket", "car")
SIDEWAYS = ("birds", "boat", "ball", "fish", "car")
MIRRORED = {"left": "right", "right": "left", "pan_left": "pan_right", "pan_right": "pan_left"}


def draw(rng: np.random.Generator, odds: Odds) -> str:
    """One of the names by its odds."""
    weights = np.array(list(odds.values()), float)
    return str(rng.choice(list(odds), p=weights / weights.sum()))


def sample_scene(rng: np.random.Generator) -> dict[str, str]:
    """A scene: setting, time, subject, weather, cam, style, and color, dir, season, pcolor where they apply."""
    setting = draw(rng, PLACES)
    time = draw(rng, CITY_HOURS if setting == "city" else HOURS)
    scene = {"setting": setting, "time": time}
    if setting == "space":
        scene |= {"time": "night", "pcolor": draw(rng, dict.fromkeys(COLORS, 1))}
    if setting == "underwater":
        scene["time"] = draw(rng, {"day": 8, "night": 1})
    scene["subject"] = draw(rng, SUBJECTS[setting])
    scene["weather"] = draw(rng, _weather_odds(setting, scene["time"]))
    if season := _season(rng, setting, scene["weather"]):
        scene["season"] = season
    subject = scene["subject"]
    if subject in COLORED:
        scene["color"] = draw(rng, dict.fromkeys(COLORS, 1))
    if subject in SIDEWAYS:
        scene["dir"] = draw(rng, {"left": 1, "right": 1})
    elif subject == "balloon":
        scene["dir"] = draw(rng, {"left": 4, "right": 4, "up": 2})
    elif subject == "rocket":
        scene["dir"] = "up"
    scene["cam"], scene["style"] = draw(rng, CAMERAS), draw(rng, STYLES)
    return scene


def _weather_odds(setting: str, time: str) -> dict[str, float]:
    odds: dict[str, float] = {"none": 10}
    if setting in ("underwater", "space"):
        return odds
    odds |= {"fog": 0.8, "rain": 4 if time == "overcast" else 0.8}
    odds["snow"] = SNOWY.get(setting, 0.15) * (1.6 if time == "overcast" else 1)
    if setting in ("mountains", "lake", "meadow"):
        odds["leaves"] = 1.6
    if setting == "park":
        odds["leaves"] = 30
    if time in ("night", "dusk"):
        odds["fireworks"] = FIREWORKS.get(setting, 0.5)
        if setting in FIREFLIES:
            odds["fireflies"] = FIREFLIES[setting]
    return odds


def _season(rng: np.random.Generator, setting: str, weather: str) -> str | None:
    if setting != "park":
        return "autumn" if weather == "leaves" else None
    if weather == "snow":
        return "green"
    season = draw(rng, SEASONS)
    return "autumn" if weather == "leaves" and season == "green" else season


def mirrored(scene: Mapping[str, str]) -> dict[str, str]:
    """The same scene seen in a mirror."""
    return {key: MIRRORED.get(value, value) if key in ("dir", "cam") else value for key, value in scene.items()}
