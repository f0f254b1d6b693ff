"""Set up .venv: pinned packages, with the one torch/torchaudio pair that loads on this machine.

PyPI's Linux torchaudio wheels (2.11.0 is the newest) are CUDA builds: their compiled libraries fail to load
beside a CPU-only torch. Two pairs work:

(a) torch 2.13.0 CPU build, where pip finds one, and torchaudio 2.11.0 with ``torchaudio/lib/*.so`` removed
    (torchaudio supports being without them): 1.3 GB on disk.
(b) the CUDA builds of torch 2.11.0 and torchaudio 2.11.0, which also run without a GPU: 4.9 GB on disk.

Run with any Python 3.11+: ``python3 .ci/install.py [--extra test] [--venv DIR]``. A second run that finds
nothing changed returns at once.
"""

import argparse
import hashlib
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / ".ci" / "constraints.txt"
VERIFY = """
import torch, torchaudio.functional, speechbrain
for package in (torch, torchaudio, speechbrain):
    print(package.__name__, package.__version__, end=' ')
"""
SITE = "import sysconfig; print(sysconfig.get_path('purelib'))"


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def pip(python: Path, *arguments: str, may_fail: bool = False) -> bool:
    """Install with pip's own progress bars. ``may_fail``: its complaint is not shown, only told by False."""
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    stderr = subprocess.DEVNULL if may_fail else None
    return subprocess.run(command, check=not may_fail, stderr=stderr).returncode == 0


def install_torch(python: Path) -> str:
    """Install the pair that loads here and say which it is. The CPU build has the local version ``+cpu``."""
    if pip(python, "-c", str(CONSTRAINTS), "torch==2.13.0+cpu", may_fail=True):
        pip(python, "--no-deps", "torchaudio==2.11.0")
        site = Path(subprocess.check_output([str(python), "-c", SITE], text=True).strip())
        for library in (site / "torchaudio" / "lib").glob("*.so"):
            library.unlink()
        return "(a) torch 2.13.0 CPU build + torchaudio 2.11.0 without its CUDA libraries"
    say("pip finds no CPU build of torch 2.13.0 here; taking the CUDA builds (large; they run without a GPU)")
    pip(python, "torch==2.11.0", "torchaudio==2.11.0")
    return "(b) CUDA builds of torch 2.11.0 + torchaudio 2.11.0"


def fingerprint(extra: str) -> str:
    parts = [extra, sys.version, str(ROOT)]
    parts += [(ROOT / name).read_text() for name in ("pyproject.toml", ".ci/constraints.txt", ".ci/install.py")]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    parser.add_argument("--extra", default="", help="optional dependency group, e.g. 'test'")
    options = parser.parse_args()

    if sys.version_info < (3, 11):  # noqa: UP036  (whatever python3 the machine has runs this)
        say(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}")
        return 1
    python = options.venv / ("Scripts" if sysconfig.get_platform().startswith("win") else "bin") / "python"
    # The test group contains everything the plain one has, so it also satisfies a plain run.
    stamps = {extra: options.venv / f".duet-{extra or 'run'}" for extra in {options.extra, "test"}}
    if any(stamp.exists() and stamp.read_text() == fingerprint(extra) for extra, stamp in stamps.items()):
        return 0
    if not python.exists():
        say(f"creating {options.venv}")
        venv.create(options.venv, with_pip=True)

    say("torch and torchaudio (the longest step: 200 MB or more)")
    took = install_torch(python)
    say("the other packages")
    pip(python, "-c", str(CONSTRAINTS), "-e", f"{ROOT}[{options.extra}]" if options.extra else str(ROOT))
    say("checking that torch, torchaudio and speechbrain import together")
    checked = subprocess.run([str(python), "-W", "ignore", "-c", VERIFY], capture_output=True, text=True)
    if checked.returncode:
        say(f"the import failed with {took}:\n{checked.stderr}")
        return 1
    say(f"took {took}: {checked.stdout.strip().splitlines()[-1]}")
    stamps[options.extra].write_text(fingerprint(options.extra))
    return 0


if __name__ == "__main__":
    sys.exit(main())
