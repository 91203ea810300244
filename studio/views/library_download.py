"""The part of a model's card that fetches, pauses, checks, mends and deletes its files."""

from collections.abc import Callable

from pydantic import ValidationError
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from engine.protocol.download import Checked, Download, Paused, Stuck, Token
from engine.protocol.model_card import ModelCard
from studio.link.trouble import Trouble
from studio.models.downloads import Downloads
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, Theme
from studio.views.library_download_words import checked_words, progress_words, trouble_words
from studio.views.library_words import gigabytes
from studio.views.words import trouble_sentence
from studio.widgets.keys import PRESS, keep_keys
from studio.widgets.notice import Notice, Offer
from studio.widgets.progress_bar import ProgressBar


class DownloadPart(QWidget):
    """Says nothing and offers only buttons while nothing is under way."""

    def __init__(self, downloads: Downloads, theme: Theme, card: ModelCard, missing: list[str]) -> None:
        super().__init__()
        self._downloads = downloads
        self._card = card
        self._missing = missing
        self._refusal: Trouble | None = None
        self._is_deleting = False
        self._progress = ProgressBar(theme)
        self._counter = QLabel()
        self._counter.setProperty("look", "secondary")
        self.note = Notice(theme)
        self.token = QLineEdit()
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.token.setPlaceholderText(self.tr("hf_…  (huggingface.co/settings/tokens)"))
        self.token.setAccessibleName(self.tr("Hugging Face token"))
        self.token.returnPressed.connect(self._put_token)
        self.get_button = self._button("download", theme, lambda: self._act(downloads.start))
        self.pause_button = self._button("pause", theme, lambda: self._act(downloads.pause))
        self.pause_button.setText(self.tr("Pause"))
        self.cancel_button = self._button("cancel", theme, lambda: self._act(downloads.cancel))
        self.verify_button = self._button("search", theme, lambda: self._act(downloads.verify))
        self.verify_button.setText(self.tr("Verify"))
        self.verify_button.setToolTip(self.tr("Reads all files again, and finds damage"))
        self.delete_button = self._button("delete", theme, self._ask_delete)
        self.delete_button.setText(self.tr("Delete"))
        self.save_button = self._button("lock", theme, self._put_token)
        self.save_button.setText(self.tr("Save token and go on"))
        self._lay_out()
        downloads.changed.connect(self._on_news)
        downloads.refused.connect(self._on_refused)
        self.refresh()

    def refresh(self) -> None:
        """What is under way, and what can be done now."""
        download = self._downloads.of(self._card.id)
        is_active = download is not None and download.is_active
        self._progress.setVisible(is_active)
        self._counter.setVisible(is_active)
        if download is not None and is_active:
            self._progress.show_part(download.done_bytes / download.total_bytes if download.total_bytes else None)
            self._counter.setText(progress_words(download))
        self._say(download)
        self._offer(download, is_active)

    def _say(self, download: Download | None) -> None:
        if self._refusal is not None:
            self.note.say(trouble_sentence(self._refusal), "error", "bad")
        elif self._is_deleting:
            size = gigabytes(sum(file.size_bytes for file in self._card.files))
            said = self.tr("Delete {size} from the disk? The model can be downloaded again.").format(size=size)
            self.note.say(said, offer=(self.tr("Delete for good"), lambda: self._act(self._downloads.delete)))
        elif download is not None and isinstance(download.state, Stuck):
            self.note.say(trouble_words(download.state), offer=self._page(download.state))
        elif download is not None and isinstance(download.state, Checked):
            is_right = not download.state.damaged
            said = checked_words(download.state, self._card.is_from_hub)
            self.note.say(said, "done" if is_right else "warning", "good" if is_right else "warn")
        else:
            self.note.clear()

    def _page(self, stuck: Stuck) -> Offer | None:
        """The way to where the licence is accepted, or the model is explained."""
        if stuck.why not in ("needs_token", "needs_licence", "not_found") or self._card.repository is None:
            return None
        page = QUrl(self._card.repository.page)
        return self.tr("Open its page"), lambda: QDesktopServices.openUrl(page)

    def _offer(self, download: Download | None, is_active: bool) -> None:
        state = download.state if download else None
        wants_token = isinstance(state, Stuck) and state.why in ("needs_token", "bad_token")
        is_begun = isinstance(state, Paused | Stuck)
        is_whole = bool(self._card.files)
        words = self.tr("Download")
        if is_begun:
            words = self.tr("Go on")
        elif is_whole:
            words = self.tr("Fetch what is missing")
        self.get_button.setText(words)
        is_wanted = bool(self._missing) and self._card.is_from_hub
        self.get_button.setVisible((is_wanted or is_begun) and not is_active and not wants_token)
        is_check = is_active and is_whole and not self._missing
        self.pause_button.setVisible(is_active and not is_check)
        self.cancel_button.setText(self.tr("Stop") if is_check else self.tr("Discard"))
        self.cancel_button.setToolTip("" if is_check else self.tr("Removes what has arrived"))
        self.cancel_button.setVisible(is_check or is_begun)  # not while it comes: pausing loses nothing
        self.verify_button.setVisible(is_whole and not is_active)
        self.delete_button.setVisible(is_whole and not is_active and self._card.is_from_hub)
        for widget in (self.token, self.save_button):
            widget.setVisible(wants_token)

    def _act(self, intent: Callable[[str], None]) -> None:
        self._refusal = None
        self._is_deleting = False
        intent(self._card.id)
        self.refresh()

    def _ask_delete(self) -> None:
        self._is_deleting = not self._is_deleting
        self.refresh()

    def _put_token(self) -> None:
        try:
            token = Token(text=self.token.text().strip())
        except ValidationError:
            self.note.say(self.tr("A token is one word, such as hf_…"), "error", "bad")
            return
        self.token.clear()
        self._refusal = None
        self._downloads.put_token(token, self._card.id)

    def _on_news(self, model: str) -> None:
        if model == self._card.id:
            self._refusal = None
            self.refresh()

    def _on_refused(self, model: str, trouble: Trouble) -> None:
        if model == self._card.id:
            self._refusal = trouble
            self.refresh()

    def _button(self, name: str, theme: Theme, act: Callable[[], None]) -> QPushButton:
        button = QPushButton()
        button.setIcon(icon(name, theme))
        button.clicked.connect(act)
        keep_keys(button, *PRESS)
        return button

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID_PX)
        buttons.addWidget(self._counter, 1)
        buttons.addWidget(self.token, 1)
        buttons.addStretch()
        for button in (self.save_button, self.get_button, self.pause_button, self.cancel_button):
            buttons.addWidget(button)
        for button in (self.verify_button, self.delete_button):
            buttons.addWidget(button)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, GRID_PX // 2, 0, 0)
        rows.setSpacing(GRID_PX)
        rows.addWidget(self._progress)
        rows.addWidget(self.note)
        rows.addLayout(buttons)
