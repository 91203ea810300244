"""What most takes leave to the model: what to avoid, exact size, rate, steps and guidance."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe
from engine.protocol.rules import LARGEST_FPS
from studio.models.studio import Studio
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, Theme
from studio.views.prompt_part import Part, column_label, quiet_label
from studio.widgets.keys import PRESS, keep_keys
from studio.widgets.mention_edit import MentionEdit
from studio.widgets.number_field import NumberField

RESET_PX = 16
NUMBERS = ("fps", "num_inference_steps", "guidance_scale")
SIZES = ("width", "height")


class AdvancedPart(Part):
    """Numbers show what would be sent; an arrow leads back to the model's own where another one is chosen."""

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__(studio, theme, lambda field: field in ("negative_prompt", "speed", *NUMBERS))
        names = {
            "width": self.tr("Width"),
            "height": self.tr("Height"),
            "fps": self.tr("Frame rate"),
            "num_inference_steps": self.tr("Steps"),
            "guidance_scale": self.tr("Guidance"),
        }
        hints = {
            "num_inference_steps": self.tr("More steps take longer, and draw finer"),
            "guidance_scale": self.tr("How closely the words are followed"),
        }
        self.fields = {name: self._number(name, said) for name, said in names.items()}
        self.resets = {name: self._reset(name, said) for name, said in names.items()}
        for name, hint in hints.items():
            self.fields[name].setToolTip(hint)
        self.fields["fps"].setSuffix(self.tr(" fps"))
        for name in SIZES:
            self.fields[name].setSuffix(self.tr(" px"))
        self.negative = MentionEdit(theme, (2, 6))
        self.negative.setAccessibleName(self.tr("What to avoid"))
        self.negative.setPlaceholderText(self.tr("What must not be seen"))
        self.negative.edited.connect(self._avoid)
        self.negative.left.connect(studio.film.settle)
        self.body = QWidget()
        rows = QVBoxLayout(self.body)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GRID_PX)
        rows.addWidget(quiet_label(self.tr("What to avoid")))
        rows.addWidget(self.negative)
        for name, said in names.items():
            rows.addLayout(self._row(name, said))
        self.rows.addWidget(self.body)
        self.rows.addWidget(self.problems)

    def refresh(self) -> None:
        """Every number as it would be sent."""
        composer = self.studio.composer
        card, recipe, draft = composer.card, composer.recipe, self.draft
        self.problems.refresh()
        self.body.setVisible(composer.shows_advanced)
        self.setVisible(composer.shows_advanced or bool(self.problems.notes))
        self.negative.setReadOnly(not self.has_shot)
        usual = card.defaults.negative_prompt if card is not None else ""
        self.negative.show_text(usual if draft.negative_prompt is None else draft.negative_prompt)
        for name, field in self.fields.items():
            field.setEnabled(recipe is not None)
            self.resets[name].setVisible(getattr(draft, name) is not None)
        if card is not None and recipe is not None:
            self._show(card, recipe)

    def _show(self, card: ModelCard, recipe: Recipe) -> None:
        rule = card.size
        low = -(-rule.smallest_edge // rule.multiple) * rule.multiple
        grids = dict.fromkeys(SIZES, (low, rule.largest_edge // rule.multiple * rule.multiple, rule.multiple))
        rest = {
            "fps": (1, LARGEST_FPS, 1),
            "num_inference_steps": (1, card.largest_steps, 1),
            "guidance_scale": (1, card.largest_guidance, 0.5),
        }
        for name, grid in (grids | rest).items():
            self.fields[name].set_grid(*grid)
            self.fields[name].show_value(getattr(recipe, name))

    def _number(self, name: str, said: str) -> NumberField:
        field = NumberField(said, self.theme, {"fps": 2, "guidance_scale": 1}.get(name, 0))
        whole = name not in ("fps", "guidance_scale")

        def choose(value: float) -> None:
            self.studio.composer.change(**{name: int(value) if whole else value})

        field.chosen.connect(choose)
        field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        return field

    def _reset(self, name: str, said: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon("undo", self.theme, "muted"))
        button.setIconSize(QSize(RESET_PX, RESET_PX))
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setAccessibleName(self.tr("{field}: back to the model's own").format(field=said))
        button.setToolTip(self.tr("Back to the model's own"))
        fields = SIZES if name in SIZES else (name,)
        button.clicked.connect(lambda: self.studio.composer.change(**dict.fromkeys(fields)))
        keep_keys(button, *PRESS)
        return button

    def _row(self, name: str, said: str) -> QHBoxLayout:
        label: QLabel = column_label(said)
        label.setBuddy(self.fields[name])
        row = QHBoxLayout()
        row.setSpacing(GRID_PX)
        row.addWidget(label, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.fields[name], 1)
        row.addWidget(self.resets[name])
        return row

    def _avoid(self, text: str) -> None:
        self.studio.composer.change("negative_prompt", negative_prompt=text or None)
