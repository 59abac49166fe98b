"""Whether the sandbox of the web engine works here: tried in a process that may be lost, for where it does not work the
engine ends the process that asks for it."""

from __future__ import annotations

import os
import threading

from auroraview.errors import HostError

_SECONDS = 40.0
_REMEDY = (
    "install bubblewrap and xdg-dbus-proxy (Debian, Ubuntu: sudo apt install bubblewrap xdg-dbus-proxy) and allow user "
    "namespaces to this user, which containers often forbid; or open the window without it (sandbox=False)"
)

_DISABLED = "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"

_lock = threading.Lock()
_works = False


def works_here() -> None:
    """Nobody needs to try it any more."""
    global _works
    _works = True


def require() -> None:
    """Tries it, unless that was done. Takes a second or two, the first time.

    Raises:
        HostError: it does not work; the text says what to do.
    """
    with _lock:
        if _works:
            return
        why = _why_not()
        if why is not None:
            raise HostError(f"the sandbox of the web engine does not work here: {why}; {_REMEDY}")
        works_here()


def _why_not() -> str | None:
    from auroraview._doctor import _processes, _throwaway

    outcome = _throwaway.probe("window", _throwaway.HOME, "sandbox", seconds=_SECONDS)
    if outcome.found.get("answer") == "hello":
        return None if outcome.found.get("sandboxed") else _unsaid()
    if not outcome.tried:
        # Inside an application nothing can open a window but the application. What fails is nearly always this:
        return _processes.why_no_sandbox()
    return str(outcome.found.get("problem") or outcome.said or outcome.problem or "the page did not answer")


def _unsaid() -> str:
    """Why the engine went on without it and did not say so."""
    if os.environ.get(_DISABLED):
        return f"{_DISABLED} is set"
    return "the page's process was started without it, as in a container where bubblewrap cannot work"
