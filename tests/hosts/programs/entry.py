"""What each application is started with: finds the package and the rest of this folder, and starts the agent.

In the environment: AURORAVIEW_PACKAGE, the folder to import the package from; AURORAVIEW_PROGRAMS, the one that holds
this folder; AURORAVIEW_PROGRAM, the module of this folder that knows the application, and its argument if it has one.
"""

import importlib
import os
import sys

sys.path[:0] = [os.environ["AURORAVIEW_PACKAGE"], os.environ["AURORAVIEW_PROGRAMS"]]

module, *rest = os.environ["AURORAVIEW_PROGRAM"].split()
importlib.import_module(f"programs.{module}").main(*rest)
