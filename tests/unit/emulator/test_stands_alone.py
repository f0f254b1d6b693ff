"""The emulator knows only the wire."""

import subprocess
import sys

PROGRAM = """
import sys
import ivr.emulator.__main__, ivr.emulator.phone, ivr.emulator.terminal
others = [name for name in sys.modules if name.startswith("ivr.") and not name.startswith("ivr.emulator")]
heavy = [name for name in ("torch", "flask", "sqlalchemy", "twilio", "biometrics") if name in sys.modules]
print(others + heavy)
"""


def test_it_imports_nothing_else_of_this_project_and_nothing_heavy():
    assert subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True).stdout == "[]\n"
