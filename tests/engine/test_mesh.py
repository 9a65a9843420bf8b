from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh

from engine.errors import FormatError
from engine.formats.registry import write_scene
from engine.geometry.surface import merge_faces
from engine.grid import Grid
from engine.labels import UNKNOWN, label_space
from engine.scene import VoxelScene

SPACE = label_space()
SIZE = np.array([0.2, 0.25, 0.4])
ORIGIN = np.array([10.0, -20.0, 3.0])


def make_scene() -> VoxelScene:
    """An asymmetric scene of several classes that touch, in a frame whose axes all differ."""
    labels = np.zeros((21, 14, 9), np.uint8)
    labels[:, :, 0] = SPACE.find("road")
    labels[:, 10:, :2] = SPACE.find("sidewalk")
    labels[2:9, 1:6, 1:4] = SPACE.find("car")
    labels[15, 12, 2:9] = SPACE.find("pole")
    labels[17:20, 3:7, 4:8] = UNKNOWN
    grid = Grid(labels.shape, tuple(SIZE.tolist()), tuple(ORIGIN.tolist()))
    return VoxelScene.from_labels(labels, grid, metadata={"provenance": {"task": "generate", "seed": 7}})


def solid_volume(scene: VoxelScene) -> float:
    labels = scene.read()
    return float(((labels > 0) & (labels != UNKNOWN)).sum() * SIZE.prod())


def lower_and_upper(scene: VoxelScene) -> np.ndarray:
    labels = scene.read()
    places = np.argwhere((labels > 0) & (labels != UNKNOWN))
    return np.array([places.min(axis=0), places.max(axis=0) + 1]) * SIZE + ORIGIN


@pytest.mark.parametrize("ending", ["ply", "stl"])
def test_one_mesh_encloses_exactly_the_solid_voxels_in_metres(tmp_path: Path, ending: str) -> None:
    scene = make_scene()
    write_scene(scene, tmp_path / f"a.{ending}")
    mesh = trimesh.load_mesh(tmp_path / f"a.{ending}", process=False)
    assert mesh.volume == pytest.approx(solid_volume(scene), rel=1e-5)
    assert np.allclose(mesh.bounds, lower_and_upper(scene), atol=1e-5)


@pytest.mark.parametrize("ending", ["glb", "obj"])
def test_each_class_is_a_named_object_with_a_named_material(tmp_path: Path, ending: str) -> None:
    scene = make_scene()
    write_scene(scene, tmp_path / f"a.{ending}")
    meshes = trimesh.load_scene(tmp_path / f"a.{ending}", process=False)
    assert set(meshes.geometry) == {"road", "sidewalk", "car", "pole"}
    quads = merge_faces(scene.read(), SPACE.solid_ids)
    for name, mesh in meshes.geometry.items():
        assert mesh.visual.material.name == name
        expected = sum(
            float(np.linalg.norm(np.cross((c[1] - c[0]) * SIZE, (c[3] - c[0]) * SIZE)))
            for c in quads.of_class(SPACE.find(name)).corners
        )
        assert mesh.area == pytest.approx(expected, rel=1e-5)
    whole = trimesh.util.concatenate(list(meshes.geometry.values()))
    assert whole.volume == pytest.approx(solid_volume(scene), rel=1e-5)
    low, high = lower_and_upper(scene)
    if ending == "glb":
        low, high = np.array([low[0], low[2], -high[1]]), np.array([high[0], high[2], -low[1]])
    assert np.allclose(whole.bounds, [low, high], atol=1e-5)


def test_glb_nodes_materials_and_extras(tmp_path: Path) -> None:
    write_scene(make_scene(), tmp_path / "a.glb")
    data = (tmp_path / "a.glb").read_bytes()
    tree = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])
    assert {n["name"] for n in tree["nodes"] if "mesh" in n} == {"road", "sidewalk", "car", "pole"}
    colours = {m["name"]: m["pbrMetallicRoughness"]["baseColorFactor"] for m in tree["materials"]}
    assert set(colours) == {"road", "sidewalk", "car", "pole"}
    srgb = np.array([0x3D, 0x8B, 0xFF]) / 255
    assert np.allclose(colours["car"], [*((srgb + 0.055) / 1.055) ** 2.4, 1], atol=1e-3)
    assert '"seed": 7' in json.dumps(tree)


def test_ply_has_colour_and_class_per_face(tmp_path: Path) -> None:
    scene = make_scene()
    write_scene(scene, tmp_path / "a.ply")
    mesh = trimesh.load_mesh(tmp_path / "a.ply", process=False)
    ids = mesh.metadata["_ply_raw"]["face"]["data"]["class"].ravel()
    quads = merge_faces(scene.read(), SPACE.solid_ids)
    assert np.array_equal(ids, quads.ids.repeat(2))
    assert np.array_equal(mesh.visual.face_colors[:, :3], SPACE.colours()[ids])
    header = (tmp_path / "a.ply").read_bytes()[:2000].decode("latin1")
    assert "1=car" in header
    assert '"seed": 7' in header


def test_obj_names_its_objects_and_materials(tmp_path: Path) -> None:
    write_scene(make_scene(), tmp_path / "city.obj")
    lines = (tmp_path / "city.obj").read_text().splitlines()
    assert lines[1] == "mtllib city.mtl"
    names = [line for line in lines if line.startswith(("o ", "usemtl "))]
    assert names == [f"{word} {name}" for name in ("car", "road", "sidewalk", "pole") for word in ("o", "usemtl")]
    assert "newmtl car\nKd 0.239216 0.545098 1\n" in (tmp_path / "city.mtl").read_text()


def test_stl_normals_face_outward(tmp_path: Path) -> None:
    write_scene(make_scene(), tmp_path / "a.stl")
    raw = (tmp_path / "a.stl").read_bytes()
    count = int.from_bytes(raw[80:84], "little")
    rows = np.frombuffer(raw, [("n", "<f4", 3), ("c", "<f4", (3, 3)), ("a", "<u2")], count, 84)
    around = np.cross(rows["c"][:, 1] - rows["c"][:, 0], rows["c"][:, 2] - rows["c"][:, 0])
    assert np.allclose(around / np.linalg.norm(around, axis=1, keepdims=True), rows["n"], atol=1e-4)


def test_a_bit_grid_gives_a_mesh_of_its_set_voxels(tmp_path: Path) -> None:
    labels = np.zeros((7, 6, 5), np.uint8)
    labels[1:4, 2:4, 1:3] = UNKNOWN
    write_scene(VoxelScene.from_labels(labels, Grid(labels.shape, (1, 1, 1))), tmp_path / "a.stl")
    assert trimesh.load_mesh(tmp_path / "a.stl").volume == pytest.approx(12)


@pytest.mark.parametrize("ending", ["glb", "obj", "ply", "stl"])
def test_an_empty_scene_gives_one_line_and_no_file(tmp_path: Path, ending: str) -> None:
    with pytest.raises(FormatError, match="no solid voxel; fill or generate it first"):
        write_scene(VoxelScene(Grid((4, 5, 6))), tmp_path / f"a.{ending}")
    assert not list(tmp_path.iterdir())
