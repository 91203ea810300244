"""What tests of models stand on: Qt without a display, and a link without an engine."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtWidgets import QApplication

from studio.link.scripted import ScriptedLink


@pytest.fixture
def link(qapp: QApplication) -> ScriptedLink:
    """A link that says what the test says."""
    return ScriptedLink()
