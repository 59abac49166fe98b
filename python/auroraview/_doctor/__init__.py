"""``auroraview doctor``: looks at what a window needs, and says for each problem what to do.

It uses the standard library only, and imports nothing of the package: it has to work where that cannot be loaded. What
could end or stop a process is done in a process that may be lost (:mod:`._throwaway`), and every look has a deadline.
Last, one of those opens a hidden window and makes one round trip, which decides.
"""

from __future__ import annotations

from auroraview._doctor._package import version
from auroraview._doctor._running import examine, run

__all__ = ["examine", "run", "version"]
