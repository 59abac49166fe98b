"""A picture of windows as they are on the screen (X11), side by side. They are found by their titles."""

from __future__ import annotations

import ctypes
import struct
import time
import zlib
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_ubyte, c_uint, c_ulong, c_void_p
from pathlib import Path

MARGIN = 24  # for the frames that window managers put around windows
SECONDS_TO_DRAW = 0.5  # nobody tells when it is done
GROUND = bytes((0x8A, 0x93, 0xA3))
ALL_PLANES, Z_PIXMAP = 0xFFFFFFFF, 2


class _Image(ctypes.Structure):
    """The beginning of Xlib's XImage."""

    _fields_ = (
        *((name, c_int) for name in ("width", "height", "xoffset", "format")),
        ("data", POINTER(c_ubyte)),
        *((name, c_int) for name in ("byte_order", "bitmap_unit", "bitmap_bit_order", "bitmap_pad", "depth")),
        ("bytes_per_line", c_int),
    )


class _Screen:
    def __init__(self) -> None:
        self._x = x = ctypes.CDLL("libX11.so.6")
        x.XOpenDisplay.restype = c_void_p
        x.XDefaultRootWindow.restype = x.XInternAtom.restype = c_ulong
        x.XDefaultRootWindow.argtypes = x.XCloseDisplay.argtypes = [c_void_p]
        x.XInternAtom.argtypes = [c_void_p, c_char_p, c_int]
        x.XGetWindowProperty.argtypes = [
            *(c_void_p, c_ulong, c_ulong, c_long, c_long, c_int, c_ulong),
            *(POINTER(c_ulong), POINTER(c_int), POINTER(c_ulong), POINTER(c_ulong), POINTER(POINTER(c_ubyte))),
        ]
        x.XGetImage.restype = POINTER(_Image)
        x.XGetImage.argtypes = [c_void_p, c_ulong, c_int, c_int, c_uint, c_uint, c_ulong, c_int]
        x.XGetGeometry.argtypes = [
            *(c_void_p, c_ulong, POINTER(c_ulong), POINTER(c_int), POINTER(c_int)),
            *(POINTER(c_uint), POINTER(c_uint), POINTER(c_uint), POINTER(c_uint)),
        ]
        x.XMoveWindow.argtypes = [c_void_p, c_ulong, c_int, c_int]
        x.XFree.argtypes = [c_void_p]
        x.XSync.argtypes = [c_void_p, c_int]
        self._display = x.XOpenDisplay(None)
        if not self._display:
            raise OSError("pictures of windows need an X display")

    def close(self) -> None:
        self._x.XCloseDisplay(self._display)

    def windows(self) -> dict[str, int]:
        """All windows that the window manager has, by title."""
        root = self._x.XDefaultRootWindow(self._display)
        data = self._property(root, "_NET_CLIENT_LIST", 8)
        found = struct.unpack(f"{len(data) // 8}L", data)
        return {self._property(window, "_NET_WM_NAME", 1).decode(): window for window in found}

    def _property(self, window: int, name: str, size: int) -> bytes:
        kind, width, count, left = c_ulong(), c_int(), c_ulong(), c_ulong()
        data = POINTER(c_ubyte)()
        self._x.XGetWindowProperty(
            *(self._display, window, self._x.XInternAtom(self._display, name.encode(), 0), 0, 4096, 0, 0),
            *(byref(kind), byref(width), byref(count), byref(left), byref(data)),
        )
        if not data:
            return b""
        try:
            return bytes(data[: count.value * size])
        finally:
            self._x.XFree(data)

    def place(self, window: int, x: int, y: int) -> None:
        """Moves a window: what is behind another cannot be read."""
        self._x.XMoveWindow(self._display, window, x, y)
        self._x.XSync(self._display, 0)

    def rows(self, window: int) -> list[bytes]:
        """The pixels of a window, three bytes each."""
        root, x, y = c_ulong(), c_int(), c_int()
        width, height, border, depth = c_uint(), c_uint(), c_uint(), c_uint()
        self._x.XGetGeometry(
            *(self._display, window, byref(root), byref(x), byref(y)),
            *(byref(width), byref(height), byref(border), byref(depth)),
        )
        image = self._x.XGetImage(self._display, window, 0, 0, width, height, ALL_PLANES, Z_PIXMAP)
        if not image:
            raise OSError("a window is not on the screen")
        picture = image.contents
        rows = []
        data = bytes(picture.data[: picture.bytes_per_line * picture.height])
        for at in range(0, len(data), picture.bytes_per_line):
            line = data[at : at + picture.width * 4]
            row = bytearray(picture.width * 3)
            row[0::3], row[1::3], row[2::3] = line[2::4], line[1::4], line[0::4]
            rows.append(bytes(row))
        return rows


def picture(file: Path, places: dict[str, tuple[int, int]]) -> int:
    """Writes a PNG with these windows, each at its place; returns the size of the file in bytes.

    Raises:
        OSError: there is no such window, or no X display.
    """
    screen = _Screen()
    try:
        windows = screen.windows()
        missing = set(places) - set(windows)
        if missing:
            raise OSError(f"there is no window {', '.join(missing)}")
        for title, (x, y) in places.items():
            screen.place(windows[title], x + MARGIN, y + (2 * MARGIN if y else MARGIN))
        time.sleep(SECONDS_TO_DRAW)
        parts = [(x, y, screen.rows(windows[title])) for title, (x, y) in places.items()]
    finally:
        screen.close()
    width = max(x + len(rows[0]) // 3 for x, _, rows in parts)
    height = max(y + len(rows) for _, y, rows in parts)
    canvas = [bytearray(GROUND * width) for _ in range(height)]
    for x, y, rows in parts:
        for at, row in enumerate(rows, y):
            canvas[at][x * 3 : x * 3 + len(row)] = row
    png = _png(width, height, b"".join(b"\0" + bytes(row) for row in canvas))
    file.write_bytes(png)
    return len(png)


def _png(width: int, height: int, pixels: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    head = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b"")
