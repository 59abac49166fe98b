"""Counts the fonts that fontconfig knows."""

import ctypes
import json
from ctypes import POINTER, Structure, c_int, c_void_p


class _FontSet(Structure):
    _fields_ = (("count", c_int), ("room", c_int), ("fonts", c_void_p))


try:
    fontconfig = ctypes.CDLL("libfontconfig.so.1")
except OSError as error:
    print(json.dumps({"problem": str(error)}))
else:
    fontconfig.FcInit()
    fontconfig.FcConfigGetFonts.restype = POINTER(_FontSet)
    count = 0
    for kind in (0, 1):  # those of the system, and the program's own
        found = fontconfig.FcConfigGetFonts(None, kind)
        count += found.contents.count if found else 0
    print(json.dumps({"count": count}))
