"""Pictures of a scene without a window: colour, classes, depth, normals and things, one ray per pixel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import RequestError
from engine.geometry.camera import PRESETS, Camera, place_camera, read_camera
from engine.geometry.rays import Hits, cast, clearance
from engine.scene import VoxelScene

__all__ = ["MAPS", "PRESETS", "Camera", "place_camera", "read_camera", "render_maps"]

Floats = NDArray[np.float64]
Image = NDArray[Any]

_FACING = {(0, 1): 0.84, (1, 1): 0.72, (2, 1): 1.0, (0, -1): 0.64, (1, -1): 0.80, (2, -1): 0.46}
_SUN = np.array([-0.42, -0.55, 0.72])
_SKY_LOW, _SKY_HIGH = np.array([0xD3, 0xDE, 0xEA]), np.array([0x8F, 0xB2, 0xD6])
_OUTLINE = 0.5


@dataclass(frozen=True)
class _View:
    """A scene as a camera sees it; rows are pixels, first the upper left one."""

    scene: VoxelScene
    camera: Camera
    palette: str | None

    @cached_property
    def labels(self) -> NDArray[np.uint8]:
        return self.scene.read()

    @cached_property
    def room(self) -> NDArray[np.uint8]:
        return clearance(self.labels != self.scene.space.empty)

    @cached_property
    def eye(self) -> Floats:
        """Voxels."""
        return self.scene.grid.to_voxels(self.camera.eye)

    @cached_property
    def rays(self) -> Floats:
        """Voxels per metre of view depth, `(N, 3)`."""
        return (self.camera.rays() / self.scene.grid.voxel_size).reshape(-1, 3)

    @cached_property
    def hits(self) -> Hits:
        return cast(self.labels, self.eye, self.rays, self.room)

    @cached_property
    def classes(self) -> NDArray[np.uint8]:
        """Train id per pixel, empty where the ray leaves the scene."""
        x, y, z = self.hits.voxel.T
        return np.where(self.hits.hit, self.labels[x, y, z], np.uint8(self.scene.space.empty))

    def shaped(self, values: Image) -> Image:
        """Arrange rows as a picture."""
        width, height = self.camera.size
        return values.reshape(height, width, *values.shape[1:])


def render_maps(
    scene: VoxelScene,
    camera: Camera,
    maps: Sequence[str] = ("colour", "semantic", "depth"),
    palette: str | None = None,
) -> dict[str, Image]:
    """Make pictures of what a camera sees; all cover the same pixels `(height, width)`, first row on top.

    - `colour` `(h, w, 3) uint8`: classes in their colours with light, shadows and outlines, before a plain sky.
    - `semantic` `(h, w) uint8`: train ids; the empty class where there is sky.
    - `semantic-colour` `(h, w, 3) uint8`: classes in their plain colours, black where there is sky.
    - `depth` `(h, w) float32`: metres along the view axis, infinite where there is sky.
    - `normal` `(h, w, 3) int8`: unit normal of the face seen, in the scene's axes; zero where there is sky.
    - `instance` `(h, w) uint32`: ids of things, 0 where there are none.

    Raises `RequestError` for a map that there is not.
    """
    unknown = [name for name in maps if name not in MAPS]
    if unknown:
        raise RequestError(f"no map '{unknown[0]}'; there are: {', '.join(MAPS)}")
    view = _View(scene, camera, palette)
    return {name: view.shaped(MAPS[name](view)) for name in maps}


def _semantic(view: _View) -> Image:
    return view.classes


def _semantic_colour(view: _View) -> Image:
    colours = view.scene.space.colours(view.palette)[view.classes]
    colours[~view.hits.hit] = 0
    return colours


def _depth(view: _View) -> Image:
    return view.hits.distance.astype(np.float32)


def _normal(view: _View) -> Image:
    return view.hits.normal


def _instance(view: _View) -> Image:
    ids = np.zeros(len(view.classes), dtype=np.uint32)
    if view.scene.has_instances:
        x, y, z = view.hits.voxel[view.hits.hit].T
        ids[view.hits.hit] = view.scene.store.read(view.scene.box, "instances")[x, y, z]
    return ids


def _colour(view: _View) -> Image:
    hit = view.hits.hit
    picture = _sky(view)
    picture[hit] = view.scene.space.colours(view.palette)[view.classes[hit]] * _shade(view)[:, None]
    outlined = picture.reshape(view.camera.size[1], view.camera.size[0], 3) * _outlines(view)[..., None]
    return np.asarray(np.clip(outlined + 0.5, 0, 255).astype(np.uint8).reshape(-1, 3))


def _sky(view: _View) -> Floats:
    way = view.camera.rays().reshape(-1, 3)
    rise = np.clip(way[:, 2] / np.linalg.norm(way, axis=1) / 0.5, 0, 1)[:, None]
    return np.asarray(_SKY_LOW + (_SKY_HIGH - _SKY_LOW) * rise)


def _shade(view: _View) -> Floats:
    """Give the light on every pixel that hits: facing, crevices, shelter and the sun's shadows."""
    hit = view.hits.hit
    voxel, normal = view.hits.voxel[hit], view.hits.normal[hit].astype(np.int32)
    at = view.eye + view.rays[hit] * view.hits.distance[hit, None]
    shade = np.ones(len(voxel))
    for (axis, sign), light in _FACING.items():
        shade[normal[:, axis] == sign] = light
    shade *= 1 - 0.48 * _crevices(view, voxel, normal, at)
    shade *= 1 - 0.22 * _shelter(view, voxel + 3 * normal, 3) - 0.16 * _shelter(view, voxel + 8 * normal, 8)
    return np.asarray(shade * np.where(_sunlit(view, normal, at), 1.05, 0.70))


def _crevices(view: _View, voxel: NDArray[np.int32], normal: NDArray[np.int32], at: Floats) -> Floats:
    """Give how much the eight neighbours in front of a face darken a point on it, blended over the face."""
    across = np.abs(normal).argmax(axis=1)
    a, b = (
        np.eye(3, dtype=np.int32)[np.where(across == 0, 1, 0)],
        np.eye(3, dtype=np.int32)[np.where(across == 2, 1, 2)],
    )
    front, inside = voxel + normal, np.clip(at - voxel, 0, 1)
    u, v = (inside * a).sum(axis=1), (inside * b).sum(axis=1)
    dark: Floats = np.zeros(len(voxel))
    side = {(i, j): _solid(view, front + i * a + j * b) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j}
    for i, weight_u in ((-1, 1 - u), (1, u)):
        for j, weight_v in ((-1, 1 - v), (1, v)):
            corner = np.maximum(side[i, j], side[i, 0] * side[0, j])
            dark += weight_u * weight_v * (side[i, 0] + side[0, j] + corner) / 3
    return np.asarray(dark)


def _solid(view: _View, voxel: NDArray[np.int32]) -> Floats:
    return np.asarray(_room(view, voxel) == 0, dtype=np.float64)


def _shelter(view: _View, voxel: NDArray[np.int32], reach: int) -> Floats:
    return np.asarray(np.clip(1 - _room(view, voxel) / reach, 0, 1))


def _room(view: _View, voxel: NDArray[np.int32]) -> Floats:
    """Look up distances to matter; far outside of the scene."""
    shape = np.array(view.room.shape)
    x, y, z = np.clip(voxel, 0, shape - 1).T
    inside = ((voxel >= 0) & (voxel < shape)).all(axis=1)
    return np.asarray(np.where(inside, view.room[x, y, z], 255.0))


def _sunlit(view: _View, normal: NDArray[np.int32], at: Floats) -> NDArray[np.bool_]:
    sun = _SUN / view.scene.grid.voxel_size
    lit = normal @ sun > 0
    starts = at[lit] + normal[lit] * 1e-3
    lit[lit] = ~cast(view.labels, starts, np.broadcast_to(sun, starts.shape), view.room).hit
    return lit


def _outlines(view: _View) -> Floats:
    """Darken creases and silhouettes, `(h, w)`: inverse depth is linear over planes, so only bends of it count."""
    width, height = view.camera.size
    near = np.where(view.hits.hit, 1 / view.hits.distance, 0.0).reshape(height, width)
    padded = np.pad(near, 1, mode="edge")
    bend = np.maximum(padded[1:-1, :-2] + padded[1:-1, 2:] - 2 * near, 0)
    bend += np.maximum(padded[:-2, 1:-1] + padded[2:, 1:-1] - 2 * near, 0)
    strength = np.clip((bend / np.maximum(near, 1e-4) - 0.004) / 0.046, 0, 1)
    return np.asarray(1 - _OUTLINE * strength * strength * (3 - 2 * strength))


MAPS: dict[str, Callable[[_View], Image]] = {
    "colour": _colour,
    "semantic": _semantic,
    "semantic-colour": _semantic_colour,
    "depth": _depth,
    "normal": _normal,
    "instance": _instance,
}
"""The maps there are, by name."""
