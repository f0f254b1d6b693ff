"""The train command: `python -m biometrics train --config FILE --out DIR`."""

import argparse
import os
import sys
from pathlib import Path

import torch

from biometrics.training import codecs
from biometrics.training.checkpoint import CheckpointMismatch
from biometrics.training.config import ConfigError, read
from biometrics.training.corpus import CorpusError
from biometrics.training.run import train

# glibc gives freed blocks of this size back to the system at once and faults them in again at the next step, which was
# 40 % of the time of a step. It reads these only when a process starts.
MEMORY = {"MALLOC_MMAP_THRESHOLD_": "4000000000", "MALLOC_TRIM_THRESHOLD_": "8000000000"}

FINISHED, FAILED, STOPPED = 0, 2, 3


def main(argv: list[str]) -> int:
    """Exit code 0 when the last step is done, 2 when the input cannot be used, 3 when stopped by a signal before the end."""
    options = _parser().parse_args(argv)
    if options.device == "cpu" and not MEMORY.items() <= os.environ.items():
        os.execve(sys.executable, [sys.executable, "-m", "biometrics.training", *argv], os.environ | MEMORY)
    torch.set_num_threads(options.threads)
    try:
        config = read(options.config, speech=options.speech, teacher=options.teacher, cache=options.cache)
        codecs.check(config.channel.codecs)
        finished = train(config, options.out, options.device, options.workers, options.begin_with)
    except (ConfigError, CorpusError, CheckpointMismatch, codecs.CodecMissing, FileNotFoundError) as problem:
        print(f"train: {problem}", file=sys.stderr)
        return FAILED
    return FINISHED if finished else STOPPED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m biometrics train", description=__doc__)
    default = Path(__file__).with_name("telephone.yaml")
    parser.add_argument("--config", type=Path, default=default, help="YAML file (default: the telephone recipe)")
    parser.add_argument("--out", type=Path, required=True, help="directory for checkpoint, log and model/")
    parser.add_argument(
        "--begin-with", type=Path, help="checkpoint.pt of a run whose convolutions a new one begins with"
    )
    parser.add_argument("--speech", type=Path, help="directory with manifest.csv, instead of the configuration's")
    parser.add_argument("--teacher", type=Path, help="the teacher's ONNX file (6 s input)")
    parser.add_argument("--cache", type=Path, help="directory for decoded speech and the teacher's answers")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="cpu, cuda or cuda:N")
    parser.add_argument("--threads", type=int, default=1, help="of torch; more than one is slower on a busy machine")
    parser.add_argument(
        "--workers", type=int, default=0, help="processes that prepare batches; give several with a GPU"
    )
    return parser
