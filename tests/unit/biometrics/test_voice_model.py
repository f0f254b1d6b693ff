"""The shipped model and our CAM++ module, without any fetched weights."""

import subprocess
import sys

import numpy as np
import pytest

from biometrics import AudioError, ModelError, load_encoder
from biometrics.calibration import load_calibration
from biometrics.encoder import SHIPPED, default_model


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("ecapa-telephone", accelerate=False)


def test_importing_the_package_imports_no_torch_and_nothing_of_a_server():
    program = (
        "import biometrics, sys; print(sorted({'torch','speechbrain','ivr','flask','sqlalchemy'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_the_shipped_model_is_a_speechbrain_model_with_a_calibration(encoder):
    assert encoder.class_name == "speechbrain.inference.speaker.SpeakerRecognition"
    assert (encoder.name, encoder.sample_rate, encoder.dimension) == ("ecapa-telephone", 8000, 192)
    assert encoder.sha256 == "53507f2c3622dbf4e31db4cbfb3779b0dab84ad9d984f8f20fdb91356f112ffb"
    assert load_calibration(encoder.sha256).model_name == "ecapa-telephone"


def test_embeddings_have_unit_length_and_repeat(encoder):
    samples = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    once, again = encoder.embed(samples, 8000), encoder.embed(samples, 8000)
    assert np.linalg.norm(once) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(once, again)


@pytest.mark.parametrize(
    "samples", [np.zeros(0), np.zeros(100), np.full(16000, np.nan), np.full(16000, np.inf), np.zeros((2, 8000))]
)
def test_what_is_no_audio_has_no_embedding(encoder, samples):
    with pytest.raises(AudioError):
        encoder.embed(samples, 8000)


def test_an_unknown_model_is_an_error_that_says_what_there_is(tmp_path):
    with pytest.raises(ModelError, match="ecapa-telephone"):
        load_encoder("no-such-model", tmp_path)
    with pytest.raises(ModelError, match="@<commit>"):
        load_encoder("somebody/some-model", tmp_path)


def test_a_directory_is_a_model_if_it_is_whole(tmp_path, encoder):
    directory = tmp_path / "copy"
    directory.mkdir()
    hyperparams = (SHIPPED / "ecapa-telephone" / "hyperparams.yaml").read_text()
    (directory / "hyperparams.yaml").write_text(hyperparams)
    with pytest.raises(ModelError, match="embedding_model.ckpt"):
        load_encoder(str(directory))
    (directory / "embedding_model.ckpt").write_bytes(b"not a checkpoint")
    with pytest.raises(ModelError, match="does not load"):
        load_encoder(str(directory))
    (directory / "embedding_model.ckpt").write_bytes(
        (SHIPPED / "ecapa-telephone" / "embedding_model.ckpt").read_bytes()
    )
    loaded = load_encoder("copy", tmp_path)
    assert (loaded.name, loaded.sha256) == ("copy", encoder.sha256)


def test_a_checkpoint_with_a_parameter_missing_is_refused(tmp_path):
    import torch

    state = torch.load(SHIPPED / "ecapa-telephone" / "embedding_model.ckpt", weights_only=True)
    state.pop(next(iter(state)))
    torch.save(state, tmp_path / "embedding_model.ckpt")
    (tmp_path / "hyperparams.yaml").write_text((SHIPPED / "ecapa-telephone" / "hyperparams.yaml").read_text())
    with pytest.raises(ModelError, match="does not belong"):
        load_encoder(str(tmp_path))


def test_the_default_model_is_campplus_once_it_is_there(tmp_path, caplog):
    assert default_model(tmp_path) == "ecapa-telephone"
    assert "fetch" in caplog.text
    (tmp_path / "campplus").mkdir()
    (tmp_path / "campplus" / "hyperparams.yaml").write_text("")
    assert default_model(tmp_path) == "campplus"


def test_campplus_takes_features_of_any_length_and_is_strict_about_its_checkpoint(tmp_path):
    import torch

    from biometrics.campplus import CAMPPlus, KaldiFilterBank

    module = CAMPPlus().eval()
    waveforms = torch.randn(2, 16000, generator=torch.Generator().manual_seed(0)) * 0.1
    for dither in (0.0, 0.0003):
        features = KaldiFilterBank(dither=dither)(waveforms)
        assert features.shape == (2, 98, 80)
        with torch.inference_mode():
            assert module(features).shape == (2, 1, 192)
    torch.save({"head.conv1.weight": torch.zeros(32, 1, 3, 3)}, tmp_path / "part.pt")
    with pytest.raises(RuntimeError, match="Missing"):
        module.load_published(tmp_path / "part.pt")


def test_a_hub_model_is_fetched_at_its_revision_and_read_from_where_it_lies(tmp_path, monkeypatch, encoder):
    import huggingface_hub

    asked = []

    def snapshot(identifier, revision, local_dir, allow_patterns):
        asked.append((identifier, revision))
        local_dir.mkdir(parents=True)
        shipped = SHIPPED / "ecapa-telephone"
        (local_dir / "embedding_model.ckpt").write_bytes((shipped / "embedding_model.ckpt").read_bytes())
        text = (shipped / "hyperparams.yaml").read_text()
        paths = "    paths:\n        embedding_model: !ref <pretrained_path>/embedding_model.ckpt\n"
        named = f"pretrained_path: {identifier}\n{text}{paths}"
        (local_dir / "hyperparams.yaml").write_text(named)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    for _ in range(2):  # the second time it is there already
        loaded = load_encoder("somebody/some-model@abc123", tmp_path)
        assert loaded.sha256 == encoder.sha256
    assert asked == [("somebody/some-model", "abc123")]
    with pytest.raises(ModelError, match="pinned"):  # the known model must have the known checkpoint
        load_encoder("speechbrain/spkrec-ecapa-voxceleb", tmp_path)


def test_a_hub_that_is_out_of_reach_is_a_model_error(tmp_path, monkeypatch):
    import huggingface_hub

    def unreachable(*arguments, **options):
        raise OSError("no route to host")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(ModelError, match="campplus"):
        load_encoder("speechbrain/spkrec-ecapa-voxceleb", tmp_path)
