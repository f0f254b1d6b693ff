"""The configuration of a training run: one YAML file, checked when it is read."""

import dataclasses
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from biometrics.training.channel import ChannelConfig


class ConfigError(Exception):
    """The configuration cannot be used; the message names the file, the key and what to write."""


@dataclass(frozen=True)
class ModelConfig:
    """Shape of the ECAPA-TDNN: see Desplanques et al. 2020; its width before the pooling is that of the teacher's frames."""

    mels: int
    channels: int
    attention: int


@dataclass(frozen=True)
class Voice:
    """How every speaker is heard once more: `speed` times as fast (pitch, formants and tempo move together), then the
    formants alone `formants` times as high. The teacher is asked about at most `chunks` six seconds of each speaker."""

    speed: float
    formants: float
    chunks: int


EVERY_CHUNK = 1000  # of a speaker: more than anybody's
AS_RECORDED = Voice(speed=1.0, formants=1.0, chunks=EVERY_CHUNK)


@dataclass(frozen=True)
class Stage:
    """From where the stage before ends until `until_step`: batches of `batch` crops of `crop_seconds` [least, most] of the
    first `voices` voices, while the learning rate goes from the first of `learning_rate` to the last."""

    until_step: int
    batch: int
    crop_seconds: tuple[float, float]
    voices: int
    learning_rate: tuple[float, float]


@dataclass(frozen=True)
class LossConfig:
    """Weights and shapes of the parts of the loss (see objective.py and frames.py)."""

    cosine: float
    speakers: float
    relations: float
    scale: float
    margin: float
    frames: float
    frame_means: float


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides what comes out, and the paths, which do not."""

    seed: int
    speech: Path
    teacher: Path
    cache: Path
    held_out: float
    model: ModelConfig
    voices: tuple[Voice, ...]
    channel: ChannelConfig
    loss: LossConfig
    stages: tuple[Stage, ...]
    warmup_steps: int
    weight_decay: float
    gradient_norm: float
    average_decay: float
    precision: Literal["float32", "bfloat16"]
    evaluate_every: int
    log_every: int
    checkpoint_seconds: float

    @property
    def steps(self) -> int:
        return self.stages[-1].until_step


def read(path: Path, **paths: Path | None) -> TrainingConfig:
    """Read a configuration; keyword arguments that are not None replace the paths it names. Raises ConfigError."""
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as problem:
        raise ConfigError(f"{path} cannot be read as YAML: {problem}") from problem
    config = _build(TrainingConfig, content, f"{path}")
    config = dataclasses.replace(config, **{name: value for name, value in paths.items() if value is not None})
    ends = [stage.until_step for stage in config.stages]
    if not ends or sorted(set(ends)) != ends:
        raise ConfigError(f"{path}: stages: until_step must grow from stage to stage, not {ends}")
    if not all(1 <= stage.voices <= len(config.voices) for stage in config.stages):
        raise ConfigError(f"{path}: stages: voices must be from 1 to the {len(config.voices)} that are listed")
    if not 0 <= config.held_out < 1:
        raise ConfigError(f"{path}: held_out: {config.held_out} is not a share of the speakers, 0 to less than 1")
    if len(config.channel.codecs) != len(config.channel.codec_weights):
        raise ConfigError(f"{path}: channel: write one codec_weights entry for each of {config.channel.codecs}")
    return config


def recipe(config: TrainingConfig) -> dict[str, Any]:
    """What decides the outcome, without the paths, as plain values."""
    plain = dataclasses.asdict(config)
    return {key: value for key, value in plain.items() if key not in ("speech", "teacher", "cache")}


def _build(kind: Any, value: Any, where: str) -> Any:
    """`value` from YAML as a `kind`: a dataclass, a tuple, a Literal or a scalar."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _build_dataclass(kind, value, where)
    if origin is tuple:
        if not isinstance(value, list) or (Ellipsis not in arguments and len(value) != len(arguments)):
            raise ConfigError(f"{where}: write a list{'' if Ellipsis in arguments else f' of {len(arguments)}'}")
        kinds = [arguments[0]] * len(value) if Ellipsis in arguments else arguments
        return tuple(
            _build(each, part, f"{where}[{at}]") for at, (each, part) in enumerate(zip(kinds, value, strict=True))
        )
    if origin in (Literal, types.UnionType):
        if value not in arguments:
            raise ConfigError(f"{where}: {value!r} is not one of {arguments}")
        return value
    try:
        return kind(value)
    except (TypeError, ValueError) as problem:
        raise ConfigError(f"{where}: {value!r} is not a {kind.__name__}") from problem


def _build_dataclass(kind: type, value: Any, where: str) -> Any:
    fields = typing.get_type_hints(kind)
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: write the keys {sorted(fields)} here")
    missing, unknown = fields.keys() - value.keys(), value.keys() - fields.keys()
    if missing or unknown:
        raise ConfigError(f"{where}: missing keys {sorted(missing)}, unknown keys {sorted(unknown)}")
    return kind(**{name: _build(each, value[name], f"{where}: {name}") for name, each in fields.items()})
