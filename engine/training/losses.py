"""Losses of the recipes."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.diffusion.schedule import SHIFT


def class_weights(counts: Tensor, power: float = 1 / 4, most: float = 8.0) -> Tensor:
    """Weigh rare classes more: `(max n / n_c)^power`, `(K,)` from voxel counts `(K,)`."""
    return (counts.max() / counts.clamp(min=1)).pow(power).clamp(max=most)


def rare_columns(labels: Tensor, ignore: Tensor, rare: Tensor, share: float) -> Tensor:
    """Pick the columns to score: at random, but those first that hold a rare class.

    Parameters
    ----------
    labels, ignore
        `(B, X, Y, Z)`: train ids, and where they do not count.
    rare
        `(K,) bool`.
    share
        Of all columns, which is how many are picked.

    Returns
    -------
    `(N,) int64`, indices into `B X Y`.
    """
    has_rare = (rare[labels.clamp(max=len(rare) - 1).int()] & ~ignore).any(dim=3).flatten().float()
    order = torch.rand(has_rare.shape, device=labels.device) + has_rare
    return order.topk(int(share * len(order))).indices


def lovasz_softmax(probabilities: Tensor, labels: Tensor) -> Tensor:
    """Bound the mean IoU of the classes present from above, so that small classes count as much as large ones.

    Lovasz-softmax, Berman et al. 2018, equations 8 and 9 with the loss of equation 7.

    Parameters
    ----------
    probabilities
        `(N, K)`, rows sum to 1.
    labels
        `(N,) int64`.
    """
    losses = []
    for c in torch.unique(labels).tolist():
        truth = (labels == c).float()
        errors, order = (truth - probabilities[:, c]).abs().sort(descending=True)
        truth = truth[order]
        intersection = truth.sum() - truth.cumsum(0)
        union = truth.sum() + (1 - truth).cumsum(0)
        jaccard = 1 - intersection / union
        gradient = torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])
        losses.append(torch.dot(errors, gradient))
    return torch.stack(losses).mean()


def reconstruction(logits: Tensor, labels: Tensor, weights: Tensor, ignore: Tensor, lovasz_voxels: int) -> Tensor:
    """Weighted cross-entropy on all voxels plus Lovasz-softmax on a random part of them.

    The part is drawn blindly: one with mostly rare voxels in it would not punish seeing rare things everywhere.

    Parameters
    ----------
    logits
        `(P, K, Z)` of P columns.
    labels
        `(P, Z) int64`.
    weights
        `(K,)`.
    ignore
        `(P, Z) bool`, voxels that do not count.
    lovasz_voxels
        How many voxels enter the Lovasz term.
    """
    target = labels.masked_fill(ignore, -100)
    entropy = F.cross_entropy(logits, target, weight=weights, ignore_index=-100)
    flat_labels, flat_logits = labels.reshape(-1), logits.transpose(1, 2).reshape(-1, logits.shape[1])
    shown = torch.nonzero(~ignore.reshape(-1))[:, 0]
    chosen = shown[torch.randint(len(shown), (lovasz_voxels,), device=labels.device)]
    return entropy + lovasz_softmax(flat_logits[chosen].softmax(dim=1), flat_labels[chosen])


def draw_times(count: int, device: torch.device) -> Tensor:
    """Draw times of the flow to train at, `(count,)` in (0, 1): logit-normal, shifted towards noise.

    Esser et al. 2024, section 3.1, with their shift for large pictures (equation 23): neighbouring cells tell nearly
    the same, so that streets and blocks are decided at noise at which single cells tell nothing.
    """
    return torch.sigmoid(torch.randn(count, device=device) + math.log(SHIFT))


Scales = tuple[tuple[int, float], ...]
"""(cells, weight) of every coarser scale at which errors count, too."""


def flow_matching(
    x0_hat: Tensor, x0: Tensor, t: Tensor, weight: Tensor, scales: Scales = (), t_min: float = 0.05
) -> Tensor:
    """Squared error of the velocity that a clean estimate implies, `|x0_hat - x0|^2 / t^2`.

    Rectified flow, Liu et al. 2023, equation 1 with `v = (x_t - x0) / t`; `t` is clamped so that nearly clean samples
    do not rule. Tensors `(B, C, X, Y)`, `t (B,)`, `weight` broadcasts (1 everywhere counts all places alike).

    With `scales`, the means of n x n errors count as well (multiscale loss, Hoogeboom et al. 2023, "simple diffusion").
    The best estimate stays the same, the mean of what is possible; but what a whole map is like, which hardly shows in
    the errors of its cells, is learned sooner.
    """
    errors = (x0_hat - x0) / t.clamp(min=t_min)[:, None, None, None] * weight.sqrt()
    total = errors.square().mean()
    for cells, share in scales:
        total = total + share * F.avg_pool2d(errors, min(cells, *errors.shape[2:])).square().mean()
    return total
