"""What the viewport shows: the scene, with a mask and a proposal laid over it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from editor.viewport.scene_visual import GHOST, KIND, MASKED, SceneVisual
from engine.geometry.rays import Hit, first_hit, floor_hit
from engine.grid import Box, Grid, Vector3
from engine.labels import LabelSpace
from engine.mask import VoxelMask
from engine.scene import VoxelScene

Labels = NDArray[np.uint8]
Bools = NDArray[np.bool_]

_NOWHERE = Box((0, 0, 0), (0, 0, 0))


class Display:
    """Composes scene, mask and proposal ("ghost") into the voxels of a `SceneVisual`.

    A ghost may reach beyond the scene; then everything is shown in the box that holds both. All boxes given and taken
    are in voxels of the scene.

    Attributes
    ----------
    box
        The voxels there are to show; its lower corner is the visual's voxel (0, 0, 0).
    """

    def __init__(self, visual: SceneVisual) -> None:
        self.visual = visual
        self.scene: VoxelScene | None = None
        self.box = Box.of_shape((1, 1, 1))
        self._mask = VoxelMask.nothing()
        self._ghost: tuple[Box, Labels, Bools] | None = None
        self._kinds: Labels | None = None
        self._visible: frozenset[int] | None = None
        self._palette: str | None = None
        self._table = np.arange(256, dtype=np.uint8)
        self._passed: frozenset[int] = frozenset()
        self._held: Labels | None = None
        self._section: Box | None = None

    @property
    def seen_labels(self) -> frozenset[int]:
        """Labels that stop a line of sight: neither empty nor hidden nor passed through."""
        return frozenset(np.flatnonzero(self._table).tolist()) - self._passed

    @property
    def grid(self) -> Grid:
        """Frame of the voxels shown; its origin is the scene's, moved with the box."""
        return self.scene.grid.cut(self.box) if self.scene else Grid((1, 1, 1))

    def show_scene(self, scene: VoxelScene) -> None:
        """Show another scene; the mask and any proposal are dropped."""
        self.scene, self._mask, self._ghost, self._held = scene, VoxelMask.nothing(), None, None
        self._kinds, self.visual.differing = None, False
        self.visual.voxel_size = scene.grid.voxel_size
        self._choose_colours()
        self._rebuild()

    def update_labels(self, box: Box, labels: Labels) -> None:
        """Show new labels `(sx, sy, sz)` in a box of the scene; a proposal stays on top."""
        self._put(box, self._with_ghost(box, labels))

    def show_mask(self, mask: VoxelMask) -> bool:
        """Mark masked voxels; only those that differ from the last mask are uploaded.

        Tells whether anything may look different now.
        """
        if mask is self._mask or (mask.is_empty and self._mask.is_empty):
            return False
        touched = mask.box.union(self._mask.box).clip(self.box)
        self._mask = mask
        self._flag(touched)
        return True

    def show_ghost(
        self, box: Box, labels: Labels, mask: Bools | None = None, kinds: NDArray[np.uint8] | None = None
    ) -> bool:
        """Show proposed labels `(sx, sy, sz)` of a box, where `mask` (same shape) is true, instead of the scene's.

        `kinds` (same shape) says what becomes of every voxel: 1 is added, 2 removed, 3 turned into another class; where
        it is given, this is marked. Tells whether anything may look different now.
        """
        assert self.scene is not None
        where = np.ones(box.shape, dtype=np.bool_) if mask is None else mask
        if self._is_shown(box, labels, where, kinds):
            return False
        self._kinds, self.visual.differing, self.visual.is_stale = kinds, kinds is not None, True
        before, self._ghost = self._ghost, (box, labels, where)
        if self.scene.box.union(box) != self.box:
            self._rebuild()
            return True
        for part in (before[0] if before and before[0] != box else _NOWHERE, box):
            self._restore(part)
        return True

    def clear_ghost(self) -> bool:
        """Show the scene as it is; tells whether there was anything else."""
        if self._ghost is None or self.scene is None:
            return False
        box, self._ghost = self._ghost[0], None
        self._kinds, self.visual.differing, self.visual.is_stale = None, False, True
        if self.box != self.scene.box:
            self._rebuild()
        else:
            self._restore(box)
        return True

    @property
    def shown(self) -> Box:
        """The part of the box that is not cut away."""
        return self.visual.shown.shift(self.box.lower)

    def set_section(self, box: Box | None) -> None:
        """Cut all away that lies outside of a box in the scene; None shows everything again.

        A side of the box on the scene's own cuts nothing, not even of a proposal that reaches beyond.
        """
        self._section = box
        self._cut()

    def set_palette(self, name: str | None) -> None:
        """Choose one of the label space's colour presets."""
        self._palette = name
        self._choose_colours()

    def set_visible_classes(self, ids: Iterable[int] | None) -> None:
        """Show these classes only (255 stands for unknown voxels); None shows all. Hidden voxels cannot be picked."""
        self._visible = None if ids is None else frozenset(ids)
        self._choose_colours()
        if self.scene:
            self._restore(self.box)

    def set_passed_classes(self, ids: Iterable[int]) -> None:
        """Let picks go through voxels of these classes to what lies behind."""
        self._passed = frozenset(ids)

    def hold_picks(self, on: bool) -> None:
        """Let picks meet what is shown now, whatever is shown later; so that a stroke never climbs onto itself."""
        if on and self._held is None:
            self._held = self.visual.labels.values.copy()
        elif not on:
            self._held = None

    def pick(self, origin: NDArray[np.float64], direction: NDArray[np.float64]) -> Hit | None:
        """Find the first visible voxel on a ray, all in voxels of the scene.

        A ray that starts in matter leaves it first, as in the picture.
        """
        values = self.visual.labels.values if self._held is None else self._held
        passing = frozenset(self._table[list(self._passed)].tolist())
        shown = self.shown
        hit = first_hit(values[self.visual.shown.slices], origin - shown.lower, direction, passing, leaving=True)
        return None if hit is None else _moved(hit, shown.lower)

    def pick_floor(self, origin: NDArray[np.float64], direction: NDArray[np.float64]) -> Hit | None:
        """Find where a ray comes down on the floor of the scene, where that is not cut away."""
        if self.scene is None:
            return None
        shown = self.shown.intersect(self.scene.box)
        hit = None if shown.lower[2] > 0 else floor_hit(shown.shape, origin - shown.lower, direction)
        return None if hit is None else _moved(hit, shown.lower)

    def label_at(self, voxel: Vector3) -> int | None:
        """Look up the label that is shown at a voxel of the scene; None outside of the box or where it is hidden."""
        one = Box(voxel, (voxel[0] + 1, voxel[1] + 1, voxel[2] + 1))
        if self.scene is None or not self.box.contains(one):
            return None
        value = int(self.visual.labels.values[one.relative_to(self.box).lower])
        space = self.scene.space
        return {0: space.empty, space.empty: 0}.get(value, value)

    def _is_shown(self, box: Box, labels: Labels, where: Bools, kinds: NDArray[np.uint8] | None) -> bool:
        """Tell whether this very array of labels is on show; marked differences are always taken for new ones."""
        if self._ghost is None or kinds is not None or self._kinds is not None:
            return False
        return self._ghost[0] == box and self._ghost[1] is labels and np.array_equal(self._ghost[2], where)

    def _choose_colours(self) -> None:
        """Map labels to shown values: 0 is nothing, so the empty class and class 0 change places."""
        space: LabelSpace | None = self.scene.space if self.scene else None
        if space is None:
            return
        table = np.arange(256, dtype=np.uint8)
        table[0], table[space.empty] = space.empty, 0
        if self._visible is not None:
            table[[i for i in range(256) if i not in self._visible]] = 0
        self._table = table
        colours = space.colours(self._palette)
        colours[space.empty] = colours[0]
        self.visual.set_palette(colours)

    def _rebuild(self) -> None:
        """Start over with the box that holds all there is to show."""
        assert self.scene is not None
        self._held = None
        self.box = self.scene.box.union(self._ghost[0]) if self._ghost else self.scene.box
        labels = self._with_ghost(self.box, self.scene.read_padded(self.box, self.scene.space.empty))
        self.visual.labels.replace(self._table[labels])
        self.visual.lower = self.box.lower
        self._cut()
        origin = self.scene.grid.to_metres(self.box.lower)
        self.visual.floor_origin = float(origin[0] % 1000), float(origin[1] % 1000)  # all pitches divide 1000
        self.visual.drop_flags()
        self._flag(self.box)
        self.visual.is_stale = True

    def _cut(self) -> None:
        """Tell the visual which part of its voxels to draw."""
        shown = self.box
        if self._section is not None and self.scene is not None:
            section, bounds = self._section.clip(self.scene.box), self.scene.box
            lower = tuple(b if s == e else s for s, e, b in zip(section.lower, bounds.lower, shown.lower, strict=True))
            upper = tuple(b if s == e else s for s, e, b in zip(section.upper, bounds.upper, shown.upper, strict=True))
            shown = Box(lower, upper)  # type: ignore[arg-type]
        self.visual.set_shown(shown.relative_to(self.box))

    def _restore(self, box: Box) -> None:
        """Show what a box holds now, labels and flags."""
        assert self.scene is not None
        box = box.clip(self.box)
        if not box.is_empty:
            self._put(box, self._with_ghost(box, self.scene.read_padded(box, self.scene.space.empty)))
            self._flag(box)

    def _with_ghost(self, box: Box, labels: Labels) -> Labels:
        if self._ghost is None:
            return labels
        ghost_box, ghost_labels, where = self._ghost
        shared = box.intersect(ghost_box)
        if shared.is_empty:
            return labels
        out = labels.copy()
        inside = shared.relative_to(ghost_box).slices
        np.copyto(out[shared.relative_to(box).slices], ghost_labels[inside], where=where[inside])
        return out

    def _put(self, box: Box, labels: Labels) -> None:
        self.visual.labels.update(box.relative_to(self.box), self._table[labels])
        self.visual.is_stale = True

    def _flag(self, box: Box) -> None:
        """Work out the flags of a box and hand over those that changed."""
        flagged = self._mask.box.union(self._ghost[0] if self._ghost else _NOWHERE).clip(self.box)
        flags = self._mask.within(box).astype(np.uint8) * np.uint8(MASKED)
        if self._ghost:
            shared = box.intersect(self._ghost[0])
            if not shared.is_empty:
                inside, own = shared.relative_to(self._ghost[0]).slices, shared.relative_to(box).slices
                flags[own] |= self._ghost[2][inside].astype(np.uint8) * np.uint8(GHOST)
                if self._kinds is not None:
                    flags[own] |= self._kinds[inside] * np.uint8(KIND)
        self.visual.set_flags(box.relative_to(self.box), flagged.relative_to(self.box), flags)


def _moved(hit: Hit, offset: tuple[int, int, int]) -> Hit:
    voxel = tuple(int(v) for v in np.add(hit.voxel, offset))
    point = tuple(float(v) for v in np.add(hit.point, offset))
    return Hit(voxel, hit.normal, hit.distance, point)  # type: ignore[arg-type]
