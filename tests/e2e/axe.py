"""axe-core in a real browser: every rule of WCAG 2.2 A and AA that a machine can check."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AXE = "axe-core@4.14.1"
AXE_HOME = ROOT / "var" / "axe"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def axe_source() -> str:
    """The checker, installed by npm at its first use. Without it the pages are not checked: loud, and in CI a failure."""
    script = AXE_HOME / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        npm = shutil.which("npm")
        if npm is None:
            missing("npm is needed to install axe-core (apt-get install npm)")
        AXE_HOME.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--prefix", str(AXE_HOME), "--no-audit", "--no-fund", AXE]
        installed = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if installed.returncode:
            missing(f"npm could not install {AXE}: {installed.stderr.strip()[-300:]}")
    return script.read_text(encoding="utf-8")


def missing(what: str) -> None:
    message = f"accessibility was NOT checked: {what}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def violations(page, source: str) -> list[str]:
    """What is wrong with the page as it is drawn now, one line a rule with the elements it is about."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(source)
    found = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}}).then(result => result.violations)", TAGS
    )
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}: "
        + "; ".join(f"{node['target'][0]}: {node['failureSummary']}" for node in rule["nodes"])
        for rule in found
    ]
