"""Guidance as wrappers round `denoise`; they nest in any order, and no sampler knows of them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from engine.diffusion.denoiser import Denoise


def keep_known(denoise: Denoise, known: Tensor, mask: Tensor) -> Denoise:
    """Replace the clean estimate by the known latent outside the mask.

    Replacement as in RePaint (Lugmayr et al. 2022, equation 8), on the clean estimate instead of the noisy sample: the
    sampler then carries the known part down with the very noise it started from.

    Parameters
    ----------
    known
        `(B, C, ...)`.
    mask
        Broadcasts to it; true where the model decides.
    """

    def wrapped(x: Tensor, sigma: float) -> Tensor:
        return torch.where(mask, denoise(x, sigma), known)

    return wrapped


def classifier_free(conditional: Denoise, unconditional: Denoise, scale: float) -> Denoise:
    """Push away from what would come without the condition: `D = D(empty) + s (D(c) - D(empty))`.

    Ho and Salimans 2021, equation 6, on clean estimates; `scale` 1 is the plain conditional model.
    """

    def wrapped(x: Tensor, sigma: float) -> Tensor:
        base = unconditional(x, sigma)
        return base + scale * (conditional(x, sigma) - base)

    return wrapped


def projected(denoise: Denoise, project: Callable[[Tensor], Tensor], below: float) -> Denoise:
    """Bring the clean estimate back into a wanted set, on every step that starts below a noise level.

    Used to bar classes: the later steps then make a scene that fits round what was removed, instead of a scene with
    holes punched into it.
    """

    def wrapped(x: Tensor, sigma: float) -> Tensor:
        x0 = denoise(x, sigma)
        return project(x0) if sigma < below else x0

    return wrapped
