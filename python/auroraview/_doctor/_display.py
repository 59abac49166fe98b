"""The display: X11 or Wayland, does it answer, and who manages its windows?"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

from auroraview._doctor import _throwaway
from auroraview._doctor._check import FAIL, OK, WARN, Check, Look

_NONE = (
    "work in a desktop session (over SSH: ssh -X), or run the program under a virtual display: xvfb-run -a COMMAND "
    "(Debian, Ubuntu: sudo apt install xvfb)"
)
_PATIENCE_SECONDS = 10.0
_KINDS = {"GdkX11Display": "X11", "GdkWaylandDisplay": "Wayland", "GdkBroadwayDisplay": "Broadway"}


def _display() -> Iterator[Check]:
    set_ones = [f"{name}={os.environ[name]}" for name in ("WAYLAND_DISPLAY", "DISPLAY") if os.environ.get(name)]
    if not set_ones:
        yield Check("display", FAIL, "there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set", _NONE)
        return
    named = ", ".join(set_ones)
    backend = os.environ.get("GDK_BACKEND")
    if backend:
        named += f", GDK_BACKEND={backend}"
    outcome = _throwaway.probe("display", seconds=_PATIENCE_SECONDS)
    found = outcome.found
    if found.get("kind"):
        yield from _opened(found, named)
    elif found.get("missing"):
        yield _without_gtk(named)
    elif found:
        yield _refused(named, outcome.said)
    elif outcome.problem is not None and outcome.status is None and "within" in outcome.problem:
        yield Check("display", FAIL, f"the display does not answer: {named}", f"look whether it hangs, or {_NONE}")
    else:
        yield Check("display", WARN, f"the display was not tried ({named}): {outcome.problem or outcome.said}")


def _opened(found: dict[str, object], named: str) -> Iterator[Check]:
    kind = _KINDS.get(str(found["kind"]), str(found["kind"]))
    size = f"{found['width']} x {found['height']}, scale {found['scale']}"
    yield Check("display", OK, f"{kind} answers ({named}), {size}")
    if kind != "X11":
        if not os.environ.get("DISPLAY"):
            text = f"{kind} without X11: windows are their own; panels docked in applications need X11"
            yield Check("docking", WARN, text, "install Xwayland, if you dock panels")
        return
    manager = found["manager"]
    if manager and manager != "unknown":
        yield Check("window-manager", OK, f"the window manager is {manager}")
        return
    text = "there is no window manager: windows have no frame, and maximize, minimize, fullscreen and focus do nothing"
    yield Check("window-manager", WARN, text, "run one, if you need these: openbox & (sudo apt install openbox)")


def _refused(named: str, said: str) -> Check:
    if _listens():
        text = f"the display is there and refuses this program ({named})"
        remedy = "set XAUTHORITY to the file with its key, or run as the user whose session it is"
    else:
        text = f"there is no display at {named}"
        remedy = f"start it, or {_NONE}"
    return Check("display", FAIL, f"{text}: {said}" if "denied" in said else text, remedy)


def _without_gtk(named: str) -> Check:
    """Nothing can open it; whether somebody listens is all there is to know."""
    if _listens():
        return Check("display", OK, f"somebody listens ({named}); without GTK it was not opened")
    return Check("display", FAIL, f"there is no display at {named}", f"start it, or {_NONE}")


def _listens() -> bool:
    """Somebody accepts connections where DISPLAY or WAYLAND_DISPLAY point to."""
    wayland = os.environ.get("WAYLAND_DISPLAY")
    if wayland:
        place = os.path.join(os.environ.get("XDG_RUNTIME_DIR", "/run"), wayland)
        if _connects(socket.AF_UNIX, place):
            return True
    host, _, number = os.environ.get("DISPLAY", "").rpartition(":")
    number = number.partition(".")[0]
    if not number.isdigit():
        return False
    if host in ("", "unix"):
        path = f"/tmp/.X11-unix/X{number}"
        return _connects(socket.AF_UNIX, path) or _connects(socket.AF_UNIX, f"\0{path}")
    return _connects(socket.AF_INET, (host, 6000 + int(number)))


def _connects(family: socket.AddressFamily, address: str | tuple[str, int]) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as one:
            one.settimeout(2)
            one.connect(address)
    except OSError:
        return False
    return True


LOOKS = (Look("display", "Display", _PATIENCE_SECONDS + 12, _display),)
