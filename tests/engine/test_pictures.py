from __future__ import annotations

import json

import numpy as np
import pytest

from engine.errors import FormatError, RequestError
from engine.geometry.pictures import MAPS, PRESETS, Camera, place_camera, read_camera, render_maps
from engine.grid import Grid
from engine.labels import label_space
from engine.scene import VoxelScene

ROAD, BUILDING, CAR = 9, 13, 1


@pytest.fixture
def scene() -> VoxelScene:
    """40 x 24 x 12 voxels of 0.5 x 0.25 x 0.2 m: road, a building in the low corner, a car far along x."""
    labels = np.zeros((40, 24, 12), dtype=np.uint8)
    labels[:, :, :2] = ROAD
    labels[0:6, 0:4, 2:12] = BUILDING
    labels[30:36, 10:14, 2:6] = CAR
    instances = (labels == CAR).astype(np.uint32) * 77
    return VoxelScene.from_labels(labels, Grid((40, 24, 12), (0.5, 0.25, 0.2), (100.0, -7.0, 3.0)), None, instances)


def test_from_above_every_pixel_is_the_top_of_its_column(scene: VoxelScene) -> None:
    above = Camera((110.0, -4.0, 603.0), (110.0, -4.0, 3.0), (0.0, 1.0, 0.0), 1.0, (160, 96))
    maps = render_maps(scene, above, ("semantic", "depth", "normal", "instance"))
    rays = above.rays()
    at = np.asarray(above.eye) + rays * maps["depth"][..., None]
    seen = np.isfinite(maps["depth"])
    assert 0.2 < seen.mean() < 0.9
    assert (seen == (maps["semantic"] != 0)).all()
    top = seen & (maps["normal"][..., 2] == 1)
    voxel = np.floor(scene.grid.to_voxels(at[top] - [0, 0, 1e-3])).astype(int)
    x, y, z = voxel.T
    labels = np.pad(scene.read(), ((0, 0), (0, 0), (0, 1)))
    np.testing.assert_array_equal(maps["semantic"][top], labels[x, y, z])
    assert (labels[x, y, z + 1] == 0).all()
    assert set(np.unique(maps["semantic"][top])) == {ROAD, BUILDING, CAR}
    np.testing.assert_array_equal(maps["instance"] == 77, maps["semantic"] == CAR)


def test_picture_is_not_mirrored(scene: VoxelScene) -> None:
    """With +y up and +x to the right, the building is lower left and the car right of the middle."""
    classes = render_maps(scene, place_camera("top", scene, (200, 120)), ("semantic",))["semantic"]
    rows, columns = np.nonzero(classes == BUILDING)
    assert rows.mean() > 70
    assert columns.mean() < 70
    assert np.nonzero(classes == CAR)[1].mean() > 130


def test_colours_stay_near_their_class(scene: VoxelScene) -> None:
    maps = render_maps(scene, place_camera("overview", scene, (240, 150)), ("colour", "semantic", "semantic-colour"))
    seen = maps["semantic"] != 0
    colours = label_space().colours()
    np.testing.assert_array_equal(maps["semantic-colour"][seen], colours[maps["semantic"][seen]])
    assert (maps["semantic-colour"][~seen] == 0).all()
    plain = maps["semantic-colour"][seen].astype(float)
    lit = maps["colour"][seen].astype(float)
    assert (lit <= plain * 1.06 + 1).all()
    brightest = lit.sum(axis=1) > 0.9 * plain.sum(axis=1)
    assert brightest.mean() > 0.2


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_show_the_scene(scene: VoxelScene, preset: str) -> None:
    camera = place_camera(preset, scene, (128, 80))
    classes = render_maps(scene, camera, ("semantic",))["semantic"]
    assert (classes != 0).mean() > 0.25
    if preset == "street":
        x, y, z = np.floor(scene.grid.to_voxels(camera.eye)).astype(int)
        assert scene.read()[x, y, :z].max() == ROAD
        assert scene.read()[x, y, z] == 0
    else:
        assert not classes[[0, -1]].any()
        assert not classes[:, [0, -1]].any()


def test_camera_survives_a_file(tmp_path) -> None:
    camera = Camera((1.5, -2.0, 3.25), (4.0, 5.0, 6.0), (0.0, 1.0, 0.0), 33.0, (320, 200))
    path = tmp_path / "camera.json"
    path.write_text(camera.to_json())
    assert read_camera(path) == camera
    path.write_text(json.dumps({"eye": [0, 0, 5]}))
    with pytest.raises(FormatError, match="target"):
        read_camera(path)
    with pytest.raises(FormatError, match="cannot be read"):
        read_camera(tmp_path / "none.json")


def test_impossible_wishes_are_refused(scene: VoxelScene) -> None:
    with pytest.raises(RequestError, match="overview, street, top"):
        place_camera("side", scene)
    with pytest.raises(RequestError, match="colour, semantic"):
        render_maps(scene, place_camera("top", scene, (8, 5)), ("heat",))
    with pytest.raises(RequestError, match="own up"):
        Camera((0, 0, 9), (0, 0, 0))
    assert set(MAPS) == {"colour", "semantic", "semantic-colour", "depth", "normal", "instance"}
