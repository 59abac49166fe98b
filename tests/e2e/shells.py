"""Windows in processes of their own, and what kills those."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from auroraview import WebView
from tests.e2e.helpers import PATIENCE, Record, wait_for
from tests.e2e.processes import descendants, native_threads, web_processes


def shells(root: int | None = None) -> set[int]:
    """The processes of isolated windows. The kernel cuts names at 15 characters."""
    return {pid for pid, name in descendants(root).items() if name == "auroraview-shel"}


def shell() -> int:
    """The one that there is."""
    (pid,) = shells()
    return pid


def shell_threads() -> list[str]:
    """Names, as far as the kernel keeps them, of our threads that an isolated window has."""
    own = ("auroraview-shel", "auroraview-read", "auroraview-wait")
    return [name for name in native_threads() if name in own]


def kill_shell() -> int:
    """Kills the one that there is."""
    pid = shell()
    os.kill(pid, signal.SIGKILL)
    return pid


def stop_shell_and_page() -> Callable[[], None]:
    """Stops both processes: nothing is taken any more but into sockets. Returns what kills them."""
    pages = web_processes(shell())
    for process in (shell(), *pages):
        os.kill(process, signal.SIGSTOP)

    def kill() -> None:
        kill_shell()
        for process in pages:
            os.kill(process, signal.SIGKILL)

    return kill


def kill_web_process() -> None:
    """Kills the process of the one page that there is."""
    (pid,) = wait_for(lambda: web_processes(shell()), "the web process")
    os.kill(pid, signal.SIGKILL)


def isolated(html: str | None = "<p>page", **options: object) -> WebView:
    """A view whose window has a process of its own."""
    view = WebView("Isolated", html=html, isolation="process", **options)  # type: ignore[arg-type]
    view.bind_call("add", lambda a, b: a + b)
    return view


def crashes_of(view: WebView) -> Record:
    """What its ``crashed`` listener hears."""
    heard = Record()
    view.window.on("crashed", heard)
    return heard


def crash(view: WebView, heard: Record) -> None:
    """Kills the window's process, and waits for its successor."""
    count = len(heard.seen)
    generation = view.peer.generation
    kill_shell()
    heard.wait(count + 1)
    wait_back(view, generation)


def wait_back(view: WebView, generation: int) -> None:
    """Waits until a page is there that is newer than that generation."""
    wait_for(lambda: view.peer.generation > generation and view.is_ready, "the page of the new process", PATIENCE)
