"""Guidance as wrappers round `denoise`; they nest in any order, and no sampler knows of them."""

from __future__ import annotations

import math
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


Residual = Callable[[Tensor], Tensor]
"""What a clean estimate `(B, C, ...)` gets wrong, `A(x0) - y` as `(B, n)`; differentiable."""

Pull = Callable[[float, Tensor], Tensor]
"""`(sigma, norms (B,)) -> factors (B,)` of the gradient of the squared residual, whose norms are told."""


def posterior(denoise: Denoise, residual: Residual, pull: Pull, most: float = math.inf) -> Denoise:
    """Pull the clean estimate towards what was observed, `x0 - pull * grad_x |A(x0(x)) - y|^2`.

    Diffusion posterior sampling, Chung et al. 2023, algorithm 1: the gradient goes through the model, so that all that
    belongs to the observed moves with it. It costs a backward pass per evaluation.

    An estimate is pulled by `most` at most, root mean square over a sample: at high noise a network's gradient is off,
    and the paper's step, which grows with the noise, threw samples out of all that a denoiser knows (by 180 deviations
    of the data in the first of 8 steps of `city`).
    """

    def wrapped(x: Tensor, sigma: float) -> Tensor:
        with torch.enable_grad():
            seen = x.detach().clone().requires_grad_()
            x0 = denoise(seen, sigma)
            square = residual(x0).square().sum(dim=1)
            (gradient,) = torch.autograd.grad(square.sum(), seen)
        factors = pull(sigma, square.detach().sqrt()).view(-1, *[1] * (x.dim() - 1))
        shift = factors * gradient
        length = shift.square().mean(dim=tuple(range(1, x.dim())), keepdim=True).sqrt()
        return x0.detach() - shift * (most / length.clamp(min=1e-12)).clamp(max=1.0)

    return wrapped


def by_residual(scale: float) -> Pull:
    """Pull as the paper does, by `scale` over the residual's norm (Chung et al. 2023, appendix C.2, about 1).

    The paper's samples keep their variance, `x / sqrt(1 + sigma^2)` in our terms; so there is a factor of
    `1 + sigma^2`, once for the gradient's unit and once for the step's.
    """
    return lambda sigma, norms: scale * (1 + sigma**2) / norms.clamp(min=1e-6)
