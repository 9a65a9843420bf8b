"""The autoencoder of `semcity`: voxels to three planes and back, parameters named as in the original."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.grid import Box
from engine.labels import UNKNOWN
from engine.models.semcity.decoder import Pick, PlaneFeatures, PointNetwork
from engine.models.semcity.encoder import Kernel, VolumeEncoder
from engine.models.semcity.triplane import Planes


@dataclass(frozen=True)
class TriplaneAutoencoderConfig:
    """Sizes of the network; the defaults are the original's for SemanticKITTI.

    Attributes
    ----------
    classes
        Train ids 0 .. classes - 1.
    channels
        Values per embedded voxel and per cell of the latent.
    features
        Values that voxels look up in a plane.
    hidden
        Width of the network that reads them.
    kernel, plane_kernel
        Extents of the convolutions on voxels, and on planes.
    """

    classes: int = 20
    channels: int = 16
    features: int = 64
    hidden: int = 256
    kernel: Kernel = (5, 5, 3)
    plane_kernel: int = 5


class TriplaneAutoencoder(nn.Module):
    """Labels `(B, X, Y, Z) uint8`, X and Y even, to planes in (-1, 1), and those to class logits.

    Lee et al. 2024, section 3.1. Unknown voxels count as empty.
    """

    def __init__(self, config: TriplaneAutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.classes, config.channels)
        self.geo_encoder = VolumeEncoder(config.channels, config.kernel)
        self.geo_convs = PlaneFeatures(config.channels, config.features, config.plane_kernel)
        self.geo_decoder = PointNetwork(config.features, config.hidden, config.classes)

    def encode(self, labels: Tensor) -> Planes:
        """Encode labels; the normalisations make every cell depend a little on the whole scene."""
        activity = None
        if len(labels) == 1 and not self.embedding.weight.requires_grad:
            activity = self.geo_encoder.find_activity(((labels[0] != 0) & (labels[0] != UNKNOWN)).cpu().numpy())
        planes: Planes = self.geo_encoder(self.embed(labels), activity)
        return planes

    def embed(self, labels: Tensor) -> Tensor:
        """Look up what the encoder reads, `(B, C, X, Y, Z)`, channels-last in memory."""
        ids = torch.where(labels == UNKNOWN, 0, labels.to(torch.int32))
        embedded: Tensor = self.embedding(ids)
        return embedded.permute(0, 4, 1, 2, 3)

    def decode(self, planes: Planes, query: Tensor) -> Tensor:
        """Tell the class logits `(B, N, K)` at points `(B, N, 3)` in [-1, 1]; this is what training asks."""
        logits: Tensor = self.geo_decoder(self.geo_convs(planes), query)
        return logits

    def read_out(self, planes: Planes, box: Box, pick: Pick) -> Tensor:
        """Decode the voxels of a box of one scene and keep `pick` of their logits, `(sx, sy, sz, ...)`.

        Cost and memory follow the box; only what the planes' cells share is done for the whole scene.
        """
        return self.geo_decoder.read_out(self.geo_convs(planes), box, pick)
