"""The camera that the mouse moves: a target, a direction and a distance, in metres from the scene's lower corner."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.geometry.camera import box_corners, fit_eye, look_basis

Floats = NDArray[np.float64]

VIEWS = {
    "default": (-138.0, 34.0),
    "front": (-90.0, 0.0),
    "back": (90.0, 0.0),
    "right": (0.0, 0.0),
    "left": (180.0, 0.0),
    "top": (-90.0, 90.0),
    "bottom": (-90.0, -90.0),
}
"""Name -> where the eye stands: azimuth from +x towards +y, and elevation, in degrees."""

_NEAREST, _FARTHEST = 0.3, 20000.0
_STANDOFF = 5000.0
"""Metres that the eye of a view without perspective stands further back, so that nothing lies behind it."""


@dataclass(frozen=True)
class OrbitCamera:
    """A view; every movement gives a new one.

    Attributes
    ----------
    target
        `(3,)` metres, the middle of the picture.
    azimuth, elevation
        Degrees; where the eye stands as seen from the target.
    distance
        Metres from the eye to the target.
    fov
        Vertical field of view in degrees.
    orthographic
        Draw without perspective, at the scale the target has.
    """

    target: tuple[float, float, float] = (0.0, 0.0, 0.0)
    azimuth: float = VIEWS["default"][0]
    elevation: float = VIEWS["default"][1]
    distance: float = 50.0
    fov: float = 40.0
    orthographic: bool = False

    @cached_property
    def basis(self) -> tuple[Floats, Floats, Floats]:
        """Unit vectors right, up, forward; well defined straight from above too."""
        a, e = math.radians(self.azimuth), math.radians(self.elevation)
        outward = np.array([math.cos(a) * math.cos(e), math.sin(a) * math.cos(e), math.sin(e)])
        right = np.array([-math.sin(a), math.cos(a), 0.0])
        return right, np.cross(outward, right), -outward

    @property
    def eye(self) -> Floats:
        """Where lines of sight start; far away without perspective, so that all of the scene lies before it."""
        return self.station - self.basis[2] * (_STANDOFF if self.orthographic else 0.0)

    @property
    def station(self) -> Floats:
        """Where one stands: `distance` before the target, with or without perspective."""
        return np.asarray(self.target) - self.basis[2] * self.distance

    @property
    def half_height(self) -> float:
        """Half the picture's height in metres at the target."""
        return self.distance * math.tan(math.radians(self.fov) / 2)

    def ray(self, x: float, y: float, aspect: float) -> tuple[Floats, Floats]:
        """Give the line of sight (origin, direction per metre of depth) through a place in the picture, -1 to 1."""
        right, up, forward = self.basis
        if self.orthographic:
            return self.eye + (right * x * aspect + up * y) * self.half_height, forward
        reach = self.half_height / self.distance
        return self.eye, forward + (right * x * aspect + up * y) * reach

    def matrix(self, aspect: float, near: float, far: float) -> Floats:
        """Give the `(4, 4)` projection of metres to the picture's cube (column vectors, as in OpenGL's books)."""
        right, up, forward = self.basis
        look = np.eye(4)
        look[:3, :3] = np.stack([right, up, -forward])
        look[:3, 3] = -look[:3, :3] @ self.eye
        return _projection(self, aspect, near, far) @ look

    def project(self, points: ArrayLike, aspect: float) -> Floats:
        """Give where points `(N, 3)` lie in the picture, `(N, 3)`: x and y from -1 to 1, and their view depth."""
        right, up, forward = self.basis
        offset = np.atleast_2d(np.asarray(points, dtype=np.float64)) - self.eye
        depth = offset @ forward
        scale = np.full_like(depth, self.half_height) if self.orthographic else depth * self.half_height / self.distance
        scale = np.where(np.abs(scale) < 1e-9, 1e-9, scale)
        return np.stack([offset @ right / (scale * aspect), offset @ up / scale, depth], axis=1)

    def orbit(self, azimuth: float, elevation: float) -> OrbitCamera:
        """Go round the target by degrees."""
        return replace(self, azimuth=self.azimuth + azimuth, elevation=_tilt(self.elevation + elevation))

    def look(self, azimuth: float, elevation: float) -> OrbitCamera:
        """Turn the head by degrees; the eye stays."""
        turned = self.orbit(azimuth, elevation)
        return replace(turned, target=_triple(self.station + turned.basis[2] * self.distance))

    def pan(self, x: float, y: float) -> OrbitCamera:
        """Push the picture by half-heights to the right and up."""
        right, up, _ = self.basis
        return replace(self, target=_triple(np.asarray(self.target) - (right * x + up * y) * self.half_height))

    def zoom(self, factor: float, towards: ArrayLike) -> OrbitCamera:
        """Scale the distance to a point that keeps its place in the picture."""
        factor = min(max(self.distance * factor, _NEAREST), _FARTHEST) / self.distance
        point = np.asarray(towards, dtype=np.float64)
        target = point + (np.asarray(self.target) - point) * factor
        return replace(self, target=_triple(target), distance=self.distance * factor)

    def fly(self, right: float, up: float, forward: float) -> OrbitCamera:
        """Move eye and target by metres along the picture's axes; up is the world's.

        Without perspective nothing would come nearer, so going forward enlarges the picture instead.
        """
        sideways, _, ahead = self.basis
        if self.orthographic:
            nearer = math.exp(-forward / self.distance)
            return replace(self.fly_aside(right, up), distance=min(max(self.distance * nearer, _NEAREST), _FARTHEST))
        step = sideways * right + ahead * forward + np.array([0.0, 0.0, up])
        return replace(self, target=_triple(np.asarray(self.target) + step))

    def fly_aside(self, right: float, up: float) -> OrbitCamera:
        """Move eye and target by metres to the picture's right and the world's up."""
        step = self.basis[0] * right + np.array([0.0, 0.0, up])
        return replace(self, target=_triple(np.asarray(self.target) + step))

    def look_from(self, name: str) -> OrbitCamera:
        """Look from a named side."""
        azimuth, elevation = VIEWS[name]
        return replace(self, azimuth=azimuth, elevation=elevation)

    def towards(self, other: OrbitCamera, share: float) -> OrbitCamera:
        """Give a view on the way to another one, 0 to 1: angles by the short way round, distances by their ratio."""
        turn = (other.azimuth - self.azimuth + 180.0) % 360.0 - 180.0
        target = np.asarray(self.target) * (1 - share) + np.asarray(other.target) * share
        return replace(
            other,
            target=_triple(target),
            azimuth=self.azimuth + turn * share,
            elevation=self.elevation + (other.elevation - self.elevation) * share,
            distance=self.distance * (other.distance / self.distance) ** share,
            fov=self.fov + (other.fov - self.fov) * share,
        )

    def from_direction(self, outward: ArrayLike) -> OrbitCamera:
        """Look at the target from a direction `(3,)`; straight from above or below, north (y) is up."""
        x, y, z = (float(v) for v in np.asarray(outward, dtype=np.float64))
        flat = math.hypot(x, y)
        azimuth = math.degrees(math.atan2(y, x)) if flat > 1e-9 else -90.0
        return replace(self, azimuth=azimuth, elevation=math.degrees(math.atan2(z, flat)))

    @classmethod
    def of_points(
        cls, eye: ArrayLike, target: ArrayLike, up: ArrayLike, fov: float, orthographic: bool = False
    ) -> OrbitCamera:
        """Make the view of someone at `eye` who looks at `target`; it never leans to a side."""
        right, _, forward = look_basis(np.subtract(target, eye), up)
        azimuth = math.degrees(math.atan2(-right[0], right[1]))
        elevation = math.degrees(math.asin(min(max(-forward[2], -1.0), 1.0)))
        distance = min(max(float(np.linalg.norm(np.subtract(target, eye))), _NEAREST), _FARTHEST)
        return cls(_triple(np.asarray(target)), azimuth, elevation, distance, fov, orthographic)

    def frame(self, lower: ArrayLike, upper: ArrayLike, aspect: float) -> OrbitCamera:
        """Show a whole box (metres), with a little air round it."""
        a, b = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
        margin = 0.03 * (b - a)
        eye = fit_eye(box_corners(a - margin, b + margin), self.basis, self.fov, aspect)
        depth = float(((a + b) / 2 - eye) @ self.basis[2])
        distance = min(max(depth, _NEAREST), _FARTHEST)
        return replace(self, target=_triple(eye + self.basis[2] * depth), distance=distance)


def _projection(camera: OrbitCamera, aspect: float, near: float, far: float) -> Floats:
    m = np.zeros((4, 4))
    if camera.orthographic:
        m[0, 0], m[1, 1] = 1 / (camera.half_height * aspect), 1 / camera.half_height
        m[2, 2], m[2, 3], m[3, 3] = -2 / (far - near), -(far + near) / (far - near), 1
        return m
    reach = camera.half_height / camera.distance
    m[0, 0], m[1, 1] = 1 / (reach * aspect), 1 / reach
    m[2, 2], m[2, 3], m[3, 2] = -(far + near) / (far - near), -2 * far * near / (far - near), -1
    return m


def _tilt(elevation: float) -> float:
    return min(max(elevation, -90.0), 90.0)


def _triple(values: Floats) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
