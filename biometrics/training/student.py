"""The student: SpeechBrain modules described by one hyperparams.yaml, in training as in use."""

import os
from pathlib import Path

import torch
from hyperpyyaml import load_hyperpyyaml

from biometrics.training.config import ModelConfig
from biometrics.training.teacher import DIMENSIONS, FRAME_DIMENSIONS

HYPERPARAMS = """\
# Duet speaker encoder: ECAPA-TDNN for 8 kHz telephone speech, {dimensions}-d embeddings, cosine scoring.
# Load: speechbrain.inference.speaker.SpeakerRecognition.from_hparams(source=<this directory>, savedir=...)
sample_rate: 8000
n_mels: {mels}

compute_features: !new:speechbrain.lobes.features.Fbank
    n_mels: !ref <n_mels>
    sample_rate: !ref <sample_rate>
    n_fft: 256

mean_var_norm: !new:speechbrain.processing.features.InputNormalization
    norm_type: sentence
    std_norm: False

embedding_model: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN
    input_size: !ref <n_mels>
    channels: [{channels}, {channels}, {channels}, {channels}, {last}]
    kernel_sizes: [5, 3, 3, 3, 1]
    dilations: [1, 2, 3, 4, 1]
    attention_channels: {attention}
    se_channels: 64
    res2net_scale: 8
    lin_neurons: {dimensions}

mean_var_norm_emb: !new:speechbrain.processing.features.InputNormalization
    norm_type: global
    std_norm: False

modules:
    compute_features: !ref <compute_features>
    mean_var_norm: !ref <mean_var_norm>
    embedding_model: !ref <embedding_model>
    mean_var_norm_emb: !ref <mean_var_norm_emb>

pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        embedding_model: !ref <embedding_model>
"""


class Student(torch.nn.Module):
    """Waveforms (batch, samples at 8 kHz) to embeddings (batch, 192), float32, not of unit length."""

    def __init__(self, config: ModelConfig, bfloat16: bool = False) -> None:
        super().__init__()
        described = load_hyperpyyaml(hyperparams(config))
        self.compute_features = described["compute_features"]
        self.mean_var_norm = described["mean_var_norm"]
        self.embedding_model = described["embedding_model"]
        self.bfloat16 = bfloat16
        self.frames: torch.Tensor | None = None  # of the last waveforms, not pooled yet: (batch, 512, time at 10 ms)
        self.embedding_model.mfa.register_forward_hook(self._keep_frames)

    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            features = self.compute_features(waveforms)
            features = self.mean_var_norm(features, torch.ones(len(waveforms), device=waveforms.device))
        # Half precision only pays while learning; figures and exports are float32.
        half = self.bfloat16 and self.training
        with torch.autocast(waveforms.device.type, torch.bfloat16, enabled=half):
            return self.embedding_model(features).squeeze(1).float()

    def _keep_frames(self, module: torch.nn.Module, given: tuple, frames: torch.Tensor) -> None:
        self.frames = frames


def hyperparams(config: ModelConfig) -> str:
    """The text of hyperparams.yaml."""
    return HYPERPARAMS.format(
        mels=config.mels,
        channels=config.channels,
        last=FRAME_DIMENSIONS,
        attention=config.attention,
        dimensions=DIMENSIONS,
    )


def export(config: ModelConfig, weights: dict[str, torch.Tensor], directory: Path) -> None:
    """Write a directory that SpeakerRecognition.from_hparams loads; `weights` are those of the embedding model."""
    directory.mkdir(parents=True, exist_ok=True)
    checkpoint = directory / "embedding_model.ckpt"
    partial = checkpoint.with_suffix(".partial")
    torch.save({name: value.detach().cpu().clone() for name, value in weights.items()}, partial)
    os.replace(partial, checkpoint)
    (directory / "hyperparams.yaml").write_text(hyperparams(config))
