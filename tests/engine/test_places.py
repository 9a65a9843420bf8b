"""Maps of real places become worlds: everything stands where the map has it, and the rest is dressed plausibly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import label

from engine.data.city.world import World
from engine.data.places.build import build_world
from engine.data.places.features import Area, Place, cut_place
from engine.data.places.osm import read_osm
from engine.data.places.reader import register_places
from engine.errors import RequestError
from engine.formats.registry import read_scene, write_scene
from engine.scene import VoxelScene
from tests.engine.places_maps import LAT, LON, CityModel, OsmMap, gable, quarter, town

ROAD, PARKING, SIDEWALK, OTHER, BUILDING, FENCE, VEGETATION, TRUNK, TERRAIN = range(9, 18)
SIZE = (560, 400)
MIDDLE = (SIZE[0] // 2, SIZE[1] // 2)


@pytest.fixture(scope="module", autouse=True)
def _readers() -> None:
    register_places()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> VoxelScene:
    return read_scene(town().write(tmp_path_factory.mktemp("maps") / "town.osm"), center=(LAT, LON), size=SIZE)


@pytest.fixture(scope="module")
def labels(scene: VoxelScene) -> NDArray[np.uint8]:
    return scene.read()


@pytest.fixture(scope="module")
def quarter_scene(tmp_path_factory: pytest.TempPathFactory) -> VoxelScene:
    return read_scene(quarter().write(tmp_path_factory.mktemp("maps") / "quarter.json"), size=(500, 280))


def at(x: float, y: float) -> tuple[int, int]:
    """The voxel of a point in metres east and north of the town's middle."""
    return MIDDLE[0] + round(x * 5), MIDDLE[1] + round(y * 5)


def surface(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The highest ground of every column, 0 under buildings."""
    ground = np.isin(labels, (ROAD, PARKING, SIDEWALK, OTHER, TERRAIN))
    top = labels.shape[2] - 1 - ground[..., ::-1].argmax(-1)
    return np.where(ground.any(-1), np.take_along_axis(labels, top[..., None], 2)[..., 0], 0)


def share(found: NDArray[np.bool_], x0: float, y0: float, x1: float, y1: float) -> float:
    (a, b), (c, d) = at(x0, y0), at(x1, y1)
    return float(found[a:c, b:d].mean())


def things(scene: VoxelScene, classes: tuple[int, ...]) -> list[NDArray[np.int64]]:
    """Voxels (n, 3) of every instance of some classes."""
    labels, idents = scene.read(), scene.read_instances()
    where = np.argwhere(np.isin(labels, classes) & (idents > 0))
    owner = idents[tuple(where.T)]
    return [where[owner == ident] for ident in np.unique(owner)]


def test_streets_houses_and_areas_stand_where_the_map_has_them(labels: NDArray[np.uint8]) -> None:
    ground, built = surface(labels), (labels == BUILDING).any(-1)
    assert share(built, -8, 12, 8, 22) > 0.98
    assert share(built, 30, 10, 44, 20) > 0.98
    assert share(built, -8, -22, 8, -12) == 0, "north is not south"
    assert share(built, 32, 24, 50, 36) == 0
    assert share(ground == ROAD, -50, -3, -28, 3) > 0.9
    assert share(ground == ROAD, -22, 12, -18, 36) > 0.9, "the side street runs north"
    assert share(ground == ROAD, -22, -36, -18, -12) == 0
    assert share(ground == PARKING, -14, -34, 8, -16) > 0.98
    for south, north in ((4.2, 6.0), (-6.0, -4.2)):
        beside = np.isin(ground, (SIDEWALK, PARKING, TERRAIN))
        assert share(beside, -52, south, -30, north) > 0.98
    assert (ground == SIDEWALK).mean() > 0.03


def test_kerbs_are_a_voxel_high_and_water_lies_below_the_ground(labels: NDArray[np.uint8]) -> None:
    solid = np.isin(labels, (ROAD, PARKING, SIDEWALK, OTHER, TERRAIN))
    height = solid.sum(-1)
    ground = surface(labels)
    kerb = (ground[:, :-1] == ROAD) & (ground[:, 1:] == SIDEWALK)
    rise = (height[:, 1:] - height[:, :-1])[kerb]
    assert len(rise) > 100
    assert (rise == 1).mean() > 0.97
    (a, b), (c, d) = at(22, -38), at(48, -18)
    assert (height[a:c, b:d] == 1).all()
    assert (surface(labels)[a:c, b:d] == OTHER).all()
    assert height[a - 20, b] >= 3


def test_heights_are_those_of_the_map_and_end_at_the_top(labels: NDArray[np.uint8]) -> None:
    tall = (labels[at(0, 17)] == BUILDING).sum()
    assert tall == labels.shape[2], "five storeys reach the scene's top"
    house = np.flatnonzero(labels[at(37, 15)] == BUILDING)
    ground = np.isin(labels[at(47, 13)], (SIDEWALK, TERRAIN)).sum()
    assert abs(int(house.max()) + 1 - ground - 25) <= 2


def test_tall_walls_have_windows_in_their_faces_only(labels: NDArray[np.uint8]) -> None:
    (a, b), (c, d) = at(-8, 12), at(8, 22)
    inner = labels[a + 3 : c - 3, b + 3 : d - 3]
    assert (inner == BUILDING).all()
    front = labels[a + 3 : c - 3, b : b + 2, 8:14]
    assert 0.12 < (front != BUILDING).mean() < 0.4, "one of the two rows is the wall"


def test_vehicles_stand_on_roads_and_lots_and_people_off_the_roofs(scene: VoxelScene) -> None:
    labels = scene.read()
    cars = things(scene, (1, 4, 5))
    assert len(cars) > 12
    lot = 0
    for voxels in cars:
        low = voxels[voxels[:, 2] == voxels[:, 2].min()]
        below = labels[low[:, 0], low[:, 1], low[:, 2] - 1]
        assert set(below.tolist()) <= {ROAD, PARKING}
        lot += bool((below == PARKING).all())
    assert lot >= 5
    for voxels in things(scene, (6,)):
        low = voxels[voxels[:, 2] == voxels[:, 2].min()]
        assert set(labels[low[:, 0], low[:, 1], low[:, 2] - 1].tolist()) <= {SIDEWALK, OTHER}


def test_nothing_hovers(labels: NDArray[np.uint8]) -> None:
    parts, count = label(labels > 0, np.ones((3, 3, 3)))
    grounded = np.unique(parts[:, :, 0])
    assert set(range(1, count + 1)) <= set(grounded.tolist())


def test_mapped_trees_crossings_and_stops_are_there(labels: NDArray[np.uint8]) -> None:
    x, y = at(-50, 30)
    assert (labels[x - 3 : x + 4, y - 3 : y + 4] == TRUNK).any()
    stripes = surface(labels) == OTHER
    assert 0.3 < share(stripes, 8.6, -3, 11.4, 3) < 0.7
    assert share(stripes, 24, -3, 56, 3) == 0, "no crossing is made up where some are mapped"
    x, y = at(-5, -6.2)
    assert (labels[x - 12 : x + 12, y - 16 : y + 16] == FENCE).sum() > 100


def test_the_same_map_gives_the_same_bytes_and_another_seed_other_traffic(tmp_path: Path) -> None:
    survey = read_osm(town().write(tmp_path / "town.osm"))
    place = cut_place(survey, ((survey.bounds[0] + survey.bounds[2]) / 2, survey.bounds[1] + 40), (220, 160))
    first, again, other = (build_world(place, seed) for seed in (4, 4, 5))
    assert first.labels.tobytes() == again.labels.tobytes()
    assert first.instance_ids.tobytes() == again.instance_ids.tobytes()
    assert first.labels.tobytes() != other.labels.tobytes()
    assert np.array_equal((first.labels == BUILDING).any(-1), (other.labels == BUILDING).any(-1))


def test_a_taller_scene_shows_more_of_a_house() -> None:
    box = np.array([[40, 50], [110, 50], [110, 90], [40, 90]], float)
    world = build_world(Place((160, 128), (0, 0), (Area("building", (box,), 12.0, roof="flat"),)), height=80)
    assert isinstance(world, World)
    assert world.labels.shape == (160, 128, 80)
    columns = (world.labels == BUILDING).sum(-1)
    assert (columns > 0).sum() == 70 * 40
    assert 60 <= columns.max() <= 66
    assert (world.crop_instances(60, 60, (8, 8))[:, :, 20] == 1).all()


def test_the_scene_knows_where_on_the_globe_it_lies(scene: VoxelScene, tmp_path: Path) -> None:
    assert scene.grid.georeference == "EPSG:32637"
    from engine.data.places.projection import zone_projection

    middle = zone_projection(LAT, LON).center(LAT, LON)
    corner = scene.grid.origin[:2]
    assert corner == pytest.approx((middle[0] - 56, middle[1] - 40), abs=0.2)
    assert "OpenStreetMap" in scene.metadata["provenance"][0]["attribution"]
    write_scene(scene, tmp_path / "town.scw")
    again = read_scene(tmp_path / "town.scw")
    assert again.grid == scene.grid
    assert np.array_equal(again.read_instances(), scene.read_instances())


def test_a_passage_leads_through_a_house_and_a_roof_on_posts_hangs_over_the_ground(tmp_path: Path) -> None:
    made = OsmMap()
    made.way([(-40, 0), (40, 0)], highway="residential")
    made.way([(0, 0), (0, 12)], highway="service")
    made.way([(0, 12), (0, 22)], highway="service", tunnel="building_passage")
    made.box(-15, 12, 15, 22, building="apartments", building__levels="4")
    made.box(-34, 12, -22, 20, building="roof", height="5")
    made.way([(20, -20), (40, -20)], barrier="wall")
    labels = read_scene(made.write(tmp_path / "a.osm"), center=(LAT, LON), size=SIZE).read()
    column = labels[at(0, 17)]
    ground = int((column == ROAD).sum())
    assert 2 <= ground <= 6
    assert (column[:ground] == ROAD).all()
    assert (column[ground : ground + 20] == 0).all()
    assert column[-1] == BUILDING
    roof = np.flatnonzero(labels[at(-28, 16)] == BUILDING)
    assert roof.min() > 20
    assert (labels[at(30, -20)] == FENCE).sum() in range(8, 13)


def test_courtyards_of_multipolygons_stay_open(tmp_path: Path) -> None:
    made = OsmMap()
    made.way([(-40, -30), (40, -30)], highway="residential")
    half = [made.way([(-20, -20), (20, -20), (20, 20)]), made.way([(-20, -20), (-20, 20), (20, 20)])]
    yard = made.box(-8, -8, 8, 8)
    made.relation([(half[0], "outer"), (half[1], "outer"), (yard, "inner")], building="yes")
    labels = read_scene(made.write(tmp_path / "a.osm"), center=(LAT, LON), size=SIZE).read()
    built = (labels == BUILDING).any(-1)
    assert share(built, -7.5, -7.5, 7.5, 7.5) == 0
    assert share(built, -19, 9, 19, 19) > 0.98


def test_a_city_model_keeps_its_measured_roofs_and_its_ground(quarter_scene: VoxelScene) -> None:
    labels = quarter_scene.read()
    assert quarter_scene.grid.georeference == "EPSG:28992"
    x0, y0 = quarter_scene.grid.origin[:2]

    def voxel(x: float, y: float) -> tuple[int, int]:
        return int((85000 + x - x0) * 5), int((447500 + y - y0) * 5)

    tops = [labels.shape[2] - int((labels[voxel(36, y)][::-1] == BUILDING).argmax()) for y in (54.5, 56, 58, 60, 61.5)]
    assert tops[1] - tops[0] == pytest.approx(3.75, abs=1)
    assert tops[2] - tops[0] == pytest.approx(8.75, abs=1)
    assert tops[0] == pytest.approx(tops[4], abs=1)
    ground = surface(labels)
    a, b = voxel(62, 41)[0], voxel(97, 41)[0]
    assert (ground[a:b, voxel(0, 42)[1] : voxel(0, 46)[1]] == ROAD).mean() > 0.98
    assert (ground[a:b, voxel(0, 48.6)[1] : voxel(0, 50.4)[1]] == SIDEWALK).mean() > 0.98
    assert (ground[a:b, voxel(0, 8)[1] : voxel(0, 18)[1]] == OTHER).mean() > 0.98
    assert (labels[voxel(80, 55.15)[0] - 40 : voxel(80, 55.15)[0] + 40, voxel(80, 55.15)[1]] == FENCE).any(-1).all()
    assert len(things(quarter_scene, (1, 4, 5))) >= 3, "traffic follows the middle line of the carriageway"


def test_outlines_give_way_to_their_parts_and_flat_footprints_take_their_stated_height(tmp_path: Path) -> None:
    made = CityModel()
    made.ground("Building", 0, 0, 20, 12, measuredHeight=99)
    gable(made, 0, 0, 20, 12)
    made.objects["o1"]["type"] = "BuildingPart"
    made.objects["o0"]["children"] = ["o1"]
    made.objects["o0"]["geometry"][0]["lod"] = "0"
    made.ground("Building", 30, 0, 50, 16, measuredHeight=4.2)
    made.vertices.append([4000, 2500, 0])
    point = {"type": "GeometryInstance", "template": 0, "boundaries": [len(made.vertices) - 1]}
    made.objects["tree"] = {"type": "SolitaryVegetationObject", "geometry": [point]}
    made.ground("LandUse", -5, -5, 55, 35)
    scene = read_scene(made.write(tmp_path / "a.json"), size=(300, 200))
    labels = scene.read()

    def column(x: float, y: float) -> NDArray[np.uint8]:
        x0, y0 = scene.grid.origin[:2]
        return labels[int((85000 + x - x0) * 5), int((447500 + y - y0) * 5)]

    assert (column(10, 6) == BUILDING).sum() - (column(10, 0.6) == BUILDING).sum() == pytest.approx(9, abs=1.5)
    ground = (column(40, 20) == TERRAIN).sum()
    assert (column(40, 8) == BUILDING).sum() == pytest.approx(ground + 21, abs=2)
    assert (column(40, 25) == TRUNK).any()


def test_a_city_model_in_degrees_or_nowhere_is_placed_as_far_as_it_can(tmp_path: Path) -> None:
    globe = CityModel("https://www.opengis.net/def/crs/EPSG/0/4979")
    globe.ground("Road", 0, 0, 0.05, 0.02)
    globe.corner = [37.6, 55.8, 0.0]
    made = read_scene(globe.write(tmp_path / "globe.json"), size=(96, 128))
    assert made.grid.georeference == "EPSG:32637"
    nowhere = CityModel(None)
    gable(nowhere, 3, 4, 15, 12)
    path = nowhere.write(tmp_path / "nowhere.json")
    assert read_scene(path, size=(96, 128)).grid.georeference is None
    with pytest.raises(RequestError, match="leave --center away"):
        read_scene(path, center=(52.0, 4.3))


@pytest.mark.parametrize(
    ("file", "center", "system"),
    [
        ("osm/moscow.osm.gz", (55.80605, 37.61477), "EPSG:32637"),
        ("cityjson/delft.city.json", (52.0121, 4.3664), "EPSG:28992"),
    ],
)
def test_real_files_become_places_of_many_classes(
    samples: Path, file: str, center: tuple[float, float], system: str
) -> None:
    scene = read_scene(samples / file, center=center, size=(448, 384))
    assert scene.grid.shape == (448, 384, 32)
    assert scene.grid.georeference == system
    labels = scene.read()
    ground, built = surface(labels), (labels == BUILDING).any(-1)
    assert 0.04 < built.mean() < 0.7
    assert 0.03 < (ground == ROAD).mean() < 0.6
    assert {1, 6, ROAD, SIDEWALK, BUILDING, VEGETATION, TRUNK, TERRAIN} <= set(np.unique(labels).tolist())
