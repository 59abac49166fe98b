"""The screen as a user has it: windows by their title, the close button, states; and the pixels of a picture.

Talks to the X server through its C library on a connection of its own, so that no tool needs to be installed. Reading
is all Xlib. It meets windows that went away meanwhile, and Xlib's own handler of errors would end this process: here is
one that does nothing, until GDK is loaded and brings its own, which ignores foreign connections.
"""

from __future__ import annotations

import contextlib
import ctypes
import struct
import zlib
from collections.abc import Iterator
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_ubyte, c_ulong, c_void_p
from dataclasses import dataclass

_x = ctypes.CDLL("libX11.so.6")
_x.XOpenDisplay.restype = c_void_p
_x.XOpenDisplay.argtypes = [c_char_p]
_x.XCloseDisplay.argtypes = [c_void_p]
_x.XDefaultRootWindow.restype = c_ulong
_x.XDefaultRootWindow.argtypes = [c_void_p]
_x.XInternAtom.restype = c_ulong
_x.XInternAtom.argtypes = [c_void_p, c_char_p, c_int]
_x.XGetWindowProperty.argtypes = [
    *(c_void_p, c_ulong, c_ulong, c_long, c_long, c_int, c_ulong),
    *(POINTER(c_ulong), POINTER(c_int), POINTER(c_ulong), POINTER(c_ulong), POINTER(POINTER(c_ubyte))),
]
_x.XFree.argtypes = [c_void_p]
_x.XSendEvent.argtypes = [c_void_p, c_ulong, c_int, c_long, c_void_p]
_x.XSync.argtypes = [c_void_p, c_int]
_x.XGetAtomName.restype = c_void_p
_x.XGetAtomName.argtypes = [c_void_p, c_ulong]

# Kept for ever, since Xlib calls it.
_IGNORE_ERRORS = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p)(lambda *_: 0)
_x.XSetErrorHandler.restype = c_void_p
_x.XSetErrorHandler.argtypes = [c_void_p]
# At the import, long before GDK.
_x.XSetErrorHandler(_IGNORE_ERRORS)

_CLIENT_MESSAGE = 33


class _ClientMessage(ctypes.Structure):
    _fields_ = (
        ("type", c_int),
        ("serial", c_ulong),
        ("send_event", c_int),
        ("display", c_void_p),
        ("window", c_ulong),
        ("message_type", c_ulong),
        ("format", c_int),
        ("data", c_long * 5),
        ("room", c_long * 24),
    )


class _Screen:
    def __init__(self, display: int) -> None:
        self._display = display
        self._root = _x.XDefaultRootWindow(display)

    def _atom(self, name: str) -> int:
        return int(_x.XInternAtom(self._display, name.encode(), 0))

    def _atom_name(self, atom: int) -> str:
        pointer = _x.XGetAtomName(self._display, atom)
        name = ctypes.cast(pointer, c_char_p).value or b""
        _x.XFree(pointer)
        return name.decode()

    def property(self, window: int, name: str) -> bytes | list[int]:
        """Bytes, or numbers where the property has 32 bits each."""
        kind, width, count, left = c_ulong(), c_int(), c_ulong(), c_ulong()
        data = POINTER(c_ubyte)()
        status = _x.XGetWindowProperty(
            *(self._display, window, self._atom(name), 0, 4096, 0, 0),
            *(byref(kind), byref(width), byref(count), byref(left), byref(data)),
        )
        if status != 0 or not data:
            return b""
        try:
            if width.value == 32:
                longs = ctypes.cast(data, POINTER(c_ulong))
                return [int(longs[index]) for index in range(count.value)]
            return bytes(data[: count.value])
        finally:
            _x.XFree(data)

    def windows(self) -> list[int]:
        found = self.property(self._root, "_NET_CLIENT_LIST")
        return list(found) if isinstance(found, list) else []

    def active(self) -> int:
        found = self.property(self._root, "_NET_ACTIVE_WINDOW")
        return found[0] if found else 0

    def title(self, window: int) -> str:
        found = self.property(window, "_NET_WM_NAME")
        return found.decode() if isinstance(found, bytes) else ""

    def states(self, window: int) -> set[str]:
        found = self.property(window, "_NET_WM_STATE")
        return {self._atom_name(atom) for atom in found}

    def close(self, window: int) -> None:
        message = _ClientMessage(
            type=_CLIENT_MESSAGE, window=window, message_type=self._atom("WM_PROTOCOLS"), format=32
        )
        message.data[0] = self._atom("WM_DELETE_WINDOW")
        _x.XSendEvent(self._display, window, 0, 0, byref(message))
        _x.XSync(self._display, 0)


@contextlib.contextmanager
def _screen() -> Iterator[_Screen]:
    display = _x.XOpenDisplay(None)
    assert display, "no X display; run the tests under scripts/with_display"
    try:
        yield _Screen(display)
    finally:
        _x.XCloseDisplay(display)


def titles() -> list[str]:
    """Titles of all windows that the window manager has, minimized ones included."""
    with _screen() as screen:
        return [screen.title(window) for window in screen.windows()]


def _named(screen: _Screen, title: str) -> int:
    found = [window for window in screen.windows() if screen.title(window) == title]
    assert len(found) == 1, f"{len(found)} windows with the title {title!r}"
    return found[0]


def states(title: str) -> set[str]:
    """What the window manager says of a window, as in ``"_NET_WM_STATE_ABOVE"``."""
    with _screen() as screen:
        return screen.states(_named(screen, title))


def active() -> str:
    """Title of the window that has the keyboard."""
    with _screen() as screen:
        found = screen.active()
        return screen.title(found) if found else ""


def property_of(title: str, name: str) -> bytes | list[int]:
    """An X property of a window."""
    with _screen() as screen:
        return screen.property(_named(screen, title), name)


def managed() -> list[int]:
    """Ids of all windows that the window manager has."""
    with _screen() as screen:
        return screen.windows()


def title_of(window: int) -> str:
    """The title of a window by its id."""
    with _screen() as screen:
        return screen.title(window)


def transient_for(window: int) -> int | None:
    """Id of the window that this one stays above."""
    with _screen() as screen:
        found = screen.property(window, "WM_TRANSIENT_FOR")
        return found[0] if isinstance(found, list) and found and found[0] else None


def close_as_user(title: str) -> None:
    """What the window manager sends when the user presses the close button."""
    with _screen() as screen:
        screen.close(_named(screen, title))


@dataclass
class Picture:
    """A PNG file, decoded: 8 bits per channel, with or without alpha, as screenshots are."""

    width: int
    height: int
    _rows: list[bytes]
    _channels: int

    @classmethod
    def read(cls, data: bytes) -> Picture:
        assert data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG file"
        chunks: dict[bytes, bytes] = {}
        place = 8
        while place < len(data):
            (length,) = struct.unpack_from(">I", data, place)
            name = data[place + 4 : place + 8]
            chunks[name] = chunks.get(name, b"") + data[place + 8 : place + 8 + length]
            place += 12 + length
        width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
        assert depth == 8, depth
        assert colour in (2, 6), colour
        assert not interlaced
        assert b"IEND" in chunks
        channels = 3 if colour == 2 else 4
        raw = zlib.decompress(chunks[b"IDAT"])
        stride = width * channels
        rows: list[bytes] = []
        above = bytes(stride)
        for start in range(0, len(raw), stride + 1):
            above = _unfilter(raw[start], bytearray(raw[start + 1 : start + 1 + stride]), above, channels)
            rows.append(above)
        assert len(rows) == height
        return cls(width, height, rows, channels)

    def pixel(self, x: int, y: int) -> tuple[int, int, int]:
        """Red, green, blue."""
        start = x * self._channels
        red, green, blue = self._rows[y][start : start + 3]
        return red, green, blue


def _unfilter(kind: int, row: bytearray, above: bytes, channels: int) -> bytes:
    """One row of a PNG, by its specification, section 9."""
    for index, value in enumerate(row):
        left = row[index - channels] if index >= channels else 0
        up = above[index]
        corner = above[index - channels] if index >= channels else 0
        if kind == 0:
            return bytes(row)
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = up
        elif kind == 3:
            guess = (left + up) // 2
        else:
            guess = min((left, up, corner), key=lambda one: abs(left + up - corner - one))
        row[index] = (value + guess) & 0xFF
    return bytes(row)
