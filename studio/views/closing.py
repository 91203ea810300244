"""The question asked when the window is closed while something is being made."""

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMessageBox, QWidget


def ask_before_closing(
    parent: QWidget, rendering: int, waiting: int, keep: Callable[[], None], pause: Callable[[], None]
) -> QMessageBox:
    """One of the two questions that are allowed to stand in the way; `keep` and `pause` both close the window then."""
    translate = QCoreApplication.translate
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setWindowTitle(translate("closing", "Reelwright"))
    counts = (
        (rendering, translate("closing", "{count} rendering")),
        (waiting, translate("closing", "{count} waiting")),
    )
    said = ", ".join(words.format(count=count) for count, words in counts if count)
    box.setText(translate("closing", "Takes are still being made: {counts}.").format(counts=said))
    box.setInformativeText(
        translate(
            "closing",
            "They can go on without the window; what is made then is here when you come back. "
            "Or they pause where they are, and go on when you want.",
        )
    )
    keeping = box.addButton(translate("closing", "Keep rendering"), QMessageBox.ButtonRole.AcceptRole)
    pausing = box.addButton(translate("closing", "Pause and quit"), QMessageBox.ButtonRole.DestructiveRole)
    staying = box.addButton(translate("closing", "Stay"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keeping)
    box.setEscapeButton(staying)
    keeping.clicked.connect(keep)
    pausing.clicked.connect(pause)
    box.finished.connect(box.deleteLater)
    box.open()
    return box
