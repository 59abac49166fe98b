"""WebKitGTK: is it there, is it new enough, and which package brings it?"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator

from auroraview._doctor import _throwaway
from auroraview._doctor._check import FAIL, OK, WARN, Check, Look

_LIBRARY = "libwebkit2gtk-4.1.so.0"
#: The engine's functions that the window library calls are there since.
_LEAST = (2, 40)

_INSTALL = {
    "debian": "sudo apt install libwebkit2gtk-4.1-0",
    "fedora": "sudo dnf install webkit2gtk4.1",
    "arch": "sudo pacman -S webkit2gtk-4.1",
    "suse": "sudo zypper install libwebkit2gtk-4_1-0",
}
_FAMILIES = {"ubuntu": "debian", "rhel": "fedora", "centos": "fedora", "manjaro": "arch", "opensuse": "suse"}


def install() -> str:
    """How WebKitGTK is installed on this system, or on each that is known."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    for name in f"{release.get('ID', '')} {release.get('ID_LIKE', '')}".split():
        command = _INSTALL.get(_FAMILIES.get(name, name))
        if command is not None:
            return command
    return "; ".join(f"{name}: {command}" for name, command in _INSTALL.items())


def _webkit() -> Iterator[Check]:
    outcome = _throwaway.probe("webkit", _LIBRARY, seconds=20)
    found = outcome.found
    if "version" in found:
        version = ".".join(map(str, found["version"]))
        if tuple(found["version"][:2]) < _LEAST:
            wanted = ".".join(map(str, _LEAST))
            yield Check("webkitgtk", FAIL, f"WebKitGTK {version} is older than {wanted}", f"upgrade it: {install()}")
        else:
            yield Check("webkitgtk", OK, f"WebKitGTK {version}, GTK {'.'.join(map(str, found['gtk']))}")
        return
    problem = found.get("problem")
    if problem is None:
        yield Check("webkitgtk", WARN, f"WebKitGTK was not tried: {outcome.problem or outcome.said}")
    elif re.match(rf"{re.escape(_LIBRARY)}: cannot open shared object file", problem):
        yield Check("webkitgtk", FAIL, f"WebKitGTK is not installed ({_LIBRARY})", install())
    else:
        # A library that it needs itself, or one in its place: LD_LIBRARY_PATH and LD_PRELOAD do that.
        remedy = f"install it again: {install()}"
        meddling = [name for name in ("LD_LIBRARY_PATH", "LD_PRELOAD") if os.environ.get(name)]
        if meddling:
            remedy = f"unset {' and '.join(meddling)}, which puts other libraries in place of the system's; or {remedy}"
        yield Check("webkitgtk", FAIL, f"WebKitGTK cannot be loaded: {problem}", remedy)


LOOKS = (Look("webkitgtk", "WebKitGTK", 25, _webkit),)
