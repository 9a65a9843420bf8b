"""A codebook that a latent is rounded to, for autoencoders that are regularised by vector quantisation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_DECAY = 0.99
"""Of the moving averages that the codes are."""
_UNUSED = 0.03
"""Of the mean use, below which a code is moved to where it is needed."""


class Codebook(nn.Module):
    """Rounds every group of channels of a latent `(B, C, X, Y)` to the nearest of its codes.

    Product quantisation with one codebook per group (Jégou et al. 2011); codes are moving averages of what is rounded
    to them (van den Oord et al. 2017, appendix A.1), and those that nothing is rounded to move to a random vector of
    the batch.

    Parameters
    ----------
    channels, groups
        Channels of the latent, and how many parts of equal size they are rounded in.
    codes
        Codes per group.
    """

    vectors: Tensor
    uses: Tensor
    sums: Tensor
    begun: Tensor

    def __init__(self, channels: int, groups: int, codes: int) -> None:
        super().__init__()
        self.groups = groups
        self.register_buffer("vectors", torch.randn(groups, codes, channels // groups))
        self.register_buffer("uses", torch.ones(groups, codes))
        self.register_buffer("sums", self.vectors.clone())
        self.register_buffer("begun", torch.zeros(()))

    def forward(self, raw: Tensor) -> Tensor:
        """Round a latent; in training the codes follow it. Gradients pass as if nothing had been rounded."""
        parts = self._parts(raw)
        with torch.no_grad():
            if self.training and not self.begun:
                self._begin(parts)
            chosen = torch.cdist(parts, self.vectors).argmin(dim=2)
            if self.training:
                self._follow(parts, chosen)
            rounded = self.vectors.gather(1, chosen[..., None].expand(-1, -1, parts.shape[2]))
        b, _, x, y = raw.shape
        whole = rounded.permute(1, 0, 2).reshape(b, x, y, -1).permute(0, 3, 1, 2)
        return raw + (whole.to(raw.dtype) - raw).detach()

    def _parts(self, raw: Tensor) -> Tensor:
        """Give the groups of all cells, `(groups, B X Y, C / groups)`."""
        cells = raw.permute(0, 2, 3, 1).flatten(0, 2).float()
        return cells.view(len(cells), self.groups, -1).permute(1, 0, 2)

    def _begin(self, parts: Tensor) -> None:
        self.vectors.copy_(self._some(parts))
        self.sums.copy_(self.vectors)
        self.begun.fill_(1.0)

    def _some(self, parts: Tensor) -> Tensor:
        """Draw a vector of the batch for every code."""
        rows = torch.randint(parts.shape[1], self.vectors.shape[1:2], device=parts.device)
        return parts[:, rows]

    def _follow(self, parts: Tensor, chosen: Tensor) -> None:
        used = torch.zeros_like(self.uses).scatter_add_(1, chosen, torch.ones_like(chosen, dtype=self.uses.dtype))
        sums = torch.zeros_like(self.sums).scatter_add_(1, chosen[..., None].expand_as(parts), parts)
        self.uses.lerp_(used, 1.0 - _DECAY)
        self.sums.lerp_(sums, 1.0 - _DECAY)
        mean = self.uses.mean(dim=1, keepdim=True)
        dead = self.uses < _UNUSED * mean
        fresh = self._some(parts)
        self.uses.copy_(torch.where(dead, mean, self.uses))
        self.sums.copy_(torch.where(dead[..., None], fresh * mean[..., None], self.sums))
        self.vectors.copy_(self.sums / self.uses.clamp(min=1e-6)[..., None])
