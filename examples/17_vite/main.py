"""How is a page made with Vite and TypeScript, and reloaded while it is edited, with Python running all along?

``npm install`` in ``ui`` once. Then ``python main.py --dev`` runs Vite and shows its page: what is saved in ``ui/src``
is in the window at once, with what was typed there still in place. ``npm run build`` makes ``ui/dist``, which
``python main.py`` shows without Vite or Node.
"""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from auroraview import WebView

UI = Path(__file__).resolve().parent / "ui"


class Api:
    """What ``ui/src/api.ts`` describes to TypeScript."""

    def shout(self, text: str) -> str:
        if not text:
            raise ValueError("there is nothing to shout")
        return text.upper() + "!"


def make_view(*, address: str | None = None, built: Path = UI / "dist") -> WebView:
    """A window with Vite's page at that address, or with the page as it was built."""
    if address is None:
        return WebView("Vite", path=built, width=520, height=300, api=Api())
    return WebView("Vite (development)", url=address, width=520, height=300, api=Api(), debug=True)


def answers(port: int) -> bool:
    """Whether somebody listens on this machine's port, by IPv4 or IPv6."""
    with contextlib.suppress(OSError), socket.create_connection(("localhost", port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def vite(folder: Path = UI, port: int = 5173) -> Iterator[str]:
    """The address of Vite's page. Vite is started, and ended afterwards, unless it runs already (``npm run dev``)."""
    address = f"http://localhost:{port}"
    if answers(port):
        yield address
        return
    program = folder / "node_modules" / ".bin" / "vite"
    if not program.exists():
        raise SystemExit(f"Vite is not installed: run `npm install` in {folder}")
    with subprocess.Popen([program, "--port", str(port)], cwd=folder) as process:
        try:
            while not answers(port):
                if process.poll() is not None:
                    raise SystemExit("Vite did not start")
                time.sleep(0.05)
            yield address
        finally:
            process.terminate()


if __name__ == "__main__":
    if "--dev" in sys.argv:
        with vite() as address:
            make_view(address=address).show()
    elif (UI / "dist").exists():
        make_view().show()
    else:
        raise SystemExit(f"Nothing is built yet: run `npm install` and `npm run build` in {UI}, or use --dev")
