"""A mistake in the configuration is told with file, key and what to write."""

from pathlib import Path

import pytest

from biometrics.training import config as configuration

SHIPPED = Path(configuration.__file__).with_name("telephone.yaml")


def test_the_shipped_recipe_is_read_and_paths_can_be_replaced():
    config = configuration.read(SHIPPED, speech=Path("elsewhere"), cache=None)
    assert config.speech == Path("elsewhere") and config.cache == Path("var/training-cache")
    assert config.steps == config.stages[-1].until_step and config.stages[-1].crop_seconds[1] == 10.0


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("seed: 20261121", "sead: 1", "unknown keys ['sead']"),
        ("precision: bfloat16", "precision: float8", "precision"),
        ("until_step: 8300", "until_step: 10", "until_step must grow"),
        (
            "crop_seconds: [1.0, 3.6], voices: 15,",
            "crop_seconds: [1.0, 3.6], voices: 16,",
            "voices must be from 1 to the 15",
        ),
        ("held_out: 0.1", "held_out: 10", "held_out: 10.0 is not a share"),
        ("codecs: [mulaw,", "codecs: [opus,", "codecs[0]: 'opus' is not one of"),
        ("codec_weights: [4,", "codec_weights: [", "one codec_weights entry for each"),
        ("warmup_steps: 100", "warmup_steps: soon", "warmup_steps: 'soon'"),
        ("snr_decibels: [3, 30]", "snr_decibels: 3", "snr_decibels: write a list of 2"),
    ],
)
def test_a_mistake_names_its_place(tmp_path, old, new, told):
    mistaken = tmp_path / "mine.yaml"
    assert old in SHIPPED.read_text()
    mistaken.write_text(SHIPPED.read_text().replace(old, new))
    with pytest.raises(configuration.ConfigError) as problem:
        configuration.read(mistaken)
    assert "mine.yaml" in str(problem.value) and told in str(problem.value)
