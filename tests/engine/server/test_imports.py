"""The engine answers before anything heavy is imported, because it imports nothing heavy."""

import subprocess
import sys

from engine.protocol.home import RESOURCES

HEAVY = ("torch", "numpy", "diffusers", "transformers", "cv2", "PIL", "PySide6")


def test_the_engine_imports_nothing_heavy() -> None:
    program = f"import engine.__main__, engine.client.attach, sys; print(*set({HEAVY!r}) & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=RESOURCES.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
