"""Prints the directory of the interpreter's shared library, for linking and running Rust programs that embed Python.

Exits with 1 and prints nothing where there is none to link: a static build, or a distribution's that lacks its -dev
package.
"""

import sys
import sysconfig
from pathlib import Path


def library_directory() -> Path | None:
    """Where ``libpythonX.Y.so`` lies."""
    directory = Path(sysconfig.get_config_var("LIBDIR") or "")
    # Debian keeps its libraries in a folder named after the architecture.
    for place in (directory, directory / (sysconfig.get_config_var("MULTIARCH") or "")):
        if (place / f"libpython{sysconfig.get_config_var('LDVERSION')}.so").exists():
            return place
    return None


if __name__ == "__main__":
    found = library_directory()
    if found is None:
        sys.exit(1)
    print(found)
