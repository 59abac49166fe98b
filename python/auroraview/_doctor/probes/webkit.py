"""Loads WebKitGTK and asks for its version."""

import ctypes
import json
import sys

try:
    library = ctypes.CDLL(sys.argv[1])
except OSError as error:
    print(json.dumps({"problem": str(error)}))
else:
    parts = ("major", "minor", "micro")
    webkit = [getattr(library, f"webkit_get_{part}_version")() for part in parts]
    # GTK comes with it.
    gtk = [getattr(library, f"gtk_get_{part}_version")() for part in parts]
    print(json.dumps({"version": webkit, "gtk": gtk}))
