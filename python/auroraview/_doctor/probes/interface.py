"""Starts the window library of a package, where there is no display: says why no window opens."""

import json
import sys

sys.path.insert(0, sys.argv[1])

try:
    from auroraview import AuroraViewError, _core
except ImportError:
    print(json.dumps({"problem": "the native module cannot be loaded"}))
    sys.exit()

try:
    _core.host_start(sys.argv[2])  # type: ignore[arg-type]
except AuroraViewError as error:
    print(json.dumps({"said": str(error)}))
else:
    print(json.dumps({"said": "no display was needed"}))
