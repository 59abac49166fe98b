"""A window that nobody sees, with one round trip from the page to Python and back. It decides."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from auroraview._doctor import _package, _throwaway
from auroraview._doctor._check import FAIL, OK, WARN, Check, Look

_PATIENCE_SECONDS = 30.0
#: What turns the fast lane off: the same as in `auroraview._fast_lane`.
_SWITCH, _OFF = "AURORAVIEW_FAST_LANE", ("0", "off", "no", "false")
_REPORT = "see to what stands above; if it stays so then, report it with what auroraview doctor --json prints"


def _window() -> Iterator[Check]:
    outcome = _throwaway.probe("window", _throwaway.HOME, seconds=_PATIENCE_SECONDS)
    found = outcome.found
    if found.get("answer") != "hello":
        why = found.get("problem") or outcome.problem or outcome.said or "the page did not answer"
        yield Check("window", FAIL, f"no window can be opened: {why}", None if "problem" in found else _REPORT)
        yield _fast_lane({})
        return
    yield Check(
        "window", OK, f"a hidden window opened, and its page called Python and had the answer ({found['ms']} ms)"
    )
    if found["intl"] is not None:
        text = f'pages see the language "{found["language"]}", with which JavaScript\'s Intl fails: {found["intl"]}'
        yield Check("page-language", WARN, text, "set LANG to a language, as en_US.UTF-8 (sudo locale-gen en_US.UTF-8)")
    else:
        yield Check("page-language", OK, f'pages see the language "{found["language"]}"')
    yield _fast_lane(found)


def _fast_lane(found: dict[str, Any]) -> Check:
    """How calls of that page went: past the engine's loop, or through it."""
    without = "calls and arrays go the ordinary way, which is slower"
    off = os.environ.get(_SWITCH, "").strip()
    if found.get("lane") == "fast":
        return Check("fast-lane", OK, "that call took the fast lane, past the web engine's loop")
    if off.lower() in _OFF:
        return Check("fast-lane", OK, f"{_SWITCH}={off} turns the fast lane off: {without}")
    if not _package.LANE_LIBRARY.is_file():
        text = f"the library of the fast lane is missing, so {without}: {_package.LANE_LIBRARY}"
        return Check("fast-lane", WARN, text, _package.AGAIN)
    if not found:
        return Check("fast-lane", OK, "the library of the fast lane is there; without a window it was not tried")
    why = found.get("lane_reason") or "nobody said why"
    text = f"there is no fast lane ({why}): {without}"
    return Check("fast-lane", WARN, text, f"{_package.AGAIN}; {_SWITCH}=0 turns it off, and this line with it")


LOOKS = (Look("window", "Window", _PATIENCE_SECONDS + 5, _window),)
