"""No application around the program: it pumps the queue of its main thread itself, by ``show()`` or ``wait()``."""

from __future__ import annotations

from collections.abc import Callable

from auroraview.hosts._base import Drain, Host


class Plain(Host):
    """A script, a service, a notebook."""

    name = "plain"

    def detect(self) -> bool:
        """Always."""
        return True

    def interactive(self) -> bool:
        """Never: whatever loop it has is not known."""
        return False

    def start(self, drain: Drain) -> Callable[[], None]:
        """Nothing to start."""
        return lambda: None
