"""Every sentence that can be seen goes through `tr()`, so that there can be other languages."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.style.icons import NAMES
from studio.style.tokens import DARK

ROOT = Path(__file__).resolve().parents[2] / "studio"
ROOMS = ("views", "widgets")
SHOWING = {
    "setText", "setToolTip", "setStatusTip", "setWhatsThis", "setPlaceholderText", "setWindowTitle", "setTitle",
    "setAccessibleName", "setAccessibleDescription", "setInformativeText", "setDetailedText", "setLabelText",
    "setTabText", "setTabToolTip", "setPrefix", "setSuffix", "setHeaderLabels", "setNameFilter", "setNameFilters",
    "setSpecialValueText", "addAction", "addMenu", "addSection", "addItem", "addTab", "addRow", "addButton",
    "insertItem", "say", "hold", "offer", "showMessage", "drawText",
    "QLabel", "QPushButton", "QToolButton", "QCheckBox", "QRadioButton", "QGroupBox", "QAction", "QMenu",
    "QListWidgetItem", "QTreeWidgetItem", "QTableWidgetItem", "QFileDialog", "QMessageBox",
    "ElidedLabel", "TextPopup", "ListPopup", "SliderPopup", "Wanted", "Way", "Option",
}  # fmt: skip
"""What shows the texts that it is called with."""
TRANSLATING = {"tr", "translate", "_translate", "_tr"}
NOT_SHOWN = {"Wanted": {0, 2, 3}, "QAction": set[int](), "ElidedLabel": {1}}
"""Arguments, by position, that are names rather than sentences."""


WORDS = {*NAMES, *vars(DARK)}
"""Icons and colours, which are named and not shown."""


def untranslated(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of every sentence in the source that no language could have another one for."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _name(node.func) in SHOWING:
            name = _name(node.func)
            for index, argument in enumerate(node.args):
                if index not in NOT_SHOWN.get(name, set()):
                    yield from _sentences(argument)
            for keyword in node.keywords:
                if keyword.arg in ("text", "title", "toolTip", "placeholderText"):
                    yield from _sentences(keyword.value)
        if isinstance(node, ast.Call) and _name(node.func) in TRANSLATING:
            said = node.args[:1] if _name(node.func) == "tr" else node.args[1:2]
            is_text = _name(node.func) == "tr" or (node.args and isinstance(node.args[0], ast.Constant))
            if is_text and not all(isinstance(each, ast.Constant) for each in said):
                yield node.lineno, "no plain text: " + ast.unparse(node)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _sentences(value: ast.expr) -> Iterator[tuple[int, str]]:
    """Texts with letters within an expression, but for those that are being translated, or are keys of something."""
    if isinstance(value, ast.Call):
        if _name(value.func) in TRANSLATING:
            return
        if isinstance(value.func, ast.Attribute):
            yield from _sentences(value.func.value)
        return
    if isinstance(value, ast.Constant):
        if isinstance(value.value, str) and value.value not in WORDS and re.search(r"[^\W\d_]", _told(value.value)):
            yield value.lineno, value.value
        return
    if isinstance(value, ast.Lambda | ast.Compare | ast.Subscript | ast.Attribute):
        return
    if isinstance(value, ast.IfExp):
        yield from _sentences(value.body)
        yield from _sentences(value.orelse)
        return
    for child in ast.iter_child_nodes(value):
        if isinstance(child, ast.expr):
            yield from _sentences(child)


def _told(text: str) -> str:
    """Without the endings of files, which are the same everywhere."""
    return re.sub(r"\*\.\w+", "", text)


@pytest.mark.parametrize("path", [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))], ids=str)
def test_every_sentence_can_be_translated(path: Path) -> None:
    assert list(untranslated(path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "planted",
    [
        'label.setText("Saved")',
        'QLabel("Saved")',
        'button = QPushButton("Go on", self)',
        'self.line.setPlaceholderText("Find")',
        'menu.addAction("Delete")',
        'label.setText(f"Saved {count} files")',
        'label.setText("Saved " + name)',
        'label.setText("Saved" if saved else self.tr("Not saved"))',
        'label.setText("Saved {count}".format(count=2))',
        'self.toasts.say("Saved", "good")',
        'Wanted("undo", "Undo")',
        'label.setText(self.tr(f"Saved {count}"))',
        "label.setText(self.tr(words))",
        'QAction(text="Undo")',
    ],
)
def test_a_sentence_that_cannot_is_found(planted: str) -> None:
    assert len(list(untranslated(planted))) >= 1


@pytest.mark.parametrize(
    "fine",
    [
        'label.setText(self.tr("Saved"))',
        'label.setText(self.tr("Saved {count}").format(count=2))',
        'label.setText("×")',
        'label.setText(f"{width}×{height}")',
        'Wanted("undo", self.tr("Undo"), "undo", ("Ctrl+Z",))',
        'label.setProperty("look", "heading")',
        'label.setText(_translate("words", "Saved"))',
        "label.setText(words[kind])",
        'label.setText(names["undo"])',
    ],
)
def test_what_can_is_left_alone(fine: str) -> None:
    assert list(untranslated(fine)) == []
