"""The welcome panel: what Reelwright is, what works today, and what is being built."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from studio.style.filmstrip import filmstrip_height_px, paint_filmstrip
from studio.style.mark import mark_icon
from studio.style.tokens import GRID_PX, LINE_PX, TEXT_PX, Theme

RUN = "python3 packaging/dev.py run"
GENERATE = f'{RUN} generate "A serene beach at sunset" --output beach.mp4'
ANIMATE = f"{RUN} animate still.png"
MODELS = f"{RUN} models"
QUEUE = f"{RUN} queue"
COLUMN_PX = 1184


class View(QScrollArea):
    """All of the window for now; it knows no model and starts no engine."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        page = QWidget()
        rows = QVBoxLayout(page)
        rows.setContentsMargins(0, 4 * GRID_PX, 0, 4 * GRID_PX)
        rows.setSpacing(3 * GRID_PX)
        rows.addStretch(1)
        rows.addLayout(_column(self._header()))
        rows.addWidget(Filmstrip(theme))
        rows.addLayout(_column(self._introduction()))
        rows.addLayout(_column(self._body()))
        rows.addStretch(3)
        self.setWidget(page)
        page.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)

    def _header(self) -> QHBoxLayout:
        size = QSize(4 * GRID_PX, 4 * GRID_PX)
        mark = QLabel()
        mark.setPixmap(mark_icon(self._theme).pixmap(size, self.devicePixelRatioF()))
        row = QHBoxLayout()
        row.setSpacing(GRID_PX + GRID_PX // 2)
        row.addWidget(mark)
        row.addWidget(_label("Reelwright", "name"))
        row.addStretch()
        return row

    def _introduction(self) -> QVBoxLayout:
        rows = QVBoxLayout()
        rows.setSpacing(GRID_PX)
        rows.addWidget(_label(self.tr("Describe a shot. Your own machine makes it."), "title"))
        lead = self.tr(
            "This window is the studio, and it is still being built. "
            "The engine behind it works today, from a terminal in Reelwright's folder."
        )
        rows.addWidget(_label(lead, "lead"))
        return rows

    def _body(self) -> QHBoxLayout:
        columns = QHBoxLayout()
        columns.setSpacing(5 * GRID_PX)
        columns.addLayout(self._today(), 7)
        columns.addLayout(self._coming(), 3)
        return columns

    def _today(self) -> QVBoxLayout:
        panel = QFrame()
        panel.setProperty("look", "panel")
        rows = QVBoxLayout(panel)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        for index, (heading, hint, command) in enumerate(self._commands()):
            if index:
                rows.addWidget(_line())
            rows.addWidget(CommandRow(heading, hint, command))
        return _section(self.tr("Works today"), panel)

    def _commands(self) -> list[tuple[str, str, str]]:
        """Heading, hint and command line of what the engine can do."""
        starter = self.tr("The built-in starter model: small, soft pictures, on any processor")
        still = self.tr("Put your own picture in the place of still.png")
        return [
            (self.tr("Make a clip from a sentence"), starter, GENERATE),
            (self.tr("Bring a still to life"), still, ANIMATE),
            (self.tr("See the models"), self.tr("What each one takes and needs"), MODELS),
            (self.tr("See the queue"), self.tr("What is rendering, waiting and done"), QUEUE),
        ]

    def _coming(self) -> QVBoxLayout:
        pages = [
            (
                self.tr("Create"),
                self.tr("Prompt, viewer and takes in one place. You watch a clip sharpen while it renders."),
            ),
            (
                self.tr("Storyboard"),
                self.tr("Shots in their order: made longer, looped, bridged, and never lost."),
            ),
            (self.tr("Film"), self.tr("Trim, join and export the whole.")),
        ]
        listed = QWidget()
        rows = QVBoxLayout(listed)
        rows.setContentsMargins(0, 2 * GRID_PX, 0, 0)
        rows.setSpacing(GRID_PX // 2)
        for heading, text in pages:
            rows.addWidget(_label(heading, "heading"))
            rows.addWidget(_label(text, "secondary"))
            rows.addSpacing(2 * GRID_PX)
        rows.addStretch()
        return _section(self.tr("Being built"), listed)


class CommandRow(QWidget):
    """A command line with what it does, and a button that copies it."""

    def __init__(self, heading: str, hint: str, command: str) -> None:
        super().__init__()
        self._command = command
        self._copy = self._copy_button()
        texts = QVBoxLayout()
        texts.setSpacing(GRID_PX // 2)
        above = QHBoxLayout()
        above.setSpacing(GRID_PX + GRID_PX // 2)
        above.addWidget(_label(heading, "heading", wraps=False))
        above.addWidget(_label(hint, "secondary"), 1)
        texts.addLayout(above)
        texts.addWidget(_command_label(command))
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * GRID_PX, GRID_PX + GRID_PX // 2, 2 * GRID_PX, GRID_PX + GRID_PX // 2)
        row.setSpacing(2 * GRID_PX)
        row.addLayout(texts, 1)
        row.addWidget(self._copy)
        QGuiApplication.clipboard().dataChanged.connect(self._follow_clipboard)
        self._show_copied(False)

    def _copy_button(self) -> QPushButton:
        button = QPushButton()
        button.setCheckable(True)
        button.setAutoDefault(True)  # so that Enter presses it too
        widths: list[int] = []
        for text in (self.tr("Copy"), self.tr("Copied")):
            button.setText(text)
            widths.append(button.sizeHint().width())
        button.setMinimumWidth(max(widths))
        button.setAccessibleName(self.tr("Copy the command %s").replace("%s", self._command))
        button.clicked.connect(self._put_on_clipboard)
        return button

    def _put_on_clipboard(self) -> None:
        QGuiApplication.clipboard().setText(self._command)
        self._show_copied(True)

    def _follow_clipboard(self) -> None:
        clipboard = QGuiApplication.clipboard()
        # Only what this program put there is read: another program may take seconds to hand over its own.
        self._show_copied(clipboard.ownsClipboard() and clipboard.text() == self._command)

    def _show_copied(self, copied: bool) -> None:
        self._copy.setChecked(copied)
        self._copy.setText(self.tr("Copied") if copied else self.tr("Copy"))


class Filmstrip(QWidget):
    """The ornament at the top, as wide as the window."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName(self.tr("A strip of film on which noise becomes a sunset over the sea; drawn by hand"))

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        return filmstrip_height_px(width)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        paint_filmstrip(painter, self.rect().toRectF(), self._theme)
        painter.end()


def _column(content: QHBoxLayout | QVBoxLayout) -> QHBoxLayout:
    """The content in the middle of a wide window, and never wider than it reads well."""
    held = QWidget()
    held.setMaximumWidth(COLUMN_PX)
    held.setLayout(content)
    content.setContentsMargins(0, 0, 0, 0)
    row = QHBoxLayout()
    row.setContentsMargins(6 * GRID_PX, 0, 6 * GRID_PX, 0)
    row.addStretch(1)
    row.addWidget(held, 1000)
    row.addStretch(1)
    return row


def _section(title: str, content: QWidget) -> QVBoxLayout:
    rows = QVBoxLayout()
    rows.setSpacing(GRID_PX)
    rows.addWidget(_label(title, "section"))
    rows.addWidget(content, 1)
    return rows


def _label(text: str, look: str, *, wraps: bool = True) -> QLabel:
    label = QLabel(text)
    label.setProperty("look", look)
    label.setWordWrap(wraps)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setAlignment(_leading() | Qt.AlignmentFlag.AlignVCenter)
    return label


def _leading() -> Qt.AlignmentFlag:
    """Where a line starts; a label of its own accord looks at its text alone, not at the window around it."""
    flag = Qt.AlignmentFlag
    return flag.AlignAbsolute | (flag.AlignRight if QGuiApplication.isRightToLeft() else flag.AlignLeft)


def _command_label(command: str) -> QLabel:
    label = _label(command, "command")
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(TEXT_PX)
    label.setFont(font)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _line() -> QFrame:
    line = QFrame()
    line.setProperty("look", "line")
    line.setFixedHeight(LINE_PX)
    return line
