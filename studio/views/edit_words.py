"""What undo and redo would do, in words: every label of an edit has its own."""

from PySide6.QtCore import QCoreApplication

_translate = QCoreApplication.translate


def edit_words(label: str) -> str:
    """What the edit with this label did."""
    return _words().get(label, _translate("edits", "the last change"))


def _words() -> dict[str, str]:
    return {
        "add_entry": _translate("edits", "new entry in the bible"),
        "add_footage": _translate("edits", "files into the bin"),
        "add_shot": _translate("edits", "new shot"),
        "add_track": _translate("edits", "sound under the film"),
        "change_track": _translate("edits", "change of the sound"),
        "remove_track": _translate("edits", "take sound out of the film"),
        "import_shots": _translate("edits", "import of shots"),
        "change_draft": _translate("edits", "change of the prompt"),
        "change_entry": _translate("edits", "change in the bible"),
        "change_settings": _translate("edits", "change of the film's settings"),
        "delete_shot": _translate("edits", "delete shot"),
        "delete_take": _translate("edits", "delete take"),
        "duplicate_shot": _translate("edits", "duplicate shot"),
        "make_animate": _translate("edits", "set in motion"),
        "make_bridge": _translate("edits", "bridge"),
        "make_draft_board": _translate("edits", "draft board"),
        "make_extend": _translate("edits", "extend"),
        "make_extend_backward": _translate("edits", "extend backward"),
        "make_generate": _translate("edits", "generate"),
        "make_loop": _translate("edits", "loop"),
        "make_remix": _translate("edits", "remix"),
        "make_retake": _translate("edits", "retake"),
        "insert_bridge": _translate("edits", "generated bridge"),
        "make_shots": _translate("edits", "making of shots"),
        "make_variations": _translate("edits", "variations"),
        "move_shot": _translate("edits", "move shot"),
        "rate_take": _translate("edits", "rating"),
        "remove_entry": _translate("edits", "take out of the bible"),
        "remove_footage": _translate("edits", "take out of the bin"),
        "rename_project": _translate("edits", "rename project"),
        "rename_shot": _translate("edits", "rename shot"),
        "reuse_recipe": _translate("edits", "use the recipe again"),
        "select_take": _translate("edits", "choose take"),
        "set_in_out": _translate("edits", "in and out"),
        "set_continues": _translate("edits", "start from the shot before"),
        "split_shot": _translate("edits", "split shot"),
        "set_transition": _translate("edits", "transition"),
    }
