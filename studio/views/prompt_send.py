"""Generate: the one large button, and why it cannot be pressed where it cannot."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QSizePolicy, QToolButton

from engine.protocol.problem import Problem
from studio.link.state import Failed, Lost
from studio.link.trouble import Problems, Trouble
from studio.models.composer import Hindrance
from studio.models.studio import Studio
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, ICON_PX, Theme
from studio.views.prompt_part import Actions, Belongs, Part
from studio.widgets.keys import PRESS, keep_keys
from studio.widgets.notice import Notice, Offer

HEIGHT_PX = 5 * GRID_PX
MORE = ("variations", "draft_board")


class SendPart(Part):
    """Stands under the page, always in sight."""

    def __init__(self, studio: Studio, actions: Actions, theme: Theme, has_place: Belongs) -> None:
        super().__init__(studio, theme, lambda field: not has_place(field))
        self._actions = actions
        self._is_ready: bool | None = None
        self._refused: tuple[Problem, ...] = ()
        self._refused_recipe: object = None
        self.note = Notice(theme)
        self.button = _Generate(actions["generate"].text(), actions["generate"].shortcut())
        self.button.clicked.connect(actions["generate"].trigger)
        self.button.setFixedHeight(HEIGHT_PX)
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys where they were: Space plays
        self.more = QToolButton()
        self.more.setProperty("look", "primary")
        self.more.setFixedSize(QSize(HEIGHT_PX, HEIGHT_PX))
        self.more.setIconSize(QSize(ICON_PX, ICON_PX))
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.more.setAccessibleName(self.tr("More ways to generate"))
        self.more.setToolTip(self.tr("More ways to generate"))
        menu = QMenu(self.more)
        menu.addActions([actions[name] for name in MORE])
        self.more.setMenu(menu)
        sides = ("right", "left") if self.layoutDirection() == Qt.LayoutDirection.RightToLeft else ("left", "right")
        for button, side in zip((self.button, self.more), sides, strict=True):
            button.setProperty("side", side)
            keep_keys(button, *PRESS)
        row = QHBoxLayout()
        row.setSpacing(1)
        row.addWidget(self.button, 1)
        row.addWidget(self.more)
        self.rows.addWidget(self.problems)
        self.rows.addWidget(self.note)
        self.rows.addLayout(row)
        studio.composer.refused.connect(self._on_refused)

    def refresh(self) -> None:
        """Ready, or why not."""
        composer = self.studio.composer
        if self._refused and composer.recipe is not self._refused_recipe:
            self._refused = ()
        hindrance = composer.hindrance
        self._enable(hindrance is None)
        self.problems.refresh(self._refused)
        if hindrance is None:
            self.note.clear()
        else:
            self._explain(hindrance)
        self.button.setAccessibleDescription(self.note.sentence)
        self.button.setToolTip(self.note.sentence or self._actions["generate"].toolTip())

    def _enable(self, is_ready: bool) -> None:
        if self._is_ready != is_ready:
            self._is_ready = is_ready
            self.button.setEnabled(is_ready)
            self.more.setEnabled(is_ready)
            self.more.setIcon(icon("chevron_down", self.theme, "on_accent" if is_ready else "text"))

    def _explain(self, hindrance: Hindrance) -> None:
        if hindrance == "problems":
            self.note.say(self.tr("Mend what is marked above, then generate."), "info", "muted")
            return
        is_waiting = hindrance in ("engine_starting", "engine_lost")
        mark, role = ("info", "muted") if is_waiting else ("warning", "warn")
        self.note.say(self._reason(hindrance), mark, role, self._offer(hindrance))

    def _reason(self, hindrance: Hindrance) -> str:
        state = self.studio.link.state
        match hindrance:
            case "no_shot":
                return self.tr("There is no shot yet.")
            case "engine_starting":
                return self.tr("The engine is starting. You can write on meanwhile.")
            case "engine_lost":
                return self._lost_words(state.attempt if isinstance(state, Lost) else 1)
            case "engine_failed":
                said = self.tr("The engine cannot be started: {reason}")
                return said.format(reason=state.reason if isinstance(state, Failed) else "")
            case "engine_stopped":
                return self.tr("The engine was stopped.")
            case _:
                alone = self.tr("It starts from a shot beside it that has no take yet.")
                return alone if hindrance == "needs_take" else self.tr("Choose a model that is on this machine.")

    def _lost_words(self, attempt: int) -> str:
        if attempt == 1:
            return self.tr("The engine went away and is coming back. Nothing is lost.")
        often = self.tr("The engine went away and is being started, attempt {number}. Nothing is lost.")
        return often.format(number=attempt)

    def _offer(self, hindrance: Hindrance) -> Offer | None:
        match hindrance:
            case "no_shot":
                return self._actions["new_shot"].text(), self._actions["new_shot"].trigger
            case "engine_failed":
                return self.tr("Try again"), self.studio.link.retry
            case "engine_stopped":
                return self.tr("Start the engine"), self.studio.link.retry
            case _:
                return None

    def _on_refused(self, trouble: Trouble) -> None:
        """What only the engine knew; until the recipe is another one."""
        if isinstance(trouble, Problems):
            self._refused, self._refused_recipe = trouble.problems, self.studio.composer.recipe
            self.refresh()


class _Generate(QPushButton):
    """Its name in the middle, its keys at the side."""

    def __init__(self, text: str, keys: QKeySequence) -> None:
        super().__init__(text)
        self.setProperty("look", "primary")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        shown = keys.toString(QKeySequence.SequenceFormat.NativeText)
        self.keys = QLabel(shown.replace("Return", "⏎").replace("+", " "), self)
        self.keys.setProperty("look", "keys")
        self.keys.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * GRID_PX, 0, 2 * GRID_PX, 0)
        row.addStretch()
        row.addWidget(self.keys)
