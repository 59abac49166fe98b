"""Loads the native module of the package in the directory that is named."""

import json
import sys

sys.path.insert(0, sys.argv[1])
try:
    from auroraview import _core
except ImportError as error:
    print(json.dumps({"problem": str(error.__cause__ or error)}))
else:
    print(json.dumps({"version": _core.__version__}))
