"""Between degrees on the globe and metres on a plan."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from engine.errors import RequestError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Projection:
    """Maps degrees to metres of a reference system named ``name`` (EPSG:32637, ...); x east, y north."""

    name: str
    transformer: Transformer

    def to_metres(self, lat: Floats, lon: Floats) -> Floats:
        """Project degrees (n,) to metres (n, 2)."""
        return np.stack(self.transformer.transform(lon, lat), axis=-1)

    def center(self, lat: float, lon: float) -> tuple[float, float]:
        """Project one point a user named.

        Raises `RequestError` where it is no place on the globe or the system does not reach there.
        """
        if not (-90 <= lat <= 90 and -180 <= lon <= 180):
            raise RequestError(f"center {lat:g} {lon:g} is no place; give latitude -90..90, then longitude -180..180")
        x, y = self.to_metres(np.array([lat]), np.array([lon]))[0].tolist()
        if not (math.isfinite(x) and math.isfinite(y)):
            raise RequestError(f"center {lat:g} {lon:g} lies outside {self.name}; choose a point of the file's area")
        return x, y

    def degrees(self, x: float, y: float) -> tuple[float, float]:
        """Give (latitude, longitude) of a point in metres, for messages."""
        lon, lat = self.transformer.transform(x, y, direction="INVERSE")
        return float(lat), float(lon)


def zone_projection(lat: float, lon: float) -> Projection:
    """Choose the UTM zone of a place (EPSG 326xx north, 327xx south); zones are 6 degrees wide from 180 west."""
    zone = min(int((lon + 180) // 6) + 1, 60)
    return _projection(CRS.from_epsg((32600 if lat >= 0 else 32700) + zone))


def named_projection(name: str) -> Projection | None:
    """Find the plane metric system a file names, reduced to its horizontal part.

    Gives None where it counts in degrees or feet, or has its first axis northward, so that its numbers are no metres
    east and north. Raises `ValueError` where no such system is known.
    """
    try:
        crs = CRS.from_user_input(name)
    except ProjError as error:
        raise ValueError(f"the reference system '{name[:80]}' is not known") from error
    flat = crs.sub_crs_list[0] if crs.is_compound else crs
    metric = all(abs(axis.unit_conversion_factor - 1) < 1e-12 for axis in flat.axis_info[:2])
    return _projection(flat) if flat.is_projected and metric else None


def _projection(crs: CRS) -> Projection:
    code = crs.to_epsg()
    name = f"EPSG:{code}" if code else crs.to_string()
    return Projection(name, Transformer.from_crs("EPSG:4326", crs, always_xy=True))
