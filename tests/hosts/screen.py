"""The screen of real programs: where windows are, the mouse and the keys of a user, and a picture of it all.

Mouse and keys by ``xdotool``, the picture through the X library, so that no tool for pictures is needed.
"""

from __future__ import annotations

import ctypes
import re
import struct
import subprocess
import zlib
from ctypes import c_char_p, c_int, c_uint, c_ulong, c_void_p
from pathlib import Path

PICTURES = Path(__file__).resolve().parents[2] / "build" / "hosts-pictures"
_TIMEOUT = 20.0
_ALL_PLANES, _Z_PIXMAP = c_ulong(-1), 2


class _Image(ctypes.Structure):
    """The beginning of an XImage."""

    _fields_ = (
        *((name, c_int) for name in ("width", "height", "xoffset", "format")),
        ("data", c_void_p),
        *((name, c_int) for name in ("byte_order", "unit", "bit_order", "pad", "depth", "bytes_per_line", "bits")),
    )


def xdotool(*words: object) -> str:
    """Runs one command; what it printed."""
    command = ["xdotool", *map(str, words)]
    return subprocess.run(command, timeout=_TIMEOUT, check=True, capture_output=True, text=True).stdout


def geometry(window: int) -> tuple[int, int, int, int]:
    """Left, top, width and height of a window on the screen, by its X id. ``xdotool`` tells other numbers for windows
    inside of others."""
    command = ["xwininfo", "-id", str(window)]
    told = subprocess.run(command, timeout=_TIMEOUT, check=True, capture_output=True, text=True).stdout
    numbers = dict(re.findall(r"^  (\S[^:]*): +(-?\d+)$", told, re.MULTILINE))
    left, top = numbers["Absolute upper-left X"], numbers["Absolute upper-left Y"]
    return int(left), int(top), int(numbers["Width"]), int(numbers["Height"])


def click(x: int, y: int) -> None:
    """With the left button."""
    xdotool("mousemove", x, y, "click", 1)


def press(*keys: str) -> None:
    """Keys one after another, by their X names."""
    xdotool("key", "--delay", 40, *keys)


def write(text: str) -> None:
    """Types a text."""
    xdotool("type", "--delay", 40, text)


def take_picture(name: str) -> Path:
    """Writes the whole screen as ``build/hosts-pictures/<name>.png``."""
    x = ctypes.CDLL("libX11.so.6")
    x.XOpenDisplay.restype = c_void_p
    x.XOpenDisplay.argtypes = [c_char_p]
    x.XDefaultRootWindow.restype = c_ulong
    x.XDefaultRootWindow.argtypes = [c_void_p]
    x.XDisplayWidth.argtypes = x.XDisplayHeight.argtypes = [c_void_p, c_int]
    x.XGetImage.restype = ctypes.POINTER(_Image)
    x.XGetImage.argtypes = [c_void_p, c_ulong, c_int, c_int, c_uint, c_uint, c_ulong, c_int]
    x.XCloseDisplay.argtypes = [c_void_p]
    display = x.XOpenDisplay(None)
    assert display, "no X display; run the tests under scripts/with_display"
    width, height = x.XDisplayWidth(display, 0), x.XDisplayHeight(display, 0)
    image = x.XGetImage(display, x.XDefaultRootWindow(display), 0, 0, width, height, _ALL_PLANES, _Z_PIXMAP).contents
    assert (image.bits, image.bytes_per_line) == (32, width * 4)
    pixels = ctypes.string_at(image.data, image.bytes_per_line * height)  # blue, green, red, nothing
    x.XCloseDisplay(display)
    PICTURES.mkdir(parents=True, exist_ok=True)
    path = PICTURES / f"{name}.png"
    path.write_bytes(_png(width, height, pixels))
    return path


def _png(width: int, height: int, pixels: bytes) -> bytes:
    colours = bytearray(width * height * 3)
    for place in range(3):
        colours[place::3] = pixels[2 - place :: 4]
    stride = width * 3
    rows = b"".join(b"\0" + colours[start : start + stride] for start in range(0, len(colours), stride))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
