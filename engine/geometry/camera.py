"""From where a scene is looked at: pin-hole cameras in metres, shared by pictures and the editor."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import FormatError, RequestError
from engine.geometry.rays import cast
from engine.scene import VoxelScene

Point = tuple[float, float, float]
Floats = NDArray[np.float64]

PRESETS = ("overview", "street", "top")
_EYE_HEIGHT = 1.7
_HEADINGS = 24


@dataclass(frozen=True, slots=True)
class Camera:
    """A pin-hole camera.

    Attributes
    ----------
    eye, target
        Metres in the frame of the scene's grid (its origin included).
    up
        Direction that points up in the picture.
    fov
        Vertical field of view in degrees.
    size
        Width and height of the picture in pixels.
    """

    eye: Point
    target: Point
    up: Point = (0.0, 0.0, 1.0)
    fov: float = 45.0
    size: tuple[int, int] = (1280, 800)

    def __post_init__(self) -> None:
        if not 1 <= self.fov <= 150 or min(self.size) < 1:
            raise RequestError(
                f"a camera of {self.fov} degrees and {self.size[0]} x {self.size[1]} pixels shows nothing; "
                "use 1 to 150 degrees and at least one pixel"
            )
        if np.linalg.norm(np.cross(np.subtract(self.target, self.eye), self.up)) < 1e-9:
            raise RequestError(f"camera at {self.eye} looks along its own up {self.up}; choose another up vector")

    def basis(self) -> tuple[Floats, Floats, Floats]:
        """Give the unit vectors right, up and forward, each `(3,)`."""
        return look_basis(np.subtract(self.target, self.eye), self.up)

    def rays(self) -> Floats:
        """Give a direction per pixel, `(height, width, 3)`: one metre of view depth long, first row on top."""
        width, height = self.size
        right, up, forward = self.basis()
        reach = math.tan(math.radians(self.fov) / 2)
        x = ((np.arange(width) + 0.5) / width * 2 - 1) * reach * width / height
        y = (1 - (np.arange(height) + 0.5) / height * 2) * reach
        return forward + x[None, :, None] * right + y[:, None, None] * up

    def to_json(self) -> str:
        """Write as JSON text."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Camera:
        """Make a camera of decoded JSON; raises `KeyError`, `TypeError` or `ValueError` on anything else."""
        eye, target = (_point(data[k]) for k in ("eye", "target"))
        width, height = data.get("size", (1280, 800))
        return cls(
            eye, target, _point(data.get("up", (0, 0, 1))), float(data.get("fov", 45)), (int(width), int(height))
        )


def read_camera(path: Path) -> Camera:
    """Read a camera file (JSON); raises `FormatError`."""
    try:
        return Camera.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise FormatError(path, f"cannot be read ({error.strerror})", "check the name") from error
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(path, f"is no camera ({error!r})", "give eye, target, up, fov and size as JSON") from error


def look_basis(direction: ArrayLike, up: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Make the unit vectors right, up and forward of someone who looks along `direction`."""
    forward = np.asarray(direction, dtype=np.float64)
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, np.asarray(up, dtype=np.float64))
    right /= np.linalg.norm(right)
    return right, np.cross(right, forward), forward


def fit_eye(points: Floats, basis: tuple[Floats, Floats, Floats], fov: float, aspect: float) -> Floats:
    """Give the eye `(3,)` that is as near as can be with all `points (N, 3)` in the picture, and in its middle."""
    right, up, forward = basis
    tall = math.tan(math.radians(fov) / 2)
    depth = points @ forward
    spans = []
    for axis, reach in ((right, tall * aspect), (up, tall)):
        # a point is seen while it lies between the two planes through the eye: |across - eye| <= reach * (depth - eye)
        low, high = (points @ axis - reach * depth).max(), (points @ axis + reach * depth).min()
        spans.append((low, high, reach))
    back = min((high - low) / (2 * reach) for low, high, reach in spans)
    across, along = ((low + high) / 2 for low, high, _ in spans)
    return np.asarray(right * across + up * along + forward * back)


def box_corners(lower: ArrayLike, upper: ArrayLike) -> Floats:
    """Give the eight corners of a box, `(8, 3)`."""
    ends = np.stack([np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)])
    return np.array([[ends[i, 0], ends[j, 1], ends[k, 2]] for i in (0, 1) for j in (0, 1) for k in (0, 1)])


def place_camera(preset: str, scene: VoxelScene, size: tuple[int, int] = (1280, 800)) -> Camera:
    """Choose a camera for a scene by name: `overview`, `street` or `top`; raises `RequestError` on another name."""
    if preset == "overview":
        return _frame(scene, (0.62, 0.55, -0.56), (0.0, 0.0, 1.0), 38.0, size)
    if preset == "top":
        return _frame(scene, (0.0, 0.0, -1.0), (0.0, 1.0, 0.0), 20.0, size)
    if preset == "street":
        return _stand_in_street(scene, size)
    raise RequestError(f"no camera preset '{preset}'; there are: {', '.join(PRESETS)}")


def _frame(scene: VoxelScene, direction: Point, up: Point, fov: float, size: tuple[int, int]) -> Camera:
    lower, upper = scene.grid.to_metres(scene.box.lower), scene.grid.to_metres(scene.box.upper)
    basis = look_basis(direction, up)
    margin = (upper - lower) * 0.015
    eye = fit_eye(box_corners(lower - margin, upper + margin), basis, fov, size[0] / size[1])
    depth = ((lower + upper) / 2 - eye) @ basis[2]
    return Camera(_point(eye), _point(eye + basis[2] * depth), up, fov, size)


def _stand_in_street(scene: VoxelScene, size: tuple[int, int]) -> Camera:
    """Stand on the ground where the view along a street is longest, near the middle."""
    solid = scene.read() != scene.space.empty
    places = _standing_places(scene, solid)
    if len(places) == 0:
        return _frame(scene, (0.62, 0.55, -0.56), (0.0, 0.0, 1.0), 38.0, size)
    angles = np.arange(_HEADINGS) * 2 * math.pi / _HEADINGS
    ways = np.stack([np.cos(angles), np.sin(angles), np.full(_HEADINGS, -0.02)], axis=1)
    eyes = np.repeat(places, _HEADINGS, axis=0)
    headings = np.tile(ways, (len(places), 1))
    free = cast(solid, eyes, headings / np.asarray(scene.grid.voxel_size)).distance
    middle = np.asarray(scene.grid.shape[:2]) / 2
    inward = ((middle - eyes[:, :2]) * headings[:, :2]).sum(axis=1) / max(scene.grid.shape[:2])
    best = int(np.argmax(np.minimum(free, 60.0) + 30.0 * inward))
    eye = scene.grid.to_metres(eyes[best])
    return Camera(_point(eye), _point(eye + headings[best] * 10), fov=60.0, size=size)


def _standing_places(scene: VoxelScene, solid: NDArray[np.bool_]) -> Floats:
    """List eye points (voxels) over free ground, roads where there are any; at most about 400, evenly spread."""
    labels = scene.read()
    roads = [i for i, name in enumerate(scene.space.names) if name.startswith(("road", "driv"))]
    eye = math.ceil(_EYE_HEIGHT / scene.grid.voxel_size[2])
    for ids in (roads, list(scene.space.ids_of("ground"))):
        ground = np.isin(labels, ids)
        top = ground.shape[2] - 1 - ground[:, :, ::-1].argmax(axis=2)
        above = solid.sum(axis=2) - np.take_along_axis(solid.cumsum(axis=2), top[..., None], 2)[..., 0]
        x, y = np.nonzero(ground.any(axis=2) & (above == 0) & (top + eye < ground.shape[2]))
        if len(x):
            keep = np.linspace(0, len(x) - 1, min(len(x), 400)).astype(int)
            return np.stack([x[keep] + 0.5, y[keep] + 0.5, top[x[keep], y[keep]] + eye + 0.5], axis=1)
    return np.zeros((0, 3))


def resized(camera: Camera, size: tuple[int, int]) -> Camera:
    """Give the same view for another picture size."""
    return replace(camera, size=size)


def _point(values: Iterable[Any]) -> Point:
    x, y, z = (float(v) for v in values)
    return x, y, z
