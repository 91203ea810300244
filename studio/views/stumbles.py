"""Stumbles: a project that could not be opened, as a notice with the ways on."""

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale

from studio.models.desk import Desk, Stumble
from studio.project.errors import Backup, DamagedError
from studio.views.notice import View, Way
from studio.views.words import storage_sentence

MOST_BACKUPS = 3
_translate = QCoreApplication.translate


def stumble_notice(stumble: Stumble, desk: Desk, others: list[Way]) -> View:
    """What is wrong with the project, its newest good backups, and `others`."""
    heading = _translate("stumbles", "{name} could not be opened").format(name=stumble.path.stem)
    sentence = storage_sentence(stumble.error.kind)
    ways: list[Way] = []
    if isinstance(stumble.error, DamagedError):
        ways = [_restoring(stumble, desk, backup) for backup in stumble.error.backups[:MOST_BACKUPS]]
        if ways:
            more = _translate("stumbles", "It was kept as it was at these times; the damaged file stays beside it.")
            sentence = f"{sentence}\n{more}"
    return View(heading, f"{sentence}\n{stumble.path}", [*ways, *others])


def _restoring(stumble: Stumble, desk: Desk, backup: Backup) -> Way:
    when = QLocale().toString(QDateTime.fromSecsSinceEpoch(int(backup.saved_at)), QLocale.FormatType.ShortFormat)
    words = _translate("stumbles", "Open as it was: {when}").format(when=when)
    return Way(words, lambda: desk.restore(stumble.path, backup))
