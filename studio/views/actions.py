"""Actions: everything that can be done in the window, each once, by name; buttons, menus and palette share them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QToolButton, QWidget

from studio.style.icons import icon
from studio.style.tokens import GRID_PX, ICON_PX, Theme

GROUP = "group"
BUTTON_PX = 4 * GRID_PX
REPEATING = ("step_back", "step_forward", "undo", "redo")
"""A key that is held down does these again and again; all others once, or a render would be queued ten times."""
_ICON = "icon_name"
_SIGNS = (("Return", "⏎"), ("Left", "←"), ("Right", "→"))


@dataclass(frozen=True)
class Wanted:
    """What an action is before there is one; `keys` in Qt's portable words, the first one is shown.

    `short` is what a button with little room says.
    """

    name: str
    text: str
    icon: str | None = None
    keys: tuple[str, ...] = ()
    checkable: bool = False
    short: str = ""


def build_actions(parent: QWidget, theme: Theme) -> dict[str, QAction]:
    """Every action by its name, owned by `parent`, whose window their keys work in; nothing is connected yet."""
    made: dict[str, QAction] = {}
    for group, wanted in Words(parent).groups():
        for each in wanted:
            action = QAction(each.text, parent)
            action.setObjectName(each.name)
            action.setProperty(GROUP, group)
            action.setProperty(_ICON, each.icon)
            action.setShortcuts([QKeySequence(keys) for keys in each.keys])
            action.setCheckable(each.checkable)
            action.setAutoRepeat(each.name in REPEATING)
            action.setIconText(f" {each.short or plain(action)}")  # Qt puts the words very near to the icon
            parent.addAction(action)
            made[each.name] = action
    dress(made, theme)
    for action in made.values():
        explain(action)
    return made


def dress(actions: Mapping[str, QAction], theme: Theme) -> None:
    """Give them the icons of a theme."""
    for action in actions.values():
        name = action.property(_ICON)
        if name:
            action.setIcon(icon(name, theme))


def tool(action: QAction) -> QToolButton:
    """A button of an action, as its icon."""
    button = QToolButton()
    button.setDefaultAction(action)
    button.setAutoRaise(True)
    button.setIconSize(QSize(ICON_PX, ICON_PX))
    button.setFixedSize(BUTTON_PX, BUTTON_PX)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
    button.setAccessibleName(plain(action))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def explain(action: QAction, why_not: str = "") -> None:
    """Enable an action, or say in its tooltip why it cannot be done now."""
    action.setEnabled(not why_not)
    keys = keys_of(action)
    text = plain(action)
    first = f"{text} ({keys})" if keys else text
    action.setToolTip(f"{first}\n{why_not}" if why_not else first)


def plain(action: QAction) -> str:
    """What it says, without what marks a dialog to come."""
    return action.text().replace("&", "").removesuffix("…")


def keys_of(action: QAction) -> str:
    """Its first shortcut, as people of this system write it; empty without one."""
    return key_words(action.shortcut())


def key_words(keys: QKeySequence) -> str:
    """Keys as they stand on a keyboard."""
    said = keys.toString(QKeySequence.SequenceFormat.NativeText)
    for word, sign in _SIGNS:
        said = said.replace(word, sign)
    return said


class Words(QObject):
    """What the actions are called, in groups."""

    def groups(self) -> Iterator[tuple[str, tuple[Wanted, ...]]]:
        """Each group's name and its actions, in the order of menus and palette."""
        yield self.tr("Make"), self._make()
        yield self.tr("Clip"), self._clip()
        yield self.tr("Take"), self._take()
        yield self.tr("Play"), self._play()
        yield self.tr("Range"), self._range()
        yield self.tr("Shot"), self._shot()
        yield self.tr("Storyboard"), self._storyboard()
        yield self.tr("Project"), self._project()
        yield self.tr("Window"), self._window()

    def _make(self) -> tuple[Wanted, ...]:
        return (
            Wanted("generate", self.tr("Generate"), "generate", ("Ctrl+Return", "Ctrl+Enter")),
            Wanted("variations", self.tr("4 variations"), "variations", ("Ctrl+Shift+Return", "Ctrl+Shift+Enter")),
            Wanted("draft_board", self.tr("Draft board: 6 quick looks"), "draft", ("Ctrl+D",)),
            Wanted("finish_draft", self.tr("Finish this draft"), "done", ("Shift+F",), short=self.tr("Finish")),
            Wanted("stop_early", self.tr("Stop here and keep it"), "stop", ("Ctrl+.",)),
        )

    def _clip(self) -> tuple[Wanted, ...]:
        return (
            Wanted("extend", self.tr("Extend"), "extend", ("E",)),
            Wanted(
                "extend_backward",
                self.tr("Extend backward"),
                "extend_backward",
                ("Shift+E",),
                short=self.tr("Backward"),
            ),
            Wanted("loop", self.tr("Loop"), "loop_clip", ("Ctrl+L",)),
            Wanted("bridge", self.tr("Bridge to…"), "bridge", ("B",), short=self.tr("Bridge")),
            Wanted("remix", self.tr("Remix…"), "remix", ("R",)),
            Wanted("retake", self.tr("Retake in–out"), "retake", ("T",), short=self.tr("Retake")),
            Wanted(
                "use_last_frame",
                self.tr("Use last frame as start"),
                "use_last_frame",
                ("U",),
                short=self.tr("Last frame"),
            ),
            Wanted("animate", self.tr("Animate this image"), "animate", ("A",), short=self.tr("Animate")),
        )

    def _take(self) -> tuple[Wanted, ...]:
        return (
            Wanted("rate_1", self.tr("Rate 1 star"), "star", ("1",)),
            Wanted("rate_2", self.tr("Rate 2 stars"), "star", ("2",)),
            Wanted("rate_3", self.tr("Rate 3 stars"), "star", ("3",)),
            Wanted("rate_4", self.tr("Rate 4 stars"), "star", ("4",)),
            Wanted("rate_5", self.tr("Rate 5 stars"), "star", ("5",)),
            Wanted("rate_0", self.tr("Take the rating away"), "star_outline", ("0",)),
            Wanted("save_take_as", self.tr("Save a copy…"), "save", ("Ctrl+Shift+S",)),
            Wanted("reveal_file", self.tr("Show the file in its folder"), "folder", ("Ctrl+Shift+R",)),
            Wanted("delete_take", self.tr("Delete this take"), "delete", ("Del",)),
        )

    def _play(self) -> tuple[Wanted, ...]:
        return (
            Wanted("play", self.tr("Play or pause"), "play", ("Space",), checkable=True),
            Wanted("step_back", self.tr("One frame back"), "step_back", ("Left",)),
            Wanted("step_forward", self.tr("One frame forward"), "step_forward", ("Right",)),
            Wanted("shuttle_back", self.tr("Play backward, faster each time"), None, ("J",)),
            Wanted("shuttle_stop", self.tr("Stand still"), "pause", ("K",)),
            Wanted("shuttle_forward", self.tr("Play forward, faster each time"), None, ("L",)),
            Wanted("repeat", self.tr("Repeat"), "loop", ("Ctrl+R",), checkable=True),
            Wanted("compare", self.tr("Compare with…"), "compare", ("C",), checkable=True),
            Wanted("full_screen", self.tr("Full screen"), "full_screen", ("F", "F11"), checkable=True),
        )

    def _range(self) -> tuple[Wanted, ...]:
        return (
            Wanted("set_in", self.tr("Set in here"), "in", ("I",)),
            Wanted("set_out", self.tr("Set out here"), "out", ("O",)),
            Wanted("to_in", self.tr("Go to in"), "to_start", ("Home",)),
            Wanted("to_out", self.tr("Go to out"), "to_end", ("End",)),
            Wanted("clear_range", self.tr("Clear in and out"), "close", ("X",)),
        )

    def _shot(self) -> tuple[Wanted, ...]:
        return (
            Wanted("new_shot", self.tr("New shot"), "add", ("Ctrl+T",)),
            Wanted("previous_shot", self.tr("Previous shot"), "chevron_left", ("Ctrl+PgUp",)),
            Wanted("next_shot", self.tr("Next shot"), "chevron_right", ("Ctrl+PgDown",)),
            Wanted("rename_shot", self.tr("Rename shot…"), "rename", ("F2",)),
            Wanted("duplicate_shot", self.tr("Duplicate shot"), "duplicate", ("Ctrl+Shift+D",)),
            Wanted("delete_shot", self.tr("Delete shot"), "delete", ("Ctrl+Shift+W",)),
        )

    def _storyboard(self) -> tuple[Wanted, ...]:
        return (
            Wanted("generate_missing", self.tr("Generate missing"), "generate", ("Ctrl+G",)),
            Wanted("refresh_stale", self.tr("Make what changed again"), "retry", ("Ctrl+Shift+G",)),
            Wanted("play_from_shot", self.tr("Play the film from this shot"), "play", ("Shift+Space",)),
            Wanted("split_shot", self.tr("Split at the playhead"), "split", ("S",)),
            Wanted("move_back", self.tr("Move shot back"), "move_back", ("Alt+Left",)),
            Wanted("move_on", self.tr("Move shot on"), "move_on", ("Alt+Right",)),
            Wanted("continue_shot", self.tr("Start from the shot before"), "continues", ("Shift+C",), checkable=True),
            Wanted("transition", self.tr("Transition to the next shot…"), "transition", ("Shift+T",)),
            Wanted("insert_bridge", self.tr("Generated bridge to the next shot"), "bridge", ("Shift+B",)),
            Wanted("zoom_in", self.tr("Zoom in"), "zoom_in", ("Ctrl+=", "Ctrl++")),
            Wanted("zoom_out", self.tr("Zoom out"), "zoom_out", ("Ctrl+-",)),
            Wanted("zoom_fit", self.tr("Show the whole film"), "zoom_fit", ("Ctrl+0",)),
        )

    def _project(self) -> tuple[Wanted, ...]:
        return (
            Wanted("undo", self.tr("Undo"), "undo", ("Ctrl+Z",)),
            Wanted("redo", self.tr("Redo"), "redo", ("Ctrl+Shift+Z", "Ctrl+Y")),
            Wanted("import_files", self.tr("Import images and clips…"), "image", ("Ctrl+I",)),
            Wanted("import_script", self.tr("Shots from a script…"), "rename"),
            Wanted("import_timeline", self.tr("Shots from a timeline…"), "shot"),
            Wanted("import_clips", self.tr("Shots from a folder of clips…"), "folder"),
            Wanted("new_project", self.tr("New project…"), "add", ("Ctrl+N",)),
            Wanted("open_project", self.tr("Open project…"), "folder", ("Ctrl+O",)),
            Wanted("rename_project", self.tr("Rename project…"), "rename"),
            Wanted("export_zip", self.tr("Export project as zip…"), "save"),
            Wanted("import_zip", self.tr("Import project from zip…"), "download"),
        )

    def _window(self) -> tuple[Wanted, ...]:
        return (
            Wanted("palette", self.tr("Find a command"), "search", ("Ctrl+K",)),
            Wanted("shortcuts", self.tr("Keys"), "keyboard", ("F1", "?")),
            Wanted("page_create", self.tr("Create"), None, ("Ctrl+1",), checkable=True),
            Wanted("page_storyboard", self.tr("Storyboard"), None, ("Ctrl+2",), checkable=True),
            Wanted("page_film", self.tr("Film"), None, ("Ctrl+3",), checkable=True),
            Wanted("next_panel", self.tr("Next panel"), None, ("F6",)),
            Wanted("library", self.tr("Models"), "library", ("Ctrl+M",)),
            Wanted("settings", self.tr("Settings"), "settings", ("Ctrl+,",)),
            Wanted("diagnostics", self.tr("Diagnostics"), "diagnostics"),
            Wanted("quit", self.tr("Quit"), None, ("Ctrl+Q",)),
        )
