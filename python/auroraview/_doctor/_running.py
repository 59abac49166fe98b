"""Looking at everything, one after the other, with a deadline for each."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator

from auroraview._doctor import _display, _machine, _package, _processes, _webkit, _window
from auroraview._doctor._check import FAIL, WARN, Check, Fix, Look, Printer, as_json, safe_stdout
from auroraview._doctor._fixes import fixes

_LOOKS: tuple[Look, ...] = (
    *_package.LOOKS,
    *_webkit.LOOKS,
    *_display.LOOKS,
    *_machine.LOOKS,
    *_processes.LOOKS,
    *_window.LOOKS,
)


def run(*, json: bool = False) -> int:
    """Prints the report; returns the exit status: 0 when a window can open, else 1."""
    _open_standard_streams()
    stream = safe_stdout()
    version = _package.version()
    printer = Printer(None if json else stream)
    printer.line(f"auroraview {version}\n")
    checks = []
    for group, check in examine():
        checks.append(check)
        printer.check(group, check)
    ok = not any(check.name == "window" and check.status == FAIL for check in checks)
    done = _done_fixes()
    if json:
        Printer(stream).line(as_json(version, ok, checks, done))
    else:
        printer.fixes(done)
        printer.line(f"\n{_verdict(ok, checks)}")
    return 0 if ok else 1


def examine() -> Iterator[tuple[str, Check]]:
    """Every finding and the heading it stands under, as it comes. Raises nothing, and always comes to an end."""
    for look in _LOOKS:
        for check in _within(look):
            yield look.group, check


def _within(look: Look) -> list[Check]:
    found: list[Check] = []
    try:
        ended = _in_thread(lambda: found.extend(look.find()), look.seconds)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong in one look, the others are to be told
        return [*found, Check(look.name, _weight(look), f"this could not be looked at: {error!r}")]
    if ended:
        return found
    return [*found, Check(look.name, _weight(look), f"this look did not end within {look.seconds:g} s")]


def _in_thread(func: Callable[[], object], seconds: float) -> bool:
    """Runs it on a thread of its own; returns whether it ended in time. Raises what it raised."""
    problems: list[Exception] = []
    ended = threading.Event()

    def run() -> None:
        try:
            func()
        except Exception as error:  # noqa: BLE001 - raised below
            problems.append(error)
        finally:
            ended.set()

    try:
        threading.Thread(target=run, daemon=True, name="auroraview-doctor").start()
    except RuntimeError:  # No further thread can be had.
        run()
    in_time = ended.wait(seconds)
    if problems:
        raise problems[0]
    return in_time


def _weight(look: Look) -> str:
    """What it means that a look failed: only for the window it decides."""
    return FAIL if look.name == "window" else WARN


def _done_fixes() -> list[Fix]:
    found: list[Fix] = []
    with contextlib.suppress(Exception):  # A report without them is better than none.
        _in_thread(lambda: found.extend(fixes()), 5)
    return found


def _verdict(ok: bool, checks: list[Check]) -> str:
    warnings = sum(check.status == WARN for check in checks)
    failures = sum(check.status == FAIL for check in checks)
    if not ok:
        return "No window can be opened here: see the lines with FAIL."
    told = [
        f"{count} {word}{'' if count == 1 else 's'}"
        for count, word in ((failures, "failure"), (warnings, "warning"))
        if count
    ]
    return "Windows can be opened here" + (f", with {' and '.join(told)}." if told else ".")


def _open_standard_streams() -> None:
    """Descriptors 0 to 2 are there from now on: what is opened next must not take their place."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
