"""What the student is asked to do: say of the telephone crop what the teacher says of the clean six seconds."""

import torch
from torch.nn.functional import cross_entropy, normalize

from biometrics.training.config import LossConfig


def loss_and_cosine(
    embeddings: torch.Tensor, targets: torch.Tensor, labels: torch.Tensor, centroids: torch.Tensor, config: LossConfig
) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss and the mean cosine to the teacher, both scalars.

    Three parts: one minus the cosine to the teacher's embedding; cross-entropy over the teacher's frozen pseudo-speaker
    centroids with an additive cosine margin (Wang et al. 2018, AM-Softmax); and the mean squared difference between
    the student's and the teacher's cosine matrices of the batch (relational distillation, Park et al. 2019).
    `embeddings` and `targets` are (batch, 192), `centroids` (pseudo-speakers, 192) of unit length, `labels` (batch,).
    """
    student, teacher = normalize(embeddings), normalize(targets)
    cosine = (student * teacher).sum(dim=1).mean()
    logits = student @ centroids.T
    logits = logits - config.margin * torch.nn.functional.one_hot(labels, len(centroids)).to(logits.dtype)
    speakers = cross_entropy(config.scale * logits, labels)
    relations = (student @ student.T - teacher @ teacher.T).square().mean()
    return config.cosine * (1 - cosine) + config.speakers * speakers + config.relations * relations, cosine
