"""The errors of this library, one tree.

AuroraViewError
  UsageError        you called it wrongly; the text says what to do instead
  ViewClosed        the window or page is gone
  CallTimeout       no answer in time; also a TimeoutError
  Cancelled         the caller gave up
  Backpressure      the peer does not keep up and the queue is full
  RemoteError       the page's code raised; carries name, message, code, data
  ProtocolError     the peer spoke badly
  HostError         the platform said no; the text carries the remedy
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "AuroraViewError",
    "Backpressure",
    "CallTimeout",
    "Cancelled",
    "HostError",
    "ProtocolError",
    "RemoteError",
    "UsageError",
    "ViewClosed",
]


class AuroraViewError(Exception):
    """Root of all errors of this library."""


class UsageError(AuroraViewError):
    """A call that cannot work as it was made. The text says what to do instead."""


class ViewClosed(AuroraViewError):  # noqa: N818 - named for what happened, like StopIteration
    """The window, page or document went away before there was an answer."""


class CallTimeout(AuroraViewError, TimeoutError):  # noqa: N818
    """No answer within the given time."""


class Cancelled(AuroraViewError):  # noqa: N818
    """The caller gave up."""


class Backpressure(AuroraViewError):  # noqa: N818
    """The peer does not keep up and its queue is full; nothing was queued. Emit less, or wait and try again."""


class RemoteError(AuroraViewError):
    """Code at the other end raised.

    Attributes:
        name: class name of the error there, such as ``"TypeError"``.
        message: its text.
        code: one of the codes of PROTOCOL.md, such as ``"method_not_found"`` or ``"handler_error"``.
        data: JSON data that came with it, or ``None``.
    """

    def __init__(self, name: str, message: str, code: str = "handler_error", data: Any = None) -> None:
        super().__init__(name, message, code, data)
        self.name = name
        self.message = message
        self.code = code
        self.data = data

    def __str__(self) -> str:
        return f"{self.name}: {self.message}" if self.message else self.name


class ProtocolError(AuroraViewError):
    """The peer spoke badly."""


class HostError(AuroraViewError):
    """The platform said no: no display, no WebKitGTK, a loop that somebody else owns. The text says what to do."""
