"""The parts that real places are made of: polygons, tags, projections, streets and middle lines."""

from __future__ import annotations

import numpy as np
import pytest

from engine.data.city.style import STYLE_TABLE
from engine.data.places import tags
from engine.data.places.features import Line, Spot, signed_area
from engine.data.places.projection import named_projection, zone_projection
from engine.data.places.raster import draw_band, fill, frame_of
from engine.data.places.skeleton import thin, trace_streets
from engine.data.places.streets import lay_network
from engine.errors import RequestError

STYLE = STYLE_TABLE["suburb"]


def ring(*corners: tuple[float, float]) -> np.ndarray:
    return np.array(corners, float)


def network_of(*lines: Line, turnings: tuple[Spot, ...] = ()):
    return lay_network(lines, turnings, STYLE, np.random.default_rng(1))


def street(*points: tuple[float, float], width: float = 6.0, grade: int = 2, oneway: bool = False, ids=None) -> Line:
    names = ids or tuple(int(x * 10_000 + y) for x, y in points)
    return Line("street", ring(*points), names, width, grade, (2.0, 2.0), 2, oneway)


def test_a_polygon_with_a_hole_covers_the_voxels_whose_middles_it_holds() -> None:
    outer = ring((1.5, 2.5), (9.5, 2.5), (9.5, 7.5), (1.5, 7.5))
    hole = ring((3.5, 4.5), (3.5, 5.5), (6.5, 5.5), (6.5, 4.5))
    window, mask = fill([outer, hole], (20, 12))
    assert window == (slice(2, 10), slice(3, 8))
    assert mask.sum() == 8 * 5 - 3
    assert not mask[4 - 2 : 7 - 2, 5 - 3].any()


def test_neighbours_share_no_voxel_and_leave_no_gap() -> None:
    a, b = ring((0, 0), (17.3, 4.1), (5.2, 13.7)), ring((17.3, 4.1), (25, 19), (5.2, 13.7))
    count = np.zeros((30, 24), int)
    for part in (a, b):
        window, mask = fill([part], count.shape)
        count[window] += mask
    window, whole = fill([ring((0, 0), (17.3, 4.1), (25, 19), (5.2, 13.7))], count.shape)
    assert count.max() == 1
    assert np.array_equal(count[window] == 1, whole)


def test_what_lies_outside_the_plan_is_cut_and_what_misses_it_is_none() -> None:
    window, mask = fill([ring((-50, -50), (3.5, -50), (3.5, 90), (-50, 90))], (10, 6))
    assert window == (slice(0, 4), slice(0, 6))
    assert mask.all()
    assert fill([ring((20, 20), (30, 20), (30, 30))], (10, 6)) is None


def test_a_band_follows_its_line_with_its_width() -> None:
    drawn = np.zeros((40, 60), bool)
    for window, mask in draw_band(ring((5, 10), (5, 50)), 3.0, drawn.shape):
        drawn[window] |= mask
    assert drawn[3:9, 7:53].all()
    assert drawn.sum() == 6 * 46


def test_the_frame_of_a_turned_box_runs_along_its_longer_side() -> None:
    along, across = np.array([0.8, 0.6]), np.array([-0.6, 0.8])
    box = np.array([[0, 0] + s * 15 * along + t * 4 * across for s, t in ((-1, -1), (1, -1), (1, 1), (-1, 1))]) + 50
    frame, (long, short) = frame_of([box])
    assert (long, short) == pytest.approx((30, 8))
    assert abs(frame.ux * 0.8 + frame.uy * 0.6) == pytest.approx(1)
    assert (frame.x, frame.y) == pytest.approx((50, 50))


def test_zones_and_named_systems_give_metres_east_and_north() -> None:
    zone = zone_projection(55.8, 37.6)
    assert zone.name == "EPSG:32637"
    assert zone_projection(-33.9, 18.4).name == "EPSG:32734"
    x, y = zone.center(55.8, 37.6)
    assert zone.center(55.8, 37.61)[0] - x == pytest.approx(627, abs=3)
    assert zone.degrees(x, y) == pytest.approx((55.8, 37.6), abs=1e-7)
    dutch = named_projection("EPSG:7415")
    assert dutch.name == "EPSG:28992"
    assert dutch.center(52.15517440, 5.38720621) == pytest.approx((155_000, 463_000), abs=1)
    assert named_projection("EPSG:4326") is None
    assert named_projection("EPSG:2263") is None, "feet are no metres"
    with pytest.raises(ValueError, match="not known"):
        named_projection("EPSG:999999")


def test_a_center_off_the_globe_is_refused() -> None:
    with pytest.raises(RequestError, match=r"latitude -90\.\.90"):
        zone_projection(55.8, 37.6).center(137.6, 55.8)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"building": "yes"}, "building"),
        ({"building": "no"}, None),
        ({"building": "yes", "location": "underground"}, None),
        ({"building": "yes", "layer": "-1"}, None),
        ({"natural": "water"}, "water"),
        ({"amenity": "parking"}, "parking"),
        ({"amenity": "parking", "parking": "underground"}, None),
        ({"highway": "pedestrian", "area": "yes"}, "plaza"),
        ({"leisure": "pitch", "sport": "soccer"}, "turf"),
        ({"leisure": "pitch", "sport": "tennis"}, "pitch"),
        ({"boundary": "administrative"}, None),
    ],
)
def test_tags_say_what_an_area_is(given: dict[str, str], kind: str | None) -> None:
    assert tags.kind_of_area(given) == kind


def test_tags_say_how_wide_a_street_is() -> None:
    assert tags.carriageway({"highway": "residential", "width": "5.5 m"}) == (5.5, 2)
    assert tags.carriageway({"highway": "secondary", "lanes": "4"})[0] == pytest.approx(14.2)
    assert tags.carriageway({"highway": "secondary", "oneway": "yes"})[1] == 2
    usual = [tags.carriageway({"highway": kind})[0] for kind in ("primary", "tertiary", "residential", "service")]
    assert usual == sorted(usual, reverse=True)
    assert tags.sidewalks({"highway": "residential", "sidewalk": "left"})[1] > 1.5
    assert max(tags.sidewalks({"highway": "residential", "sidewalk": "no"})) < 0.5


def test_tags_say_how_tall_a_building_is() -> None:
    assert tags.building_height({"building": "yes", "height": "12,5"}) == (12.5, 0)
    assert tags.building_height({"building": "yes", "height": "40'"})[0] == pytest.approx(12.192)
    assert tags.building_height({"building": "yes", "building:levels": "3"})[0] == pytest.approx(9.6)
    assert tags.building_height({"building": "yes"}) == (None, 0)
    assert tags.building_height({"building": "roof", "height": "5"}) == pytest.approx((5, 4.4))
    assert tags.building_height({"building": "yes", "height": "tall"}) == (None, 0)


def test_streets_are_cut_at_junctions_and_joined_where_nothing_meets() -> None:
    net = network_of(
        street((0, 0), (300, 0)), street((300, 0), (600, 0), (900, 0)), street((600, 0), (600, 400)),
        street((150, -200), (150, 0), grade=3),
    )  # fmt: skip
    through = [s for s in net.streets if s.kind < 3]
    assert sorted(round(s.length) for s in through) == [300, 400, 600]
    assert sorted(net.degree.tolist()) == [1, 1, 1, 1, 1, 3], "the drive makes no junction"
    assert net.nodes[net.degree == 3].tolist() == [[600, 0]]


def test_a_one_way_pair_has_no_sidewalk_in_its_middle_and_drives_along_its_points() -> None:
    there = street((0, 0), (800, 0), width=7, grade=1, oneway=True)
    back = street((800, 60), (0, 60), width=7, grade=1, oneway=True)
    net = network_of(there, back)
    assert all(s.oneway and s.walks[1] <= 2 < s.walks[0] for s in net.streets)
    alone = network_of(there).streets[0]
    assert alone.walks[1] == alone.walks[0] == 10


def test_rings_and_points_on_top_of_each_other_give_streets_with_a_length() -> None:
    corner = [(0.0, 0.0), (100.0, 0.0), (100.0, 80.0), (0.0, 80.0), (0.0, 0.0)]
    net = network_of(street(*corner, ids=(1, 2, 3, 4, 1)), street((5, 5), (5, 5.1), (5, 5.2)))
    assert sum(s.length for s in net.streets) == pytest.approx(360)
    assert min(s.length for s in net.streets) > 50


def test_a_turning_circle_widens_a_dead_end() -> None:
    net = network_of(street((0, 0), (300, 40)), turnings=(Spot("turning", 300, 40),))
    assert net.bulb[net.nodes[:, 0] == 300].tolist() == [36]
    assert net.bulb[net.nodes[:, 0] == 0].tolist() == [0]


def test_thinning_leaves_one_connected_line() -> None:
    mask = np.zeros((60, 40), bool)
    mask[5:55, 10:19] = True
    line = thin(mask)
    assert (line.sum(1) <= 1).all()
    assert line.any(1)[10:50].all()
    assert set(np.nonzero(line)[1].tolist()) <= {13, 14}


def test_the_middle_lines_of_a_crossroads_have_its_width_and_meet() -> None:
    road = np.zeros((600, 480), bool)
    road[:, 200:240] = True
    road[280:320, :] = True
    lines = trace_streets(road)
    assert len(lines) >= 4
    assert all(line.width == pytest.approx(8, abs=1) for line in lines if len(line.points) > 4)
    net = lay_network(lines, (), STYLE, np.random.default_rng(0))
    middle = net.nodes[net.degree >= 3]
    assert len(middle)
    assert np.abs(middle - [299.5, 219.5]).max() < 12
    reach = np.concatenate([line.points for line in lines])
    assert reach[:, 0].min() < 25
    assert reach[:, 0].max() > 575
    assert trace_streets(np.zeros((300, 200), bool)) == []


def test_the_area_of_a_ring_has_the_sign_of_its_direction() -> None:
    square = ring((1e6, 1e6), (1e6 + 3, 1e6), (1e6 + 3, 1e6 + 2), (1e6, 1e6 + 2))
    assert signed_area(square) == pytest.approx(6)
    assert signed_area(square[::-1]) == pytest.approx(-6)
