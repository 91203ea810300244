"""TakeDetails: how a take was made, or why two of them are not the same."""

import html
from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QScrollArea, QWidget

from studio.project.differences import Change, Difference, FieldValue, take_differences, word_changes
from studio.project.project import Project
from studio.project.take import Take
from studio.style.tokens import GRID_PX, Theme
from studio.views.take_words import take_name
from studio.views.words import field_name, field_value, frames_words, notice_sentence, seconds, size_words
from studio.widgets.popup import Popup

WIDTH_PX = 62 * GRID_PX
TALLEST_PX = 48 * GRID_PX
TEXTS = ("prompt", "negative_prompt")
Row = tuple[str, str, str]
_translate = QCoreApplication.translate


class Differences(Popup):
    """Two takes, field by field; their texts word by word."""

    def __init__(self, first: Take, second: Take, project: Project, theme: Theme, parent: QWidget) -> None:
        names = [capital(take_name(project, take.id)) for take in (first, second)]
        super().__init__(" · ".join(names), parent)
        self.setFixedWidth(WIDTH_PX)
        found = take_differences(first, second)
        self.sentence = QLabel(self._sentence(len(found)))
        self.sentence.setWordWrap(True)
        self.sentence.setProperty("look", "secondary")
        rows: list[Row] = [("", f"<b>{html.escape(names[0])}</b>", f"<b>{html.escape(names[1])}</b>")]
        rows += [self._row(difference, project, theme) for difference in found]
        if found:
            self.rows.addWidget(_table(rows))
        self.rows.addWidget(self.sentence)

    def _sentence(self, count: int) -> str:
        if count == 0:
            return self.tr("Nothing: they have the same recipe, and differ only if the machine or its settings did.")
        return self.tr("All else is the same.")

    def _row(self, difference: Difference, project: Project, theme: Theme) -> Row:
        field, first, second = difference.field, difference.first, difference.second
        if field in TEXTS and isinstance(first, str) and isinstance(second, str):
            ours, theirs = marked_words(first, second, theme)
            return difference_name(field), ours, theirs
        said = [html.escape(value_words(field, value, project)) for value in (first, second)]
        return difference_name(field), said[0], said[1]


class Recipe(Popup):
    """Everything a take was made of."""

    def __init__(self, take: Take, project: Project, parent: QWidget) -> None:
        super().__init__(capital(take_name(project, take.id)), parent)
        self.setFixedWidth(WIDTH_PX)
        self.rows.addWidget(_table([(name, html.escape(value), "") for name, value in recipe_rows(take, project)]))


def recipe_rows(take: Take, project: Project) -> Iterable[tuple[str, str]]:
    """Names and values."""
    recipe = take.recipe
    if recipe:
        yield field_name("prompt"), recipe.prompt
    if recipe and recipe.negative_prompt:
        yield field_name("negative_prompt"), recipe.negative_prompt
    made_from = ", ".join(filter(None, (media_words(parent, project) for parent in take.parents)))
    if made_from:
        yield _translate("takes", "Made from"), made_from
    if recipe:
        yield field_name("model"), recipe.model
    yield _translate("takes", "Size"), size_words(take.width, take.height)
    yield field_name("num_frames"), f"{seconds(take.duration_s)} · {frames_words(take.num_frames)}"
    for field in ("fps", "num_inference_steps", "guidance_scale", "seed", "speed") if recipe else ():
        yield field_name(field), field_value(field, getattr(recipe, field))
    if take.stage_s:
        yield _translate("takes", "Took"), seconds(sum(take.stage_s.values()))
    for notice in take.notices:
        yield _translate("takes", "Note"), notice_sentence(notice)


def marked_words(first: str, second: str, theme: Theme) -> tuple[str, str]:
    """Both texts as HTML: what only one has stands out."""
    pieces = word_changes(first, second)

    def said(own: Change) -> str:
        shown = [piece for piece in pieces if piece.change in ("same", own)]
        return "".join(
            html.escape(piece.text)
            if piece.change == "same"
            else f'<span style="color:{theme.accent}">{html.escape(piece.text)}</span>'
            for piece in shown
        )

    return said("out"), said("in")


def difference_name(field: str) -> str:
    """What people call a field of two takes that differs."""
    if field.startswith("conditions["):
        frame, rest = field.removeprefix("conditions[").split("]")
        said = _translate("takes", "Image on frame {frame}").format(frame=int(frame) + 1)
        return f"{said} · {field_name(rest[1:])}" if rest else said
    special = {
        "verb": _translate("takes", "Made by"),
        "step": _translate("takes", "Draft step"),
        "build": _translate("takes", "Engine"),
        "splice.before": _translate("takes", "Kept before"),
        "splice.after": _translate("takes", "Kept after"),
    }
    if field in special:
        return special[field]
    part = field.rpartition(".")
    return field_name(field) if not part[0] else f"{difference_name(part[0])} · {field_name(part[2])}"


def value_words(field: str, value: FieldValue, project: Project) -> str:
    """A value with its unit; media by the name of what it is."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return _translate("takes", "yes") if value else _translate("takes", "no")
    if isinstance(value, str) and len(value) == 64:
        return media_words(value, project) or value[:8]
    if field == "verb":
        return _verb(str(value))
    return field_value(field, value)


def media_words(media: str, project: Project) -> str:
    """The name of a take or of footage, by id or by sha256; empty when it is gone."""
    for footage in project.bin:
        if footage.sha256 == media:
            return footage.name
    takes = (take for shot in project.shots for take in shot.takes)
    return next((take_name(project, take.id) for take in takes if media in (take.id, take.media)), "")


def capital(text: str) -> str:
    """With a capital at its beginning."""
    return text[:1].upper() + text[1:]


def _verb(verb: str) -> str:
    return {
        "generate": _translate("takes", "Generate"),
        "animate": _translate("takes", "Animate"),
        "extend": _translate("takes", "Extend"),
        "extend_backward": _translate("takes", "Extend backward"),
        "loop": _translate("takes", "Loop"),
        "bridge": _translate("takes", "Bridge"),
        "remix": _translate("takes", "Remix"),
        "retake": _translate("takes", "Retake"),
    }.get(verb, verb)


def _table(rows: Iterable[Row]) -> QScrollArea:
    held = QWidget()
    grid = QGridLayout(held)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(2 * GRID_PX)
    grid.setVerticalSpacing(GRID_PX)
    grid.setColumnStretch(1, 1)
    for line, row in enumerate(rows):
        for column, text in enumerate(row):
            if text or column < 2:
                grid.addWidget(_cell(text, is_name=column == 0), line, column, Qt.AlignmentFlag.AlignTop)
                grid.setColumnStretch(column, 0 if column == 0 else 1)
    grid.setRowStretch(grid.rowCount(), 1)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setWidget(held)
    held.setAutoFillBackground(False)
    area.viewport().setAutoFillBackground(False)
    area.setFixedHeight(min(TALLEST_PX, held.heightForWidth(WIDTH_PX - 2 * GRID_PX) + GRID_PX))
    return area


def _cell(text: str, is_name: bool) -> QLabel:
    cell = QLabel(html.escape(text) if is_name else text)
    cell.setTextFormat(Qt.TextFormat.RichText)
    cell.setWordWrap(not is_name)
    if is_name:
        cell.setProperty("look", "secondary")
    cell.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return cell
