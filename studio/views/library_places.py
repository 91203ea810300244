"""Where models come to, and where the hub's token is kept."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from studio.models.downloads import Downloads
from studio.style.tokens import GRID_PX
from studio.views.library_download_words import token_words
from studio.views.library_words import near_home
from studio.widgets.elided_label import ElidedLabel
from studio.widgets.keys import PRESS, keep_keys


class Places(QWidget):
    """One line below the models."""

    def __init__(self, downloads: Downloads) -> None:
        super().__init__()
        self._downloads = downloads
        self._folder = ElidedLabel("", "secondary")
        self._token = ElidedLabel("", "secondary")
        self.change_button = QPushButton(self.tr("Change folder…"))
        self.change_button.clicked.connect(self._choose)
        self.forget_button = QPushButton(self.tr("Forget token"))
        self.forget_button.clicked.connect(downloads.forget_token)
        for button in (self.change_button, self.forget_button):
            keep_keys(button, *PRESS)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID_PX)
        row.addWidget(self._folder, 1)
        row.addWidget(self.change_button)
        row.addWidget(self._token, 1)
        row.addWidget(self.forget_button)
        downloads.places_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """As the engine has said."""
        folders, token = self._downloads.folders, self._downloads.token
        self._folder.setText(
            self.tr("New models come to {folder}").format(folder=near_home(folders.chosen)) if folders else ""
        )
        self._token.setText(token_words(token) if token else "")
        self.change_button.setEnabled(folders is not None)
        self.forget_button.setVisible(token is not None and token.place in ("keyring", "file"))

    def _choose(self) -> None:
        dialog = QFileDialog(self, self.tr("Choose the folder that new models come to"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_chosen)
        dialog.open()

    def _on_chosen(self, folder: str) -> None:
        self._downloads.choose_folder(Path(folder))
