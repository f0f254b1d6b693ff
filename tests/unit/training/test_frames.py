"""The teacher's frames: what being apart from them costs, and a student that begins with the teacher's own last layer."""

import dataclasses

import numpy as np
import onnx
import pytest
import torch

from biometrics.training import corpus, teacher
from biometrics.training.config import AS_RECORDED
from biometrics.training.crops import Crops
from biometrics.training.frames import FrameScale, begin_as_teacher, frame_losses, frame_scale
from biometrics.training.student import Student


@pytest.fixture
def lessons(tiny, tmp_path):
    speech = corpus.prepare(tiny.speech, tiny.cache, "train")
    return teacher.lessons(speech, AS_RECORDED, teacher.load(tiny.teacher), tmp_path / "answers", lambda done, of: None)


@pytest.fixture
def batch(tiny, lessons):
    return Crops((lessons,), tiny.stages[0], tiny.channel, 1)[0]


def as_student(frames: torch.Tensor) -> torch.Tensor:
    """The teacher's frames (batch, frames, 512) as a student that knows them would say them, every 10 ms."""
    said = frames.repeat_interleave(4, dim=1).transpose(1, 2)
    return torch.nn.functional.pad(said, (1, 4))


def test_nothing_is_lost_on_who_says_the_same_frames(batch, lessons):
    apart, means_apart = frame_losses(as_student(batch.frames), batch, frame_scale(lessons))
    assert float(apart) == pytest.approx(0, abs=1e-9) and float(means_apart) == pytest.approx(0, abs=1e-9)


def test_a_difference_counts_in_spreads(batch):
    scale = FrameScale(torch.full((512,), 2.0), torch.full((512,), 0.5))
    apart, means_apart = frame_losses(as_student(batch.frames + 1), batch, scale)
    assert float(apart) == pytest.approx(0.25, rel=1e-3) and float(means_apart) == pytest.approx(4.0, rel=1e-3)


def test_frames_that_are_not_known_cost_nothing(batch):
    scale, wrong = FrameScale(torch.ones(512), torch.ones(512)), batch.frames.clone()
    wrong[:, 5:] += 9
    known = dataclasses.replace(batch, framed=torch.arange(batch.frames.shape[1]).expand(len(wrong), -1) < 5)
    assert sum(map(float, frame_losses(as_student(wrong), known, scale))) == pytest.approx(0, abs=1e-9)


def test_a_student_that_hears_the_teachers_frames_says_what_the_teacher_says(tiny, lessons):
    rng = np.random.default_rng(3)
    frames = rng.random((3, 149, 512), dtype=np.float32)
    lessons = dataclasses.replace(lessons, frames=frames)
    tail = teacher.Tail(rng.standard_normal((192, 1024)), rng.standard_normal(192))
    model = Student(tiny.model).embedding_model.eval()
    begin_as_teacher(model, tail, lessons)
    with torch.no_grad():
        pooled = model.asp_bn(model.asp(torch.from_numpy(frames).transpose(1, 2)))
        said = model.fc(pooled).squeeze(2).numpy()
    expected = np.concatenate([frames.mean(axis=1), frames.std(axis=1)], axis=1) @ tail.weight.T + tail.bias
    assert np.corrcoef(said.ravel(), expected.ravel())[0, 1] > 0.9999


def test_the_tail_is_the_last_layer_of_the_teachers_file(tmp_path):
    rng = np.random.default_rng(4)
    arrays = {
        "xvector.dense.linear.weight": rng.standard_normal((192, 1024, 1)),
        "xvector.dense.bn.running_mean": rng.standard_normal(192),
        "xvector.dense.bn.running_var": 0.5 + rng.random(192),
    }
    kept = [onnx.numpy_helper.from_array(value.astype(np.float32), name) for name, value in arrays.items()]
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph([], "teacher", [], [], kept)), tmp_path / "teacher.onnx")
    tail, pooled = teacher.tail(tmp_path / "teacher.onnx"), rng.standard_normal(1024)
    weight, mean, variance = arrays.values()
    expected = (weight[:, :, 0] @ pooled - mean) / np.sqrt(variance + 1e-5)
    assert np.allclose(tail.weight @ pooled + tail.bias, expected, atol=1e-3)
