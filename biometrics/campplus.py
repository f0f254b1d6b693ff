"""CAM++: a densely connected TDNN with context-aware masking (Wang et al. 2023, arXiv 2303.00332), for inference.

The module reads the checkpoint published as ``speech_campplus_sv_zh_en_16k-common_advanced`` (3D-Speaker, Apache-2.0)
byte for byte, so that the sha256 in a verdict is the one that anybody can compute from the published file.
It is built by SpeechBrain from ``hyperparams.yaml`` (``!new:biometrics.campplus.CAMPPlus``).
"""

import re
from pathlib import Path

import torch
import torchaudio
from speechbrain.utils.checkpoints import mark_as_transfer, register_checkpoint_hooks
from torch import Tensor, nn
from torch.nn import functional

from biometrics.features import QUIETEST, white_noise

SEGMENT_FRAMES = 100  # context pooling window of the paper, in frames after the stride of 2 (2 s)

# Published parameter name -> name in this module, applied in order.
RENAMES = (
    (r"^head\.conv1\.", "front.entry.convolution."),
    (r"^head\.bn1\.", "front.entry.normalisation."),
    (r"^head\.conv2\.", "front.exit.convolution."),
    (r"^head\.bn2\.", "front.exit.normalisation."),
    (r"^head\.layer(\d)\.(\d)\.conv(\d)\.", r"front.stage\1.\2.convolution\3."),
    (r"^head\.layer(\d)\.(\d)\.bn(\d)\.", r"front.stage\1.\2.normalisation\3."),
    (r"^head\.layer(\d)\.(\d)\.shortcut\.(\d)\.", r"front.stage\1.\2.shortcut.\3."),
    (r"^xvector\.tdnn\.linear\.", "entry.convolution."),
    (r"^xvector\.tdnn\.nonlinear\.batchnorm\.", "entry.normalisation."),
    (r"^xvector\.block(\d)\.tdnnd(\d+)\.nonlinear1\.batchnorm\.", r"dense_block\1.layer\2.normalisation."),
    (r"^xvector\.block(\d)\.tdnnd(\d+)\.linear1\.", r"dense_block\1.layer\2.bottleneck."),
    (r"^xvector\.block(\d)\.tdnnd(\d+)\.nonlinear2\.batchnorm\.", r"dense_block\1.layer\2.bottleneck_normalisation."),
    (r"^xvector\.block(\d)\.tdnnd(\d+)\.cam_layer\.linear_local\.", r"dense_block\1.layer\2.masked.local."),
    (r"^xvector\.block(\d)\.tdnnd(\d+)\.cam_layer\.linear1\.", r"dense_block\1.layer\2.masked.squeeze."),
    (r"^xvector\.block(\d)\.tdnnd(\d+)\.cam_layer\.linear2\.", r"dense_block\1.layer\2.masked.excite."),
    (r"^xvector\.transit(\d)\.nonlinear\.batchnorm\.", r"transition\1.normalisation."),
    (r"^xvector\.transit(\d)\.linear\.", r"transition\1.convolution."),
    (r"^xvector\.out_nonlinear\.batchnorm\.", "exit_normalisation."),
    (r"^xvector\.dense\.linear\.", "embedding."),
    (r"^xvector\.dense\.nonlinear\.batchnorm\.", "embedding_normalisation."),
)


class KaldiFilterBank(nn.Module):
    """Kaldi log-mel filter bank: waveforms (batch, samples) in [-1, 1] -> features (batch, frames, mels).

    25 ms Povey windows every 10 ms; the mean over time is left to SpeechBrain's ``InputNormalization``. Telephone
    speech has nothing above 3.4 kHz, and the logarithm of nothing is what the model never heard in training: so the
    waveform is brought to ``level`` (root mean square) and ``dither`` of that much faint white noise (the same every
    time) fills the empty bands. ``dither`` 0 leaves the waveform as it is.
    """

    def __init__(self, sample_rate: int = 16000, n_mels: int = 80, level: float = 0.05, dither: float = 0.0) -> None:
        super().__init__()
        self.sample_rate, self.n_mels, self.level, self.dither = sample_rate, n_mels, level, dither

    def forward(self, waveforms: Tensor) -> Tensor:
        return torch.stack([self._features(waveform) for waveform in waveforms])

    def _features(self, waveform: Tensor) -> Tensor:
        if self.dither:
            noise = torch.from_numpy(white_noise(waveform.shape[-1]))
            loudness = waveform.square().mean().sqrt().clamp_min(QUIETEST)
            waveform = waveform * (self.level / loudness) + self.dither * noise.to(waveform)
        return torchaudio.compliance.kaldi.fbank(
            waveform.unsqueeze(0), num_mel_bins=self.n_mels, sample_frequency=self.sample_rate, dither=0.0
        )


class ConvolutionThenNormalisation(nn.Module):
    """convolution -> batch normalisation -> ReLU, in one or two dimensions."""

    def __init__(self, convolution: nn.Module, normalisation: nn.Module) -> None:
        super().__init__()
        self.convolution, self.normalisation = convolution, normalisation

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.normalisation(self.convolution(x)))


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions around a shortcut; ``stride`` acts on the frequency axis only."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.convolution1 = nn.Conv2d(channels, channels, 3, stride=(stride, 1), padding=1, bias=False)
        self.normalisation1 = nn.BatchNorm2d(channels)
        self.convolution2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.normalisation2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential()
        if stride != 1:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels, channels, 1, stride=(stride, 1), bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.normalisation1(self.convolution1(x)))
        return torch.relu(self.normalisation2(self.convolution2(y)) + self.shortcut(x))


class FrontConvolutions(nn.Module):
    """The mel plane as an image: (batch, mels, frames) -> (batch, 32 * mels / 8, frames)."""

    def __init__(self, n_mels: int, channels: int = 32) -> None:
        super().__init__()
        self.entry = ConvolutionThenNormalisation(
            nn.Conv2d(1, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        )
        self.stage1 = nn.Sequential(ResidualBlock(channels, 2), ResidualBlock(channels, 1))
        self.stage2 = nn.Sequential(ResidualBlock(channels, 2), ResidualBlock(channels, 1))
        self.exit = ConvolutionThenNormalisation(
            nn.Conv2d(channels, channels, 3, stride=(2, 1), padding=1, bias=False), nn.BatchNorm2d(channels)
        )
        self.out_channels = channels * (n_mels // 8)

    def forward(self, x: Tensor) -> Tensor:
        y = self.exit(self.stage2(self.stage1(self.entry(x.unsqueeze(1)))))
        return y.flatten(1, 2)


class ContextMasked(nn.Module):
    """A convolution whose output is masked by what the whole recording and the surrounding segment sound like."""

    def __init__(self, in_channels: int, out_channels: int, dilation: int) -> None:
        super().__init__()
        self.local = nn.Conv1d(in_channels, out_channels, 3, padding=dilation, dilation=dilation, bias=False)
        self.squeeze = nn.Conv1d(in_channels, in_channels // 2, 1)
        self.excite = nn.Conv1d(in_channels // 2, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        segments = functional.avg_pool1d(x, SEGMENT_FRAMES, stride=SEGMENT_FRAMES, ceil_mode=True)
        segments = segments.repeat_interleave(SEGMENT_FRAMES, dim=-1)[..., : x.shape[-1]]
        context = x.mean(-1, keepdim=True) + segments
        return self.local(x) * torch.sigmoid(self.excite(torch.relu(self.squeeze(context))))


class DenseLayer(nn.Module):
    """normalise -> 1 x 1 bottleneck -> normalise -> context-masked convolution; returns the new channels only."""

    def __init__(self, in_channels: int, growth: int, bottleneck: int, dilation: int) -> None:
        super().__init__()
        self.normalisation = nn.BatchNorm1d(in_channels)
        self.bottleneck = nn.Conv1d(in_channels, bottleneck, 1, bias=False)
        self.bottleneck_normalisation = nn.BatchNorm1d(bottleneck)
        self.masked = ContextMasked(bottleneck, growth, dilation)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bottleneck(torch.relu(self.normalisation(x)))
        return self.masked(torch.relu(self.bottleneck_normalisation(y)))


class DenseBlock(nn.ModuleDict):
    """Layers that each read everything before them: channels grow by ``growth`` a layer."""

    def __init__(self, layers: int, in_channels: int, growth: int, bottleneck: int, dilation: int) -> None:
        super().__init__(
            {f"layer{i + 1}": DenseLayer(in_channels + i * growth, growth, bottleneck, dilation) for i in range(layers)}
        )
        self.out_channels = in_channels + layers * growth

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.values():
            x = torch.cat([x, layer(x)], dim=1)
        return x


class Transition(nn.Module):
    """normalise -> ReLU -> 1 x 1 convolution to half the channels."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.normalisation = nn.BatchNorm1d(in_channels)
        self.convolution = nn.Conv1d(in_channels, in_channels // 2, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.convolution(torch.relu(self.normalisation(x)))


@register_checkpoint_hooks
class CAMPPlus(nn.Module):
    """Features (batch, frames, mels) -> embeddings (batch, 1, ``dimension``), SpeechBrain's shape for an encoder."""

    def __init__(
        self, n_mels: int = 80, dimension: int = 192, channels: int = 128, growth: int = 32, bottleneck: int = 128
    ) -> None:
        super().__init__()
        self.front = FrontConvolutions(n_mels)
        self.entry = ConvolutionThenNormalisation(
            nn.Conv1d(self.front.out_channels, channels, 5, stride=2, padding=2, bias=False), nn.BatchNorm1d(channels)
        )
        for number, (layers, dilation) in enumerate(((12, 1), (24, 2), (16, 2)), start=1):
            block = DenseBlock(layers, channels, growth, bottleneck, dilation)
            self.add_module(f"dense_block{number}", block)
            self.add_module(f"transition{number}", Transition(block.out_channels))
            channels = block.out_channels // 2
        self.exit_normalisation = nn.BatchNorm1d(channels)
        self.embedding = nn.Conv1d(2 * channels, dimension, 1, bias=False)
        # No ReLU after this one: with it, half of the space is thrown away and impostors score as owners do.
        self.embedding_normalisation = nn.BatchNorm1d(dimension, affine=False)

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """``lengths`` is SpeechBrain's relative length of each row; rows here are never padded, so it is not used."""
        x = self.entry(self.front(features.transpose(1, 2)))
        for number in (1, 2, 3):
            x = self.get_submodule(f"transition{number}")(self.get_submodule(f"dense_block{number}")(x))
        x = torch.relu(self.exit_normalisation(x))
        statistics = torch.cat([x.mean(-1), x.std(-1)], dim=1)
        embedding = self.embedding_normalisation(self.embedding(statistics.unsqueeze(-1)).squeeze(-1))
        return embedding.unsqueeze(1)

    @mark_as_transfer
    def load_published(self, path: str | Path) -> None:
        """Load the published checkpoint; every parameter must be there and none may be left over."""
        published = torch.load(path, map_location="cpu", weights_only=True)
        self.load_state_dict({renamed(name): value for name, value in published.items()}, strict=True)
        self.front.to(memory_format=torch.channels_last)  # halves the time of the convolutions on a CPU


def renamed(name: str) -> str:
    """The name in this module of a parameter of the published checkpoint."""
    for pattern, replacement in RENAMES:
        name, changed = re.subn(pattern, replacement, name)
        if changed:
            return name
    return name
