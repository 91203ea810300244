"""What is said of a take beside what the render itself says: frames that its container could not hold."""

from typing import Any

import pytest

from engine.protocol.job import Delivery, Notice
from engine.worker.desk import rate_notices

LIMITED = Notice(kind="rate_limited", field="container", kept=50, given=60)


@pytest.mark.parametrize(
    ("container", "fps", "said"),
    [("gif", 60.0, [LIMITED]), ("gif", 59.94, [LIMITED]), ("gif", 50.0, []), ("mp4", 60.0, []), ("zip", 120.0, [])],
)
def test_a_gif_says_what_it_leaves_out(container: Any, fps: float, said: list[Notice]) -> None:
    assert rate_notices(Delivery(container=container), fps) == said
