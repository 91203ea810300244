"""Makes `packaging/` importable, so that tests see the factory as `starter`, as its own command does."""

import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "packaging"))


@pytest.fixture(autouse=True)
def one_thread():
    """Tests share the machine with others."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
