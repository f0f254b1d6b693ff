"""The accelerator of each real model, made here, on the voices of real callers: what SpeechBrain gives, it gives."""

from pathlib import Path

from biometrics import load_encoder
from biometrics.accelerator import cosine, read
from biometrics.encoder import OnnxEncoder, model_directory, source_of
from biometrics.export import export

MODELS = Path(__file__).parents[2] / "var" / "models"


def test_real_voices_have_the_embeddings_that_speechbrain_gives(encoder, callers, tmp_path):
    source = source_of(model_directory(encoder.name, MODELS))
    path = export(encoder.name, MODELS, out=tmp_path, say=lambda _: None)
    accelerated = OnnxEncoder(encoder.name, read(path, source), source.checkpoint_sha256)
    reference = load_encoder(encoder.name, MODELS, accelerate=False)
    voices = [caller.tests[0].speech() for caller in callers[::4]]
    for voice, seconds in zip(voices, (1.0, 3.0, 5.5), strict=True):
        heard = voice[: int(seconds * 8000)]
        assert cosine(accelerated.embed(heard, 8000), reference.embed(heard, 8000)) >= 0.9999
