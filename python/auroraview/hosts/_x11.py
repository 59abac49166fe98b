"""What the X server knows of windows: which is the application's, where it is, and what screens there are.

Asked through libxcb, on a connection of its own for each question. Xlib would tell of errors through a handler that the
whole process shares, and whose default ends the program; here an error is an answer that is not there. Where there is
no X server, no libxcb, or a window has gone meanwhile, the answer is ``None``.
Source: Extended Window Manager Hints 1.5, ``_NET_CLIENT_LIST`` and ``_NET_WM_PID``; the headers of libxcb.
"""

from __future__ import annotations

import contextlib
import ctypes
import struct
from collections.abc import Collection, Iterator
from ctypes import POINTER, c_char_p, c_int, c_uint8, c_uint16, c_uint32, c_void_p
from typing import Any

#: x, y, width, height, in the pixels of the X server.
Rectangle = tuple[int, int, int, int]

_LONGEST_PROPERTY = 4096  # in units of four bytes


def window_of(process: int, but: Collection[int] = ()) -> int | None:
    """The largest of a process's windows that the window manager shows.

    Args:
        process: its id, on this machine.
        but: windows that are not meant.
    """
    with _connected() as server:
        if server is None:
            return None
        windows = [
            window
            for window in server.cardinals(server.root, "_NET_CLIENT_LIST")
            if window not in but and server.cardinals(window, "_NET_WM_PID")[:1] == [process]
        ]
        placed = [(window, server.geometry(window)) for window in windows]
        sizes = [(one[2] * one[3], window) for window, one in placed if one is not None]
        # Of two that are equally large the one that came first.
        return max(sizes, key=lambda size: size[0])[1] if sizes else None


def geometry(window: int) -> Rectangle | None:
    """Where a window is on the screen, without its frame."""
    with _connected() as server:
        return None if server is None else server.geometry(window)


def take_out(window: int) -> None:
    """Makes a window a child of the root again, and hides it; it has happened when this returns.

    The X server destroys windows with the one that they are in; so before another one is destroyed.
    """
    with _connected() as server:
        if server is not None:
            server.take_out(window)


def screens() -> list[Rectangle] | None:
    """The rectangles of the monitors; ``None`` where it is not known."""
    with _connected() as server:
        return None if server is None else server.screens()


class _Cookie(ctypes.Structure):
    _fields_ = (("sequence", ctypes.c_uint),)


class _Screens(ctypes.Structure):
    _fields_ = (("data", c_void_p), ("rem", c_int), ("index", c_int))


@contextlib.contextmanager
def _connected() -> Iterator[_Server | None]:
    try:
        xcb, c = ctypes.CDLL("libxcb.so.1"), ctypes.CDLL(None)
    except OSError:
        yield None
        return
    for name, result, *parameters in _FUNCTIONS:
        function = getattr(xcb, name)
        function.restype, function.argtypes = result, parameters
    c.free.argtypes = [c_void_p]
    c.free.restype = None
    connection = xcb.xcb_connect(None, None)
    try:
        # An object also where it failed.
        yield None if xcb.xcb_connection_has_error(connection) else _Server(xcb, c, connection)
    finally:
        xcb.xcb_disconnect(connection)


_FUNCTIONS: tuple[tuple[Any, ...], ...] = (
    ("xcb_connect", c_void_p, c_char_p, POINTER(c_int)),
    ("xcb_connection_has_error", c_int, c_void_p),
    ("xcb_disconnect", None, c_void_p),
    ("xcb_get_setup", c_void_p, c_void_p),
    ("xcb_setup_roots_iterator", _Screens, c_void_p),
    ("xcb_intern_atom", _Cookie, c_void_p, c_uint8, c_uint16, c_char_p),
    ("xcb_intern_atom_reply", c_void_p, c_void_p, _Cookie, c_void_p),
    ("xcb_get_property", _Cookie, c_void_p, c_uint8, *[c_uint32] * 5),
    ("xcb_get_property_reply", c_void_p, c_void_p, _Cookie, c_void_p),
    ("xcb_get_property_value", c_void_p, c_void_p),
    ("xcb_get_property_value_length", c_int, c_void_p),
    ("xcb_get_geometry", _Cookie, c_void_p, c_uint32),
    ("xcb_get_geometry_reply", c_void_p, c_void_p, _Cookie, c_void_p),
    ("xcb_unmap_window", _Cookie, c_void_p, c_uint32),
    ("xcb_reparent_window", _Cookie, c_void_p, c_uint32, c_uint32, ctypes.c_int16, ctypes.c_int16),
    ("xcb_translate_coordinates", _Cookie, c_void_p, c_uint32, c_uint32, ctypes.c_int16, ctypes.c_int16),
    ("xcb_translate_coordinates_reply", c_void_p, c_void_p, _Cookie, c_void_p),
)


class _Server:
    """One connection. Replies are read by the layout of the X11 protocol, in the byte order of this machine."""

    def __init__(self, xcb: Any, c: Any, connection: int) -> None:
        self._xcb = xcb
        self._c = c
        self._connection = connection
        screen = xcb.xcb_setup_roots_iterator(xcb.xcb_get_setup(connection))
        self.root: int = struct.unpack("=I", ctypes.string_at(screen.data, 4))[0]

    def cardinals(self, window: int, name: str) -> list[int]:
        """A property of 32-bit values; empty where there is none."""
        atom = self._reply("xcb_intern_atom", 12, 1, len(name), name.encode())
        if atom is None:
            return []
        number = struct.unpack_from("=I", atom, 8)[0]
        cookie = self._xcb.xcb_get_property(self._connection, 0, window, number, 0, 0, _LONGEST_PROPERTY)
        reply = self._xcb.xcb_get_property_reply(self._connection, cookie, None)
        if not reply:
            return []
        try:
            length = self._xcb.xcb_get_property_value_length(reply)
            value = ctypes.string_at(self._xcb.xcb_get_property_value(reply), length)
            is_32_bit = ctypes.string_at(reply, 2)[1] == 32
        finally:
            self._c.free(reply)
        return list(struct.unpack(f"={len(value) // 4}I", value)) if is_32_bit else []

    def geometry(self, window: int) -> Rectangle | None:
        """Where it is, as the root window counts."""
        size = self._reply("xcb_get_geometry", 20, window)
        place = self._reply("xcb_translate_coordinates", 16, window, self.root, 0, 0)
        if size is None or place is None:
            return None
        x, y = struct.unpack_from("=hh", place, 12)
        width, height = struct.unpack_from("=HH", size, 16)
        return x, y, width, height

    def take_out(self, window: int) -> None:
        """Hides it first: it must not be seen at the corner of the screen."""
        self._xcb.xcb_unmap_window(self._connection, window)
        self._xcb.xcb_reparent_window(self._connection, window, self.root, 0, 0)
        self.geometry(window)  # answered after those before

    def screens(self) -> list[Rectangle] | None:
        """By Xinerama, which every server with several monitors speaks; else the whole root window."""
        whole = self.geometry(self.root)
        with contextlib.suppress(OSError):
            xinerama = ctypes.CDLL("libxcb-xinerama.so.0")
            ask, answer = xinerama.xcb_xinerama_query_screens, xinerama.xcb_xinerama_query_screens_reply
            ask.restype, ask.argtypes = _Cookie, [c_void_p]
            answer.restype, answer.argtypes = c_void_p, [c_void_p, _Cookie, c_void_p]
            reply = answer(self._connection, ask(self._connection), None)
            if reply:
                try:
                    count = struct.unpack("=I", ctypes.string_at(reply + 8, 4))[0]
                    rows = ctypes.string_at(reply + 32, count * 8)
                finally:
                    self._c.free(reply)
                if count:
                    return list(struct.iter_unpack("=hhHH", rows))
        return None if whole is None else [whole]

    def _reply(self, request: str, length: int, *values: Any) -> bytes | None:
        """The first bytes of what the server answers; ``None`` for an error."""
        cookie = getattr(self._xcb, request)(self._connection, *values)
        reply = getattr(self._xcb, f"{request}_reply")(self._connection, cookie, None)
        if not reply:
            return None
        try:
            return ctypes.string_at(reply, length)
        finally:
            self._c.free(reply)
