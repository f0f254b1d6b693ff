"""Crops and teacher's answers: the same step is the same batch, and no kill costs more than what was under way."""

import dataclasses

import numpy as np
import pytest
import torch

from biometrics.training import corpus, formants, teacher
from biometrics.training.config import AS_RECORDED, Voice
from biometrics.training.crops import Crops


@pytest.fixture
def speech(tiny):
    return corpus.prepare(tiny.speech, tiny.cache, "train")


def ask(speech, embed, cache, voice=AS_RECORDED, progress=lambda done, total: None):
    return teacher.lessons(speech, voice, embed, cache, progress)


def test_only_speakers_of_the_split_are_there(tiny, speech):
    assert {speaker.name for speaker in speech.speakers} == {"train-0", "train-1", "train-2"}
    dev = corpus.prepare(tiny.speech, tiny.cache, "dev")
    assert {speaker.name for speaker in dev.speakers} == {"dev-0", "dev-1"}


def test_long_pauses_are_shortened():
    tone = np.sin(np.arange(16_000)).astype(np.float32)
    kept = corpus.without_long_pauses(np.concatenate([tone, np.zeros(5 * 16_000, np.float32), tone]))
    assert 2 * 16_000 < len(kept) < 2.5 * 16_000


def test_a_speech_directory_without_manifest_is_refused(tmp_path):
    with pytest.raises(corpus.CorpusError, match="--speech"):
        corpus.prepare(tmp_path, tmp_path / "cache", "train")


def test_answers_go_on_after_half_a_row(tiny, speech, tmp_path):
    embed = teacher.load(tiny.teacher)
    whole = ask(speech, embed, tmp_path / "whole")
    cut = tmp_path / "cut"
    ask(speech, embed, cut)
    answers, frames = sorted(cut.iterdir(), key=lambda path: path.stat().st_size)
    answers.write_bytes(answers.read_bytes()[: 192 * 4 + 17])
    frames.write_bytes(frames.read_bytes()[: 2 * 149 * 512 * 2 + 18])
    asked = []
    again = ask(speech, lambda samples: asked.append(1) or embed(samples), cut)
    assert np.array_equal(again.targets, whole.targets) and len(asked) == len(whole.chunks) - 1
    assert np.array_equal(again.frames, whole.frames)


def test_the_teacher_hears_kaldi_features_without_their_mean():
    features = teacher.features(np.random.default_rng(0).standard_normal(teacher.CHUNK).astype(np.float32))
    assert features.shape == (598, 80) and np.abs(features.mean(axis=0)).max() < 1e-4


def test_a_batch_is_a_function_of_seed_and_step(tiny, speech, tmp_path):
    lessons = tuple(ask(speech, teacher.load(tiny.teacher), tmp_path / "answers", voice) for voice in tiny.voices)
    crops, again, other = (Crops(lessons, tiny.stages[0], tiny.channel, seed) for seed in (1, 1, 2))
    batch = crops[3]
    assert batch.heard.shape[0] == 4 and batch.targets.shape == (4, 192) and batch.heard.dtype == torch.float32
    assert torch.equal(batch.heard, again[3].heard) and torch.equal(batch.labels, again[3].labels)
    assert batch.heard.shape != other[3].heard.shape or not torch.equal(batch.heard, other[3].heard)
    assert crops.centroids().shape == (6, 192) and int(batch.labels.max()) < 6
    assert torch.equal(batch.frames, again[3].frames) and batch.framed.all()
    assert batch.frames.shape[:2] == (4, round(batch.heard.shape[1] / 320) - 1)


def test_the_frames_of_a_crop_are_those_of_its_own_moment(tiny, speech, tmp_path):
    """The stand-in for the teacher says how loud each 40 ms is; the line may change the level, not the syllables."""
    lessons = ask(speech, teacher.load(tiny.teacher), tmp_path)
    plain = dataclasses.replace(
        tiny.channel, codecs=("mulaw",), codec_weights=(1.0,), second_codec=0.0, room=0.0, noise=0.0, babble=0.0,
        line_noise=0.0, overdrive=0.0, packet_loss=0.0,
    )  # fmt: skip
    stage = dataclasses.replace(tiny.stages[0], crop_seconds=(3.0, 3.0))
    batch = Crops((lessons,), stage, plain, 5)[0]
    for heard, frames in zip(batch.heard.numpy(), batch.frames.numpy(), strict=True):
        loudness = np.abs(heard[: len(frames) * 320]).reshape(-1, 320).mean(axis=1)
        assert np.corrcoef(loudness, frames[:, 0])[0, 1] > 0.9
        assert np.corrcoef(loudness, np.roll(frames[:, 0], 2))[0, 1] < 0.9


def test_long_crops_are_longer_than_a_chunk(tiny, speech, tmp_path):
    crops = Crops((ask(speech, teacher.load(tiny.teacher), tmp_path),), tiny.stages[1], tiny.channel, 0)
    batch = crops[0]
    assert batch.heard.shape[1] > 6 * 8000
    assert torch.allclose(batch.targets.norm(dim=1), torch.ones(3), atol=1e-5)
    assert batch.framed[:, :149].all() and not batch.framed[:, 149:].any()  # of what lies beyond, nothing is known


def test_a_voice_has_no_more_chunks_of_a_speaker_than_it_says(speech):
    assert len(teacher.chunks(speech, AS_RECORDED)) == 3 == len(speech.speakers)
    slow = Voice(speed=0.2, formants=1.0, chunks=2)
    assert [chunk.speaker for chunk in teacher.chunks(speech, slow)] == [0, 0, 1, 1, 2, 2]


def test_leaving_speakers_out_keeps_everybody_elses_answers(tiny, speech, tmp_path):
    whole = ask(speech, teacher.load(tiny.teacher), tmp_path)
    left = teacher.without(whole, frozenset({speech.speakers[1].identity}))
    assert [each.name for each in left.speech.speakers] == ["train-0", "train-2"]
    assert [chunk.speaker for chunk in left.chunks] == [0, 1] and np.array_equal(left.targets, whole.targets[[0, 2]])
    assert np.array_equal(left.speech.read(1, 0, 900), speech.read(2, 0, 900))
    assert np.array_equal(left.frames[left.chunks[1].row], whole.frames[2])


def test_formants_prepared_after_a_kill_are_those_prepared_at_once(speech, tmp_path):
    def silent(done, total):
        pass

    whole = formants.prepare(speech, 1.1, tmp_path / "whole.pcm", silent)
    (tmp_path / "cut.partial").write_bytes((tmp_path / "whole.pcm").read_bytes()[: 2 * speech.speakers[1].start + 101])
    cut = formants.prepare(speech, 1.1, tmp_path / "cut.pcm", silent)
    assert np.array_equal(cut.samples, whole.samples) and len(whole.samples) == len(speech.samples)
    assert not np.array_equal(whole.samples, speech.samples)
