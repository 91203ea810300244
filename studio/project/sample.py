"""The sample project of a first run: three shots whose prompts the starter knows, ready to be generated."""

import time
from collections.abc import Callable

from studio.project.draft import Draft
from studio.project.project import Project
from studio.project.settings import Settings
from studio.project.shot import Shot
from studio.project.value import new_id

SHOTS = (
    ("Beach", Draft(prompt="A serene beach at sunset with waves gently crashing and seagulls flying overhead", seed=7)),
    ("Balloon", Draft(prompt="A red hot air balloon over green hills on a sunny day", camera="pan_right", seed=11)),
    ("Lake", Draft(prompt="Snow falling over a mountain lake at dusk", style="watercolor", seed=3)),
)
"""Names and drafts; views may translate the names, the prompts are English."""
SETTINGS = Settings(width=768, height=576, fps=24.0)
"""The starter's own shape (4:3), larger."""


def sample_project(name: str, clock: Callable[[], float] = time.time, ids: Callable[[], str] = new_id) -> Project:
    """A project of three shots without takes, the first one open."""
    shots = tuple(Shot(id=ids(), name=shot_name, draft=draft) for shot_name, draft in SHOTS)
    return Project(id=ids(), name=name, created_at=clock(), settings=SETTINGS, shots=shots, last_open_shot=shots[0].id)
