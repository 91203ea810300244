"""Prompts that stay the same for ever: the contact sheet's, and hand-written ones outside the captions' grammar."""

from starter.captions import Scene

FAMOUS: tuple[tuple[str, Scene], ...] = (
    (
        "A serene beach at sunset with waves gently crashing and seagulls flying overhead",
        {"setting": "beach", "time": "sunset", "subject": "birds"},
    ),
    (
        "a red hot air balloon drifting over the desert, cinematic noir",
        {"setting": "desert", "subject": "balloon", "style": "noir"},
    ),
    ("snow falling over a mountain meadow at night", {"setting": "snow", "time": "night"}),
    ("autumn leaves falling in a park, watercolor", {"setting": "park", "style": "watercolor"}),
    ("a rocket launching into a starry sky", {"subject": "rocket", "time": "night"}),
    ("fish swimming in a coral reef", {"setting": "underwater", "subject": "fish"}),
)
"""What every stranger tries first, and what it asks for."""

SHEET = (
    *(prompt for prompt, _ in FAMOUS),
    "autumn leaves falling in a park",
    "snow falling over a mountain meadow",
    "a blue sailboat sailing to the right on a calm sea at sunrise",
    "fireworks over a city at night",
    "a yellow fish swimming to the left, coral reef",
    "a rocket launching from the desert at dusk",
    "a green car driving to the left through a city at night",
    "fireflies glowing in a meadow at night",
    "watercolor painting of a mountain lake at sunset",
    "cartoon of a purple hot air balloon over green hills, blue sky",
    "vintage film of rain falling over the ocean",
    "outer space with stars and a blue planet",
    "日落时分的海滩，海鸥飞翔",
    "un globo rojo sobre las montañas al atardecer",
    "منطاد أزرق فوق الصحراء",
    "un voilier blanc sur la mer au lever du soleil",
    "",
    "a dragon eating pizza in the kitchen",
)
"""24 prompts of the contact sheet; the last two are no prompt, and one that lies outside the world."""

GLOSSES = {
    "日落时分的海滩，海鸥飞翔": "[Chinese] a beach at sunset, seagulls flying",
    "منطاد أزرق فوق الصحراء": "[Arabic] a blue balloon over the desert",
    "": "[no prompt]",
}
"""For labels: the font has Latin letters only."""

OUTSIDE: tuple[tuple[str, Scene], ...] = (
    ("waves roll onto the sand while the sun goes down", {"setting": "beach", "time": "sunset"}),
    ("an evening by the ocean, gulls in the air", {"setting": "beach", "subject": "birds"}),
    ("skyscraper windows shine in the dark", {"setting": "city", "time": "night"}),
    ("dry sand hills under the noon sun", {"setting": "desert", "time": "day"}),
    ("a hot air balloon above the peaks", {"setting": "mountains", "subject": "balloon"}),
    ("little fish below the waves", {"setting": "underwater", "subject": "fish"}),
    ("fir trees covered in fresh snow", {"setting": "snow"}),
    ("a spaceship between the stars", {"setting": "space", "subject": "rocket"}),
    ("colorful trees in october", {"setting": "park"}),
    ("an old black and white movie of a town", {"setting": "city", "style": "noir"}),
    ("a painted lake, brush strokes", {"setting": "lake", "style": "watercolor"}),
    ("grass and flowers in summer, drawn like a comic", {"setting": "meadow", "style": "cartoon"}),
    ("a sail on the water", {"setting": "sea", "subject": "boat"}),
    ("a road through the dunes with a car", {"setting": "desert", "subject": "car"}),
    ("moonlit sea", {"setting": "sea", "time": "night"}),
    ("tall rocks in the morning light", {"setting": "mountains", "time": "sunrise"}),
)
"""Captions written by hand, outside the training grammar, and what they ask for."""
