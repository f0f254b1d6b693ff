"""What a run needs to go on as if it had never stopped, written so that a kill at any moment leaves a whole file."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from biometrics.training.config import TrainingConfig, recipe
from biometrics.training.student import Student


class CheckpointMismatch(Exception):
    """The checkpoint belongs to another model; the message says what to do."""


@dataclass
class Progress:
    """A run in the middle: `step` batches have been learned, `average` is the moving average of the weights."""

    student: Student
    optimizer: torch.optim.Optimizer
    average: dict[str, torch.Tensor]
    step: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


def update_average(progress: Progress, decay: float) -> None:
    """Exponential moving average of weights and of the statistics of normalisation; early on it forgets faster."""
    rate = 1 - min(decay, (1 + progress.step) / (10 + progress.step))
    for name, value in progress.student.embedding_model.state_dict().items():
        if value.is_floating_point():
            progress.average[name].lerp_(value, rate)
        else:
            progress.average[name].copy_(value)


def save(path: Path, progress: Progress, config: TrainingConfig) -> None:
    """Write beside, then rename: the file at `path` is always whole."""
    partial = path.with_suffix(".partial")
    content = {
        "step": progress.step,
        "recipe": recipe(config),
        "student": progress.student.state_dict(),
        "average": progress.average,
        "optimizer": progress.optimizer.state_dict(),
        "torch_rng": torch.get_rng_state(),
        "history": progress.history,
    }
    with partial.open("wb") as out:
        torch.save(content, out)
        out.flush()
        os.fsync(out.fileno())
    os.replace(partial, path)


def begin_with(path: Path, progress: Progress) -> None:
    """Begin a new run with the convolutions (ECAPA's blocks) of the run whose checkpoint is at `path`.

    The history says so and how that run was made, and of whom neither run has heard: see `training_record`. Raises
    CheckpointMismatch if the blocks have another shape.
    """
    content = torch.load(path, map_location="cpu", weights_only=True)
    own = progress.student.embedding_model.state_dict()
    blocks = {name: value for name, value in content["average"].items() if name.startswith("blocks.")}
    ours = {name: value for name, value in own.items() if name.startswith("blocks.")}
    if {name: value.shape for name, value in blocks.items()} != {name: value.shape for name, value in ours.items()}:
        raise CheckpointMismatch(f"{path} holds convolutions of another shape: give one of the same mels and channels")
    for name, value in blocks.items():
        own[name].copy_(value)
        progress.average[name].copy_(value)
    told = [entry["held_out"] for entry in content["history"] if "held_out" in entry]
    from_the_first_step = any("held_out" in entry and entry["step"] == 0 for entry in content["history"])
    progress.history.append({"step": 0, "began_with": {"step": content["step"], "recipe": content["recipe"]}})
    progress.history += [{"step": 0, "held_out": names} for names in (told if from_the_first_step else [[]])]


def restore(path: Path, progress: Progress, config: TrainingConfig) -> None:
    """Bring `progress` to where the checkpoint stood. Raises CheckpointMismatch if the model has another shape.

    Everything else in the recipe may change between two runs; the change is written into the history.
    """
    content = torch.load(path, map_location="cpu", weights_only=True)
    now = recipe(config)
    if content["recipe"]["model"] != now["model"]:
        raise CheckpointMismatch(
            f"{path} holds a model of shape {content['recipe']['model']}, the configuration asks for {now['model']}: "
            "give another --out, or the configuration this run began with"
        )
    progress.student.load_state_dict(content["student"])
    progress.optimizer.load_state_dict(content["optimizer"])
    for name, value in content["average"].items():
        progress.average[name].copy_(value)
    progress.step = content["step"]
    progress.history = content["history"]
    torch.set_rng_state(content["torch_rng"])
    if content["recipe"] != now:
        changed = sorted(key for key in now if now[key] != content["recipe"].get(key))
        progress.history.append({"step": progress.step, "recipe_changed": changed})
