"""One training run: prepare, teach stage by stage, evaluate, keep what was learned."""

import json
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch.utils.data import DataLoader
from tqdm import tqdm

from biometrics.corpus import outside_training
from biometrics.training import checkpoint, corpus, formants, frames, plots, student, teacher
from biometrics.training.checkpoint import Progress
from biometrics.training.config import AS_RECORDED, Stage, TrainingConfig, Voice
from biometrics.training.crops import Batch, Crops
from biometrics.training.objective import loss_and_cosine
from biometrics.training.trials import DevTrials


@dataclass(frozen=True)
class Materials:
    """What a run reads: train speech, who of it is held out, the teacher, the directory of its answers (and of speech with
    other formants), and the dev trials."""

    speech: corpus.Speech
    held_out: frozenset[str]
    ask: teacher.Teacher
    targets: Path
    dev: DevTrials


class Stopped(Exception):
    """The run was asked to stop while the teacher was speaking; what it said is on disk."""


class Stopping:
    """Set by SIGTERM or SIGINT: the run finishes its step, writes a checkpoint and ends."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


def train(config: TrainingConfig, out: Path, device: str, workers: int, begin_with: Path | None = None) -> bool:
    """Train until the last step (True) or until asked to stop (False); goes on from `out`/checkpoint.pt if there is one, else
    begins with the convolutions of the checkpoint `begin_with`, if given.

    `out` receives checkpoint.pt, log.jsonl, and model/ (hyperparams.yaml, embedding_model.ckpt, learning-curve.svg, det.svg).
    """
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(config.seed)
    torch.set_flush_denormal(True)  # decaying BatchNorm gradients otherwise cost a factor of CPU time
    progress = begin(config, torch.device(device))
    saved = out / "checkpoint.pt"
    if saved.exists():
        checkpoint.restore(saved, progress, config)
    elif begin_with is not None:
        checkpoint.begin_with(begin_with, progress)
    stopping = Stopping()
    say(f"{config.steps} steps, {_count(progress)} parameters, starting at step {progress.step} on {device}")
    try:
        return _train(config, out, torch.device(device), workers, progress, stopping)
    except Stopped:
        keep(config, progress, out)
        say(f"stopped at step {progress.step}; the same command goes on from there")
        return False


def _train(
    config: TrainingConfig, out: Path, device: torch.device, workers: int, progress: Progress, stopping: Stopping
) -> bool:
    materials = prepare(config, stopping)
    _tell_held_out(materials, progress)
    kept_at = time.monotonic()
    with tqdm(total=config.steps, initial=progress.step, disable=not sys.stderr.isatty(), unit="step") as bar:
        for losses in _steps(config, materials, progress, device, workers, stopping):
            bar.update()
            bar.set_postfix_str(_described(progress.history[-1] if progress.history else {}))
            if losses is not None:
                progress.history.append(losses)
                say(_described(losses))
            if progress.step % config.evaluate_every == 0 or progress.step == config.steps:
                evaluate(config, materials.dev, progress, out, device)
            due = time.monotonic() - kept_at > config.checkpoint_seconds
            if due or stopping.asked or progress.step == config.steps:
                keep(config, progress, out)
                kept_at = time.monotonic()
            if stopping.asked and progress.step < config.steps:
                say(f"stopped at step {progress.step}; the same command goes on from there")
                return False
    return True


def begin(config: TrainingConfig, device: torch.device) -> Progress:
    """A run at step 0: a fresh student, its optimiser and its average."""
    learner = student.Student(config.model, bfloat16=config.precision == "bfloat16").to(device)
    optimizer = torch.optim.AdamW(
        learner.parameters(), lr=config.stages[0].learning_rate[0], weight_decay=config.weight_decay
    )
    average = {name: value.detach().clone() for name, value in learner.embedding_model.state_dict().items()}
    return Progress(learner, optimizer, average)


def prepare(config: TrainingConfig, stopping: Stopping) -> Materials:
    """Decode the speech and ask the teacher about the dev speakers (both once); train speakers are asked stage by stage."""
    train_speech = corpus.prepare(config.speech, config.cache, "train")
    dev_speech = corpus.prepare(config.speech, config.cache, "dev")
    ask = teacher.load(config.teacher)
    train_targets, dev_targets = (
        teacher.cache_directory(config.cache, config.teacher, corpus.fingerprint(config.cache, split))
        for split in ("train", "dev")
    )
    dev_lessons = teacher.lessons(dev_speech, AS_RECORDED, ask, dev_targets, _counted("teacher, dev", stopping))
    dev = DevTrials(dev_speech, dev_lessons, config.channel, config.seed)
    held_out = frozenset(
        each.identity for each in train_speech.speakers if outside_training(each.corpus, each.name, config.held_out)
    )
    if len(held_out) == len(train_speech.speakers):
        raise corpus.CorpusError(f"held_out: {config.held_out} leaves none of the speakers to learn from: write less")
    return Materials(train_speech, held_out, ask, train_targets, dev)


def learning_rate(config: TrainingConfig, step: int) -> float:
    """Linear warm-up to the first stage's rate; in every stage half a cosine from its first rate to its last."""
    begins = 0
    for stage in config.stages:
        if step < stage.until_step:
            break
        begins = stage.until_step
    first, last = stage.learning_rate
    part = min(1.0, (step - begins) / max(1, stage.until_step - 1 - begins))
    rate = last + (first - last) * 0.5 * (1 + math.cos(math.pi * part))
    return rate * min(1.0, (step + 1) / config.warmup_steps)


def learn(
    config: TrainingConfig,
    progress: Progress,
    batch: Batch,
    centroids: torch.Tensor,
    scale: frames.FrameScale,
    device: torch.device,
) -> tuple[float, float, float]:
    """One step; answers the loss, the mean cosine to the teacher and how far its frames are."""
    progress.student.train()
    for group in progress.optimizer.param_groups:
        group["lr"] = learning_rate(config, progress.step)
    embeddings = progress.student(batch.heard.to(device))
    loss, cosine = loss_and_cosine(
        embeddings, batch.targets.to(device), batch.labels.to(device), centroids, config.loss
    )
    apart, means_apart = frames.frame_losses(progress.student.frames, batch, scale)
    loss = loss + config.loss.frames * apart + config.loss.frame_means * means_apart
    progress.optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(progress.student.parameters(), config.gradient_norm)
    progress.optimizer.step()
    progress.step += 1
    checkpoint.update_average(progress, config.average_decay)
    return float(loss.detach()), float(cosine.detach()), float(apart.detach())


def evaluate(config: TrainingConfig, dev: DevTrials, progress: Progress, out: Path, device: torch.device) -> None:
    """Dev figures of the averaged weights into the history, and the two pictures."""
    averaged = student.Student(config.model).to(device)
    averaged.embedding_model.load_state_dict(progress.average)
    averaged.eval()

    @torch.no_grad()
    def embed(waveforms: torch.Tensor) -> torch.Tensor:
        return averaged(waveforms.to(device)).cpu()

    scores = {line: dev.scores(embed, line) for line in dev.lines}
    eers = {line: {each.corpus: round(each.eer, 4) for each in of_line} for line, of_line in scores.items()}
    entry = {"step": progress.step, "dev_cosine": round(dev.cosine(embed), 4), "dev_eer": eers}
    progress.history.append(entry)
    say(_described(entry))
    model = out / "model"
    model.mkdir(exist_ok=True)
    plots.learning_curve(progress.history, model / "learning-curve.svg")
    plots.det(scores["telephone"], model / "det.svg")


def keep(config: TrainingConfig, progress: Progress, out: Path) -> None:
    """Checkpoint, log and the usable model (averaged weights), each replaced in one move."""
    checkpoint.save(out / "checkpoint.pt", progress, config)
    student.export(config.model, progress.average, out / "model")
    partial = out / "log.partial"
    partial.write_text("".join(json.dumps(entry) + "\n" for entry in progress.history))
    os.replace(partial, out / "log.jsonl")


def say(line: str) -> None:
    """One line with the time in UTC, above the progress bar if there is one."""
    tqdm.write(f"{time.strftime('%H:%M:%S', time.gmtime())} {line}", file=sys.stderr)
    sys.stderr.flush()


def _steps(
    config: TrainingConfig,
    materials: Materials,
    progress: Progress,
    device: torch.device,
    workers: int,
    stopping: Stopping,
) -> Iterator[dict[str, Any] | None]:
    """Learn every step that is left; yields the mean figures when a log line is due, else None."""
    since: list[tuple[float, float, float]] = []
    started = time.monotonic()
    for stage in config.stages:
        if progress.step >= stage.until_step:
            continue
        crops = _crops(config, materials, stage, stopping)
        centroids = crops.centroids().to(device)
        scale = frames.frame_scale(crops.lessons[0]).to(device)
        if progress.step == 0:
            _begin_as_teacher(config, progress, crops.lessons[0])
        order = range(progress.step, stage.until_step)
        for batch in DataLoader(crops, sampler=order, batch_size=None, num_workers=workers):
            since.append(learn(config, progress, batch, centroids, scale, device))
            if progress.step % config.log_every:
                yield None
                continue
            seconds, loss, cosine, apart = (
                time.monotonic() - started,
                *(sum(part) / len(since) for part in zip(*since, strict=True)),
            )
            yield {
                "step": progress.step,
                "loss": round(loss, 4),
                "cosine": round(cosine, 4),
                "frames_apart": round(apart, 4),
                "seconds_per_step": round(seconds / len(since), 3),
            }
            since, started = [], time.monotonic()


def _begin_as_teacher(config: TrainingConfig, progress: Progress, lessons: teacher.Lessons) -> None:
    model = progress.student.embedding_model
    frames.begin_as_teacher(model, teacher.tail(config.teacher), lessons)
    for name, value in model.state_dict().items():
        progress.average[name].copy_(value)


def _crops(config: TrainingConfig, materials: Materials, stage: Stage, stopping: Stopping) -> Crops:
    def taught(voice: Voice) -> teacher.Lessons:
        name = f"speed {voice.speed:g}, formants {voice.formants:g}"
        path = materials.targets / f"formants-{voice.formants:.2f}.pcm"
        moved = _counted(f"speakers with formants {voice.formants:g}", stopping)
        speech = formants.prepare(materials.speech, voice.formants, path, moved)
        counted = _counted(f"teacher, {name}", stopping)
        lessons = teacher.lessons(speech, voice, materials.ask, materials.targets, counted)
        return teacher.without(lessons, materials.held_out)

    voices = config.voices[: stage.voices]
    return Crops(tuple(map(taught, voices)), stage, config.channel, config.seed)


def _counted(name: str, stopping: Stopping) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if stopping.asked:
            raise Stopped
        if done % 200 == 0 or done == total:
            say(f"{name}: {done} of {total}")

    return progress


def _tell_held_out(materials: Materials, progress: Progress) -> None:
    """Into the history, whenever it changes: the training record is written from there, and calibration trusts it."""
    told, before = sorted(materials.held_out), [each["held_out"] for each in progress.history if "held_out" in each]
    if before[-1:] != [told]:
        progress.history.append({"step": progress.step, "held_out": told})


def _count(progress: Progress) -> int:
    return sum(parameter.numel() for parameter in progress.student.parameters())


def _described(entry: dict[str, Any]) -> str:
    shown = {key: value for key, value in entry.items() if key not in ("dev_eer", "held_out", "began_with")}
    eers = [
        f"EER {line}: " + ", ".join(f"{name} {value:.1%}" for name, value in of_line.items())
        for line, of_line in entry.get("dev_eer", {}).items()
    ]
    return "  ".join([*(f"{key} {value}" for key, value in shown.items()), *eers])
