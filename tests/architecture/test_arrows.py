"""The import arrows of the design, and what importing us must not cost."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_the_import_arrows_hold():
    checked = run(
        "-c", "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    )
    assert checked.returncode == 0, checked.stdout


def test_importing_the_server_never_imports_torch():
    heavy = ["torch", "torchaudio", "speechbrain", "onnxruntime"]
    checked = run("-c", f"import sys, ivr.app, ivr.cli; print([m for m in {heavy!r} if m in sys.modules])")
    assert checked.stdout.strip() == "[]", checked.stdout + checked.stderr


def test_importing_biometrics_never_imports_torch():
    checked = run("-c", "import sys, biometrics; print('torch' in sys.modules)")
    assert checked.stdout.strip() == "False", checked.stdout + checked.stderr
