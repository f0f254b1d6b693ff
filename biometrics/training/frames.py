"""Learning what the teacher pools, not only what it says in the end.

The teacher's embedding is a linear map of the mean and the standard deviation of its frames. The student's last convolution
is asked for those very frames, and its own pooling and linear map begin as the teacher's: so every 40 ms of speech teach 512
numbers, where a crop's embedding teaches 192, and the map that many thousand people taught the teacher is not learnt anew
from a few hundred.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from biometrics.training.crops import Batch
from biometrics.training.teacher import FRAME_DIMENSIONS, Lessons, Tail

STUDENT_FRAMES = 4  # of 10 ms, in one of the teacher's that are kept
CHUNKS = 200  # that are looked at for means and spreads
LEAST_SPREAD = 0.1  # of the greatest: a dimension that hardly ever moves is not to weigh the more for it
LEAST_SPREAD_OF_MEANS = 0.3  # of the median


@dataclass(frozen=True)
class FrameScale:
    """What one unit of a frame's dimension is worth: its standard deviation over all frames, and that of the chunks' means;
    (512,) float32 each."""

    spread: torch.Tensor
    spread_of_means: torch.Tensor

    def to(self, device: torch.device) -> FrameScale:
        return FrameScale(self.spread.to(device), self.spread_of_means.to(device))


def frame_scale(lessons: Lessons) -> FrameScale:
    frames = _some(lessons)
    spread, of_means = frames.std(axis=(0, 1)), frames.mean(axis=1).std(axis=0)
    return FrameScale(
        torch.from_numpy(np.maximum(spread, LEAST_SPREAD * spread.max())),
        torch.from_numpy(np.maximum(of_means, LEAST_SPREAD_OF_MEANS * np.median(of_means))),
    )


def frame_losses(own: torch.Tensor, batch: Batch, scale: FrameScale) -> tuple[torch.Tensor, torch.Tensor]:
    """How far the student's frames (batch, 512, time at 10 ms) are from the teacher's: mean squared difference of frames, and
    of their means over a crop, in units of the scale. Scalars; 1 for frames is as far as always saying the mean.

    The student's frame k is centred at 10 k ms, the teacher's at 40 k + 22.5 ms, so its k-th takes frames 4 k + 1 to 4 k + 4.
    """
    count = batch.frames.shape[1]
    whole = own[:, :, 1 : 1 + STUDENT_FRAMES * count].float()
    averaged = whole.reshape(len(own), FRAME_DIMENSIONS, count, STUDENT_FRAMES).mean(dim=3).transpose(1, 2)
    known = batch.framed.to(averaged.device, torch.float32)
    apart = (averaged - batch.frames.to(averaged.device)) * known[:, :, None]
    of_frames = (apart / scale.spread).square().mean(dim=2).sum() / known.sum()
    means = apart.sum(dim=1) / known.sum(dim=1, keepdim=True)
    return of_frames, (means / scale.spread_of_means).square().mean()


def begin_as_teacher(model: torch.nn.Module, tail: Tail, lessons: Lessons) -> None:
    """Let the ECAPA-TDNN `model` pool without attention and embed as the teacher does, until it learns better.

    Its last convolution is not the teacher's; only mean and spread of what comes out of it are.
    """
    frames = _some(lessons)
    pooled = np.concatenate([frames.mean(axis=1), frames.std(axis=1)], axis=1)
    centre, spread = pooled.mean(axis=0), pooled.std(axis=0) + 1e-3
    values = {
        "fc.conv.weight": tail.weight[:, :, None],
        "fc.conv.bias": tail.bias,
        "asp.conv.conv.weight": 0.0,
        "asp.conv.conv.bias": 0.0,
        "asp_bn.norm.weight": spread,
        "asp_bn.norm.bias": centre,
        "asp_bn.norm.running_mean": centre,
        "asp_bn.norm.running_var": spread**2,
        "mfa.norm.norm.weight": frames.std(axis=(0, 1)),
        "mfa.norm.norm.bias": frames.mean(axis=(0, 1)),
    }
    own = model.state_dict()
    for name, value in values.items():
        own[name].copy_(torch.as_tensor(value, dtype=torch.float32).broadcast_to(own[name].shape))


def _some(lessons: Lessons) -> np.ndarray:
    """Frames (chunks, 149, 512) float32 of chunks spread evenly over all."""
    rows = [chunk.row for chunk in lessons.chunks]
    return lessons.frames[rows[:: max(1, len(rows) // CHUNKS)]].astype(np.float32)
