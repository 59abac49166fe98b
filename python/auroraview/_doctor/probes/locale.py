"""Looks which of the locales that the environment names the C library does not have."""

import ctypes
import json
import os

libc = ctypes.CDLL(None)
libc.setlocale.restype = ctypes.c_char_p
_LC_ALL = 6

# Of the first that is set the others are hidden.
_named = [(name, value) for name, value in os.environ.items() if name == "LANG" or name.startswith("LC_")]
if os.environ.get("LC_ALL"):
    _named = [("LC_ALL", os.environ["LC_ALL"])]
_unknown = [(name, value) for name, value in _named if value and libc.setlocale(_LC_ALL, os.fsencode(value)) is None]
print(json.dumps({"unknown": sorted(_unknown)}))
