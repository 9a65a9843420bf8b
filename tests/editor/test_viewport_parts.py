"""Parts of the viewport that need no window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from editor.viewport.numerals import edge_numbers, numeral_strokes
from editor.viewport.orbit import VIEWS, OrbitCamera
from editor.viewport.pace import Pace
from editor.viewport.scale import bar_length, grid_pitch, pixel_size, round_down, round_up, write_length
from editor.viewport.shapes import arrow, box_edges, box_faces, cylinder, dashes, floor_ticks, footprint_edges
from engine.geometry.camera import box_corners

LOWER, UPPER, ASPECT = (3.0, -5.0, 1.0), (40.0, 6.0, 9.0), 1.6


@pytest.mark.parametrize("flat", [False, True])
def test_rays_and_projection_undo_each_other(flat: bool) -> None:
    camera = OrbitCamera((10.0, 4.0, 2.0), 37.0, 21.0, 17.0, 50.0, flat)
    for x, y in ((0.0, 0.0), (-0.7, 0.4), (0.95, -1.0)):
        origin, way = camera.ray(x, y, ASPECT)
        np.testing.assert_allclose(camera.project(origin + way * 12.5, ASPECT)[0], (x, y, 12.5), atol=1e-12)
        clip = camera.matrix(ASPECT, 0.1, 100.0) @ np.append(origin + way * 12.5, 1.0)
        np.testing.assert_allclose(clip[:2] / clip[3], (x, y), atol=1e-12)


@pytest.mark.parametrize("view", VIEWS)
def test_framing_shows_the_whole_box_and_little_else(view: str) -> None:
    camera = OrbitCamera().look_from(view).frame(LOWER, UPPER, ASPECT)
    reach = np.abs(camera.project(box_corners(LOWER, UPPER), ASPECT)[:, :2]).max(axis=0)
    assert (reach < 1).all()
    assert reach.max() > 0.85


def test_views_look_along_the_axis_of_their_name() -> None:
    expected = {"front": (0, 1, 0), "back": (0, -1, 0), "right": (-1, 0, 0), "left": (1, 0, 0), "top": (0, 0, -1)}
    for name, way in expected.items():
        np.testing.assert_allclose(OrbitCamera().look_from(name).basis[2], way, atol=1e-12)
    np.testing.assert_allclose(OrbitCamera().look_from("top").basis[1], (0, 1, 0), atol=1e-12)


def test_zoom_keeps_a_point_in_place_and_look_keeps_the_eye() -> None:
    camera, point = OrbitCamera((10.0, 4.0, 2.0), 37.0, 21.0, 17.0), np.array([8.0, 6.0, 3.0])
    nearer = camera.zoom(0.6, point)
    np.testing.assert_allclose(nearer.project(point, ASPECT)[0, :2], camera.project(point, ASPECT)[0, :2], atol=1e-9)
    assert nearer.distance == pytest.approx(0.6 * camera.distance)
    turned = camera.look(12.0, -5.0)
    np.testing.assert_allclose(turned.eye, camera.eye)
    assert turned.azimuth == camera.azimuth + 12.0
    assert camera.orbit(0, 400).elevation == 90.0


def test_flying_moves_eye_and_target_alike() -> None:
    camera = OrbitCamera((10.0, 4.0, 2.0), 37.0, 21.0, 17.0)
    moved = camera.fly(1.0, 2.0, 3.0)
    right, _, forward = camera.basis
    np.testing.assert_allclose(moved.eye - camera.eye, right + 3 * forward + [0, 0, 2])
    assert moved == replace(camera, target=moved.target)
    flat = replace(camera, orthographic=True).fly(1.0, 2.0, 3.0)
    np.testing.assert_allclose(np.subtract(flat.target, camera.target), np.add(right, (0, 0, 2)))
    assert flat.distance == pytest.approx(17.0 * np.exp(-3 / 17)), "without perspective, forward enlarges"


def test_without_perspective_nothing_lies_behind_the_eye() -> None:
    camera = OrbitCamera((10.0, 4.0, 2.0), 37.0, 21.0, 0.5, 50.0, orthographic=True)
    corners = box_corners((-400.0, -300.0, 0.0), (500.0, 700.0, 7.0))
    assert (camera.project(corners, ASPECT)[:, 2] > 0).all()
    seen = replace(camera, orthographic=False)
    np.testing.assert_allclose(seen.station, camera.station)
    np.testing.assert_allclose(seen.eye, seen.station)
    np.testing.assert_allclose(camera.look(9.0, 4.0).station, camera.station)


def test_a_view_comes_back_from_eye_target_and_up() -> None:
    for azimuth, elevation in ((37.0, 21.0), (-138.0, -60.0), (-90.0, 90.0), (20.0, 90.0), (170.0, -90.0)):
        camera = OrbitCamera((10.0, 4.0, 2.0), azimuth, elevation, 17.0, 50.0, True)
        found = OrbitCamera.of_points(camera.station, camera.target, camera.basis[1], 50.0, True)
        np.testing.assert_allclose(found.basis, camera.basis, atol=1e-9)
        np.testing.assert_allclose(found.target, camera.target)
        assert found.distance == pytest.approx(17.0)
    outward = OrbitCamera().from_direction((1, -1, 1)).basis[2] * -np.sqrt(3)
    np.testing.assert_allclose(outward, (1, -1, 1), atol=1e-12)
    assert OrbitCamera(azimuth=40.0).from_direction((0, 0, -1)).azimuth == -90.0


def test_the_way_to_another_view_goes_the_short_way_round_and_ends_there() -> None:
    start = OrbitCamera((0.0, 0.0, 0.0), 170.0, 10.0, 4.0)
    end = OrbitCamera((8.0, 4.0, 2.0), -170.0, 50.0, 64.0, 60.0, True)
    middle = start.towards(end, 0.5)
    assert (middle.azimuth, middle.elevation, middle.distance) == (180.0, 30.0, pytest.approx(16.0))
    assert (middle.target, middle.orthographic) == ((4.0, 2.0, 1.0), True)
    np.testing.assert_allclose(start.towards(end, 1.0).basis, end.basis, atol=1e-12)
    np.testing.assert_allclose(start.towards(end, 0.0).basis, start.basis, atol=1e-12)


def test_steps_of_the_grid_follow_the_zoom_and_are_round() -> None:
    for distance in (0.4, 3.0, 17.0, 130.0, 1000.0):
        camera = OrbitCamera(distance=distance)
        fine, bold = grid_pitch(camera, 800)
        assert float(f"{fine:.0e}"[0]) in (1, 2, 5)
        assert (1000 / bold) % 1 == pytest.approx(0, abs=1e-9), "lines keep their place when the origin is taken modulo"
        if 0.1 < fine < 500:
            assert 14 <= fine / pixel_size(camera, 800) <= 36
        length = bar_length(camera, 800)
        assert 47 < length / pixel_size(camera, 800) <= 120
    assert grid_pitch(OrbitCamera(distance=17.0), 800) == (0.5, 2.0)
    assert [round_up(x) for x in (0.2, 0.21, 1.0, 3.0, 7.0)] == [0.2, 0.5, 1.0, 5.0, 10.0]
    assert [round_down(x) for x in (0.2, 0.19, 1.0, 4.9, 70.0)] == [0.2, 0.1, 1.0, 2.0, 50.0]
    assert [write_length(x) for x in (0.2, 5.0, 2000.0)] == ["20 cm", "5 m", "2 km"]


def test_the_pace_slows_down_on_a_slow_machine_and_recovers() -> None:
    pace = Pace(budget=0.03, idle_budget=0.06)
    pace.note(1.0, 0.2)
    assert pace.moving_scale == 0.33
    assert pace.resting_scale == 1.0
    for _ in range(10):
        pace.note(pace.moving_scale, 0.05 * pace.moving_scale**2)
    assert pace.moving_scale == 0.65
    pace.note(1.0, 0.004)
    assert pace.resting_scale == 2.0


def test_shapes_have_the_size_they_say() -> None:
    edges, faces = box_edges(LOWER, UPPER), box_faces(LOWER, UPPER)
    lengths = np.linalg.norm(edges[:, 1] - edges[:, 0], axis=1)
    assert sorted(lengths) == [8.0] * 4 + [11.0] * 4 + [37.0] * 4
    area = np.linalg.norm(np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0]), axis=1).sum() / 2
    assert area == pytest.approx(2 * (8 * 11 + 8 * 37 + 11 * 37))
    parts = dashes(edges, 0.5)
    assert np.linalg.norm(parts[:, 1] - parts[:, 0], axis=1).sum() == pytest.approx(0.5 * lengths.sum())
    shape, shade = arrow((1.0, 2.0, 3.0), (0.0, -1.0, 0.0), 4.0)
    assert shape.reshape(-1, 3)[:, 1].min() == pytest.approx(-2.0)
    assert shape.reshape(-1, 3)[:, 1].max() == pytest.approx(2.0)
    assert ((shade > 0) & (shade <= 1)).all()
    ticks = floor_ticks(LOWER, UPPER)
    assert (ticks[..., 2] == 1.0).all()
    assert len(ticks) == 2 * 19 + 2 * 6


def test_numbers_stand_along_the_edges_next_to_the_eye() -> None:
    lower, upper = np.array(LOWER), np.array(UPPER)
    numbers = edge_numbers(lower, upper, np.array([100.0, -50.0, 30.0]), 5.0)
    along_x, along_y = numbers[:8], numbers[8:]
    assert [words for words, _ in along_x] == ["0", "5", "10", "15", "20", "25", "30", "35"]
    assert [words for words, _ in along_y] == ["0", "5", "10"]
    assert [place.tolist() for _, place in along_x[:2]] == [[3.0, -6.5, 1.0], [8.0, -6.5, 1.0]]
    assert [place.tolist() for _, place in along_y[:2]] == [[41.5, -5.0, 1.0], [41.5, 0.0, 1.0]]


def test_numerals_fill_their_field_and_differ() -> None:
    drawn = {text: numeral_strokes(text, (7.0, 9.0), 4.0) for text in "0123456789"}
    for strokes in drawn.values():
        assert strokes[..., 1].min() == 5.0
        assert strokes[..., 1].max() == 13.0
        assert strokes[..., 0].max() == 9.0
    assert len({tuple(sorted(map(tuple, s.reshape(-1, 4).tolist()))) for s in drawn.values()}) == 10
    wide = numeral_strokes("-12.5", (0.0, 0.0), 1.0)
    assert wide[..., 0].max() == pytest.approx(-wide[..., 0].min())


def test_an_upright_arrow_points_up() -> None:
    shape, _ = arrow((1.0, 2.0, 3.0), (0.0, 0.0, -1.0), 4.0)
    assert shape[..., 2].min() == pytest.approx(-1.0)
    assert np.isfinite(shape).all()
    assert np.ptp(shape[..., 0]) == pytest.approx(np.ptp(shape[..., 1]))


def test_the_outline_of_columns_follows_their_edges() -> None:
    columns = np.zeros((5, 4), dtype=np.bool_)
    columns[1:4, 1:3] = True
    columns[3, 2] = False
    lines = footprint_edges(columns, (10.0, 20.0, 3.0), (2.0, 0.5), 6.0)
    lengths = np.linalg.norm(lines[:, 1] - lines[:, 0], axis=1)
    level = lines[..., 2].min(axis=1) == lines[..., 2].max(axis=1)
    assert lengths[level].sum() == pytest.approx(2 * (2 * 3 * 2.0 + 2 * 2 * 0.5))
    assert sorted(lengths[~level]) == [6.0] * 6  # an L has six corners
    assert lines.reshape(-1, 3).min(axis=0).tolist() == [12.0, 20.5, 3.0]
    assert lines.reshape(-1, 3).max(axis=0).tolist() == [18.0, 21.5, 9.0]
    assert len(footprint_edges(np.zeros((3, 2), dtype=np.bool_), (0, 0, 0), (1, 1), 1)) == 0


def test_a_cylinder_stands_between_its_two_rims() -> None:
    lines = cylinder((4.0, 5.0, 6.0), (2.0, 0, 0), (0, 3.0, 0), -6.0)
    assert lines.reshape(-1, 3).min(axis=0) == pytest.approx((2.0, 2.0, 0.0))
    assert lines.reshape(-1, 3).max(axis=0) == pytest.approx((6.0, 8.0, 6.0))
    upright = lines[lines[:, 0, 2] != lines[:, 1, 2]]
    assert len(upright) == 4
