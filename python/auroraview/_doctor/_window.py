"""A window that nobody sees, with one round trip from the page to Python and back. It decides."""

from __future__ import annotations

from collections.abc import Iterator

from auroraview._doctor import _throwaway
from auroraview._doctor._check import FAIL, OK, WARN, Check, Look

_PATIENCE_SECONDS = 30.0
_REPORT = "see to what stands above; if it stays so then, report it with what auroraview doctor --json prints"


def _window() -> Iterator[Check]:
    outcome = _throwaway.probe("window", _throwaway.HOME, seconds=_PATIENCE_SECONDS)
    found = outcome.found
    if found.get("answer") != "hello":
        why = found.get("problem") or outcome.problem or outcome.said or "the page did not answer"
        yield Check("window", FAIL, f"no window can be opened: {why}", None if "problem" in found else _REPORT)
        return
    yield Check(
        "window", OK, f"a hidden window opened, and its page called Python and had the answer ({found['ms']} ms)"
    )
    if found["intl"] is not None:
        text = f'pages see the language "{found["language"]}", with which JavaScript\'s Intl fails: {found["intl"]}'
        yield Check("page-language", WARN, text, "set LANG to a language, as en_US.UTF-8 (sudo locale-gen en_US.UTF-8)")
    else:
        yield Check("page-language", OK, f'pages see the language "{found["language"]}"')


LOOKS = (Look("window", "Window", _PATIENCE_SECONDS + 5, _window),)
