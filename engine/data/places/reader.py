"""Makes the registry read real places: OpenStreetMap XML and CityJSON as scenes in voxels.

Composition roots call `register_places`; what it takes to build a place is imported when one is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.data.places.osm_xml import unpack_head
from engine.errors import FormatError, RequestError
from engine.formats.files import read_head
from engine.formats.registry import Reader, register_reader
from engine.grid import Grid
from engine.scene import VoxelScene

if TYPE_CHECKING:
    from engine.data.city.world import World
    from engine.data.places.features import Place, Survey

ENDINGS = (".osm", ".gz", ".json")
OPTIONS = ("center", "size")
SIZE = (512, 512)
_VOXELS = (0.2, 0.2, 0.2)


def register_places() -> None:
    """Add the readers of places to the registry; doing so twice changes nothing."""
    register_reader(Reader("osm", "OpenStreetMap XML", (".osm", ".gz"), _is_osm, read_osm_scene, OPTIONS))
    register_reader(Reader("cityjson", "CityJSON", (".json",), _is_cityjson, read_cityjson_scene, OPTIONS))


def read_survey(path: Path) -> Survey:
    """Read everything that an OpenStreetMap extract or a CityJSON model maps.

    Raises `FormatError` where the file is neither, or damaged.
    """
    from engine.data.places.cityjson import read_cityjson
    from engine.data.places.osm import read_osm

    head, size = read_head(path)
    if _is_osm(head, size, path):
        return read_osm(path)
    if _is_cityjson(head, size, path):
        return read_cityjson(path)
    raise FormatError(path, "is no map of a place", "give OpenStreetMap XML (.osm, .osm.gz) or CityJSON")


def _is_osm(head: bytes, size: int, path: Path) -> bool:
    return b"<osm" in unpack_head(head)


def _is_cityjson(head: bytes, size: int, path: Path) -> bool:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and (b'"CityJSON"' in head or b'"CityObjects"' in head)


def read_osm_scene(path: Path, options: Mapping[str, Any]) -> VoxelScene:
    """Read a window of an OpenStreetMap extract.

    Parameters
    ----------
    options
        ``center``: latitude and longitude in degrees (by default the file's middle); ``size``: voxels along x and y
        (by default 512 x 512).

    Raises `FormatError` where the file is damaged or maps nothing in the window, `RequestError` where the window
    makes no sense.
    """
    from engine.data.places.osm import read_osm

    return _read(path, options, read_osm)


def read_cityjson_scene(path: Path, options: Mapping[str, Any]) -> VoxelScene:
    """Read a window of a CityJSON model; options and errors as for `read_osm_scene`."""
    from engine.data.places.cityjson import read_cityjson

    return _read(path, options, read_cityjson)


def _read(path: Path, options: Mapping[str, Any], read: Callable[[Path], Survey]) -> VoxelScene:
    from engine.data.places.build import build_world
    from engine.data.places.features import cut_place

    survey = read(path)
    center = _find_center(survey, options.get("center"))
    size = tuple(int(n) for n in options.get("size") or SIZE)
    place = cut_place(survey, center, (size[0], size[1]))
    if place.is_empty:
        raise FormatError(path, f"maps nothing within {size[0]} x {size[1]} voxels there", _reach(survey))
    return _to_scene(build_world(place), place, survey, path)


def _find_center(survey: Survey, center: tuple[float, float] | None) -> tuple[float, float]:
    """Metres of the point asked for, or the survey's middle."""
    if center is None:
        x0, y0, x1, y1 = survey.bounds
        return (x0 + x1) / 2, (y0 + y1) / 2
    if survey.crs is None:
        raise RequestError("the file does not say where on the globe it lies; leave --center away to take its middle")
    from engine.data.places.projection import named_projection

    projection = named_projection(survey.crs)
    if projection is None:
        raise RequestError(f"degrees cannot be turned into {survey.crs}; leave --center away to take the file's middle")
    return projection.center(*center)


def _reach(survey: Survey) -> str:
    """Say where a survey has something, in degrees where it can."""
    x0, y0, x1, y1 = survey.bounds
    if survey.crs is not None:
        from engine.data.places.projection import named_projection

        projection = named_projection(survey.crs)
        if projection is not None:
            (lat0, lon0), (lat1, lon1) = projection.degrees(x0, y0), projection.degrees(x1, y1)
            return f"choose --center between {lat0:.4f} {lon0:.4f} and {lat1:.4f} {lon1:.4f}"
    return f"it covers {x1 - x0:.0f} x {y1 - y0:.0f} m; leave --center away or take a larger --size"


def _to_scene(world: World, place: Place, survey: Survey, path: Path) -> VoxelScene:
    """Put a world where it lies on the globe."""
    size = world.labels.shape[:2]
    origin = (round(place.corner[0], 3), round(place.corner[1], 3), 0.0)
    grid = Grid((size[0], size[1], world.labels.shape[2]), _VOXELS, origin, survey.crs)
    about = {"task": "place", "source": path.name, "style": world.style, "seed": world.seed}
    if survey.notice:
        about["attribution"] = survey.notice
    instances = world.crop_instances(0, 0, (size[0], size[1]))
    return VoxelScene.from_labels(world.labels, grid, instances=instances, metadata={"provenance": [about]})
