"""Looks whether the C library knows the locale that the environment names."""

import ctypes
import json

libc = ctypes.CDLL(None)
libc.setlocale.restype = ctypes.c_char_p
_LC_ALL = 6
print(json.dumps({"known": libc.setlocale(_LC_ALL, b"") is not None}))
