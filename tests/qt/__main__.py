"""``python -m tests.qt BINDING SCENARIO``: runs one scenario in a program of its own."""

import sys

from tests.qt import scenarios, scenarios_dialogs, scenarios_input, scenarios_life
from tests.qt.program import Program

name = sys.argv[2]
modules = (scenarios, scenarios_dialogs, scenarios_input, scenarios_life)
scenario = next(found for module in modules if (found := vars(module).get(name)))
program = Program()
sys.exit(program.run(scenario(program)))
