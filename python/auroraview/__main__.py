"""``python -m auroraview``: the command line."""

import sys

from auroraview._cli import main

if __name__ == "__main__":
    sys.exit(main())
