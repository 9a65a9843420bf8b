"""Give new trees the season that is wished for, or that of the trees around: a latent holds no single leaves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.labels import LabelSpace
from engine.mask import VoxelMask
from engine.models.character import crowns_of, measure_fullness, measure_leaves, wished_fullness
from engine.models.contract import SceneModel
from engine.scene import Labels, VoxelScene

_CLUMP = 0.7
"""Voxels of blur that make clumps of leaves of single ones."""

_MOST = 0.6
"""Share of its leaves that a crown may lose, as its branches stay."""

_HALVINGS = 8
"""How often the share to take is halved towards the right one."""

_AROUND = 64
"""Voxels around an edit in which trees tell the season."""


def leaves_around(model: SceneModel, scene: VoxelScene, made: VoxelMask) -> float | None:
    """Measure how full the trees around what is to be made are, 0 to 1, where the model was taught seasons.

    `None` where it was not, or where there are too few trees to tell.
    """
    if not model.card.styles:
        return None
    around = made.box.pad((_AROUND, _AROUND, scene.box.shape[2])).clip(scene.box)
    return measure_leaves(np.where(made.within(around), scene.space.empty, scene.read(around)), scene.space)


def thin_crowns(
    labels: Labels, made: NDArray[np.bool_], leaves: float, space: LabelSpace, rng: np.random.Generator
) -> Labels:
    """Take leaves out of new crowns, clump by clump, until they are as full as wished; a new array `(X, Y, Z) uint8`.

    Parameters
    ----------
    labels
        `(X, Y, Z) uint8` over the scene's full height.
    made
        `(X, Y, Z) bool`, which voxels are new; only these change.
    leaves
        0 in winter to 1 in summer, as `Character.leaves`; crowns that are thin enough stay.
    """
    crowns = crowns_of(labels, space)
    new, wished = crowns & made, wished_fullness(leaves)
    full = measure_fullness(new)
    if full is None or full <= wished:
        return labels
    from scipy import ndimage  # late, as it costs a fifth of a second

    noise = ndimage.gaussian_filter(rng.standard_normal(labels.shape).astype(np.float32), _CLUMP)
    order, low, high = np.sort(noise[new]), 0.0, _MOST
    kept = new
    for _ in range(_HALVINGS):  # columns get shorter, too, so that the share to take is found by trying
        share = (low + high) / 2
        kept = new & (noise >= order[int(share * (len(order) - 1))])
        found = measure_fullness(kept)
        if found is not None and found > wished:
            low = share
        else:
            high = share
    return np.where(new & ~kept, np.uint8(space.empty), labels).astype(np.uint8)
