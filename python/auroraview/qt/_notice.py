"""What a panel shows where its page should be: a sentence, and a button that helps."""

from __future__ import annotations

from auroraview.qt._binding import QtCore, QtWidgets, Signal


class Notice(QtWidgets.QWidget):  # type: ignore[misc]
    """A text in the middle, a button below it."""

    pressed = Signal()

    def __init__(self, parent: object) -> None:
        super().__init__(parent)
        self._text = QtWidgets.QLabel(self)
        self._text.setWordWrap(True)
        self._text.setAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
        self._text.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        self._button = QtWidgets.QPushButton(self)
        self._button.clicked.connect(self._clicked)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addStretch(2)
        layout.addWidget(self._text)
        layout.addSpacing(8)
        layout.addWidget(self._button, 0, QtCore.Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)

    def say(self, text: str, button: str | None) -> None:
        """Shows these; without a button for ``None``."""
        self._text.setText(text)
        self._button.setText(button or "")
        self._button.setVisible(button is not None)

    @property
    def text(self) -> str:
        """What it says."""
        return str(self._text.text())

    def _clicked(self, *_: object) -> None:
        self.pressed.emit()
