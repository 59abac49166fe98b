"""Python, and the parts of the package: are they there, do they load, do they fit together?"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from auroraview._doctor import _throwaway
from auroraview._doctor._check import FAIL, OK, WARN, Check, Look

_PACKAGE = Path(__file__).parents[1]
_NATIVE = _PACKAGE / "_native"
LIBRARY = _NATIVE / "libauroraview_host.so"
_SHELL = _NATIVE / "auroraview-shell"
#: The library of the fast lane, which runs in the process of a page.
LANE_LIBRARY = _NATIVE / "webext" / "libauroraview_webext.so"

AGAIN = "python -m pip install --force-reinstall auroraview (in a checkout: make setup)"


def version() -> str:
    """The package's version, also where its native module is missing; ``"unknown"`` where nobody knows.

    It is asked in a process that may be lost: a native module that is damaged can end the one that loads it.
    """
    found = _throwaway.probe("native", _throwaway.HOME, seconds=15).found.get("version")
    return str(found or getattr(sys.modules.get("auroraview._core"), "__version__", None) or _version_of_metadata())


def _version_of_metadata() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("auroraview")
    except PackageNotFoundError:
        return "unknown"


def _python() -> Iterator[Check]:
    name = f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}"
    where = sys.executable or "embedded"
    if sys.platform != "linux":
        yield Check("python", FAIL, f"{name} on {sys.platform}: windows need Linux", "use a Linux machine")
    else:
        yield Check("python", OK, f"{name} ({where})")
    system = _system_name()
    yield Check(
        "system", OK, f"{system}, Linux {platform.release()}, {platform.libc_ver()[0]} {platform.libc_ver()[1]}"
    )


def _system_name() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return "a system without a name"


def _core() -> Iterator[Check]:
    outcome = _throwaway.probe("native", _throwaway.HOME, seconds=15)
    found = outcome.found
    if outcome.problem is not None and not found:
        yield Check("native", WARN, f"the native module was not tried: {outcome.problem}")
    elif "version" not in found:
        yield Check("native", FAIL, f"the native module cannot be loaded: {_why(outcome)}", AGAIN)
    else:
        yield Check("native", OK, f"auroraview {found['version']} in {_PACKAGE}")


def _why(outcome: _throwaway.Outcome) -> str:
    return str(outcome.found.get("problem") or outcome.problem or outcome.said or "nobody said why")


def _parts() -> Iterator[Check]:
    for name, path, what in (
        ("host-library", LIBRARY, "the window library"),
        ("shell", _SHELL, "the program of isolated windows"),
    ):
        if not path.is_file():
            yield Check(name, FAIL, f"{what} is missing: {path}", AGAIN)
        elif not os.access(path, os.R_OK):
            yield Check(name, FAIL, f"{what} cannot be read: {path}", f"chmod a+r {path}")
        elif path == _SHELL:
            yield _shell()
        else:
            yield _interface()


def _shell() -> Check:
    if not os.access(_SHELL, os.X_OK):
        return Check(
            "shell", FAIL, f"{_SHELL} is no program", f"chmod a+x {_SHELL}, or unpack the wheel with its modes"
        )
    outcome = _throwaway.run([str(_SHELL), "--version"], 10)
    if outcome.status == 0:
        return Check("shell", OK, 'windows with isolation="process" have their program')
    why = outcome.problem or outcome.said
    return Check("shell", FAIL, f"the program of isolated windows does not start: {why}", "see WebKitGTK below")


def _interface() -> Check:
    """The window library is loaded as a window would, but on no display: it comes as far as that."""
    outcome = _throwaway.probe(
        "interface", _throwaway.HOME, str(LIBRARY), seconds=15, environment={"DISPLAY": None, "WAYLAND_DISPLAY": None}
    )
    said = outcome.found.get("said")
    if said is None:
        return Check("host-library", WARN, f"the window library was not tried: {_why(outcome)}")
    if said.startswith("no display"):
        return Check("host-library", OK, "the window library loads and fits the native module")
    return Check("host-library", FAIL, said, None if "nstall" in said else AGAIN)


LOOKS = (
    Look("python", "Python and the package", 5, _python),
    Look("native", "Python and the package", 20, _core),
    Look("host-library", "Python and the package", 30, _parts),
)
