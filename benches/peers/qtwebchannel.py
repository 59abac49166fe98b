"""``python -m benches.peers.qtwebchannel``: PySide6's QWebEngineView with a QWebChannel.

Slots run on the main thread, and there signals are emitted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, QUrl, Signal, Slot, qVersion
from PySide6.QtWebChannel import QWebChannel
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QApplication

from benches.peers import busy
from benches.peers.page import page
from benches.peers.program import Program

PAGE = page(
    """
new QWebChannel(qt.webChannelTransport, channel => {
  const api = channel.objects.api;
  for (const name of ["pair", "echo"]) peer[name] = (...all) => new Promise(done => api[name](...all, done));
  peer.report = text => api.report(text);
  api.tick.connect(tick);
  begin();
});
""",
    '<script src="qrc:///qtwebchannel/qwebchannel.js"></script>',
)


class Api(QObject):
    """What the page sees; and how the session's thread gets at the main thread."""

    tick = Signal("QVariantMap")
    wanted = Signal(object)

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._program = program
        self.wanted.connect(lambda function: function(), Qt.ConnectionType.QueuedConnection)

    @Slot(int, int, result=int)
    def pair(self, first: int, second: int) -> int:
        return self._program.pair(first, second)

    @Slot(str, result=str)
    def echo(self, text: str) -> str:
        return self._program.echo(text)

    @Slot(str)
    def report(self, text: str) -> None:
        self._program.report(text)


class QtWebChannel(Program):
    """Made on the main thread."""

    def __init__(self) -> None:
        super().__init__(f"QtWebChannel (PySide6 {qVersion()})")
        self.api = Api(self)
        self.view = QWebEngineView()
        self.view.resize(400, 300)
        channel = QWebChannel(self.view)
        channel.registerObject("api", self.api)
        self.view.page().setWebChannel(channel)
        self.view.setHtml(PAGE, QUrl("qrc:///"))
        self.view.show()

    def script(self, text: str) -> None:
        self.api.wanted.emit(lambda: self.view.page().runJavaScript(text))

    def emit_all(self, values: Iterator[dict[str, Any]]) -> None:
        def emit() -> None:
            for value in values:
                self.api.tick.emit(value)

        self.api.wanted.emit(emit)

    def keep_busy(self, work: busy.Work) -> None:
        def start() -> None:
            self.timer = QTimer(self.view, interval=busy.TURN, timerType=Qt.TimerType.PreciseTimer)
            self.timer.timeout.connect(work.do)
            self.timer.start()

        self.api.wanted.emit(start)

    def leave_alone(self, work: busy.Work) -> None:
        self.api.wanted.emit(lambda: self.timer.stop())

    def end(self) -> None:
        self.api.wanted.emit(self.view.close)


if __name__ == "__main__":
    if os.geteuid() == 0:
        os.environ["QTWEBENGINE_DISABLE_SANDBOX"] = "1"  # Chromium refuses to run as root otherwise
    application = QApplication(["bench"])
    program = QtWebChannel()
    status = application.exec()
    del program  # The page before its profile, which goes with the application.
    sys.exit(status)
